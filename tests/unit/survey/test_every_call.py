"""Every call that a preview makes to the API server may fail in every way, and each way is plain words."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import HTTPError

from components import platform_provider
from components.planned import planned_objects
from components.platform_as_found import PlatformAsFoundProvider, Snapshot
from components.platform_edits import PlatformEditsProvider
from live import api as live_api
from live import cluster as live_cluster
from live.cluster import Cluster
from live.edits import edited_names
from live.edits_of_settings import platform_edits_of, tower_yml_edit_of
from live.platform import PlatformError
from live.timeouts import with_timeout
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.platform import survey_platform

from .conftest import LEAST, FakeApi

OWNER = "studios-local"
PREVIEW_SECONDS, PAUSES, HASTE = live_api._PREVIEW_SECONDS, live_api._PAUSES, live_api._HASTE
MISLEADING = re.compile(r"Traceback|Exception|object has no attribute|KeyError|NoneType|\bNone\b|\\n|urllib3|<html")

UNNOTICED = (
    *(
        "GET /apis/networking.k8s.io/v1/ingresses",
        "GET /apis/networking.k8s.io/v1/namespaces/platform-stage/networkpol",
    ),
    "GET /apis/networking.k8s.io/v1/ingressclasses",
    *("GET /apis/policy", "GET /api/v1/namespaces/platform-stage/resourcequotas"),
    "POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "POST ",
    "PATCH ",
)
"""What is also asked in another way, or may be unknown."""

Fault = Callable[[FakeApi, str], None]


def _refused(status: int, message: str) -> Fault:
    def fault(api: FakeApi, path: str) -> None:
        api.refusals[path] = (status, message)

    return fault


def _answered(content: bytes) -> Fault:
    def fault(api: FakeApi, path: str) -> None:
        api.answers[path] = content

    return fault


def _silent(api: FakeApi, path: str) -> None:
    api.silent.add(path)


FAULTS: dict[str, Fault] = {
    "denied": _refused(403, 'configmaps is forbidden: User "u" cannot list resource'),
    "not found": _refused(404, "the server could not find the requested resource"),
    "throttled": _refused(429, "too many requests, please try again later"),
    "broken": _refused(500, "etcdserver: request timed out"),
    "empty": _answered(b""),
    "empty object": _answered(b"{}"),
    "null": _answered(b"null"),
    "malformed": _answered(b"<html>Sign in</html>"),
    "cut off": _answered(b'{"items": [{"metadata": {"name": "x"'),
    "silent": _silent,
}


def _slow_but(names: Iterable[str], *ordinary: str) -> list[Any]:
    """The names as parameters: what is left out of the ordinary suite takes the same paths, or seconds of waiting."""
    return [each if each in ordinary else pytest.param(each, marks=pytest.mark.slow) for each in names]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for nothing for long."""
    monkeypatch.setattr(live_api, "_PREVIEW_SECONDS", (5, 10))
    monkeypatch.setattr(live_api, "_PAUSES", (0.0,))


