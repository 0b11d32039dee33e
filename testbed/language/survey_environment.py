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

_PLUGIN_FILE = "pulumi-plugin.json"


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(written: list[str]) -> set[str]:
    # A requirement that only an extra brings is none of the distribution itself.
    plain = [text for text in written if "extra ==" not in text]
    return {_normalized(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]) for text in plain}


def _plugins(distribution: metadata.Distribution) -> list[dict[str, Any]]:
    # Of the SDKs, which have thousands of files, the list is split up only if it has such a file.
    if _PLUGIN_FILE not in (distribution.read_text("RECORD") or _PLUGIN_FILE):
        return []
    files = [file for file in distribution.files or [] if file.name == _PLUGIN_FILE]
    return [json.loads(file.read_text()) for file in files]


def plugins() -> list[dict[str, Any]]:
    """See :meth:`testbed.language.interpreter.Interpreter.plugins`."""
    return [
        {**plugin, "version": plugin.get("version") or each.version}
        for each in metadata.distributions()
        for plugin in _plugins(each)
    ]


def packages() -> dict[str, Any]:
    """See :meth:`testbed.language.interpreter.Interpreter.packages`."""
    # Each look at `metadata` reads the file anew.
    found = {_normalized(each["Name"]): each for each in (each.metadata for each in metadata.distributions())}
    required: set[str] = set().union(*(_requirements(each.get_all("Requires-Dist", [])) for each in found.values()))
    return {
        "version": platform.python_version(),
        "packages": [[name, each["Version"], name not in required] for name, each in sorted(found.items())],
    }


if __name__ == "__main__":
    # Only what is asked for: every command of Pulumi's asks for the plugins, and to read all packages' data takes long.
    json.dump({"plugins": plugins, "packages": packages}[sys.argv[1]](), sys.stdout)
