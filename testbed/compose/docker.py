"""As much of ``docker compose`` as the install script calls: it parses for real, and only notes what would run.

Reads ``TESTBED_COMPOSE_PARSER``, the parser's program, and ``TESTBED_CONTAINERS``, the folder that stands in for the
daemon: ``containers.json`` has service → what it was started with, and ``calls`` a line for each call. A file
``fails`` there names a subcommand that fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


def main(words: list[str]) -> int:
    """Runs one command line; returns its exit code."""
    daemon = Path(os.environ["TESTBED_CONTAINERS"])
    with (daemon / "calls").open("a") as calls:
        calls.write(" ".join(words) + "\n")
    if words and words[0] in ("ps", "inspect"):
        return _described(daemon, words)
    if not words or words.pop(0) != "compose":
        return _say("only docker compose is known here")
    folder, files, dry = Path.cwd(), [], False
    while words and words[0] in ("--project-directory", "-f", "--dry-run"):
        option = words.pop(0)
        if option == "--dry-run":
            dry = True
            continue
        value = words.pop(0)
        if option == "-f":
            files.append(value)
        else:
            folder = Path(value)
    command = words.pop(0)
    if command not in ("config", "up", "rm"):
        return _say(f"{command} is not known here")
    parsed = subprocess.run(
        [os.environ["TESTBED_COMPOSE_PARSER"], str(folder), *files], capture_output=True, text=True, check=False
    )
    if parsed.returncode:
        return _say(parsed.stderr.strip())
    model = json.loads(parsed.stdout)
    services = model["services"]
    if command == "config":
        sys.stdout.write(parsed.stdout if "json" in words else "")
        return 0
    containers = daemon / "containers.json"
    running = json.loads(containers.read_text()) if containers.exists() else {}
    if dry:
        for name in [word for word in words if not word.startswith("-")]:
            same = name in running and running[name]["config"] == services[name]
            sys.stderr.write(f" DRY-RUN MODE -  Container {name}-1  {'Running' if same else 'Recreate'}\n")
        return 0
    fails = daemon / "fails"
    if fails.exists() and fails.read_text().strip() == command:
        return _say(f"{command}: no such image")
    if command == "rm":
        for name in [word for word in words if not word.startswith("-")]:
            running.pop(name, None)
    else:
        _up(running, services, words, _labels(model["name"], folder, files))
    containers.write_text(json.dumps(running, indent=1))
    return 0


def _described(daemon: Path, words: list[str]) -> int:
    """``docker ps`` and ``docker inspect``, as far as the labels go."""
    containers = daemon / "containers.json"
    running = json.loads(containers.read_text()) if containers.exists() else {}
    if words[0] == "ps":
        sys.stdout.write("".join(f"{name}\n" for name in running))
        return 0
    found = [
        {
            "Id": name,
            "Name": f"/{name}-1",
            "Created": running[name]["created"],
            "Config": {"Labels": {**running[name]["labels"], "com.docker.compose.service": name}},
        }
        for name in words
        if name in running
    ]
    sys.stdout.write(json.dumps(found))
    return 0


def _labels(name: str, folder: Path, files: list[str]) -> dict[str, str]:
    return {
        "com.docker.compose.project": name,
        "com.docker.compose.project.working_dir": str(folder.absolute()),
        "com.docker.compose.project.config_files": ",".join(str(folder.absolute() / file) for file in files),
    }


def _up(running: dict[str, Any], services: dict[str, Any], words: list[str], labels: dict[str, str]) -> None:
    """Starts what is new or has another configuration; services that the files no longer have stay, as orphans do."""
    wanted = [word for word in words if not word.startswith("-")] or sorted(services)
    for name in wanted:
        before = running.get(name)
        if before and before["config"] == services[name] and "--force-recreate" not in words:
            continue
        starts = before["starts"] + 1 if before else 1
        running[name] = {
            "starts": starts,
            "config": services[name],
            "mounts": _mounts(services[name]),
            "labels": labels,
            "created": datetime.now(timezone.utc).isoformat(),
        }


def _mounts(service: dict[str, Any]) -> dict[str, str]:
    """Path in the container → digest of the file that is mounted there now."""
    found = {}
    for volume in service.get("volumes") or []:
        source = Path(volume.get("source", ""))
        if volume["type"] != "bind":
            continue
        if not source.exists():
            source.mkdir(parents=True)  # as the daemon does
        content = source.read_bytes() if source.is_file() else b"a folder"
        found[volume["target"]] = hashlib.sha256(content).hexdigest()
    return found


def _say(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