def _sooner(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Waits as shortly as this only for a server that says nothing: a machine that is busy answers later."""
    if name == "silent":
        monkeypatch.setattr(live_api, "_PREVIEW_SECONDS", (1, 0.3))


def survey(api: FakeApi) -> list[str]:
    """What a first preview says: problems and warnings."""
    changes = {"existingTokenSecret": "token", "imagePullSecrets": []}
    try:
        settings = parse_settings({**LEAST, **changes})
        found = survey_platform(api.access, settings, field_manager=OWNER, planned=planned_objects)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return list(found.warnings)


@pytest.fixture
def whole(platform: FakeApi) -> FakeApi:
    """A Platform that fits those settings; its rights are asked for one by one."""
    token = {"metadata": {"name": "token"}, "data": {"token": "dG9rZW4="}}
    platform.lists["/api/v1/namespaces/platform-stage/secrets"].append(token)
    return platform


def calls_of(api: FakeApi) -> list[str]:
    """Method and path of each call of a survey that finds nothing wrong."""
    assert survey(api) == []
    return sorted({f"{method} {path.partition('?')[0]}" for method, path, _ in api.asked})


@pytest.mark.parametrize("name", _slow_but(FAULTS, "denied", "null", "malformed"))
def test_a_survey_says_in_plain_words_what_each_of_its_calls_meets(
    whole: FakeApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = calls_of(whole)
    assert {path.partition(" ")[0] for path in paths} == {"GET", "POST", "PATCH"}
    _sooner(monkeypatch, name)
    for path in paths:
        whole.refusals, whole.answers, whole.silent = {}, {}, set()
        FAULTS[name](whole, path)
        said = survey(whole)
        for each in said:
            assert not MISLEADING.search(each), (path, each)
        # An answer without items is an empty list.
        if not path.startswith(UNNOTICED) and name != "empty object":
            assert said, path


def test_a_call_that_is_put_off_is_made_again(whole: FakeApi) -> None:
    path = "/api/v1/namespaces/platform-stage/configmaps"
    answer, left = whole.answer, [1]

    def busy(asked: str) -> tuple[int, dict[str, Any]]:
        if asked == path and left[0]:
            left[0] -= 1
            return 429, {"kind": "Status", "message": "too many requests"}
        return answer(asked)

    whole.answer = busy  # type: ignore[assignment, method-assign]
    assert survey(whole) == []


SHAPES: dict[str, Any] = {
    "an item of null": {"items": [None]},
    "items of a map": {"items": {}},
    "items of a text": {"items": "x"},
    "a list": [],
    "a specification of text": {"metadata": {"name": "backend"}, "spec": "x"},
    "data of text": {"metadata": {"name": "backend"}, "data": "x"},
    "no specification": {"metadata": {"name": "backend"}},
    "no template": {"metadata": {"name": "backend"}, "spec": {"template": None}},
    "a template of text": {"metadata": {"name": "backend"}, "spec": {"template": "x"}},
    "a container of no name": {
        "metadata": {"name": "backend"},
        "spec": {"template": {"spec": {"containers": [{}]}}},
    },
}


@pytest.mark.parametrize("name", _slow_but(SHAPES, "an item of null", "a template of text"))
def test_a_survey_says_in_plain_words_that_an_answer_has_another_shape(whole: FakeApi, name: str) -> None:
    shape = SHAPES[name]
    listed = shape if "metadata" not in shape else {**shape, "items": [shape]}
    for path in calls_of(whole):
        whole.answers = {path: json.dumps(listed).encode()}
        for each in survey(whole):
            assert not MISLEADING.search(each), (path, each)


@pytest.mark.slow
def test_calls_without_an_answer_are_waited_for_once(whole: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_api, "_PREVIEW_SECONDS", (1, 4))
    network = "/apis/networking.k8s.io/v1"
    whole.silent = {
        *(f"GET {network}/ingresses", f"GET {network}/ingressclasses/alb"),
        *("POST /api/v1/namespaces/platform-stage/pods", "POST /apis/apps/v1/namespaces/platform-stage/deployments"),
    }
    in_vain: list[float] = []

    def noted(seconds: float, work: Callable[[], Any]) -> Any:
        try:
            return with_timeout(seconds, work)
        except (TimeoutError, HTTPError):
            in_vain.append(seconds)
            raise

    monkeypatch.setattr(live_api, "with_timeout", noted)
    (said,) = survey(whole)
    assert said.endswith("does not answer (timed out); check that `kubectl get nodes` works from here")
    # The Ingresses, their class, a Deployment and four pods that are tried: each was asked for once.
    assert in_vain == [5, *[sum(HASTE)] * 6]


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_api, "_PREVIEW_SECONDS", (0.1, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as server:
        api = FakeApi(url=f"http://127.0.0.1:{server.getsockname()[1]}")

        def trickle() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
                for _ in range(20):
                    connection.sendall(b" ")
                    time.sleep(0.1)

        threading.Thread(target=trickle, daemon=True).start()
        # Whoever waits for each byte in turn is told of an answer that is cut off.
        with pytest.raises(SettingsError, match=r"does not answer \(timed out\)"):
            live_api.ClusterApi(api.access).get("/api/v1/namespaces/x")


def test_a_preview_waits_for_an_api_server_no_longer_than_half_a_minute() -> None:
    # The namespace, the IngressClass, the dry run, and what a message lists.
    assert sum(PREVIEW_SECONDS) + 3 * sum(HASTE) < 30
    assert sum(PREVIEW_SECONDS) + sum(PAUSES) < 30
    assert live_cluster._COMMAND_SECONDS < 30


# What the resources that edit Platform ask in a preview.


def edits(api: FakeApi) -> dict[str, Any]:
    """The inputs of both resources."""
    settings = parse_settings(LEAST)
    made = platform_edits_of(settings)
    return {
        "kubeconfig": api.access.kubeconfig,
        "context": "",
        "namespace": settings.namespace,
        "namespace_uid": "uid-of-platform-stage",
        "field_manager": OWNER,
        "deployments": ["cron", "backend"],
        "take_over": ["ConfigMap/tower-backend-cfg"],
        "timeout_seconds": 10,
        "tower_yml": tower_yml_edit_of(settings),
        "fields": {target: edited_names(target, edit) for target, edit in made.items()},
        "edits": made,
        "restarts": {"cron": "x", "backend": "x"},
        "secrets": ["platform-oidc-certs"],
        "found": Snapshot().text(),
        "revision": "1",
    }


def previewed(api: FakeApi) -> Iterator[Callable[[], object]]:
    props = edits(api)
    as_found, changed = PlatformAsFoundProvider(), PlatformEditsProvider()
    yield lambda: as_found.check({}, props)
    yield lambda: as_found.check(props, props)
    yield lambda: as_found.diff("id", props, props)
    yield lambda: changed.check({}, props)
    yield lambda: changed.check(props, props)
    yield lambda: changed.diff("id", props, props)
    yield lambda: changed.read("id", props)


@pytest.mark.parametrize("name", _slow_but(FAULTS, *(each for each in FAULTS if each != "silent")))
def test_the_edits_of_platform_say_in_a_preview_what_each_of_their_calls_meets(
    platform: FakeApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ask in previewed(platform):
        ask()
    paths = sorted({f"{method} {path}" for method, path, _ in platform.asked})
    assert {path.rpartition("/")[2] for path in paths} == {
        *("platform-stage", "tower-backend-cfg", "tower-yml", "backend", "cron"),
    }
    # The client of a kubeconfig is kept, with its patience.
    platform_provider._api.cache_clear()
    _sooner(monkeypatch, name)
    for path in paths:
        platform.refusals, platform.answers, platform.silent = {}, {}, set()
        FAULTS[name](platform, path)
        for ask in previewed(platform):
            started = time.monotonic()
            said = ""
            try:
                ask()
            except (PlatformError, SettingsError) as error:
                said = str(error)
            assert not MISLEADING.search(said), (path, said)
            assert time.monotonic() - started < 5


def test_a_token_command_that_never_ends_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_cluster, "_COMMAND_SECONDS", 0.3)
    kubeconfig = json.loads(FakeApi(url="http://127.0.0.1:1").access.kubeconfig or "")
    command = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "sleep", "args": ["30"]}
    kubeconfig["users"][0]["user"] = {"exec": {**command, "interactiveMode": "Never"}}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(kubeconfig))
    started = time.monotonic()
    with pytest.raises(SettingsError) as caught:
        Cluster(kubeconfig=str(file)).client()
    assert time.monotonic() - started < 20
    (problem,) = caught.value.problems
    assert str(problem) == (
        f'seqera-studios:kubeconfig: "{file}" gives no credentials: its token command takes longer than 0.3 s; check '
        "that `kubectl get nodes` works from here"
    )
