"""Reading an AWS account as the program's own provider does, and saying plainly why that fails."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeVar

from settings.errors import Problem, SettingsError
from settings.remedies import Write
from survey.aws_errors import THROTTLED, AwsError, failure, refusal
from survey.concurrency import with_timeout

_T = TypeVar("_T")

#: With two attempts a call without an answer takes some 25 seconds: a preview waits no longer than half a minute.
_CONNECT_SECONDS: Final = 4
_READ_SECONDS: Final = 8
_ATTEMPTS: Final = 2
_WHOLE_SECONDS: Final = 28
_THROTTLED_SECONDS: Final = 20
"""For so long a throttled call is made again; AWS answers each of them at once."""


def client(service: str, *, profile: str | None, region: str | None) -> Any:
    """A client of boto3 with boto3's own patience; it asks nothing yet.

    Args:
        service: as boto3 names it, such as ``elbv2``.
        profile: of the AWS configuration; None or empty for the credentials of the environment.
        region: such as ``eu-west-1``; None for the environment's.

    Raises:
        botocore.exceptions.BotoCoreError: there is no such profile, or no region.
    """
    # Imported here: it takes hundreds of milliseconds, and a run with wrong settings needs none of it.
    import boto3

    return boto3.Session(profile_name=profile or None, region_name=region).client(service)


@dataclass(frozen=True, kw_only=True)
class AwsAccess:
    """The way to AWS, as the stack's file configures the provider.

    Args:
        region: such as ``eu-west-1``; None for the environment's.
        profile: of the AWS configuration; None for the credentials of the environment.
        allowed_account_ids: the accounts that may be changed; empty for any.
        forbidden_account_ids: the accounts that may not.
    """

    region: str | None = None
    profile: str | None = None
    allowed_account_ids: Collection[str] = ()
    forbidden_account_ids: Collection[str] = ()

    @classmethod
    def configured(cls, config: Any) -> AwsAccess:
        """That of ``pulumi_aws.config``."""
        return cls(
            region=config.region,
            profile=config.profile,
            allowed_account_ids=_ids(config.allowed_account_ids),
            forbidden_account_ids=_ids(config.forbidden_account_ids),
        )


class AwsAccount:
    """The account that the access leads to; every call is made with little patience."""

    def __init__(self, access: AwsAccess) -> None:
        self.access = access
        self._lock = Lock()
        self._clients: dict[str, Any] = {}

    @cached_property
    def id(self) -> str:
        """The account's number.

        Raises:
            SettingsError: there are no credentials, AWS doesn't accept them or doesn't answer, or they are those of an
                account that must not be changed.
        """
        access = self.access
        try:
            found: str = with_timeout(_WHOLE_SECONDS, lambda: self.call("sts", "get_caller_identity", _account_in))
        except TimeoutError:
            reason = f"getting credentials takes longer than {_WHOLE_SECONDS} s"
            raise SettingsError([self._no_way("aws:profile", reason)]) from None
        except AwsError as error:
            raise SettingsError([self._no_way(error.setting, str(error))]) from None
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
                            f"{which} {found}, the account of {self._credentials}; "
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
        return f"account {self.id}"

    @property
    def region(self) -> str:
        """The region that the calls go to."""
        return str(self._client("sts").meta.region_name)

    @property
    def _credentials(self) -> str:
        profile = self.access.profile
        return f"the profile {profile}" if profile else "the credentials of the environment"

    def _asked(self, service: str, operation: str, ask: Callable[[Any], _T]) -> _T:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        # Of the service's own, as IAM writes it: elasticloadbalancing:DescribeListeners.
        action, host = f"{service}:{operation}", ""
        deadline, attempt = time.monotonic() + _THROTTLED_SECONDS, 0
        while True:
            try:
                asked = self._client(service)
                model = asked.meta.service_model
                action = f"{model.signing_name}:{asked.meta.method_to_api_mapping[operation]}"
                host = asked.meta.endpoint_url
                return ask(asked)
            except ClientError as error:
                code = error.response["Error"].get("Code", "")
                if code in THROTTLED and time.monotonic() < deadline:
                    time.sleep(0.25 * 2 ** min(attempt, 3))
                    attempt += 1
                    continue
                reason = refusal(action, code, error.response["Error"].get("Message", ""))
                raise AwsError(reason, code=code) from None
            except BotoCoreError as error:
                setting, reason = failure(error, self.access.profile)
                raise AwsError(reason, setting=setting) from None
            except (ResponseParserError, KeyError, TypeError, AttributeError, ValueError, IndexError):
                reason = f"what answers to {action} at {host} is not AWS"
                raise AwsError(reason, setting="aws:region") from None

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service)
            return self._clients[service]

    @cached_property
    def _session(self) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.session import Session

        session = Session(profile=self.access.profile or None)
        # As the session's, they hold for the calls that get credentials, too.
        session.set_default_client_config(
            Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            )
        )
        return boto3.Session(botocore_session=session, region_name=self.access.region)

    def _no_way(self, setting: str, reason: str) -> Problem:
        profile, region = self.access.profile, self.access.region
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
        command = "aws sts get-caller-identity" + (f" --profile {profile}" if profile else "")
        start = "gives no way to AWS: " if profile else "is not set, and "
        return Problem(setting, profile, f"{start}{reason}; check that `{command}` works from here")

    def _check_region(self) -> None:
        """Refuses a region that botocore doesn't know, unless AWS has answered at its own address for it."""
        sts = self._client("sts")
        region = sts.meta.region_name
        if not self._is_known(region) and f".{region}." not in sts.meta.endpoint_url:
            raise SettingsError([_unknown_region(region)])

    def _is_known(self, region: str) -> bool:
        session = self._session
        partitions = session.get_available_partitions()
        return any(region in session.get_available_regions("ec2", partition) for partition in partitions)


def _unknown_region(region: str) -> Problem:
    return Problem("aws:region", region, "is not an AWS region; write one such as eu-west-1")


def _account_in(answer: Mapping[str, Any]) -> str:
    return str(answer["Account"])


def _ids(text: str | None) -> tuple[str, ...]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = text
    return tuple(str(each) for each in found) if isinstance(found, list) else (str(found),)
