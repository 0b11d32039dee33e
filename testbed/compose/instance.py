"""The instance as AWS sees it, and the machine that it is: what brings the two together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from testbed import paths
from testbed.compose import network
from testbed.compose.network import ComposePlatform as Instance
from testbed.docker.engine import SYSTEM_PATH
from testbed.docker.site import Site


def bring_online(site: Site, instance: Instance, environment: Mapping[str, str], domain: str) -> None:
    """Has the scripts of Systems Manager run on the site's machine, as the agent runs them: as root, without a HOME.

    Args:
        site: the machine with what is around it, started; it serves the Platform from now on.
        instance: what AWS has of it.
        environment: the variables that lead to the emulator.
        domain: Platform's host.
    """
    machine = site.machine
    machine.let_through(urlsplit(environment["AWS_ENDPOINT_URL"]).port or 80)
    site.serve(domain)
    programs = machine.folder / "programs"
    programs.mkdir(exist_ok=True)
    _program(programs / "aws", paths.PYTHON.parent / "aws")
    shell = {
        **network.role_environment(instance, environment),
        "PATH": f"{programs}:{SYSTEM_PATH}",
        "STUDIOS_RETRIES": "2",
        "STUDIOS_PAUSE": "1",
    }
    enter = machine.command([])
    network.connect(instance.instance_id, environment, shell, enter)


def _program(path: Path, target: Path) -> None:
    """Installs a program of the testbed's virtual environment by itself."""
    path.write_text(f'#!/bin/sh\nexec "{target}" "$@"\n')
    path.chmod(0o755)
