"""The way to the cluster of a stack that is verified."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pipeline.verify.cluster import WAY, api_of
from pipeline.verify.findings import CannotAskError
from survey.aws import AwsAccount
from survey.aws_access import AwsAccess
from survey.aws_errors import AwsError
from tests.unit.pipeline.verify.subject import deployment


class Account:
    """An account in which EKS refuses to describe a cluster."""

    access = AwsAccess.read(lambda _: "")
    place, region = "account 1", "us-east-1"

    def call(self, service: str, operation: str, *_: Any, name: str) -> Any:
        raise AwsError(f"{service}:{operation} of {name} is denied")


def test_an_eks_cluster_that_may_not_be_looked_up_is_unknown_and_named_with_its_setting() -> None:
    settings = deployment(eksCluster="acme").settings
    with pytest.raises(CannotAskError) as error:
        api_of(settings, lambda: cast("AwsAccount", Account()))
    said = 'seqera-studios:eksCluster: "acme" cannot be looked up: eks:describe_cluster of acme is denied'
    assert str(error.value) == said
    assert (error.value.mend, error.value.unknown) == (WAY, True)


def test_a_cluster_of_a_kubeconfig_needs_no_account_of_aws(tmp_path: Any) -> None:
    def refuse() -> AwsAccount:
        raise AssertionError

    settings = deployment(kubeconfig=str(tmp_path / "none")).settings
    with pytest.raises(CannotAskError) as error:
        api_of(settings, refuse)
    said = "gives no way to a cluster: No configuration found; check that `kubectl get nodes` works from here"
    assert (str(error.value), error.value.unknown) == (said, True)
