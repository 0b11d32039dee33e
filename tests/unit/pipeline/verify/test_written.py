"""The containers and files of a Docker Compose install are held against what the stack wrote, on the instance."""

from __future__ import annotations

import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pipeline.verify import written
from pipeline.verify.deployment import HIDDEN, Deployment
from pipeline.verify.findings import Finding, bad, good
from settings.environment import platform_environment, proxy_environment, server_environment
from tests.unit.pipeline.verify.subject import COMPOSE_SETTINGS, deployment

DOCKER = """#!/bin/sh
case "$1" in
  ps) echo id ;;
  inspect) cat "$HERE/inspected.json" ;;
esac
"""
FILES = ("tower-studios.env", "data-studios.env")


class Site:
    """A folder with an install that has just ended, and a docker that tells of its containers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.folder, self.monkeypatch = folder / "seqera", monkeypatch
        docker = folder / "docker"
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("HERE", str(folder))
        self.made = deployment(**{**COMPOSE_SETTINGS, "composeFolder": str(self.folder), **settings})
        self.documents = ["studios", "AWS-GatherSoftwareInventory"]
        self.made.outputs = {**self.made.outputs, "instanceId": "i-0123456789abcdef0"}
        found = self.made.settings
        studios = {"TOKEN": "x", **server_environment(found), **proxy_environment(found)}
        platform = {"TOWER_JWT_SECRET": "y", **platform_environment(found)}
        self.services = {
            "connect-proxy": dict(studios),
            "connect-server": dict(studios),
            "backend": dict(platform),
            "cron": dict(platform),
            "db": {"MYSQL_DATABASE": "tower"},
        }
        self.write()

    def write(self) -> None:
        files = self.folder / ".studios" / "files"
        files.mkdir(parents=True)
        entries = []
        for name in FILES:
            (files / name).write_text(f"of {name}")
            entries.append({"path": str(files / name), "saved": None, "put": _digest(f"of {name}")})
        # The owner's own file changes in their hands.
        (self.folder / "tower.yml").write_text("tower: {}")
        entries.append({"path": str(self.folder / "tower.yml"), "saved": None, "put": _digest("as it was")})
        for number, put in (("9-2", [{**each, "put": _digest("older")} for each in entries]), ("10-1", entries)):
            run = self.folder / ".studios" / "backup" / number
            run.mkdir(parents=True)
            (run / "files.json").write_text(json.dumps(put))
        for path in (self.folder / "docker-compose.override.yml", self.folder / ".studios" / "override.yml"):
            path.write_text("services: {}")

    def found(self) -> Finding:
        labels = {"com.docker.compose.project.working_dir": str(self.folder)}
        containers = [
            {
                "Config": {
                    "Labels": {**labels, "com.docker.compose.service": service},
                    "Env": [f"{name}={value}" for name, value in variables.items()],
                }
            }
            for service, variables in self.services.items()
        ]
        (self.folder.parent / "inspected.json").write_text(json.dumps(containers))
        sent: list[str] = []

        def run(_deployment: Deployment, *words: str) -> str:
            sent.extend(words)
            return subprocess.run(["python3", "-c", *words], capture_output=True, text=True, check=True).stdout

        self.monkeypatch.setattr(written, "run_on_instance", run)
        self.monkeypatch.setattr(Deployment, "aws", lambda _self, _service: self)
        finding = written.containers_hold_settings(self.made)
        assert "{{" not in "".join(sent), "Systems Manager reads two braces as a parameter"
        return finding

    def list_associations(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"AssociationFilterList": [{"key": "InstanceId", "value": "i-0123456789abcdef0"}]}
        return {"Associations": [{"AssociationId": f"of-{name}", "Name": f"{name}-script"} for name in self.documents]}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


def test_containers_and_files_as_the_stack_wrote_them_are_right(site: Site) -> None:
    assert site.found() == good("the containers and files of Connect and Platform hold what the stack wrote")


def test_a_variable_that_differs_is_told_with_its_container(site: Site) -> None:
    site.services["connect-server"]["CONNECT_REDIS_DB"] = "5"
    del site.services["cron"]["TOWER_DATA_STUDIO_CONNECT_URL"]
    assert site.found() == bad(
        'connect-server: CONNECT_REDIS_DB is "5", and the settings say "1"; and 1 more differ',
        f"cd {site.folder} && docker compose up -d, as the user who starts Platform",
    )
    site.services["connect-server"]["CONNECT_REDIS_DB"] = "1"
    assert site.found().text == (
        'cron: TOWER_DATA_STUDIO_CONNECT_URL is missing, and the settings say "https://connect.platform.example.com"'
    )


def test_a_command_for_a_folder_with_spaces_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my host").mkdir()
    site = Site(tmp_path / "my host", monkeypatch)
    site.services["cron"] = {}
    assert site.found().mend == f"cd '{site.folder}' && docker compose up -d, as the user who starts Platform"


def test_a_value_that_may_be_secret_stays_on_the_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, monkeypatch, proxyExtraEnv={"MY_TOKEN": "s3cr3t-1"}, serverExtraEnv={"SOME": HIDDEN})
    site.services["connect-proxy"] |= {"MY_TOKEN": "s3cr3t-2", "SOME": "of the server's"}
    assert site.found().text == "connect-proxy: MY_TOKEN is not what the settings say"


@pytest.mark.parametrize("name", [".studios/files/data-studios.env", "docker-compose.override.yml"])
def test_a_file_that_differs_comes_before_what_is_read_out_of_it(site: Site, name: str) -> None:
    site.services["connect-proxy"]["CONNECT_REDIS_DB"] = "5"
    (site.folder / name).write_text("another text")
    finding = site.found()
    assert finding.text == f"{site.folder / name} is not as the stack wrote it; and 1 more differ"
    assert finding.mend == "aws ssm start-associations-once --association-ids of-studios"
    site.documents = []
    assert site.found().mend.startswith("change a setting, and pulumi up -s prod: ")
    (site.folder / name).unlink()
    assert site.found().text == f"{site.folder / name} is missing; and 1 more differ"
