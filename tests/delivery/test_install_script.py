"""The install script on the guide's own layout, with Docker Compose's own parser."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from delivery.package import launcher
from testbed import paths
from testbed.compose.host import FILES
from tests.delivery.conftest import OURS, PEM, TOKEN, TOWER_YML, WITH_ENTRY, Installer, bundle_of, ok, start_platform


def test_the_scripts_are_clean_for_shellcheck(tmp_path: Path) -> None:
    script = tmp_path / "launcher.sh"
    script.write_text(launcher('"$1" --folder x'))
    checker = paths.PYTHON.parent / "shellcheck"
    for path in (paths.CHECKOUT / "delivery/instance/install.sh", script):
        found = subprocess.run([checker, "-s", "sh", path], capture_output=True, text=True, check=False)
        assert found.stdout == "", found.stdout


def test_the_owners_files_stay_as_they_are_but_for_one_entry(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    after = installer.host.files()
    assert after["docker-compose.yml"] == (FILES / "docker-compose.yml").read_bytes()
    assert after["tower.env"] == (FILES / "tower.env").read_bytes()
    assert after["tower.yml"].decode() == WITH_ENTRY


def test_the_key_is_for_the_containers_user_alone(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    folder = installer.host.folder
    about = (folder / "data-studios-rsa.pem").stat()
    assert stat.S_IMODE(about.st_mode) == 0o600
    assert (folder / "data-studios-rsa.pem").read_text() == PEM
    assert stat.S_IMODE((folder / "data-studios.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "tower-studios.env").stat().st_mode) == 0o600
    if os.geteuid() == 0:
        assert about.st_uid == 101
        assert (folder / "data-studios").stat().st_uid == 65532
        assert (folder / "data-studios.env").stat().st_uid == 0


def test_the_merged_model_is_the_guides(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    running = {name: container["config"] for name, container in installer.host.containers().items()}
    assert set(running) == {"backend", "cron", "db", "frontend", "migrate", "redis", *OURS}
    proxy, server = running["connect-proxy"], running["connect-server"]
    assert set(proxy["networks"]) == {"frontend", "backend"}
    assert set(server["networks"]) == {"backend"}
    assert [(port["target"], port["published"]) for port in proxy["ports"]] == [(9090, "9090")]
    assert [volume["target"] for volume in proxy["volumes"]] == ["/data"]
    assert proxy["image"] == "cr.seqera.io/enterprise/studios/proxy:0.9.0"
    assert proxy["restart"] == server["restart"] == "always"
    expected = {
        "PLATFORM_URL": "https://example.com",
        "CONNECT_HTTP_PORT": "9090",
        "CONNECT_TUNNEL_URL": "connect-server:7070",
        "CONNECT_REDIS_ADDRESS": "redis:6379",
        "CONNECT_REDIS_DB": "1",
        "CONNECT_PROXY_URL": "https://connect.example.com",
        "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN": TOKEN,
    }
    assert expected.items() <= proxy["environment"].items()
    # On Kubernetes alone the root file system is read-only.
    assert not [name for name in proxy["environment"] if name.startswith("XDG_")]
    for name in ("backend", "cron"):
        service = running[name]
        mounts = {volume["target"]: Path(volume["source"]).name for volume in service["volumes"]}
        assert mounts == {"/tower.yml": "tower.yml", "/data-studios-rsa.pem": "data-studios-rsa.pem"}
        studios = {
            "TOWER_DATA_EXPLORER_ENABLED": "true",
            "TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com",
            "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN": TOKEN,
            "TOWER_OIDC_PEM_PATH": "/data-studios-rsa.pem",
            "TOWER_SERVER_URL": "https://example.com",
            "TOWER_DATA_STUDIO_TEMPLATES_JUPYTER_TOOL": "jupyter",
        }
        assert studios.items() <= service["environment"].items()


def test_backend_and_cron_restart_once_and_nothing_else_of_platform(installer: Installer) -> None:
    before = installer.host.starts()
    ok(installer.install(bundle_of()))
    after = installer.host.starts()
    assert {name for name in before if after[name] != before[name]} == {"backend", "cron"}
    assert after["backend"] == after["cron"] == 2


def test_a_second_run_touches_nothing(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    files, starts, calls = installer.host.files(), installer.host.starts(), len(installer.host.calls())
    stamps = {path: path.stat().st_mtime_ns for path in installer.host.folder.iterdir() if path.is_file()}
    assert "nothing has changed" in ok(installer.install(bundle_of()))
    assert installer.host.files() == files
    assert installer.host.starts() == starts
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert [call for call in installer.host.calls()[calls:] if " up " in call] == []


def test_a_rotated_key_restarts_backend_and_cron_with_it(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    before = installer.host.containers()
    ok(installer.install(bundle_of(pem=PEM.replace("AAAA", "CCCC"))))
    after = installer.host.containers()
    assert {name for name in after if after[name]["starts"] != before[name]["starts"]} == {"backend", "cron"}
    mounted = "/data-studios-rsa.pem"
    assert after["backend"]["mounts"][mounted] != before["backend"]["mounts"][mounted]


def test_a_rotated_token_reaches_all_that_read_it(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    before = installer.host.starts()
    ok(installer.install(bundle_of(token="another")))
    after = installer.host.starts()
    assert {name for name in after if after[name] != before[name]} == {"backend", "cron", *OURS}


def test_other_workspaces_restart_backend_and_cron_alone(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    before = installer.host.starts()
    ok(installer.install(bundle_of({"allowedWorkspaces": [7, 12]})))
    assert "    allowed-workspaces: [7, 12]\n" in (installer.host.folder / "tower.yml").read_text()
    after = installer.host.starts()
    assert {name for name in after if after[name] != before[name]} == {"backend", "cron"}


def test_from_26_1_on_tower_yml_is_given_back(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    ok(installer.install(bundle_of({"platformVersion": "26.1", "allowedWorkspaces": [7]})))
    assert (installer.host.folder / "tower.yml").read_text() == TOWER_YML
    environment = installer.host.containers()["backend"]["config"]["environment"]
    assert environment["TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"] == "7"


def test_taking_it_away_leaves_what_was_there(installer: Installer) -> None:
    before = installer.host.files()
    ok(installer.install(bundle_of()))
    ok(installer.install(bundle_of({"allowedWorkspaces": [7]}, token="another")))
    ok(installer.uninstall())
    assert installer.host.files() == before
    assert not (installer.host.folder / ".studios").exists()
    assert not (installer.host.folder / "data-studios").exists()
    running = installer.host.containers()
    assert set(running) == {"backend", "cron", "db", "frontend", "migrate", "redis"}
    assert "TOWER_OIDC_PEM_PATH" not in running["backend"]["config"]["environment"]
    assert "nothing is installed" in ok(installer.uninstall())


def test_an_edit_that_the_owner_made_meanwhile_stays(installer: Installer) -> None:
    tower_yml = installer.host.folder / "tower.yml"
    ok(installer.install(bundle_of()))
    tower_yml.write_text(tower_yml.read_text().replace("365d", "30d"))
    ok(installer.uninstall())
    assert tower_yml.read_text() == TOWER_YML.replace("365d", "30d")


def test_workspaces_that_the_owner_wrote_meanwhile_stay(installer: Installer) -> None:
    tower_yml = installer.host.folder / "tower.yml"
    ok(installer.install(bundle_of()))
    tower_yml.write_text(tower_yml.read_text().replace("allowed-workspaces: null", "allowed-workspaces: [9]"))
    theirs = tower_yml.read_text()
    ok(installer.uninstall())
    assert tower_yml.read_text() == theirs


def test_what_is_replaced_is_kept(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    for number in range(7):
        ok(installer.install(bundle_of(token=f"token-{number}")))
    kept = backups_of(installer)
    assert [token for token, _ in kept] == [f"token-{number}" for number in (1, 2, 3, 4, 5)]
    assert {stat.S_IMODE(folder.stat().st_mode) for _, folder in kept} == {0o700}


def test_the_newest_copies_are_kept_also_where_the_clock_is_set_back(installer: Installer) -> None:
    clock = installer.host.bin / "date"
    ok(installer.install(bundle_of()))
    for number in range(12):
        clock.write_text(f"#!/bin/sh\necho 20260101T0000{59 - number}Z\n")
        clock.chmod(0o755)
        ok(installer.install(bundle_of(token=f"token-{number}")))
    assert [token for token, _ in backups_of(installer)] == [f"token-{number}" for number in (6, 7, 8, 9, 10)]


def backups_of(installer: Installer) -> list[tuple[str, Path]]:
    """The token in each copy of what was replaced, and its folder, the oldest first."""
    folders = (installer.host.folder / ".studios/backup").iterdir()
    return [
        (token_in(folder / "data-studios.env"), folder)
        for folder in sorted(folders, key=lambda folder: int(folder.name.partition("-")[0]))
    ]


def token_in(environment: Path) -> str:
    """The token in a file of variables."""
    lines = dict(line.partition("=")[::2] for line in environment.read_text().splitlines())
    return lines["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"]


def test_the_owners_own_override_is_kept_and_used(installer: Installer) -> None:
    override = installer.host.folder / "docker-compose.override.yml"
    override.write_text("services:\n  backend:\n    environment:\n      - OWN=1\n")
    refused = installer.install(bundle_of())
    assert refused.returncode == 1
    assert "write another name in composeOverride" in refused.stderr
    start_platform(installer.host, installer.environment, "docker-compose.override.yml")
    ok(installer.install(bundle_of({"composeOverride": "docker-compose.studios.yml"})))
    assert installer.host.containers()["backend"]["config"]["environment"]["OWN"] == "1"
    ok(installer.uninstall())
    assert override.exists()


def test_another_name_of_the_override_takes_the_first_away(installer: Installer) -> None:
    ok(installer.install(bundle_of()))
    ok(installer.install(bundle_of({"composeOverride": "docker-compose.studios.yml"})))
    assert not (installer.host.folder / "docker-compose.override.yml").exists()
    ok(installer.install(bundle_of({"composeOverride": "docker-compose.studios.yml", "proxyName": "proxy"})))
    assert {"proxy", "connect-server"} <= set(installer.host.containers())
    assert "connect-proxy" not in installer.host.containers()


@pytest.mark.parametrize("value", ["p$HOME'x\"y\\z # c", "$x ${y}", "it's", " lead"])
def test_a_password_arrives_as_it_is_written(installer: Installer, value: str) -> None:
    ok(installer.install(bundle_of({"redisPassword": value}, secrets=("redisPassword",))))
    environment = installer.host.containers()["connect-proxy"]["config"]["environment"]
    assert environment["CONNECT_REDIS_PASSWORD"] == value


def test_the_command_writes_the_same_bundle_for_a_host_without_systems_manager(
    installer: Installer, tmp_path: Path
) -> None:
    folder = tmp_path / "written"
    written = subprocess.run(
        # Without the program's packages, as a user's own python3 is.
        [paths.PYTHON, "-S", "-m", "delivery", str(folder)],
        input=bundle_of(),
        capture_output=True,
        text=True,
        check=True,
        cwd=paths.CHECKOUT,
        timeout=30,
    )
    assert f"sudo sh {folder.name}/install.sh install" in written.stdout
    assert stat.S_IMODE((folder / "bundle/files/data-studios.env").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shutil.rmtree(installer.tools)
    folder.rename(installer.tools)
    ok(installer.run("install", "--bundle", str(installer.tools / "bundle")))
    files = json.loads(bundle_of())["files"]
    for name, text in files.items():
        assert (installer.host.folder / name).read_text() == text


def test_the_command_refuses_what_is_no_bundle(tmp_path: Path) -> None:
    refused = subprocess.run(
        [paths.PYTHON, "-m", "delivery", str(tmp_path / "written")],
        input="",
        capture_output=True,
        text=True,
        check=False,
        cwd=paths.CHECKOUT,
        timeout=30,
    )
    assert refused.returncode == 1
    assert "pulumi stack output bundle --show-secrets | python -m delivery FOLDER" in refused.stderr
    assert not (tmp_path / "written").exists()
