"""A certificate that existed before is taken off a listener only by whoever has put it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.existing_certificate import ExistingCertificateProvider
from testbed.tests.aws_account import Account, strict_account

PROVIDER = ExistingCertificateProvider()


class Site:
    """A listener with a default certificate, and the certificate that is to be there, too."""

    def __init__(self, account: Account) -> None:
        self.elb = account.elb
        self.default, self.wanted = account.certificate("example.com"), account.certificate("a.example.com")
        for arn in (self.default, self.wanted):
            account.validate(arn)
        self.listener = account.listener(account.load_balancer()["LoadBalancerArn"], self.default)

    def props(self, certificate: str | None = None) -> dict[str, Any]:
        return {"listener_arn": self.listener, "certificate_arn": certificate or self.wanted, "profile": ""}

    def add(self) -> None:
        self.elb.add_listener_certificates(ListenerArn=self.listener, Certificates=[{"CertificateArn": self.wanted}])

    def remove(self) -> None:
        self.elb.remove_listener_certificates(ListenerArn=self.listener, Certificates=[{"CertificateArn": self.wanted}])

    def certificates(self) -> list[str]:
        found = self.elb.describe_listener_certificates(ListenerArn=self.listener)["Certificates"]
        return [each["CertificateArn"] for each in found]

    def create(self, certificate: str | None = None) -> tuple[str, dict[str, Any]]:
        made = PROVIDER.create(self.props(certificate))
        assert made.outs is not None
        return made.id, made.outs


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with strict_account(monkeypatch) as account:
        yield Site(account)


def test_one_that_was_missing_is_added_and_removed_again(site: Site) -> None:
    id_, state = site.create()
    assert id_ == f"{site.listener}_{site.wanted}"
    assert state == {**site.props(), "added": True}
    assert site.certificates() == [site.default, site.wanted]
    PROVIDER.delete(id_, state)
    assert site.certificates() == [site.default]
    PROVIDER.delete(id_, state)


def test_one_that_was_there_stays(site: Site) -> None:
    site.add()
    id_, state = site.create()
    assert state["added"] is False
    PROVIDER.delete(id_, state)
    assert site.certificates() == [site.default, site.wanted]


def test_the_listeners_default_one_is_neither_added_nor_removed(site: Site) -> None:
    id_, state = site.create(site.default)
    assert state["added"] is False
    PROVIDER.delete(id_, state)
    assert site.certificates() == [site.default]


def test_a_second_up_has_nothing_to_do_and_ours_stays_ours(site: Site) -> None:
    id_, state = site.create()
    assert PROVIDER.diff(id_, state, site.props()).changes is False
    updated = PROVIDER.update(id_, state, {**site.props(), "profile": ""}).outs
    assert updated == state
    assert site.certificates() == [site.default, site.wanted]


def test_theirs_that_they_take_away_is_added_and_then_ours(site: Site) -> None:
    site.add()
    id_, state = site.create()
    site.remove()
    assert PROVIDER.diff(id_, state, site.props()).changes is True
    updated = PROVIDER.update(id_, state, site.props()).outs
    assert updated == {**site.props(), "added": True}
    assert site.certificates() == [site.default, site.wanted]
    PROVIDER.delete(id_, updated)
    assert site.certificates() == [site.default]


def test_ours_that_they_have_made_the_default_one_stays(site: Site) -> None:
    id_, state = site.create()
    site.remove()
    site.elb.modify_listener(ListenerArn=site.listener, Certificates=[{"CertificateArn": site.wanted}])
    PROVIDER.delete(id_, state)
    assert site.certificates() == [site.wanted]


def test_a_listener_that_is_gone_has_nothing_to_give_back(site: Site) -> None:
    id_, state = site.create()
    site.elb.delete_listener(ListenerArn=site.listener)
    PROVIDER.delete(id_, state)
    # What is wrong is said by the update.
    assert PROVIDER.diff(id_, state, site.props()).changes is True


def test_another_certificate_or_listener_takes_its_place_before_it_goes(site: Site) -> None:
    id_, state = site.create()
    for key in ("certificate_arn", "listener_arn"):
        diff = PROVIDER.diff(id_, state, {**site.props(), key: "another"})
        assert (diff.replaces, diff.delete_before_replace) == ([key], False)
