"""What the surveys of AWS and of the cluster find is told at once, before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pulumi
import pytest
from moto import mock_aws

from components import studios
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess
from tests.compose_bundle import STACK as ON_COMPOSE
from tests.unit.components.mocks import run
from tests.unit.survey.conftest import LEAST, FakeApi, api, platform

__all__ = ["api", "platform"]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The id of the hosted zone example.com in an account of its own."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        made = boto3.client("route53", "us-east-1").create_hosted_zone(Name="example.com", CallerReference="x")
        yield made["HostedZone"]["Id"].rpartition("/")[2]


def test_a_stack_that_fits_is_made_in_the_zone_that_the_survey_found(
    zone: str, platform: FakeApi, tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(platform.access.kubeconfig or "")
    platform.lists["/api/v1/namespaces"][1]["metadata"]["uid"] = "4f5e"
    settings = parse_settings({**LEAST, "kubeconfig": str(kubeconfig)})

    def program() -> None:
        studios.deploy("studios", settings, "cluster", access=AwsAccess(region="us-east-1"))

    recording = run(program)
    assert recording["studios-record-alias"].inputs["zoneId"] == zone
    assert recording["cluster"].inputs["clusterIdentifier"] == "4f5e"
    assert "aws:route53/getZone:getZone" not in [token for token, _ in recording.calls]


def test_the_problems_of_aws_and_of_the_cluster_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    settings = parse_settings({**LEAST, "kubeconfig": "/no/such/kubeconfig"})
    with pytest.raises(SettingsError) as caught:
        studios.deploy("studios", settings, "cluster", access=AwsAccess(region="us-east-1", profile="no-such-profile"))
    assert [problem.key for problem in caught.value.problems] == ["aws:profile", "kubeconfig"]


def test_a_cluster_that_is_found_through_aws_adds_no_second_message(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = parse_settings({**LEAST, "eksCluster": "prod"})
    with pytest.raises(SettingsError) as caught:
        studios.deploy("studios", settings, "cluster", access=AwsAccess(region="us-east-1", profile="no-such-profile"))
    assert [problem.key for problem in caught.value.problems] == ["aws:profile"]


def beside(*, access: AwsAccess, **values: object) -> list[str]:
    """All problems of a stack file that is wrong."""
    with pytest.raises(SettingsError) as caught, studios.surveying_all(access):
        parse_settings({key: value for key, value in {**LEAST, **values}.items() if value is not None})
    return [f"{problem.key}: {problem.value}" for problem in caught.value.problems]


def test_what_is_wrong_with_aws_and_the_cluster_is_told_beside_what_is_wrong_with_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    access = AwsAccess(region="us-east-1", profile="no-such-profile")
    for wrong in ({"proxyReplicas": "many"}, {"proxyReplica": 3}, {"redisAddress": None}):
        (key,) = wrong
        found = beside(access=access, kubeconfig="/no/such/kubeconfig", **wrong)
        assert [problem.partition(":")[0] for problem in found] == [key, "aws", "kubeconfig"], found
        assert found[1] == "aws:profile: no-such-profile"


def test_a_zone_that_is_not_there_is_told_beside_a_wrong_url(zone: str, platform: FakeApi, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(platform.access.kubeconfig or "")
    access = AwsAccess(region="us-east-1")
    given = {"kubeconfig": str(kubeconfig), "hostedZone": "odd.example.com"}
    assert beside(access=access, **given, platformUrl="example.com") == [
        "platformUrl: example.com",
        "hostedZone: odd.example.com",
    ]
    # The zone holds neither host, and that follows from the URL.
    boto3.client("route53", "us-east-1").create_hosted_zone(Name="odd.example.com", CallerReference="y")
    assert beside(access=access, **given, platformUrl="example.com") == ["platformUrl: example.com"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"namespace": "Platform"}, ["namespace: Platform"]),
        ({"platformVersion": "99"}, ["platformVersion: 99"]),
        ({"platformVersion": "99", "backendContainer": "x"}, ["platformVersion: 99", "backendContainer: x"]),
        ({"proxyReplicas": 0, "backendConfigMap": "x"}, ["proxyReplicas: 0", "backendConfigMap: x"]),
        (
            {"proxyReplicas": 0, "backendDeployment": "x", "cronDeployment": "y"},
            ["proxyReplicas: 0", "namespace: platform-stage"],
        ),
    ],
)
def test_what_follows_from_a_wrong_setting_is_not_told_and_what_does_not_is(
    zone: str, platform: FakeApi, tmp_path: Path, changes: dict[str, object], told: list[str]
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(platform.access.kubeconfig or "")
    platform.lists["/api/v1/namespaces/platform-stage/configmaps"].pop()
    platform.lists["/apis/apps/v1/deployments"] = []
    found = beside(access=AwsAccess(region="us-east-1"), kubeconfig=str(kubeconfig), **changes)
    assert [each for each in found if not each.startswith("towerYml")] == told
    assert ("towerYmlConfigMap: tower-yml" in found) is (
        changes.keys() & {"platformVersion", "namespace", "backendDeployment"} == set()
    )


def test_what_a_target_says_is_told_beside_what_is_wrong_with_its_settings(zone: str) -> None:
    with pytest.raises(SettingsError) as caught, studios.surveying_all(AwsAccess(region="us-east-1")):
        parse_settings({**ON_COMPOSE, "idleTimeout": "long", "instanceId": "i-0fffffffffffffff0"})
    assert [problem.key for problem in caught.value.problems] == ["idleTimeout", "instanceId", "loadBalancer"]


class OfTheUser:
    """A provider of the user's own."""

    def __init__(self, package: str) -> None:
        self.package = package


@pytest.mark.parametrize(
    ("package", "expected"), [("aws", ["kubeconfig"]), ("kubernetes", ["aws:profile", "kubeconfig"])]
)
def test_an_account_that_only_the_users_own_provider_reaches_is_left_to_it(package: str, expected: list[str]) -> None:
    settings = parse_settings({**LEAST, "kubeconfig": "/no/such/kubeconfig"})
    opts = pulumi.ResourceOptions()
    opts.providers = {package: OfTheUser(package)}  # type: ignore[dict-item]
    access = AwsAccess(region="us-east-1", profile="no-such-profile")
    with pytest.raises(SettingsError) as caught:
        studios.deploy("studios", settings, "cluster", access=access, opts=opts)
    assert [problem.key for problem in caught.value.problems] == expected
