"""What the engine finds as its plugins: the official ones that are installed or built here, or else small scripts that
start a stand-in.

Where the official one is installed, it is used: nothing here gets in its way.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Final

#: The packages that the program uses. What is neither installed nor built has a stand-in, ``testbed.plugins.<name>``.
PACKAGES: Final = ("random", "tls", "kubernetes", "aws")

_LANGUAGE: Final = "pulumi-language-python"
_DYNAMIC: Final = "pulumi-resource-pulumi-python"
_MARK: Final = "# Written by testbed.plugins.launchers."


class Origin(Enum):
    """Where what serves the engine comes from."""

    INSTALLED = "official, installed on this machine"
    BUILT = "built from its Go module"
    STAND_IN = "stand-in"


@dataclass(frozen=True)
class Found:
    """What serves the engine under one name, and the program itself unless it is a stand-in."""

    origin: Origin
    program: Path | None = None


def find(
    bin_dir: Path, built: Mapping[str, Path], official_home: Path | None = None, official_path: str | None = None
) -> dict[str, Found]:
    """Each plugin's name, and what serves it.

    Args:
        bin_dir: the folder that :func:`write_launchers` writes scripts into: they are never taken for official ones.
        built: package → the official plugin that was built for it; "pulumi-python" for that of dynamic resources.
        official_home: where official plugins are looked for, in exactly the version of the SDK; ``~/.pulumi`` if None.
        official_path: where the official language host is looked for; the PATH if None.
    """
    official_home = Path.home() / ".pulumi" if official_home is None else official_home
    found = {}
    for package in PACKAGES:
        name = f"pulumi-resource-{package}"
        if _is_official(official_home / _place(package)):
            found[name] = Found(Origin.INSTALLED, official_home / _place(package))
        elif package in built:
            found[name] = Found(Origin.BUILT, built[package])
        else:
            found[name] = Found(Origin.STAND_IN)
    language = _official_program(_LANGUAGE, bin_dir, official_path)
    found[_LANGUAGE] = Found(Origin.INSTALLED, language) if language else Found(Origin.STAND_IN)
    dynamic = _official_program(_DYNAMIC, bin_dir, official_path)
    ours = built.get(_DYNAMIC.removeprefix("pulumi-resource-"))
    found[_DYNAMIC] = Found(Origin.BUILT, ours) if dynamic in (None, ours) else Found(Origin.INSTALLED, dynamic)
    return found


def write_launchers(bin_dir: Path, pulumi_home: Path, python: Path, checkout: Path, found: Mapping[str, Found]) -> None:
    """Makes the engine find a plugin for every package; doing it again changes nothing.

    Args:
        bin_dir: the folder of the `pulumi` binary itself (of the file, not of a link to it): the engine looks there,
            without a warning, for the plugins that come with it.
        pulumi_home: what PULUMI_HOME will be.
        python: the interpreter that has the testbed's requirements, by an absolute path.
        checkout: the folder that `testbed` is in.
        found: what serves each of them, see :func:`find`.
    """
    for name, each in found.items():
        package = name.removeprefix("pulumi-resource-")
        place = pulumi_home / _place(package) if package in PACKAGES else bin_dir / name
        if each.program is not None:
            # Only the program is linked: the engine passes over a folder that is a link.
            _link(place, each.program)
        else:
            module = "testbed.language" if name == _LANGUAGE else f"testbed.plugins.{package}"
            _write_script(place, _module_script(python, checkout, module))


def _place(package: str) -> Path:
    """Where the engine looks for a plugin, in its home."""
    version = metadata.version(f"pulumi-{package}")
    return Path("plugins", f"resource-{package}-v{version}", f"pulumi-resource-{package}")


def _official_program(name: str, bin_dir: Path, path: str | None) -> Path | None:
    """The program on the PATH, but not the one in ``bin_dir``, which may be on the PATH as well."""
    folders = (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep)
    elsewhere = [folder for folder in folders if folder and Path(folder).resolve() != bin_dir.resolve()]
    found = [shutil.which(name, path=folder) for folder in elsewhere]
    return next((Path(each).resolve() for each in found if each and _is_official(Path(each))), None)


def _is_official(program: Path) -> bool:
    """Whether it exists, and isn't the script of this or another checkout's testbed."""
    if not program.is_file():
        return False
    with program.open("rb") as file:
        return _MARK.encode() not in file.read(1024)


def _module_script(python: Path, checkout: Path, module: str) -> str:
    checkout_first = f'{shlex.quote(str(checkout))}"${{PYTHONPATH:+:$PYTHONPATH}}"'
    return (
        f"#!/bin/sh\n{_MARK}\nPYTHONPATH={checkout_first}\nexport PYTHONPATH\n"
        f'exec {shlex.quote(str(python))} -u -m testbed.plugins.start {module} "$@"\n'
    )


def _write_script(path: Path, text: str) -> None:
    if path.is_file() and not path.is_symlink() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # An engine that is running may be about to start it: it must never see half of it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.chmod(0o755)
    temporary.replace(path)


def _link(path: Path, target: Path) -> None:
    if path.is_symlink() and path.readlink() == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.symlink_to(target)
    temporary.replace(path)
