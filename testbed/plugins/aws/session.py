"""The way to AWS: credentials, clients, account, tags, and waiting that can be cancelled."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from testbed.plugins.aws.calls import dropping, parameters, to_tags
from testbed.plugins.aws.errors import code_of, doing, note_service
from testbed.plugins.provider import Properties, ProviderError

T = TypeVar("T")

_DEFAULT_RETRIES: Final = 5
#: Between two looks at something that takes its time, in seconds: the first pause, and the longest.
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_GO_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def go_duration(seconds: float) -> str:
    """``4500`` as ``1h15m0s``, the way the official provider prints it."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


class Session:
    """One configured provider.

    Args:
        settings: as :func:`testbed.plugins.aws.config.settings` returns them.

    Raises:
        ProviderError: there is no region, or what ``allowedAccountIds`` and ``forbiddenAccountIds`` say is not so, or
            the credentials are refused.
    """

    def __init__(self, settings: Properties) -> None:
        self._settings = settings
        self.region = settings.get("region") or boto3.Session(profile_name=settings.get("profile")).region_name
        if not self.region:
            raise ProviderError(
                "unable to validate AWS credentials. Details: missing region: make sure you have set your AWS region, "
                "e.g. `pulumi config set aws:region us-west-2`."
            )
        self.default_tags: dict[str, str] = (settings.get("defaultTags") or {}).get("tags") or {}
        self._ignored_keys = set((settings.get("ignoreTags") or {}).get("keys") or ())
        self._ignored_prefixes = ("aws:", *((settings.get("ignoreTags") or {}).get("keyPrefixes") or ()))
        self.cancelled = threading.Event()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._account: str | None = None
        self._boto = self._connect()
        self._validate()

    def client(self, service: str, region: str) -> Any:
        """A boto3 client; clients may be shared between threads, the making of them may not."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._make_client(self._boto, service, region)
            return self._clients[key]

    @property
    def account_id(self) -> str:
        """The account that the credentials belong to."""
        if self._account is None:
            self._account = str(self.client("sts", self.region).get_caller_identity()["Account"])
        return self._account

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, …"""
        return str(self._boto.get_partition_for_region(self.region))

    def without_ignored(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags that are ours to manage."""
        return {
            key: value
            for key, value in tags.items()
            if key not in self._ignored_keys and not key.startswith(self._ignored_prefixes)
        }

    def _connect(self) -> boto3.Session:
        settings = self._settings
        boto = boto3.Session(
            aws_access_key_id=settings.get("accessKey"),
            aws_secret_access_key=settings.get("secretKey"),
            aws_session_token=settings.get("token"),
            profile_name=settings.get("profile"),
            region_name=self.region,
        )
        for role in settings.get("assumeRoles") or []:
            boto = self._assumed(boto, role)
        return boto

    def _assumed(self, boto: boto3.Session, role: Properties) -> boto3.Session:
        sts = self._make_client(boto, "sts", self.region)
        name, duration = role.get("sessionName") or "pulumi", _seconds(role.get("duration"))
        wanted = parameters(sts, "assume_role", role, {"RoleSessionName": name, "DurationSeconds": duration})
        with doing(f"cannot assume IAM Role ({role.get('roleArn')})"):
            credentials = sts.assume_role(**wanted)["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=self.region,
        )

    def _make_client(self, boto: boto3.Session, service: str, region: str) -> Any:
        retries = {"mode": "standard", "max_attempts": self._settings.get("maxRetries") or _DEFAULT_RETRIES}
        made = boto.client(service, region_name=region, config=Config(retries=retries))
        made.meta.events.register("after-call", note_service)
        return made

    def _validate(self) -> None:
        allowed = self._settings.get("allowedAccountIds") or []
        forbidden = self._settings.get("forbiddenAccountIds") or []
        if self._settings.get("skipCredentialsValidation") and not (allowed or forbidden):
            return
        with doing("validating provider credentials: retrieving caller identity from STS"):
            try:
                account = self.account_id
            except NoCredentialsError as error:
                raise ProviderError("No valid credential sources found") from error
        if account in forbidden or (allowed and account not in allowed):
            raise ProviderError(f"AWS account ID not allowed: {account}")


class Aws:
    """One service of AWS in one region, for one call of the engine."""

    def __init__(self, session: Session, service: str, region: str | None = None) -> None:
        self.session = session
        self.region = region or session.region
        self._client = session.client(service, self.region)

    def call(self, operation: str, given: Properties | None = None, /, **own: Any) -> Any:
        """The answer to an operation, which boto3 names, with :func:`~testbed.plugins.aws.calls.parameters`."""
        return getattr(self._client, operation)(**parameters(self._client, operation, given or {}, own))

    def pages(self, operation: str, **own: Any) -> Iterator[Any]:
        """All answers to an operation that tells what there is."""
        yield from self._client.get_paginator(operation).paginate(**own)

    def retag(self, by: tuple[str, str, str], id: str, put: Properties, drop: list[str], **more: str) -> None:
        """Sets the tags in ``put`` and removes those in ``drop``; either may be empty.

        Args:
            by: the operations that set and remove them, and the parameter that takes ``id``.
            id: of the resource.
            put: tags with their values.
            drop: their keys.
            more: parameters of both operations.
        """
        add, remove, name = by
        of: dict[str, Any] = {name: [id] if name.endswith("s") else id, **more}
        if drop:
            self.call(remove, **of, **dropping(self._client, remove, drop))
        if put:
            self.call(add, **of, Tags=to_tags(put))

    def arn(self, service: str, rest: str) -> str:
        """The ARN of something in the account and the region."""
        return f"arn:{self.session.partition}:{service}:{self.region}:{self.session.account_id}:{rest}"

    def wait_for(self, look: Callable[[], T | None], timeout: float, late: Callable[[], str]) -> T:
        """Looks until there is something to return.

        Args:
            look: returns None as long as there is nothing.
            timeout: in seconds.
            late: says what was being waited for, once the time is up.

        Raises:
            ProviderError: the time is up, or the engine is going away.
        """
        waited, pause = 0.0, _FIRST_PAUSE
        while (found := look()) is None:
            if waited >= timeout:
                raise ProviderError(late())
            pause = min(pause, timeout - waited)
            if self.session.cancelled.wait(pause):
                raise ProviderError(f"{late()}: cancelled after {go_duration(waited)}")
            waited += pause
            pause = min(pause * 2, _LONGEST_PAUSE)
        return found

    def insist(self, call: Callable[[], T], codes: Collection[str], timeout: float) -> T:
        """Calls again as long as AWS answers with one of the error ``codes`` and ``timeout`` (seconds) is not over."""
        last: ClientError | None = None

        def attempt() -> tuple[T] | None:
            nonlocal last
            try:
                return (call(),)
            except ClientError as error:
                if code_of(error) not in codes:
                    raise
                last = error
                return None

        def late() -> str:
            if last is None:
                raise AssertionError("there was no attempt")
            raise last

        return self.wait_for(attempt, timeout, late)[0]


def _seconds(duration: str | None) -> int | None:
    """Terraform's ``1h30m`` in seconds."""
    if not duration:
        return None
    match = _GO_DURATION.fullmatch(duration)
    if not match:
        raise ProviderError(f"duration {duration!r} is not like 1h, 30m or 900s")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
