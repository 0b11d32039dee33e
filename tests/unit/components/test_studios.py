"""What the surveys of AWS and of the cluster find is told at once, before anything is made."""

from __future__ import annotations

import pulumi
import pytest

from components import studios
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess
from tests.unit.survey.conftest import LEAST


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
