"""The stack that is verified: its outputs and settings, and the ways to its hosts, its cluster and AWS."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pipeline.stacks import UNKNOWN
from pipeline.verify.arguments import RECONNECT_SECONDS
from pipeline.verify.cluster import api_of
from pipeline.verify.findings import CannotAskError
from pipeline.verify.network import Network, first_line
from settings.errors import PROJECT, SettingsError
from settings.model import Settings
from settings.parsing import parse_settings

HIDDEN = "hidden-from-verify"
"""What stands in for secret settings: no check needs one."""


@dataclass(frozen=True)
class Options:
    """What the user asks for beyond the checks that every run makes.

    Args:
        workspace: id of a workspace with Studios.
        token: access token of a user of Platform.
        session: URL of a WebSocket in a session that echoes.
        cookie: the Cookie header of a browser that is signed in to the session.
        long: wait beyond the idle timeout.
        reconnect_seconds: how long a session may take to connect again, after its proxy or server has restarted.
    """

    workspace: str | None = None
    token: str | None = None
    session: str | None = None
    cookie: str | None = None
    long: bool = False
    reconnect_seconds: int = RECONNECT_SECONDS


@dataclass
class Deployment:
    """A stack, read when a check first needs it.

    Args:
        stack: its name.
        network: the ways to its hosts.
        options: what the user asks for.
    """

    stack: str
    network: Network
    options: Options

    def __post_init__(self) -> None:
        #: The id of a session that does not exist: what is served for it is served for any.
        self.session_id = f"a{secrets.token_hex(4)}"
        self._clients: dict[str, Any] = {}

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs; secrets are masked.

        Raises:
            CannotAskError: Pulumi does not tell them.
        """
        outputs: Mapping[str, Any] = self._pulumi("stack", "output", "--json")
        return outputs

    @cached_property
    def _config(self) -> Mapping[str, Mapping[str, Any]]:
        config: Mapping[str, Mapping[str, Any]] = self._pulumi("config", "--json")
        return config

    @property
    def is_unknown(self) -> bool:
        """Whether Pulumi says that there is no such stack."""
        try:
            _ = self.outputs
        except CannotAskError as error:
            return UNKNOWN in str(error)
        except ValueError:
            # The first check meets it again, and tells it in its row.
            return False
        return False

    def _pulumi(self, *words: str) -> Any:
        command = ["pulumi", *words, "--stack", self.stack, "--non-interactive", "--color", "never"]
        try:
            finished = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise CannotAskError(f"pulumi can't be run: {error.strerror}", "install the Pulumi CLI") from None
        if finished.returncode:
            said = [line for line in finished.stderr.splitlines() if line.strip()] or ["no reason given"]
            mend = f"pulumi {' '.join(words)} --stack {self.stack}"
            raise CannotAskError(f"pulumi {words[0]}: {said[-1].removeprefix('error: ')}", mend)
        return json.loads(finished.stdout)

    @cached_property
    def written(self) -> tuple[dict[str, object], set[str]]:
        """The settings as the stack's file has them, by their keys, and those that are secret.

        Raises:
            CannotAskError: Pulumi does not tell them.
        """
        prefix = f"{PROJECT}:"
        values = {key.removeprefix(prefix): value for key, value in self._config.items() if key.startswith(prefix)}
        encrypted = {key for key, value in values.items() if value.get("secret")}
        return {key: HIDDEN if key in encrypted else _text(value) for key, value in values.items()}, encrypted

    @cached_property
    def settings(self) -> Settings:
        """The stack's settings.

        Raises:
            CannotAskError: they are wrong, or Pulumi does not tell them.
        """
        try:
            return parse_settings(*self.written)
        except SettingsError as error:
            raise CannotAskError(
                f"the settings are wrong: {first_line(error)}", f"pulumi preview -s {self.stack}"
            ) from None

    def aws(self, service: str) -> Any:
        """A client of boto3, with the identity and the region that the stack has."""
        from survey.aws_session import AwsSession

        if service not in self._clients:
            self._clients[service] = AwsSession(self.aws_access).client(service, self.aws_access.region)
        return self._clients[service]

    @cached_property
    def aws_access(self) -> Any:
        """The way to AWS that the stack's configuration has, an AwsAccess."""
        from survey.aws_access import AwsAccess

        def value(name: str) -> object:
            found = self._config.get(f"aws:{name}", {})
            if found.get("secret"):
                found = self._pulumi("config", "get", f"aws:{name}", "--json")
            return _text(found)

        return AwsAccess.read(value)

    @cached_property
    def account(self) -> Any:
        """The AWS account of the stack, an AwsAccount."""
        from survey.aws import AwsAccount

        return AwsAccount(self.aws_access)

    @cached_property
    def cluster(self) -> Any:
        """The API of the stack's cluster, a ClusterApi.

        Raises:
            CannotAskError: there is no way to it.
        """
        return api_of(self.settings, lambda: self.account)

    @property
    def aws_settings(self) -> dict[str, str]:
        """All settings of the AWS provider, as the engine hands them over."""
        given = ((key.partition(":"), value) for key, value in self._config.items())
        return {name: str(_text(value)) for (package, _, name), value in given if package == "aws"}

    def output(self, name: str) -> str:
        """An output that every stack has.

        Raises:
            CannotAskError: the stack doesn't have it.
        """
        try:
            return str(self.outputs[name])
        except KeyError:
            text = f"the stack has no output {name}" if self.outputs else "the stack is empty: nothing is deployed"
            raise CannotAskError(text, f"pulumi up -s {self.stack}") from None

    @property
    def connect_url(self) -> str:
        """The proxy's URL, without a slash at its end."""
        return self.output("connectUrl").rstrip("/")

    @property
    def connect_host(self) -> str:
        """The proxy's host."""
        return urlsplit(self.connect_url).hostname or ""

    @property
    def connect_port(self) -> int:
        """The port of the proxy's URL."""
        return urlsplit(self.connect_url).port or 443

    @property
    def platform_url(self) -> str:
        """Platform's URL, without a slash at its end."""
        return self.output("platformUrl").rstrip("/")

    @property
    def session_url(self) -> str:
        """The URL of a session that doesn't exist."""
        return self.output("sessionUrlPattern").replace("<session>", self.session_id)

    @property
    def session_host(self) -> str:
        """The host of a session: that of the proxy with path routing."""
        return urlsplit(self.session_url).hostname or ""

    @property
    def hosts(self) -> list[str]:
        """The proxy's host, and that of a session where it is another one."""
        return list(dict.fromkeys([self.connect_host, self.session_host]))


def _text(value: Mapping[str, Any]) -> object:
    if "objectValue" in value:
        return json.dumps(value["objectValue"])
    return value.get("value", "")
