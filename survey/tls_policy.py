"""The TLS policy of the HTTPS listener, where it is newer than the program's list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings.balancers import TLS_POLICIES
from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def survey_tls_policy(account: AwsAccount, settings: Settings) -> None:
    """Asks AWS for a policy that the program doesn't know.

    Raises:
        SettingsError: AWS has none of that name, or can't be asked.
    """
    policy = settings.ssl_policy
    if policy in TLS_POLICIES:
        return
    try:
        is_there = bool(account.call("elbv2", "describe_ssl_policies", _policies, Names=[policy]))
    except AwsError as error:
        if error.is_denied:
            # The controller's verdict on the change tells.
            return
        if error.code not in ("SSLPolicyNotFound", "SSLPolicyNotFoundException"):
            raise SettingsError([Problem("sslPolicy", policy, f"cannot be looked up: {error}")]) from None
        is_there = False
    if not is_there:
        message = (
            f"is not a TLS policy that AWS has in {account.region}; `aws elbv2 describe-ssl-policies --query "
            "'SslPolicies[].Name'` prints them"
        )
        raise SettingsError([Problem("sslPolicy", policy, message)])


def _policies(answer: Mapping[str, Any]) -> list[Any]:
    return list(answer["SslPolicies"])
