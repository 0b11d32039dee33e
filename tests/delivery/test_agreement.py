"""What runs decides: where it differs from what the script would use, nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.delivery.conftest import OURS, Installer, bundle_of, ok, start_platform


def refused(installer: Installer) -> str:
    """What the script said; it must have failed, and changed nothing."""
    files, containers = installer.host.files(), installer.host.containers()
    finished = installer.install(bundle_of())
    assert finished.returncode == 1, finished.stdout
    after = {name: text for name, text in installer.host.files().items() if name not in (".studios/lock",)}
    assert after == files
    assert installer.host.containers() == containers
    return finished.stderr


def relabel(installer: Installer, **labels: str) -> None:
    """Gives every container other labels, as another way of starting Platform does."""
    path = installer.host.daemon / "containers.json"
    containers = json.loads(path.read_text())
    for container in containers.values():
        container["labels"].update(
            {f"com.docker.compose.{name.replace('__', '.')}": value for name, value in labels.items()}
        )
    path.write_text(json.dumps(containers))


def test_a_platform_under_another_project_name_is_not_started_twice(installer: Installer) -> None:
    relabel(installer, project="tower")
    said = refused(installer)
    assert "Platform runs as project tower of Docker Compose" in said
    assert "this script would start a second one, seqera; write the name into the compose file: name: tower" in said


def test_a_platform_that_runs_from_another_folder_is_named(installer: Installer) -> None:
    relabel(installer, project__working_dir="/opt/tower")
    said = refused(installer)
    assert f"no container of backend or cron was started from {installer.host.folder}" in said
    assert "backend of project seqera in /opt/tower" in said
    assert "write that folder in composeFolder" in said


def test_two_projects_in_one_folder_are_refused(installer: Installer) -> None:
    path = installer.host.daemon / "containers.json"
    containers = json.loads(path.read_text())
    containers["cron"]["labels"]["com.docker.compose.project"] = "tower"
    path.write_text(json.dumps(containers))
    assert "runs as 2 projects of Docker Compose, seqera and tower" in refused(installer)


@pytest.mark.parametrize("name", ["extra.yml", "docker-compose.override.yaml"])
def test_a_file_that_platform_was_started_from_is_not_left_out(installer: Installer, name: str) -> None:
    (installer.host.folder / name).write_text("services:\n  backend:\n    environment: [OWN=1]\n")
    start_platform(installer.host, installer.environment, name)
    said = refused(installer)
    assert (
        f"Platform was started from {installer.host.folder}/docker-compose.yml, {installer.host.folder}/{name}" in said
    )


def test_a_file_that_platform_was_started_from_and_that_is_gone_is_named(installer: Installer) -> None:
    extra = installer.host.folder / "extra.yml"
    extra.write_text("services:\n  cron:\n    environment: [OWN=1]\n")
    start_platform(installer.host, installer.environment, "extra.yml")
    extra.unlink()
    assert f"was started from {extra}, which is not there any more" in refused(installer)


def test_a_backend_that_runs_with_another_configuration_is_named(installer: Installer) -> None:
    path = installer.host.folder / "docker-compose.yml"
    path.write_text(path.read_text().replace("MICRONAUT_ENVIRONMENTS=prod,redis,ha", "MICRONAUT_ENVIRONMENTS=prod"))
    assert "backend runs with another configuration than its compose file says to root" in refused(installer)


def test_an_edit_of_another_service_that_was_not_started_stays_so(installer: Installer) -> None:
    path = installer.host.folder / "docker-compose.yml"
    path.write_text(path.read_text().replace("MYSQL_DATABASE: tower", "MYSQL_DATABASE: tower2"))
    before = installer.host.containers()
    ok(installer.install(bundle_of()))
    ok(installer.uninstall())
    after = installer.host.containers()
    assert {name: after[name] for name in ("db", "redis", "frontend", "migrate")} == {
        name: before[name] for name in ("db", "redis", "frontend", "migrate")
    }


def test_a_folder_data_studios_of_the_owner_stays_as_it_is(installer: Installer) -> None:
    theirs = installer.host.folder / "data-studios"
    theirs.mkdir()
    theirs.chmod(0o755)
    (theirs / "kept").write_text("by hand\n")
    assert f"{theirs} exists and is not of this deployment; move it away" in refused(installer)
    assert theirs.stat().st_uid == Path(installer.host.folder).stat().st_uid
    assert not set(OURS) & set(installer.host.containers())
    ok(installer.uninstall())
    assert (theirs / "kept").read_text() == "by hand\n"
