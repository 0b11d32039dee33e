"""The Secrets that exist already and that the settings name: whether they are there and hold what they must."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator

from live.api import ClusterApi, NotFoundError
from live.edits import PEM_KEY, TOKEN_KEY
from live.fields import Object
from settings.errors import Problem
from settings.model import Settings

_PRIVATE, _PUBLIC = "PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----"


def existing_secret_problems(api: ClusterApi, settings: Settings, names: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the Secrets of `existingTokenSecret` and `existingOidcSecret`; their values stay unsaid.

    Args:
        api: the cluster.
        settings: the stack's settings.
        names: the Secrets that there are.
    """
    for setting, secret, key in (
        ("existingTokenSecret", settings.existing_token_secret, TOKEN_KEY),
        ("existingOidcSecret", settings.existing_oidc_secret, PEM_KEY),
    ):
        if secret is None:
            continue
        held = _read(api, settings.namespace, secret) if secret in names else None
        if held is None:
            there = f"there are {', '.join(sorted(names))}" if names else "there is none"
            yield Problem(setting, secret, f"is no Secret in namespace {settings.namespace}; {there}")
        elif key not in held:
            there = f"it has {', '.join(sorted(held))}" if held else "it is empty"
            yield Problem(setting, secret, f"is a Secret without the key {key}; {there}: add {key} to it")
        elif message := _wrong_value(key, str(held[key])):
            yield Problem(setting, secret, message)


def _read(api: ClusterApi, namespace: str, secret: str) -> Object | None:
    try:
        data: Object = api.get(f"/api/v1/namespaces/{namespace}/secrets/{secret}").get("data") or {}
    except NotFoundError:
        return None
    return data


def _wrong_value(key: str, encoded: str) -> str | None:
    try:
        value = base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return f"has something at {key} that is no text"
    if key == TOKEN_KEY:
        usable = value and value == value.strip()
        return None if usable else f"has a {key} that is empty, or begins or ends with a space or a line break"
    if _PRIVATE not in value or _PUBLIC not in value.partition(_PRIVATE)[2]:
        return f"must hold at {key} a private key in PEM, with its public key beneath"
    return None
