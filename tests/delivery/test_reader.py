"""Owner and mode of our files of variables: they hold secrets, and whoever calls docker compose by hand reads them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from studios_host.compose import Compose
from studios_host.docker import Docker, Finished
from studios_host.project import Project, Source
from studios_host.reader import reader_of


class Telling(Docker):
    """A `docker` that tells the files of variables of each service; None for a release that can't."""

    def __init__(self, env_files: dict[str, list[str]] | None, **environment: str) -> None:
        super().__init__(environment)
        self.env_files = env_files

    def run(self, *_words: Any, **_options: Any) -> Finished:
        if self.env_files is None:
            return Finished(1, "", "unknown flag: --no-env-resolution")
        services = {name: {"env_file": [{"path": path} for path in paths]} for name, paths in self.env_files.items()}
        return Finished(0, json.dumps({"services": services}), "")


def mode_of(folder: Path, env_files: dict[str, list[str]] | None, compose_file: int = 0o644, **modes: int) -> str:
    (folder / "docker-compose.yml").touch()
    (folder / "docker-compose.yml").chmod(compose_file)
    for name, mode in modes.items():
        path = folder / name.replace("__", "/").replace("_env", ".env")
        path.parent.mkdir(exist_ok=True)
        path.touch()
        path.chmod(mode)
    found = {name: [str(folder / path) for path in paths] for name, paths in (env_files or {}).items()}
    docker = Telling(None if env_files is None else found, DOCKER_HOST=f"unix://{folder}/no.sock")
    source = Source((str(folder / "docker-compose.yml"),), ())
    owner = Compose(docker, Project("x", str(folder), ()), source, {})
    return oct(reader_of(folder, owner, ["cron", "backend"])[1])


def test_of_several_files_of_variables_the_least_open_one_counts(tmp_path: Path) -> None:
    both = {"cron": ["tower.env"], "backend": ["common.env", "tower.env"]}
    assert mode_of(tmp_path, both, common_env=0o644, tower_env=0o600) == "0o600"
    assert mode_of(tmp_path, both, common_env=0o644, tower_env=0o640) == "0o640"
    # cron's counts, too.
    assert mode_of(tmp_path, {"cron": ["tower.env"], "backend": ["common.env"]}, tower_env=0o600) == "0o600"
    assert mode_of(tmp_path, {"cron": ["tower.env", "gone.env"], "backend": []}, tower_env=0o644) == "0o644"


def test_a_copy_of_tower_env_that_platform_does_not_read_does_not_count(tmp_path: Path) -> None:
    assert mode_of(tmp_path, {"cron": [], "backend": []}, backup__tower_env=0o644) == "0o640"
    assert mode_of(tmp_path, None, backup__tower_env=0o644, tower_env=0o600) == "0o600"


def test_a_docker_compose_that_cannot_tell_the_files_of_variables_leaves_tower_env_below_the_folder(
    tmp_path: Path,
) -> None:
    assert mode_of(tmp_path, None, envs__tower_env=0o600, copy__tower_env=0o644) == "0o600"
    assert mode_of(tmp_path / "envs", None, compose_file=0o600) == "0o600"


@pytest.mark.parametrize(("compose_file", "ours"), [(0o644, 0o640), (0o600, 0o600), (0o640, 0o640), (0o660, 0o660)])
def test_without_a_file_of_variables_no_other_user_reads_ours(tmp_path: Path, compose_file: int, ours: int) -> None:
    assert mode_of(tmp_path, {"cron": [], "backend": []}, compose_file) == oct(ours)


def test_without_a_file_of_variables_those_read_ours_who_may_call_docker(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives a file to another group")
    socket, compose_file = tmp_path / "docker.sock", tmp_path / "docker-compose.yml"
    for path in (socket, compose_file):
        path.touch(mode=0o644)
    os.chown(socket, 0, 998)
    os.chown(compose_file, 1000, 1000)
    none = Telling({"cron": [], "backend": []}, DOCKER_HOST=f"unix://{socket}")
    owner = Compose(none, Project("x", str(tmp_path), ()), Source((str(compose_file),), ()), {})
    assert reader_of(tmp_path, owner, ["cron", "backend"]) == ((1000, 998), 0o640)
    compose_file.chmod(0o640)
    assert reader_of(tmp_path, owner, ["cron", "backend"]) == ((1000, 1000), 0o640)
    # No service of Docker's own is known: root, and the owner.
    compose_file.chmod(0o644)
    unknown = Compose(
        Telling({"cron": [], "backend": []}, DOCKER_HOST="unix:///no.sock"), owner.project, owner.source, {}
    )
    assert reader_of(tmp_path, unknown, ["cron", "backend"]) == ((1000, 0), 0o640)
