"""What ``python -m pipeline adopt`` is about to take into the stack: to the survey it is the stack's already.

Its preview is the only one that is told so. The state and the labels of what was adopted say it to all later ones.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from live.ownership import labels_of_stack
from survey.install import Install

VARIABLE: Final = "STUDIOS_ADOPTING"
"""The objects, as ``Deployment/connect-proxy Service/connect-proxy``: a variable of that one preview."""

_FIELDS: Final = {
    "Deployment": "deployments",
    "StatefulSet": "stateful_sets",
    "Service": "services",
    "Ingress": "ingresses",
}


def is_adopting() -> bool:
    """Whether this preview is that of an adoption."""
    return VARIABLE in os.environ


def as_adopted(install: Install, owner: str | None) -> Install:
    """The install as it is going to be: what is adopted has the labels of the stack."""
    if owner is None or not is_adopting():
        return install
    for target in os.environ[VARIABLE].split():
        kind, _, name = target.partition("/")
        objects: Mapping[str, Any] = getattr(install, _FIELDS[kind])
        if name in objects:
            metadata = objects[name]["metadata"]
            labels = {**(metadata.get("labels") or {}), **labels_of_stack(owner)}
            relabelled = {**objects[name], "metadata": {**metadata, "labels": labels}}
            changed: Any = {_FIELDS[kind]: {**objects, name: relabelled}}
            install = replace(install, **changed)
    return install
