"""The networks of the VPC, for `trustedProxyCidrs: vpc`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from settings.environment import proxy_environment
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess, AwsAccount
from survey.vpc import with_trusted_networks
from testbed.tests.aws_account import Account, strict_account

SETTINGS = parse_settings(
    {
        "platformUrl": "https://example.com",
        "platformVersion": "26.2",
        "namespace": "platform-stage",
        "hostedZone": "example.com",
        "redisAddress": "redis:6379",
        "eksCluster": "production",
        "trustedProxyCidrs": "vpc",
    }
)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with strict_account(monkeypatch) as made:
        yield made


def reached() -> AwsAccount:
    return AwsAccount(AwsAccess(region="us-east-1"))


def test_the_subnets_of_the_vpc_are_trusted(account: Account) -> None:
    assert len(account.subnets) == 2
    trusted = with_trusted_networks(SETTINGS, reached(), account.vpc)
    assert proxy_environment(trusted)["CONNECT_TRUSTED_PROXY_CIDRS"] == "10.0.0.0/24 10.0.1.0/24"


def test_the_vpc_is_that_of_the_eks_cluster(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = []

    def describe(_: AwsAccount, service: str, operation: str, read: Callable[[Any], Any], **arguments: Any) -> Any:
        asked.append((service, operation, arguments))
        # The emulator's cluster doesn't know its VPC.
        return read({"cluster": {"resourcesVpcConfig": {"vpcId": account.vpc}}})

    monkeypatch.setattr(AwsAccount, "call", describe)
    assert len(account.subnets) == 2
    assert with_trusted_networks(SETTINGS, reached()).trusted_proxy_cidrs == ("10.0.0.0/24", "10.0.1.0/24")
    assert asked == [("eks", "describe_cluster", {"name": "production"})]


def test_a_vpc_without_subnets_is_refused(account: Account) -> None:
    empty = account.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(SettingsError) as refused:
        with_trusted_networks(SETTINGS, reached(), empty)
    assert str(refused.value) == (
        f'seqera-studios:trustedProxyCidrs: ["vpc"] finds no subnet in {empty}; write the networks'
    )


def test_networks_that_are_written_are_left_as_they_are(account: Account) -> None:
    written = SETTINGS.model_copy(update={"trusted_proxy_cidrs": ("10.0.0.0/8",)})
    assert with_trusted_networks(written, reached(), account.vpc) is written
