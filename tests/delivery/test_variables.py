"""Variables of backend and cron that win over what this stack sets: each is told before anything is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from studios_host import survey
from studios_host.bundle import variables
from studios_host.compose import Compose
from studios_host.docker import Docker, Finished
from studios_host.place import Place
from studios_host.project import Project, Source
from studios_host.state import State
from studios_host.wish import Wish

from tests.compose_bundle import bundle_of

WORKSPACES = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"
THRESHOLD = "TOWER_DATA_STUDIO_APPROACHING_EXPIRATION_THRESHOLD"
URL = "-Dtower.data-studio.connect-url"


class Silent(Docker):
    """A `docker` with a release of Docker Compose that can't tell the files of variables."""

    def run(self, *_words: Any, **_options: Any) -> Finished:
        return Finished(1, "", "unknown flag")


def told(
    folder: Path,
    stack: Mapping[str, object],
    *,
    env: Mapping[str, str] | None = None,
    environment: Mapping[str, str | None] | None = None,
    **keys: object,
) -> list[str]:
    """What the script says of a backend with these variables in tower.env and in `environment:`, and these keys."""
    found = json.loads(bundle_of(stack))
    files = {name: text.encode() for name, text in found["files"].items()}
    (folder / "docker-compose.yml").touch()
    (folder / "tower.env").write_text("".join(f"{name}={value}\n" for name, value in (env or {}).items()))
    owner = Compose(Silent({}), Project("x", str(folder), ()), Source((str(folder / "docker-compose.yml"),), ()), {})
    ours = variables(files["tower-studios.env"])

    def model(more: Mapping[str, str]) -> dict[str, Any]:
        # As Docker Compose merges: the files of variables in their order, and `environment:` over all of them.
        backend = {"environment": {**(env or {}), **more, **(environment or {})}, **keys}
        return {"services": {"cron": {"environment": more}, "backend": backend}}

    wish = Wish.of(found["parameters"])
    return [*survey._variables(Place(folder), owner, model({}), model(ours), wish, files, State())]


def test_a_variable_without_a_value_is_one_that_the_container_is_without(tmp_path: Path) -> None:
    bare = {WORKSPACES: None}
    said = (
        f"environment: of Platform's services sets what this stack has to set: {WORKSPACES} of backend; "
        "take it out there, or set the same in this stack"
    )
    assert told(tmp_path, {"platformVersion": "26.1", "allowedWorkspaces": "none"}, environment=bare) == [said]
    assert told(tmp_path, {"platformVersion": "26.1", "allowedWorkspaces": [1]}, environment=bare) == [said]
    # Left out means every workspace, as this stack has it.
    assert told(tmp_path, {"platformVersion": "26.1"}, environment=bare) == []
    assert told(tmp_path, {"platformVersion": "26.1", "allowedWorkspaces": "none"}, environment={WORKSPACES: ""}) == []


def test_a_variable_that_wins_over_an_entry_of_tower_yml_is_told_with_its_place(tmp_path: Path) -> None:
    stack = {"platformVersion": "26.2", "approachingExpirationThreshold": "30m"}
    said = (
        f"{THRESHOLD} of backend (line 1 of {tmp_path}/tower.env) wins over "
        "tower.data-studio.approaching-expiration-threshold in tower.yml; take it out there, or set the same in this "
        "stack"
    )
    assert told(tmp_path, stack, env={THRESHOLD: "15m"}) == [said]
    assert told(tmp_path, stack, env={THRESHOLD: "30m"}) == []
    assert told(tmp_path, {"platformVersion": "26.2"}, env={THRESHOLD: "15m"}) == []


@pytest.mark.parametrize(
    ("way", "place"),
    [
        (
            {"env": {"JAVA_OPTS": f"-Xmx4g {URL}=https://old.example.com"}},
            "JAVA_OPTS of backend (line 1 of {}/tower.env)",
        ),
        ({"environment": {"JDK_JAVA_OPTIONS": f'{URL}="https://old.example.com"'}}, "JDK_JAVA_OPTIONS of backend"),
        ({"command": ["-c", f"/tower.sh {URL}=https://old.example.com"]}, "command of backend"),
        ({"entrypoint": ["java", f"{URL}=https://old.example.com", "-jar"]}, "entrypoint of backend"),
    ],
)
def test_an_option_of_java_that_wins_over_a_variable_is_told_with_its_place(
    tmp_path: Path, way: dict[str, Any], place: str
) -> None:
    said = (
        f"options of Java set otherwise what this stack sets, and win: {URL} in {place.format(tmp_path)}; "
        "take them out there, or set the same in this stack"
    )
    assert told(tmp_path, {}, **way) == [said]
    # It can't be taken over: no file of variables wins over it.
    assert told(tmp_path, {"takeOver": ["tower.env"]}, **way) == [said]


def test_an_option_of_java_that_says_the_same_or_something_else_is_none_of_ours(tmp_path: Path) -> None:
    same = f"{URL}=https://connect.example.com -Dtower.mail.from=x"
    assert told(tmp_path, {}, env={"JAVA_OPTS": same}) == []


def test_an_option_of_java_restricts_studios_to_workspaces_and_sets_an_entry_of_tower_yml(tmp_path: Path) -> None:
    stack: dict[str, object] = {"platformVersion": "26.2", "approachingExpirationThreshold": "30m"}
    options = "-Dtower.data-studio.allowed-workspaces=1 -Dtower.data-studio.approaching-expiration-threshold={}"
    said = (
        "options of Java set otherwise what this stack sets, and win: -Dtower.data-studio.allowed-workspaces in "
        "command of backend, -Dtower.data-studio.approaching-expiration-threshold in command of backend; take them out "
        "there, or set the same in this stack"
    )
    assert told(tmp_path, stack, command=["java", options.format("15m")]) == [said]
    # The option wins over the variable, too.
    stack["allowedWorkspaces"] = [1]
    assert told(tmp_path, stack, env={THRESHOLD: "15m"}, command=["java", options.format("30m")]) == []
