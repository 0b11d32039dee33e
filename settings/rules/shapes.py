"""Parts of pods that are handed to Kubernetes as they are written: of its shapes, and beside the program's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from settings.errors import Problem
from settings.kubernetes_shapes import misshapen
from settings.model import Settings
from settings.mounts import (
    CA_MOUNT,
    CA_VOLUME,
    DATA_VOLUME,
    REDIS_CA_MOUNT,
    REDIS_CA_VOLUME,
    REDIS_TLS_MOUNT,
    SECRET_VOLUME,
    SSH_KEY_MOUNT,
    TEMPORARY_FOLDER,
    TEMPORARY_VOLUME,
)
from settings.rules.book import RuleBook
from settings.types.kubernetes import is_label
from settings.types.pods import AFFINITY, VOLUME

RULES = RuleBook()

OWN_VOLUMES = (TEMPORARY_VOLUME, DATA_VOLUME, CA_VOLUME, REDIS_CA_VOLUME)


@RULES.needs("affinity")
def _affinity_is_kubernetes(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for wrong in misshapen(dict(settings.affinity), AFFINITY.kind):
        yield Problem(f"affinity{wrong.path}", wrong.value, wrong.message)


@RULES.needs("extraVolumes")
def _volumes_are_kubernetes(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    names = [str(volume["name"]) for volume in settings.extra_volumes]
    for index, (name, volume) in enumerate(zip(names, settings.extra_volumes, strict=True)):
        for wrong in misshapen(volume, VOLUME.kind):
            yield Problem(f"extraVolumes[{index}]{wrong.path}", wrong.value, wrong.message)
        key = f"extraVolumes[{index}].name"
        if not is_label(name):
            message = "must be a name of at most 63 characters from a-z, 0-9 and '-', for example extra"
            yield Problem(key, name, message)
        elif name in OWN_VOLUMES or name.startswith(SECRET_VOLUME):
            yield Problem(key, name, "is a volume of the program's own; write another name")
        elif name in names[:index]:
            yield Problem(key, name, "is the name of another volume, too; write another one")


@RULES.needs("extraVolumes", "extraMounts")
def _mounts_have_a_volume(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    names = [str(volume["name"]) for volume in settings.extra_volumes]
    for index, mount in enumerate(settings.extra_mounts):
        if mount.name not in names:
            there = f"there are {', '.join(names)}" if names else "there is none"
            yield Problem(f"extraMounts[{index}].name", mount.name, f"is not a volume of extraVolumes; {there}")


@RULES.needs("extraMounts", "storageRoot")
def _mounts_have_places_of_their_own(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    own = (TEMPORARY_FOLDER, settings.storage_root, REDIS_TLS_MOUNT, CA_MOUNT, REDIS_CA_MOUNT, SSH_KEY_MOUNT)
    seen: list[str] = []
    for index, mount in enumerate(settings.extra_mounts):
        path = mount.mount_path
        told = next((told for each in own if (told := _meets(path, each))), None)
        if told is None and path in seen:
            told = "has another of extraMounts already"
        if told is not None:
            message = f"{told}; write a path of its own, for example /etc/extra"
            yield Problem(f"extraMounts[{index}].mountPath", path, message)
        seen.append(path)


def _meets(path: str, own: str) -> str | None:
    """What is wrong with a mount at a path, beside one of the program's own; None if nothing is."""
    if path == own:
        return "has a mount of the program's own"
    if PurePosixPath(own).is_relative_to(path):
        return f"lies above {own}, where the program mounts a volume of its own"
    if PurePosixPath(path).is_relative_to(own):
        return f"lies in {own}, where the program mounts a volume of its own"
    return None
