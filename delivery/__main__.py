"""``python -m delivery FOLDER``: writes a stack's bundle, read from standard input, with the script that installs it.

    pulumi stack output bundle --show-secrets | python -m delivery FOLDER

For hosts that Systems Manager does not reach. Any Python will do: nothing but its standard library is used. The folder
holds secrets: its files are readable only by their owner.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path

from delivery.package import SCRIPT, write_tools
from settings.host_names import FORMAT


def main(words: list[str] | None = None) -> int:
    """Writes the folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m delivery", description="Write a stack's bundle into a folder.")
    parser.add_argument("folder", type=Path, help="to write into; it must be new or empty")
    folder: Path = parser.parse_args(words).folder
    try:
        if folder.exists() and any(folder.iterdir()):
            return _refuse(f"{folder} is not empty; write another folder, or empty this one")
        return _write(folder)
    except OSError as error:
        return _refuse(f"{error.filename or folder}: {error.strerror}; write another folder")


def _write(folder: Path) -> int:
    try:
        found = json.loads(sys.stdin.read())
        files, parameters, known = found["files"], found["parameters"], found["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        return _refuse(
            "there is no bundle on standard input; write: "
            "pulumi stack output bundle --show-secrets | python -m delivery FOLDER"
        )
    os.umask(0o077)
    bundle = folder / "bundle"
    (bundle / "files").mkdir(parents=True)
    write_tools(folder)
    for name, text in files.items():
        (bundle / "files" / name).write_bytes(text.encode())
    (bundle / "parameters").write_text("".join(f"{key}={value}\n" for key, value in parameters.items()))
    script, given = shlex.quote(f"{folder.name}/{SCRIPT}"), shlex.quote(f"{folder.name}/bundle")
    sys.stdout.write(
        f"{folder} is written. Copy it to the host, and run there:\n"
        f"  sudo sh {script} install --folder <folder of docker-compose.yml> --bundle {given}\n"
    )
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
