"""Brings the catalog's images into a machine's daemon, where they are as if pulled."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable

from testbed.docker.engine import Machine
from testbed.errors import TestbedError
from testbed.images.catalog import Image


def load(machine: Machine, images: Iterable[Image]) -> None:
    """Imports images that the machine does not have yet.

    Raises:
        TestbedError: Docker refused one.
    """
    there = set(machine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines())
    for image in images:
        if image.name not in there:
            _import(machine, image)


def _import(machine: Machine, image: Image) -> None:
    changes = [f"ENTRYPOINT {json.dumps(list(image.entrypoint))}", f"WORKDIR {image.working_directory}"]
    changes += [f"ENV {variable}" for variable in image.environment]
    changes += [f"VOLUME {path}" for path in image.volumes]
    if image.user:
        changes.append(f"USER {image.user}")
    if image.health:
        check = f"--interval={image.health.interval}s --start-period={image.health.start}s --timeout=3s --retries=3"
        changes.append(f"HEALTHCHECK {check} CMD {json.dumps(list(image.health.command))}")
    words = [word for change in changes for word in ("--change", change)]
    command = machine.command(["docker", "import", *words, "-", image.name])
    finished = subprocess.run(command, input=image.layer.tar(), capture_output=True, check=False)
    if finished.returncode:
        raise TestbedError(f"{image.name} could not be imported: {finished.stderr.decode(errors='replace').strip()}")
