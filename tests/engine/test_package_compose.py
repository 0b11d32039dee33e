"""Studios for a Docker Compose Platform as one component of the package: the example in YAML, on a real Docker."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed import build
from testbed.docker.platform import Entry
from testbed.docker.site import Site
from tests.engine.compose_install import ZONE, ComposeInstall, compose_install
from tests.engine.packaged import change_program, packaged_stack, plugin_in
from tests.engine.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.usefixtures("one_compose_stack")]

PASSWORD = "p$HOME'x\"y # s3cret"


@dataclass
class Life:
    """One stack of such a program."""

    install: ComposeInstall
    stack: Stack
    folder: dict[str, Entry]


@pytest.fixture(scope="module")
def life(
    environment: dict[str, str], one_compose_stack: None, docker_site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    install = compose_install("packaged", environment, docker_site, PASSWORD)
    plugin, folder = plugin_in(tmp_path_factory.mktemp("package")), tmp_path_factory.mktemp("program")
    named = {
        "platformUrl": f"https://{install.domain}",
        "hostedZone": ZONE,
        "instanceName": install.platform.name,
        "loadBalancer": install.platform.name,
        "composeFolder": str(install.host.folder),
    }
    stack = packaged_stack(
        "studios-compose-yaml",
        folder,
        plugin,
        install.platform.name,
        {**environment, "PATH": os.pathsep.join([environment["PATH"], str(build.yaml_host().parent)])},
        {
            "aws:region": environment["AWS_REGION"],
            **{f"studios-compose-yaml:{key}": value for key, value in named.items()},
        },
        {"studios-compose-yaml:redisPassword": PASSWORD},
    )
    made = Life(install, stack, install.host.snapshot())
    try:
        yield made
    finally:
        stack.destroy()
        stack.remove()
        install.remove()


# The tests of this file are steps of one life, in this order.


def test_a_password_is_sealed_by_the_schema_also_where_the_program_has_it_in_plain_text(life: Life) -> None:
    sealed, plain = "redisPassword: ${redisPassword}", f"redisPassword: {json.dumps(PASSWORD)}"
    change_program(life.stack, sealed, plain)
    preview = life.stack.preview_text().ok()
    change_program(life.stack, plain, sealed)
    assert "studios:index:ComposeStudios" in preview.text
    assert "s3cret" not in preview.text


def test_the_services_run_and_a_preview_finds_nothing_to_do(life: Life) -> None:
    up = life.stack.up().ok()
    token = life.stack.outputs("--show-secrets")["registrationToken"]
    assert life.stack.outputs()["instanceId"] == life.install.platform.instance_id
    assert {"connect-proxy", "connect-server"} <= set(life.install.host.containers())
    environment = life.install.host.containers()["connect-proxy"].environment
    assert environment["CONNECT_REDIS_PASSWORD"] == PASSWORD
    assert environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] == token
    shown = up.text + life.stack.state() + json.dumps(life.stack.outputs())
    assert token not in shown
    assert "s3cret" not in shown
    assert life.stack.preview("--expect-no-changes").changes == {}


def test_destroy_gives_everything_back(life: Life) -> None:
    life.stack.destroy().ok()
    assert life.install.host.snapshot() == life.folder
    assert not {"connect-proxy", "connect-server"} & set(life.install.host.containers())
    assert life.stack.urns() == []
