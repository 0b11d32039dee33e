"""The objects that are tried in a preview are those that the components make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from components.planned import planned_objects
from settings.parsing import parse_settings
from tests.unit.components.mocks import run
from tests.unit.components.test_studios_on_kubernetes import studios
from tests.unit.survey.conftest import LEAST

SECRET = {"redisPassword": "hunter2"}


def planned(**changes: object) -> list[dict[str, Any]]:
    """As a survey asks for them: in a thread without an event loop."""
    settings = parse_settings({**LEAST, **changes}, encrypted=set(SECRET))
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(planned_objects, settings).result()


def test_passwords_are_planned_without_a_value_and_without_an_event_loop() -> None:
    (credentials,) = [each for each in planned(**SECRET) if each["metadata"]["name"] == "connect-server-credentials"]
    assert set(credentials["stringData"].values()) == {"known-once-it-is-made"}
    # Nothing of it is left for a program to wait for.
    assert run(lambda: None).resources == {}


@pytest.mark.parametrize("changes", [{}, {"networkPolicies": False}, {"managementPort": 9091}, {"ingress": "none"}])
def test_each_object_that_the_components_make_is_planned(changes: dict[str, Any]) -> None:
    made = {
        (asked.type.rpartition(":")[2], asked.inputs["metadata"]["name"])
        for asked in studios(**changes).resources.values()
        if asked.type.startswith("kubernetes:")
    }
    assert {(each["kind"], each["metadata"]["name"]) for each in planned(**changes)} == made
