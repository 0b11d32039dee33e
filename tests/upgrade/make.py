"""Writes what an earlier release of the program leaves behind: the states of two stacks, and their files.

It runs on the code of that release, so in a checkout of it, with this file from a newer one::

    git worktree add --detach ../at-1.0.0 e58da8f
    cd ../at-1.0.0 && make .venv/.installed
    PYTHONPATH=. .venv/bin/python ../studios/tests/upgrade/make.py ../studios/tests/upgrade/1.0.0

What it writes is committed, since a later checkout can't run the earlier code. The passphrase of both stacks is the
testbed's. ``tests/upgrade/earlier.py`` says what each file holds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from package.provider import StudiosProvider
from testbed import lifecycle
from testbed.compose import network
from testbed.docker.engine import Machine
from testbed.docker.site import Site
from testbed.emulator.client import client
from tests.engine.compose_install import compose_install
from tests.engine.install import ZONE, Install
from tests.engine.stack import Stack

NAME = "upgrade"
#: The objects of the Platform install that a stack edits.
EDITED = ("configmap/tower-backend-cfg", "configmap/tower-yml", "deployment/cron", "deployment/backend")
JUPYTER = {"repository": "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9", "tool": "jupyter"}
SETTINGS = {"allowedWorkspaces": [11, 42], "studioTemplates": {"JUPYTER": JUPYTER}}
SECRETS = {"redisPassword": "an-earlier-p4ssword"}


def main(out: Path) -> None:
    """Brings both stacks up, and takes them away again once they are written down."""
    schema(out)
    lifecycle.up()
    environment = lifecycle.environment()
    with TemporaryDirectory() as scratch:
        kubernetes(environment, Path(scratch), out / "kubernetes")
        compose(environment, Path(scratch), out / "compose")


def schema(out: Path) -> None:
    """The schema of the package."""
    (out / "package-schema.json").write_text(_json(json.loads(StudiosProvider().schema or "{}")))


def kubernetes(environment: Mapping[str, str], scratch: Path, out: Path) -> None:
    """A stack beside Platform on Kubernetes, with all of its optional parts that leave something in the state."""
    install = Install(NAME, environment)
    lifecycle.platform(install.namespace, install.host)
    before = {target: install.get(*target.split("/")) for target in EDITED}
    settings = {**SETTINGS, "managementPort": 9090, "protectKey": False}
    stack = Stack(NAME, scratch / "kubernetes", environment, {**install.settings(), **settings}, SECRETS).create()
    try:
        stack.up().ok()
        stack.pulumi("preview", "--stack", NAME, "--expect-no-changes").ok()
        live = {target: install.get(*target.split("/")) for target in EDITED}
        identities = {
            "namespace": install.get("namespace", NAME)["metadata"]["uid"],
            "zone": install.zone_id.removeprefix("/hostedzone/"),
            "certificate": stack.outputs()["certificateArn"],
            "balancer": stack.outputs()["loadBalancerHostname"],
            "kubeconfig": environment["KUBECONFIG"],
        }
        write(out, stack, identities)
        (out / "platform.json").write_text(_json({"before": before, "live": live}))
    finally:
        stack.destroy().ok()
        stack.remove()
        install.remove()


def compose(environment: Mapping[str, str], scratch: Path, out: Path) -> None:
    """A stack beside Platform on Docker Compose, with a certificate that existed before."""
    site = Site(Machine(NAME))
    site.stop()
    site.start()
    install = compose_install(NAME, environment, site, SECRETS["redisPassword"], unique=False)
    platform = install.platform
    certificate = network.import_certificate([install.domain, f"*.{install.domain}"], environment)
    names = {"instanceId": platform.instance_id, "loadBalancer": NAME, "certificateArn": certificate}
    config = {**install.settings(), **SETTINGS, **names}
    stack = Stack(NAME, scratch / "compose", environment, config, SECRETS).create()
    try:
        stack.up().ok()
        stack.pulumi("preview", "--stack", NAME, "--expect-no-changes").ok()
        zones = client("route53", environment).list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
        identities = {
            **{key: value for key, value in asdict(platform).items() if key not in ("name", "role")},
            "vpc": vpc_of(platform.instance_id, environment),
            "zone": zones[0]["Id"].removeprefix("/hostedzone/"),
            "certificate": certificate,
            "folder": str(install.host.folder),
        }
        write(out, stack, identities)
    finally:
        stack.destroy().ok()
        stack.remove()
        install.remove()
        site.stop()


def vpc_of(instance_id: str, environment: Mapping[str, str]) -> str:
    """The id of the VPC that an instance is in."""
    described = client("ec2", environment).describe_instances(InstanceIds=[instance_id])
    return str(described["Reservations"][0]["Instances"][0]["VpcId"])


def write(out: Path, stack: Stack, identities: Mapping[str, str]) -> None:
    """Writes the state and the stack's file, with the ids that are others in each testbed by what they stand for."""
    out.mkdir(parents=True, exist_ok=True)
    state = json.loads(stack.state())
    for resource in state["deployment"]["resources"]:
        # Paths of this machine.
        resource.pop("sourcePosition", None)
        resource.pop("stackTrace", None)
    for name, text in (("state.json", _json(state)), (stack.file.name, stack.file.read_text())):
        for key, value in sorted(identities.items(), key=lambda each: len(each[1]), reverse=True):
            text = text.replace(value, f"<{key}>")
        (out / name).write_text(text)


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
