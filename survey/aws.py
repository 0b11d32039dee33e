"""Reading an AWS account as the program's own provider does, and saying plainly why that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeVar

from live.timeouts import with_timeout
from settings.errors import Problem, SettingsError
from settings.remedies import Write
from survey.aws_access import AwsAccess
from survey.aws_errors import THROTTLED, AwsError, failure, no_credentials, of_profile, refusal
from survey.aws_session import AwsSession

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a call may take, in seconds.

    Args:
        connect, read: for each attempt.
        attempts: in all.
        throttled: for so long throttled calls are made again; AWS answers each of them at once.
        once: whether a service that has not answered is asked no more, and the others are given little time.
    """

    connect: float
    read: float
    attempts: int
    throttled: float
    once: bool = False


#: With two attempts a call without an answer takes some 25 seconds: a preview waits no longer than half a minute.
PREVIEW: Final = Patience(connect=4, read=8, attempts=2, throttled=20, once=True)
#: Once one service has not answered, what is left of that half minute is for all others.
_HASTE: Final = Patience(connect=1, read=2, attempts=1, throttled=0, once=True)
#: That of a change, which stops halfway where it gives up.
CHANGE: Final = Patience(connect=10, read=60, attempts=4, throttled=120)
_WHOLE_SECONDS: Final = 28
_SETTING_OF_CALL: Final = {
    "AssumeRole": "aws:assumeRoles",
    "AssumeRoleWithWebIdentity": "aws:assumeRoleWithWebIdentity",
}
"""The call that gets credentials → the setting that it is made for."""


__all__ = ["CHANGE", "PREVIEW", "AwsAccess", "AwsAccount", "Patience", "as_answered"]


