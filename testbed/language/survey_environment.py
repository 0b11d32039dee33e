"""Run on a program's own interpreter: prints as JSON what is installed there.

It needs nothing but the standard library, for nothing else can be counted on.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from importlib import metadata
from typing import Any


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(distribution: metadata.Distribution) -> set[str]:
    # A requirement that only an extra brings is none of the distribution itself.
    plain = [text for text in distribution.requires or [] if "extra ==" not in text]
    return {_normalized(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]) for text in plain}


def _plugins(distribution: metadata.Distribution) -> list[dict[str, Any]]:
    files = [file for file in distribution.files or [] if file.name == "pulumi-plugin.json"]
    return [json.loads(file.read_text()) for file in files]


def survey() -> dict[str, Any]:
    """See :meth:`testbed.language.interpreter.Interpreter.survey`."""
    distributions = {_normalized(each.metadata["Name"]): each for each in metadata.distributions()}
    required: set[str] = set().union(*(_requirements(each) for each in distributions.values()))
    return {
        "version": platform.python_version(),
        "plugins": [
            {**plugin, "version": plugin.get("version") or each.version}
            for each in distributions.values()
            for plugin in _plugins(each)
        ],
        "packages": [[name, each.version, name not in required] for name, each in sorted(distributions.items())],
    }


if __name__ == "__main__":
    json.dump(survey(), sys.stdout)
