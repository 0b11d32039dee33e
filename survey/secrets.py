"""The Secrets that exist already and that the settings name: whether they are there and hold what they must."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterator, Mapping

from live.api import ClusterApi, NotFoundError
from live.fields import Object
from settings.errors import Problem
from settings.model import Settings
from settings.mounts import SSH_KEY
from settings.pem import wrong_authorities
from settings.rsa_keys import wrong_rsa_key
from settings.ssh_keys import fingerprint_of
from survey.install import Install


def existing_secret_problems(api: ClusterApi, settings: Settings, names: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the Secrets that settings name; their values stay unsaid.

    Args:
        api: the cluster.
        settings: the stack's settings.
        names: the Secrets that there are.
    """
    for setting, secret, key in _named(settings):
        held = held_by(api, settings.namespace, secret) if secret in names else None
        if held is None:
            there = f"there are {', '.join(sorted(names))}" if names else "there is none"
            where = f"in namespace {settings.namespace}; {there}"
            yield Problem(setting, secret, f"is not a Secret {where}: write the right one in {setting}")
        elif key not in held:
            there = f"it has {', '.join(sorted(held))}" if held else "it is empty"
            named = f", or write the right key in {setting}Key" if setting.startswith("existing") else ""
            yield Problem(setting, secret, f"is a Secret without the key {key}; {there}: add {key} to it{named}")
        elif setting in _WRONG and (message := _wrong_value(setting, key, str(held[key]))):
            yield Problem(setting, secret, message)


def config_map_problems(settings: Settings, install: Install) -> Iterator[Problem]:
    """What is wrong with the ConfigMap of `caCertificate`."""
    source = settings.ca_certificate
    if source is None or source.config_map is None:
        return
    name, there = source.config_map, ", ".join(sorted(install.config_maps)) or "none"
    if name not in install.config_maps:
        where = f"in namespace {settings.namespace}; there are {there}"
        yield Problem("caCertificate", name, f"is not a ConfigMap {where}: write the right one in caCertificate")
    elif source.key not in install.data(name):
        keys = ", ".join(sorted(install.data(name))) or "none"
        yield Problem(
            "caCertificate", name, f"is a ConfigMap without the key {source.key}; it has {keys}: write the right one"
        )
    elif message := _wrong_ca(source.key, install.data(name)[source.key]):
        yield Problem("caCertificate", name, message)


def _named(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """The settings that name a Secret, with its name and the key in it."""
    if settings.existing_token_secret is not None:
        yield "existingTokenSecret", settings.existing_token_secret, settings.token_key_in_use
    if settings.existing_oidc_secret is not None:
        yield "existingOidcSecret", settings.existing_oidc_secret, settings.oidc_key_in_use
    if settings.existing_ssh_key_secret is not None and settings.ssh:
        yield "existingSshKeySecret", settings.existing_ssh_key_secret, SSH_KEY
    if (password := settings.redis_password_secret) is not None:
        yield "redisPasswordSecret", password.name, password.key
    if (of_redis := settings.redis_ca_secret) is not None:
        yield "redisCaSecret", of_redis.name, of_redis.key
    if (source := settings.ca_certificate) is not None and source.secret is not None:
        yield "caCertificate", source.secret, source.key


def held_by(api: ClusterApi, namespace: str, secret: str) -> Object | None:
    """What a Secret holds, as the API has it; None where it does not exist."""
    try:
        data: Object = api.get(f"/api/v1/namespaces/{namespace}/secrets/{secret}").get("data") or {}
    except NotFoundError:
        return None
    return data


def _wrong_value(setting: str, key: str, encoded: str) -> str | None:
    try:
        value = base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return f"has something at {key} that is not text; write it as text, and a key in PEM"
    return _WRONG[setting](key, value)


def _wrong_token(key: str, value: str) -> str | None:
    if value and value == value.strip():
        return None
    return f"has a {key} that is empty, or begins or ends with a space or a line break; write it there without them"


def _wrong_pem(key: str, value: str) -> str | None:
    wrong = wrong_rsa_key(value)
    return None if wrong is None else f"{wrong}, at {key}"


def _wrong_ssh_key(key: str, value: str) -> str | None:
    try:
        fingerprint_of(value)
    except ValueError as error:
        return f"{error}, at {key}"
    return None


def _wrong_ca(key: str, value: str) -> str | None:
    wrong = wrong_authorities(value)
    return None if wrong is None else f"{wrong}, at {key}"


_WRONG: Mapping[str, Callable[[str, str], str | None]] = {
    "existingTokenSecret": _wrong_token,
    "existingOidcSecret": _wrong_pem,
    "existingSshKeySecret": _wrong_ssh_key,
    "redisCaSecret": _wrong_ca,
    "caCertificate": _wrong_ca,
}
"""Setting → what is wrong with the value in the Secret that it names."""
