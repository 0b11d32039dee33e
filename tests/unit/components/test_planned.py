"""The objects that are tried in a preview are those that the components make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from components.planned import planned_objects
from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.mounts import SSH_KEY
from settings.parsing import parse_settings
from settings.targets import KUBERNETES
from survey.install import resource_of
from survey.name_conflicts import names_in_use
from tests.unit.components import mocks
from tests.unit.components.mocks import Recording, run
from tests.unit.components.test_ssh import KEYS, text
from tests.unit.components.test_studios_on_kubernetes import MINIMUM, studios
from tests.unit.settings.test_all_settings import DOCUMENTS, written
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


def _names_made(recording: Recording) -> dict[str, set[str]]:
    """The objects that a program makes, and those of Platform's that it edits: resource → names."""
    edits = recording["studios-platform-edits"].inputs
    names = [target.split("/") for target in edits["edits"]]
    if (file := edits.get("tower_yml")) is not None:
        names.append(["ConfigMap", file["config_map"]])
    names += [
        [asked.type.rpartition(":")[2], asked.inputs["metadata"]["name"]]
        for asked in recording.resources.values()
        if asked.type.startswith("kubernetes:")
    ]
    made: dict[str, set[str]] = {}
    for kind, name in names:
        made.setdefault(resource_of(kind), set()).add(name)
    return made


ON_KUBERNETES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "the least": (MINIMUM, set()),
    "no policies": (MINIMUM | {"networkPolicies": False}, set()),
    "no Ingress": (MINIMUM | {"ingress": "none"}, set()),
    "a password": (MINIMUM | SECRET, set(SECRET)),
    "a key of the server's only": (
        MINIMUM | {"platformVersion": "26.2", "managementPort": 9100, "managementAuthKey": "a key"},
        {"managementAuthKey"},
    ),
    **{
        name: (values, secret)
        for name, (values, secret) in ((each, written(each)) for each in sorted(DOCUMENTS))
        if values.get("target", KUBERNETES) == KUBERNETES
    },
}


@pytest.mark.parametrize("name", ON_KUBERNETES)
def test_each_object_that_the_components_make_is_looked_for_before_it_is_made(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, secret = ON_KUBERNETES[name]
    settings = parse_settings(values, secret)
    references = (settings.redis_password_secret, settings.redis_ca_secret)
    keys = [settings.token_key_in_use, settings.oidc_key_in_use, SSH_KEY, *(each.key for each in references if each)]
    monkeypatch.setattr(mocks, "FURTHER_KEYS", keys)
    monkeypatch.setattr(mocks, "EXISTING_TOKEN", text(KEYS["ed25519"], PrivateFormat.OpenSSH))

    def program() -> None:
        KubernetesStudios(
            "studios", KubernetesStudiosArgs(settings=settings, cluster=Cluster(), field_manager="studios-test")
        )

    asked_for = {resource: set(names) for resource, names in names_in_use(settings).items()}
    assert asked_for == _names_made(run(program))


@pytest.mark.parametrize("changes", [{}, {"networkPolicies": False}, {"managementPort": 9091}, {"ingress": "none"}])
def test_each_object_that_the_components_make_is_planned(changes: dict[str, Any]) -> None:
    made = {
        (asked.type.rpartition(":")[2], asked.inputs["metadata"]["name"])
        for asked in studios(**changes).resources.values()
        if asked.type.startswith("kubernetes:")
    }
    assert {(each["kind"], each["metadata"]["name"]) for each in planned(**changes)} == made
