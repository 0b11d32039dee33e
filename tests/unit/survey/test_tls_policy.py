"""A TLS policy that is newer than the program is looked up in AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from settings.errors import SettingsError
from settings.model import Settings
from settings.parsing import parse_settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.tls_policy import survey_tls_policy

from .conftest import LEAST

NEWER = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"


class Asked:
    """AWS with these policies, or with an error."""

    region = "eu-west-1"

    def __init__(self, *policies: str, error: str = "") -> None:
        self.policies, self.error, self.names = policies, error, [""]

    def call(self, _service: str, _operation: str, read: Callable[[Any], Any], *, Names: list[str]) -> Any:  # noqa: N803
        self.names = Names
        if self.error:
            raise AwsError("no", code=self.error)
        return read({"SslPolicies": [{"Name": name} for name in self.policies if name in Names]})


def look(aws: Asked, policy: str) -> None:
    settings: Settings = parse_settings({**LEAST, "sslPolicy": policy})
    survey_tls_policy(cast("AwsAccount", aws), settings)


def test_a_policy_that_the_program_knows_is_not_asked_for() -> None:
    aws = Asked()
    look(aws, "ELBSecurityPolicy-TLS13-1-2-2021-06")
    assert aws.names == [""]


def test_a_newer_policy_that_aws_has_is_fine_and_one_that_it_does_not_have_is_refused() -> None:
    look(Asked(NEWER), NEWER)
    for aws in (Asked(), Asked(error="SSLPolicyNotFound")):
        with pytest.raises(SettingsError) as caught:
            look(aws, NEWER)
        assert f'sslPolicy: "{NEWER}" is not a TLS policy that AWS has in eu-west-1' in str(caught.value)


def test_who_may_not_ask_goes_on() -> None:
    look(Asked(error="AccessDenied"), NEWER)
