"""The bundle of a stack: from a folder, or from the secret that holds it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from settings.host_names import FORMAT
from studios_host.errors import RefusedError
from studios_host.place import read_parameters

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PARAMETER = re.compile(r"[a-z_]+")
_LINE = re.compile(r"[ -~]*")
_NEEDED = ("compose_file", "override", "files", "allowed_workspaces", "uid", "platform_services", "studios_services")
_KNOWN = (*_NEEDED, "docker_config", "take_over", "existing_oidc", "tower_yml")


@dataclass(frozen=True)
class Bundle:
    """Files by their names, and what the script has to know."""

    files: Mapping[str, bytes]
    parameters: Mapping[str, str]


def from_folder(folder: Path) -> Bundle:
    """Reads what `python -m delivery` wrote.

    Raises:
        RefusedError: it is not a bundle.
    """
    try:
        parameters = read_parameters((folder / "parameters").read_text())
        files = {path.name: path.read_bytes() for path in (folder / "files").iterdir()}
    except OSError:
        raise RefusedError(f"{folder} holds no bundle; write the folder that `python -m delivery` wrote") from None
    return _checked(Bundle(files, parameters), str(folder))


def from_secret(secret: str, version: str, region: str) -> Bundle:
    """Reads the secret, and tries again for a while: the policy that allows it may be seconds old.

    Raises:
        RefusedError: it cannot be read, or is not a bundle.
    """
    words = ["aws", "secretsmanager", "get-secret-value", "--secret-id", secret, "--version-id", version]
    words += ["--region", region, "--query", "SecretString", "--output", "text"]
    attempts, pause = int(os.environ.get("STUDIOS_RETRIES", "6")), float(os.environ.get("STUDIOS_PAUSE", "10"))
    for attempt in range(attempts):
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise RefusedError(f"aws cannot be run: {error.strerror}; install the AWS CLI on this host") from None
        if done.returncode == 0:
            return _unpacked(done.stdout)
        if attempt + 1 < attempts:
            time.sleep(pause)
    said = done.stderr.strip()
    advice = ""
    if "AccessDenied" in said:
        advice = "; attach the policy in the output instancePolicy to this instance's role"
    raise RefusedError(f"the secret {secret} cannot be read{advice}: {said[-1000:]}")


def _unpacked(text: str) -> Bundle:
    try:
        found = json.loads(text)
        known = found["format"]
        files, parameters = dict(found["files"]), dict(found["parameters"])
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"the secret holds no bundle of Studios ({type(error).__name__})") from None
    if known != FORMAT:
        raise RefusedError(f"the secret's bundle has format {known!r}, and this script knows {FORMAT}")
    if not all(isinstance(value, str) for value in (*files.values(), *parameters.values())):
        raise RefusedError("the secret's bundle has a file or a parameter that is not text")
    return _checked(Bundle({name: value.encode() for name, value in files.items()}, parameters), "the secret")


def _checked(bundle: Bundle, where: str) -> Bundle:
    for name, content in bundle.files.items():
        if not _NAME.fullmatch(name) or not content:
            raise RefusedError(f"the bundle in {where} has a file without a proper name or content")
    for key, value in bundle.parameters.items():
        if not _PARAMETER.fullmatch(key) or not _LINE.fullmatch(value):
            raise RefusedError(f"the bundle in {where} has a parameter that is not one line of ASCII")
        if key not in _KNOWN:
            raise RefusedError(f"the bundle in {where} has the parameter {key}, which this script does not know")
    for key in _NEEDED:
        if not bundle.parameters.get(key):
            raise RefusedError(f"the bundle in {where} lacks the parameter {key}")
    if set(bundle.parameters["files"].split()) != set(bundle.files):
        raise RefusedError(f"the bundle in {where} lacks files that it names")
    return bundle


def variables(text: bytes) -> dict[str, str]:
    """The variables of a file in the form that `delivery.env_file` writes."""
    found = {}
    for line in text.decode().splitlines():
        name, _, value = line.partition("=")
        if value[:1] == "'":
            value = value[1:-1]
        elif value[:1] == '"':
            value = re.sub(r"\\(.)", _unescaped, value[1:-1])
        found[name] = value
    return found


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(match[1], match[1])
