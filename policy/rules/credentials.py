"""No credential where every reader of the namespace can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .objects import Resource

_NAME = re.compile(
    r"(^|[^a-z])(password|passwd|passphrase|secret|token|(api|access|auth|private|encryption|signing|license)[._-]?key)$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VALUES = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/:@$]+@"),
}
#: A line of YAML, of a properties file or of an env file, as a ConfigMap's file has it.
_LINE = re.compile(r"^[ \t]*[\"']?(?P<name>[\w.-]+)[\"']?[ \t]*[:=][ \t]*(?P<value>\S.*)$", re.MULTILINE)
#: What stands for a value that is somewhere else.
_REFERENCE = re.compile(r"[\"']?(\$\{.*|\$\(.*|null|~|\*+)?[\"']?$")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def credential_in(name: str, value: str) -> str | None:
    """What credential a value is or holds, by its own form and by the name it has; None if none is seen."""
    for what, pattern in _VALUES.items():
        if pattern.search(value):
            return what
    if is_credential_name(name) and not _REFERENCE.fullmatch(value.strip()):
        return f"the credential {name}"
    for line in _LINE.finditer(value) if "\n" in value else ():
        if is_credential_name(line["name"]) and not _REFERENCE.fullmatch(line["value"].strip()):
            return f"the credential {line['name']}"
    return None


def is_credential_name(name: str) -> bool:
    """Whether this is a usual name of a credential: ``REDIS_PASSWORD``, ``redisPassword``; not ``tokenFile``."""
    return _NAME.search(_CAMEL.sub("_", name.rsplit("/", 1)[-1])) is not None


def no_plain_credentials(resource: Resource) -> Iterator[str]:
    """A credential is in a ConfigMap's data or in an annotation; it belongs in a Secret."""
    if not resource.is_kubernetes:
        return
    if resource.kind == "ConfigMap":
        for key, value in resource.map_at("data").items():
            found = credential_in(key, str(value))
            if found:
                yield f"the key {key} of the ConfigMap holds {found}; put it into a Secret"
    for key, value in resource.annotations():
        found = credential_in(key, value)
        if key == _LAST_APPLIED and resource.kind == "Secret":
            found = "the Secret's data"
        if found:
            yield f"the annotation {key} holds {found}; put it into a Secret"
