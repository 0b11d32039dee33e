"""What a stack's settings name around a Docker Compose host is looked for, and what is not there is told."""

from __future__ import annotations

import pulumi
import pytest
from pulumi_aws import ec2, iam, lb

from components.compose_site import ComposeSite, find_site
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.choices import Choice, Choices
from tests.unit.components.test_compose import LISTENER, MINIMUM

BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/platform/1"
ANOTHER = f"{LISTENER}b"


class Account(Choices):
    """Two of everything."""

    def __init__(self) -> None:
        super().__init__(region=None, profile=None)

    def instances(self) -> list[Choice]:
        return [
            Choice("i-0123456789abcdef0", {"Name": "platform", "cost": "12"}),
            Choice("i-0123456789abcdef1", {"env": "test"}),
        ]

    def load_balancers(self) -> list[Choice]:
        return [Choice("platform", {}), Choice("other", {"env": "test"})]

    def listeners(self, load_balancer: str) -> list[Choice]:
        assert load_balancer == BALANCER
        return [Choice(LISTENER, {"Name": "users", "env": "prod"}), Choice(ANOTHER, {"env": "prod"})]


def find(**changes: object) -> ComposeSite:
    return find_site(parse_settings(MINIMUM | changes), Account())


class Fake:
    """What a lookup finds: any attributes."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fake]:
    """One instance and one load balancer, as the lookups find them; a test may change them."""
    found = {
        "instance": Fake(
            id="i-0123456789abcdef0",
            instance_state="running",
            iam_instance_profile="platform",
            vpc_security_group_ids=["sg-00000001"],
        ),
        "balancer": Fake(
            arn=BALANCER,
            name="platform",
            dns_name="platform-1.us-east-1.elb.amazonaws.com",
            idle_timeout=400,
            load_balancer_type="application",
            security_groups=["sg-00000003", "sg-00000002"],
            vpc_id="vpc-1",
        ),
        "listener": Fake(arn=LISTENER, load_balancer_arn=BALANCER, protocol="HTTPS"),
        "profile": Fake(name="platform-profile", role_name="platform-role"),
    }
    for module, function, name in (
        (ec2, "get_instance", "instance"),
        (lb, "get_load_balancer", "balancer"),
        (lb, "get_listener", "listener"),
        (iam, "get_instance_profile", "profile"),
    ):
        monkeypatch.setattr(module, function, lambda kind=name, **_: found[kind])
    return found


def refused(**changes: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        find(**changes)
    return [str(problem).removeprefix("seqera-studios:") for problem in caught.value.problems]


def test_what_is_there_is_found(account: dict[str, Fake]) -> None:
    site = find()
    assert site.instance_security_group == "sg-00000001"
    assert site.load_balancer_security_group == "sg-00000002"
    assert (site.role, site.vpc_id, site.listener_arn) == ("platform-role", "vpc-1", LISTENER)
    assert find(attachInstancePolicy=False).role is None


def test_a_timeout_that_is_too_short_is_reported_with_the_command(
    account: dict[str, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    find()
    assert said == []
    account["balancer"].__dict__["idle_timeout"] = 60
    find()
    (text,) = said
    assert "cuts a WebSocket after 60 s without traffic, and idleTimeout is 301 s" in text
    assert text.endswith(
        f"aws elbv2 modify-load-balancer-attributes --load-balancer-arn {BALANCER} "
        "--attributes Key=idle_timeout.timeout_seconds,Value=301"
    )


def test_all_that_is_wrong_with_the_site_is_said_at_once(account: dict[str, Fake]) -> None:
    account["instance"].__dict__.update(instance_state="stopped", vpc_security_group_ids=["sg-00000001", "sg-00000002"])
    account["listener"].__dict__["protocol"] = "HTTP"
    assert refused() == [
        (
            "listenerArn: is not set, and the listener of the load balancer platform at port 443 is no HTTPS one; the "
            f"HTTPS listeners are {LISTENER} (Name=users), {ANOTHER}"
        ),
        (
            "instanceSecurityGroup: is not set, and i-0123456789abcdef0 has sg-00000001, sg-00000002; write the one to "
            "open: pulumi config set instanceSecurityGroup sg-00000001"
        ),
        'instanceId: "i-0123456789abcdef0" is stopped; start the instance',
    ]


def test_an_instance_without_a_profile_is_told_what_to_do(account: dict[str, Fake]) -> None:
    account["instance"].__dict__["iam_instance_profile"] = ""
    (problem,) = refused()
    assert "AmazonSSMManagedInstanceCore" in problem
    assert "pulumi config set delivery files" in problem
    assert find(delivery="files").role is None


def test_a_profile_without_a_role_is_told_what_to_do(account: dict[str, Fake]) -> None:
    account["profile"].__dict__["role_name"] = ""
    assert refused() == [
        (
            'instanceId: "i-0123456789abcdef0" has the instance profile platform-profile without a role, so that '
            "Systems Manager does not reach it; add one that has the policy AmazonSSMManagedInstanceCore"
        )
    ]


def not_found(module: object, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> Fake:
        raise RuntimeError("invoke of x failed: invocation of x returned an error: Search returned 0 results\nmore")

    monkeypatch.setattr(module, function, fail)


def test_a_lookup_that_fails_names_the_key_the_reason_and_what_there_is(
    account: dict[str, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    not_found(ec2, "get_instance", monkeypatch)
    not_found(lb, "get_load_balancer", monkeypatch)
    assert refused() == [
        (
            'instanceId: "i-0123456789abcdef0" cannot be looked up: Search returned 0 results; the running instances '
            "are i-0123456789abcdef0 (Name=platform), i-0123456789abcdef1"
        ),
        (
            'loadBalancer: "platform" cannot be looked up: Search returned 0 results; the application load balancers '
            "are platform, other"
        ),
    ]
    changes = {"instanceId": None, "instanceTags": {"cost": "13"}}
    by_tags = refused(**changes, loadBalancer=None, loadBalancerTags={"env": "prod"})
    assert by_tags == [
        (
            'instanceTags: {"cost": "13"} cannot be looked up: Search returned 0 results; the running instances are '
            "i-0123456789abcdef0 (Name=platform, cost=12), i-0123456789abcdef1"
        ),
        (
            'loadBalancerTags: {"env": "prod"} cannot be looked up: Search returned 0 results; the application load '
            "balancers are platform, other (env=test)"
        ),
    ]


def asked_for(monkeypatch: pytest.MonkeyPatch, account: dict[str, Fake]) -> list[dict[str, object]]:
    """The arguments of each lookup of a listener."""
    asked: list[dict[str, object]] = []

    def found(**arguments: object) -> Fake:
        asked.append(arguments)
        return account["listener"]

    monkeypatch.setattr(lb, "get_listener", found)
    return asked


def test_a_listener_is_found_by_port_arn_or_tags(account: dict[str, Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_for(monkeypatch, account)
    find()
    find(listenerArn=ANOTHER)
    find(listenerTags={"Name": "users"})
    assert asked == [{"load_balancer_arn": BALANCER, "port": 443}, {"arn": ANOTHER}, {"arn": LISTENER}]


def test_tags_of_no_listener_and_of_several_are_told_with_those_that_there_are(account: dict[str, Fake]) -> None:
    assert refused(listenerTags={"Name": "users", "env": "test"}) == [
        (
            'listenerTags: {"Name": "users", "env": "test"} are on no listener of the load balancer platform; '
            f"the HTTPS listeners are {LISTENER} (Name=users, env=prod), {ANOTHER} (env=prod)"
        )
    ]
    assert refused(listenerTags={"env": "prod"}) == [
        (
            'listenerTags: {"env": "prod"} are on 2 listeners of the load balancer platform; the HTTPS listeners are '
            f"{LISTENER} (Name=users, env=prod), {ANOTHER} (env=prod)"
        )
    ]


def test_a_listener_of_another_load_balancer_is_refused(account: dict[str, Fake]) -> None:
    account["listener"].__dict__["load_balancer_arn"] = f"{BALANCER}c"
    assert refused(listenerArn=ANOTHER) == [
        (
            f'listenerArn: "{ANOTHER}" is no HTTPS listener of the load balancer platform; the HTTPS listeners are '
            f"{LISTENER} (Name=users), {ANOTHER}"
        )
    ]


def test_a_load_balancer_without_a_listener_at_443_is_told_what_it_has(
    account: dict[str, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    not_found(lb, "get_listener", monkeypatch)
    assert refused() == [
        (
            "listenerArn: is not set, and the listener of the load balancer platform at port 443 cannot be looked up: "
            f"Search returned 0 results; the HTTPS listeners are {LISTENER} (Name=users), {ANOTHER}"
        )
    ]
