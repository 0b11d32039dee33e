"""A volume of Platform's that has the Secret with the RSA key already."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Write


def lacking_key(
    volume: Mapping[str, Any], container: Mapping[str, Any], target: str, settings: Settings
) -> Iterator[Problem]:
    """A volume of the right Secret that would not have the key's file: the stack changes no files of such a volume."""
    source, (folder, file) = volume.get("secret", {}), posixpath.split(settings.pem_path)
    if source.get("secretName") != settings.oidc_secret_in_use:
        return
    key, taken = settings.oidc_key_in_use, target in settings.take_over
    there = _file_of(key, source.get("items") or [])
    in_part = not taken and any(
        each["name"] == volume["name"] and posixpath.normpath(each["mountPath"]) == folder
        for each in container.get("volumeMounts", [])
        if "subPath" in each or "subPathExpr" in each
    )
    if not in_part and (there == file or (taken and file != key)):
        return
    remedy = "write another name in certVolume, and a path in another folder in pemPath"
    if there is not None and not in_part:
        remedy = f"write: {Write('pemPath', posixpath.join(folder, there))}"
    mount = f"mounted at {folder} in part (subPath)" if in_part else f"without the key {key} as the file {file}"
    yield Problem(
        "certVolume",
        settings.cert_volume,
        f"is a volume of Secret/{source['secretName']} in {target}, {mount}, so that Platform would not find "
        f"{settings.pem_path}; {remedy}",
    )


def _file_of(key: str, items: Sequence[Mapping[str, Any]]) -> str | None:
    """The file of a key in a volume that stays as it is; None where there is none in its folder."""
    if not items:
        return key
    files = [each["path"] for each in items if each["key"] == key and "/" not in each["path"]]
    # What the stack mounts under another name than the key's has this one file, and no mode.
    return next((each for each in files if each == key or [*items] == [{"key": key, "path": each}]), None)
