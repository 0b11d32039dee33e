"""What the user gives `verify`, by arguments and variables: read, and refused before anything is asked."""

from __future__ import annotations

import argparse
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from pipeline.verify.arguments import PREFIX, RECONNECT_SECONDS
from pipeline.verify.deployment import Options
from pipeline.verify.network import Detour, Network, address_of, bare_url

Value = TypeVar("Value")

#: What a header may hold, beside the letters that only some servers take: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_COOKIE = re.compile(r"[\x20-\x7e]+")
#: ORGANIZATION/PROJECT/STACK, or less of it.
_STACK = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*/){0,2}[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LONGEST_WAIT = 3600


@dataclass(frozen=True)
class Inputs:
    """The ways to the hosts, and what is asked beyond the checks that every run makes."""

    network: Network
    options: Options


def inputs_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> tuple[Inputs, list[str]]:
    """What is given, and what is wrong with it: a message for each, with the name of the argument or variable."""
    problems: list[str] = []

    def read(name: str, text: str | None, take: Callable[[str], Value]) -> Value | None:
        if text is None:
            return None
        try:
            return take(text)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return None

    def named(option: str, text: str | None, variable: str) -> str:
        return variable if text is not None and environment.get(variable) == text else option

    def given(name: str, text: str | None, variable: str, take: Callable[[str], Value]) -> Value | None:
        return read(named(f"--{name}", text, variable), text, take)

    read("stack", arguments.stack, _stack)
    resolver = given("resolver", arguments.resolver, f"{PREFIX}RESOLVER", _resolver)
    ca_file = given("ca-file", arguments.ca_file, f"{PREFIX}CA_FILE", _ca_file)
    texts = [("--connect-to", text) for text in arguments.connect_to] or [
        (f"{PREFIX}CONNECT_TO", text) for text in environment.get(f"{PREFIX}CONNECT_TO", "").split()
    ]
    detours = [read(name, text, Detour.parse) for name, text in texts]
    reconnect = read("--reconnect", str(arguments.reconnect), _seconds)
    options = Options(
        workspace=given("workspace", arguments.workspace, "TOWER_WORKSPACE_ID", _workspace),
        token=read("TOWER_ACCESS_TOKEN", environment.get("TOWER_ACCESS_TOKEN"), _header(_VISIBLE)),
        session=given("session", arguments.session, f"{PREFIX}SESSION", _session),
        cookie=read("STUDIOS_SESSION_COOKIE", environment.get("STUDIOS_SESSION_COOKIE"), _header(_COOKIE)),
        long=arguments.long,
        reconnect_seconds=RECONNECT_SECONDS if reconnect is None else reconnect,
    )
    network = Network(resolver, ca_file, tuple(each for each in detours if each))
    return Inputs(network, options), problems


def _header(form: re.Pattern[str]) -> Callable[[str], str | None]:
    """Takes a value of a header, without the space around it; its message does not have the value."""

    def take(text: str) -> str | None:
        text = text.strip()
        if text and not form.fullmatch(text):
            raise ValueError(
                "the value has a character that a header can't hold, such as a space in a token, a line break or a "
                "letter beyond ASCII; copy it again"
            )
        return text or None

    return take


def _stack(text: str) -> str:
    if not _STACK.fullmatch(text):
        raise ValueError(f'"{text}" must be the name of a stack, for example prod')
    return text


def _resolver(text: str) -> str:
    address_of(text, 53)
    return text


def _ca_file(text: str) -> str:
    try:
        with open(text, "rb"):
            ssl.create_default_context(cafile=text)
    except OSError as error:
        reason = "it has no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f'"{text}" must be a file with certificates, PEM, for example ca.pem: {reason}') from None
    return text


def _workspace(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,19}", text.strip()):
        raise ValueError(f'"{text}" must be the number of a workspace, for example 83456789012345')
    return text.strip()


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > _LONGEST_WAIT:
        raise ValueError(f'"{text}" must be whole seconds from 0 to {_LONGEST_WAIT}, for example {RECONNECT_SECONDS}')
    return int(text)


def _session(text: str) -> str:
    text = text.strip()
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("wss", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not _VISIBLE.fullmatch(text):
        raise ValueError(
            f'"{bare_url(text)}" must be wss://HOST[:PORT]/PATH, for example wss://a1b2c3.connect.example.com/echo'
        )
    return text
