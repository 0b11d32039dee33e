"""What the owner's own commands read: the forms of COMPOSE_FILE in `.env`."""

from __future__ import annotations

from pathlib import Path

import pytest
from studios_host.by_hand import compose_file_variable, is_read_by_hand, still_named
from studios_host.compose import Compose
from studios_host.docker import Docker
from studios_host.project import Project, Source

OURS = "docker-compose.studios.yml"


def files_in(folder: Path, text: str) -> tuple[list[str], str]:
    (folder / ".env").write_text(text)
    named, separator = compose_file_variable(folder)
    return [path.replace(f"{folder}/", "") for path in named], separator


@pytest.mark.parametrize(
    ("text", "names", "separator"),
    [
        ("COMPOSE_FILE=a.yml:b.yml\n", ["a.yml", "b.yml"], ":"),
        ("COMPOSE_FILE: a.yml\n", ["a.yml"], ":"),
        ("  export COMPOSE_FILE = 'a b.yml:./c.yml'  # two\r\n", ["a b.yml", "c.yml"], ":"),
        ('COMPOSE_FILE="a.yml:b#1.yml" # two\n', ["a.yml", "b#1.yml"], ":"),
        ("COMPOSE_FILE=a.yml: # one\n", ["a.yml"], ":"),
        ("COMPOSE_FILE=a.yml\nCOMPOSE_FILE=b.yml\n", ["b.yml"], ":"),
        ("COMPOSE_FILE=\nOTHER=a.yml\n", [], ":"),
        ("# COMPOSE_FILE=a.yml\nMY_COMPOSE_FILE=b.yml\n", [], ":"),
        ("COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=a.yml;b.yml\n", ["a.yml", "b.yml"], ";"),
        ("COMPOSE_PATH_SEPARATOR=\nCOMPOSE_FILE=a.yml:b.yml\n", ["a.yml", "b.yml"], ":"),
        ("COMPOSE_FILE=${PWD}/a.yml:$PWD/b.yml\n", ["a.yml", "b.yml"], ":"),
        ("NAME=b\nCOMPOSE_FILE=${DIR:-.}/a.yml:${NAME}.yml:$HOME/seqera/c.yml\n", ["a.yml", "b.yml", "c.yml"], ":"),
        ("NAME=b\nCOMPOSE_FILE='$NAME/a.yml'\n", ["a.yml"], ":"),
    ],
)
def test_the_files_of_compose_file_are_those_that_docker_compose_reads(
    tmp_path: Path, text: str, names: list[str], separator: str
) -> None:
    assert files_in(tmp_path, text) == (names, separator)


@pytest.mark.parametrize("prefix", ["", "${PWD}/", "$HOME/seqera/"])
def test_what_is_named_by_a_variable_is_not_told_again_and_is_told_when_it_goes(tmp_path: Path, prefix: str) -> None:
    (tmp_path / ".env").write_text(f"COMPOSE_FILE={prefix}docker-compose.yml:{prefix}{OURS}\n")
    source = Source((str(tmp_path / "docker-compose.yml"),), ())
    assert is_read_by_hand(Compose(Docker({}), Project("x", str(tmp_path), ()), source, {}), OURS, []) == ""
    assert still_named(tmp_path, OURS) == (
        f"take {OURS} out of COMPOSE_FILE in {tmp_path}/.env: docker compose stops at a file that is not there"
    )
