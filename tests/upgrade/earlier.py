"""What an earlier release left behind, for the tests that go on from there: ``tests/upgrade/make.py`` wrote it.

A folder for each release holds ``package-schema.json``, which its package published, and a folder for each target with
the exported ``state.json``, the stack's file, and for Kubernetes ``platform.json``: the objects of the Platform install
``before`` the stack was made, and ``live`` beside it, each with its ``managedFields``. Ids that are others in each
testbed are written as what they stand for: ``<namespace>``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "upgrade"
"""Of the stack, and of Platform's namespace or EC2 instance."""
RELEASES = sorted(path.name for path in Path(__file__).parent.iterdir() if (path / "kubernetes").is_dir())


@dataclass(frozen=True)
class Earlier:
    """A stack of an earlier release.

    Args:
        release: such as 1.0.0.
        target: ``kubernetes`` or ``compose``.
    """

    release: str
    target: str

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(__file__).parent / self.release / self.target

    def file(self, identities: Mapping[str, str]) -> str:
        """The stack's file, for a testbed where these ids stand for the names."""
        return _filled((self.folder / f"Pulumi.{NAME}.yaml").read_text(), identities)

    def state(self, identities: Mapping[str, str]) -> dict[str, Any]:
        """The exported state, likewise."""
        state: dict[str, Any] = json.loads(_filled((self.folder / "state.json").read_text(), identities))
        return state

    def platform(self, moment: str) -> dict[str, dict[str, Any]]:
        """The objects of the Platform install, ``before`` or ``live``, by ``kind/name`` as kubectl writes it."""
        found: dict[str, dict[str, Any]] = json.loads((self.folder / "platform.json").read_text())[moment]
        return found

    def resources(self) -> Iterator[dict[str, Any]]:
        """The resources in the state."""
        yield from self.state({})["deployment"]["resources"]


def schema_of(release: str) -> dict[str, Any]:
    """The schema of the package as the release published it."""
    schema: dict[str, Any] = json.loads((Path(__file__).parent / release / "package-schema.json").read_text())
    return schema


def _filled(text: str, identities: Mapping[str, str]) -> str:
    for name, value in identities.items():
        text = text.replace(f"<{name}>", value)
    return text
