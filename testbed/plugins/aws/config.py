"""The provider's own configuration: the official keys of which the stand-in knows what they do, and their forms."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from testbed.plugins.naming import unknown_properties
from testbed.plugins.provider import CheckFailure, Properties, Unknown

#: All but texts arrive as JSON in a text, whether from a stack's config or from an explicit provider.
_KINDS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("accessKey", "profile", "region", "secretKey", "token"), str),
    **dict.fromkeys(("allowedAccountIds", "assumeRoles", "forbiddenAccountIds"), list),
    **dict.fromkeys(("defaultTags", "ignoreTags"), dict),
    "maxRetries": int,
    **dict.fromkeys(
        ("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"), bool
    ),
}
#: The engine's own keys.
_ENGINE: Final = frozenset({"version", "pluginDownloadURL"})
_NESTED: Final[Mapping[str, frozenset[str]]] = {
    "defaultTags": frozenset({"tags"}),
    "ignoreTags": frozenset({"keys", "keyPrefixes"}),
    "assumeRoles": frozenset({"duration", "externalId", "policy", "roleArn", "sessionName", "sourceIdentity"}),
}


def check(inputs: Properties) -> list[CheckFailure]:
    """What is wrong with the configuration, each fault under its key."""
    failures = unknown_properties(inputs, _KINDS.keys() | _ENGINE)
    for key, value in _given(inputs).items():
        try:
            parsed = parse(key, value)
        except ValueError as error:
            failures.append(CheckFailure(key, str(error)))
            continue
        if key in _NESTED:
            entries = parsed if isinstance(parsed, list) else [parsed]
            failures += [fault for entry in entries for fault in unknown_properties(entry, _NESTED[key], (key,))]
    return failures


def parse(key: str, value: Any) -> Any:
    """The value of a key in its own form.

    Raises:
        ValueError: it has another one.
    """
    wanted = _KINDS[key]
    if isinstance(value, str) and wanted is not str:
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"expected JSON of a {wanted.__name__}, got a string that is none") from error
    if not isinstance(value, wanted):
        raise ValueError(f"expected a {wanted.__name__}, got {type(value).__name__}")  # noqa: TRY004 (as above)
    return value


def settings(inputs: Properties) -> Properties:
    """All keys that are set, in their own form; the region also from the environment."""
    found = {key: parse(key, value) for key, value in _given(inputs).items()}
    region = found.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return {**found, "region": region} if region else found


def _given(inputs: Properties) -> Properties:
    return {
        key: value
        for key, value in inputs.items()
        if key in _KINDS and value is not None and not isinstance(value, Unknown)
    }