class AwsAccount:
    """The account that an access leads to.

    Args:
        access: the way to it.
        patience: with each call.
    """

    def __init__(self, access: AwsAccess, patience: Patience = PREVIEW) -> None:
        self.access = access
        self._patience = patience
        self._lock = Lock()
        self._clients: dict[str, Any] = {}
        self._silent: dict[str, str] = {}
        self._throttled = 0.0

    @cached_property
    def id(self) -> str:
        """The account's number; empty where the provider is told not to ask for it.

        Raises:
            SettingsError: there are no credentials, AWS doesn't accept them or doesn't answer, or they are those of an
                account that must not be changed.
        """
        access = self.access
        if problems := [*access.problems()]:
            raise SettingsError(problems)
        is_asked = not (access.more.get("skipCredentialsValidation") and access.more.get("skipRequestingAccountId"))
        if not is_asked and not access.allowed_account_ids and not access.forbidden_account_ids:
            return ""
        try:
            found: str = with_timeout(_WHOLE_SECONDS, lambda: self.call("sts", "get_caller_identity", _account_in))
        except TimeoutError:
            reason = f"getting credentials takes longer than {_WHOLE_SECONDS} s"
            raise SettingsError([self._no_way(AwsError(reason))]) from None
        except AwsError as error:
            raise SettingsError([self._no_way(error)]) from None
        self._check_region()
        for key, ids, is_wrong in (
            ("allowedAccountIds", access.allowed_account_ids, found not in access.allowed_account_ids),
            ("forbiddenAccountIds", access.forbidden_account_ids, found in access.forbidden_account_ids),
        ):
            if ids and is_wrong:
                which = "holds" if key.startswith("forbidden") else "does not hold"
                raise SettingsError(
                    [
                        Problem(
                            f"aws:{key}",
                            sorted(ids),
                            f"{which} {found}, the account of {access.credentials}; "
                            "use the credentials of another account, or change the list",
                        )
                    ]
                )
        return found

    def call(self, service: str, operation: str, read: Callable[[Any], _T], **arguments: Any) -> _T:
        """Makes a call and reads its answer.

        Args:
            service, operation: as boto3 names them: ``elbv2``, ``describe_listeners``.
            read: gets what is wanted out of the answer.
            arguments: those of the operation.

        Raises:
            AwsError: it failed.
        """
        return self._asked(service, operation, lambda asked: read(getattr(asked, operation)(**arguments)))

    def pages(self, service: str, operation: str, key: str, read: Callable[[Any], _T], **arguments: Any) -> list[_T]:
        """Makes as many calls as the answer has pages, and reads each item of the list that they have at a key.

        Raises:
            AwsError: it failed.
        """

        def ask(asked: Any) -> list[_T]:
            pages = asked.get_paginator(operation).paginate(**arguments)
            return [read(each) for page in pages for each in page[key]]

        return self._asked(service, operation, ask)

    @property
    def place(self) -> str:
        """The account in a message: ``account 123456789012``."""
        return f"account {self.id}" if self.id else "this account"

    @property
    def region(self) -> str:
        """The region that the calls go to."""
        return str(self._client("sts").meta.region_name)

    @property
    def partition(self) -> str:
        """The partition of that region: ``aws``, ``aws-us-gov``, ``aws-cn``, …"""
        return str(self._client("sts").meta.partition)

    def _asked(self, service: str, operation: str, ask: Callable[[Any], _T]) -> _T:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        # Of the service's own, as IAM writes it: elasticloadbalancing:DescribeListeners.
        action, host, attempt = f"{service}:{operation}", "", 0
        if service in self._silent:
            raise AwsError(self._silent[service], setting="aws:region")
        while True:
            try:
                asked = self._client(service)
                model = asked.meta.service_model
                action = f"{model.signing_name}:{asked.meta.method_to_api_mapping[operation]}"
                host = asked.meta.endpoint_url
                return ask(asked)
            except ClientError as error:
                code = error.response["Error"].get("Code", "")
                if code in THROTTLED and self._throttled < self._patience.throttled:
                    pause = 0.25 * 2 ** min(attempt, 3)
                    time.sleep(pause)
                    self._throttled, attempt = self._throttled + pause, attempt + 1
                    continue
                setting, action = self._behind(error, action)
                reason = refusal(action, code, error.response["Error"].get("Message", ""))
                raise AwsError(reason, code=code, setting=setting) from None
            except BotoCoreError as error:
                met = failure(error, self.access.profile)
                if met.setting == "aws:region" and self._patience.once:
                    self._hasten(service, str(met))
                raise met from None
            except OSError as error:
                raise no_credentials(error) from None
            except (ResponseParserError, KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                if not host:
                    raise no_credentials(error) from None
                reason = f"what answers to {action} at {host} is not AWS"
                raise AwsError(reason, setting="aws:region") from None

    def _behind(self, error: Any, action: str) -> tuple[str, str]:
        """The setting to look at, and the call that AWS refuses: the one for credentials, or the one that was made."""
        key = _SETTING_OF_CALL.get(error.operation_name)
        if key is None or action.endswith(f":{error.operation_name}"):
            return "aws:profile", action
        access = self.access
        if key == "aws:assumeRoles":
            key = access.role_key if access.roles else "aws:profile"
        return key, f"sts:{error.operation_name}"

    def _hasten(self, service: str, reason: str) -> None:
        """Asks a silent service no more, and waits for the others no longer than a preview may take."""
        with self._lock:
            self._silent[service] = reason
            self._patience = _HASTE
            self._clients.clear()

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, self.access.region, _config(self._patience))
            return self._clients[service]

    @cached_property
    def _session(self) -> AwsSession:
        return AwsSession(self.access, _config(self._patience))

    def _no_way(self, error: AwsError) -> Problem:
        setting, reason, access = error.setting, str(error), self.access
        profile, region = access.profile, access.region
        if setting in _SETTING_OF_CALL.values() or setting == access.role_key:
            role = access.roles[-1] if access.roles and setting == access.role_key else access.web_identity
            shown = None if role is None else role.get("roleArn")
            advice = "check the role, and that its trust policy names you"
            return Problem(setting, shown, f"gives no way to AWS: {reason}; {advice}")
        if setting == "aws:region":
            if region is None:
                return Problem(
                    setting,
                    None,
                    f"is not set; write the one of the load balancer: {Write('aws:region', 'eu-west-1')}",
                )
            if not self._is_known(region):
                return _unknown_region(region)
            advice = "check the region, and the way to AWS from here (HTTPS_PROXY, NO_PROXY)"
            return Problem(setting, region, f"gives no way to AWS: {reason}; {advice}")
        command = "aws sts get-caller-identity" + of_profile(profile)
        advice = error.advice or f"check that `{command}` works from here"
        if setting == "aws:endpoints":
            return Problem(setting, None, f"give no way to AWS: {reason}; {advice}")
        start = "gives no way to AWS: " if profile else "is not set, and "
        return Problem(setting, profile, f"{start}{reason}; {advice}")

    def _check_region(self) -> None:
        """Refuses a region that botocore doesn't know, unless AWS has answered at its own address for it."""
        if self.access.more.get("skipRegionValidation"):
            return
        sts = self._client("sts")
        region = sts.meta.region_name
        if not self._is_known(region) and f".{region}." not in sts.meta.endpoint_url:
            raise SettingsError([_unknown_region(region)])

    def _is_known(self, region: str) -> bool:
        session = self._session.botocore
        partitions = session.get_available_partitions()
        return any(region in session.get_available_regions("ec2", partition) for partition in partitions)


def as_answered(answer: _T) -> _T:
    """For a call, or for pages: what AWS answers, read by the caller."""
    return answer


def _config(patience: Patience) -> Any:
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": patience.attempts}
    return Config(connect_timeout=patience.connect, read_timeout=patience.read, retries=retries)


def _unknown_region(region: str) -> Problem:
    return Problem("aws:region", region, "is not an AWS region; write one such as eu-west-1")


def _account_in(answer: Mapping[str, Any]) -> str:
    return str(answer["Account"])
