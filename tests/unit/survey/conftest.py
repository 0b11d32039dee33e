"""A server that answers as an API server does, from objects kept in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from live.cluster import Cluster


@dataclass
class FakeApi:
    """Objects by the path of their list, refusals by path, and what was asked."""

    url: str = ""
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and message, by path, or by method and path."""
    answers: dict[str, bytes] = field(default_factory=dict)
    """What is sent, with status 200, in place of an answer of the API's."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Paths that get no answer."""
    posted: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of what was posted."""
    rules: list[dict[str, Any]] = field(
        default_factory=lambda: [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    )
    """What a rules review lists."""
    allowed: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Verb, resource, group and name that an access review allows."""

    warnings: dict[str, list[str]] = field(default_factory=dict)
    """What comes with the answers of a path as headers."""

    def tried(self, path: str, body: Any) -> Any:
        """The answer to a dry run: what is made as it was sent, what is changed as it is."""
        _, found = self.answer(path)
        return found if "metadata" in found else body

    def review(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a review of the user's rights."""
        if path.endswith("/selfsubjectrulesreviews"):
            return {"status": {"resourceRules": self.rules, "nonResourceRules": [], "incomplete": True}}
        asked = body["spec"]["resourceAttributes"]
        right = (asked["verb"], asked["resource"], asked["group"], asked.get("name", ""))
        return {"status": {"allowed": right in self.allowed}}

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """The status and body for a path."""
        for each in (each for found in self.lists.values() for each in found):
            each["metadata"].setdefault("uid", f"uid-of-{each['metadata']['name']}")
            each["metadata"].setdefault("resourceVersion", "1")
        if path in self.lists:
            # As a real API server does for an empty list of metadata.
            return 200, {"items": self.lists[path] or None}
        parent, _, name = path.rpartition("/")
        for each in self.lists.get(parent, []):
            if each["metadata"]["name"] == name:
                kind = {"configmaps": "ConfigMap", "deployments": "Deployment"}.get(parent.rpartition("/")[2])
                return 200, {"kind": kind, **each}
        return 404, {"kind": "Status", "message": "not found"}

    @property
    def access(self) -> Cluster:
        """The way to it."""
        return Cluster(
            kubeconfig=json.dumps(
                {
                    "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                    "users": [{"name": "u", "user": {"token": "not-a-real-token"}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )


class Server(ThreadingHTTPServer):
    """Takes all connections of a survey at once; of five, the default, the kernel lets the sixth wait for a second."""

    request_queue_size = 64


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """The server, with nothing in it."""
    fake = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.note()
            self.reply(*fake.answer(self.path))

        def do_POST(self) -> None:
            self.note()
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.posted.append(body)
            self.reply(201, fake.review(self.at, body) if "/selfsubject" in self.at else fake.tried(self.at, body))

        do_PATCH = do_POST  # noqa: N815 (the name that http.server calls)

        @property
        def at(self) -> str:
            """The path without its query."""
            return self.path.partition("?")[0]

        def note(self) -> None:
            fake.asked.append((self.command, self.path, self.headers.get("Accept", "")))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            call = f"{self.command} {self.at}"
            if call in fake.silent:
                ended.wait(60)
                return
            refusal = fake.refusals.get(call) or fake.refusals.get(self.at)
            if refusal is not None:
                status, body = refusal[0], {"kind": "Status", "message": refusal[1]}
            content = fake.answers.get(call, fake.answers.get(self.at, json.dumps(body).encode()))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for warning in fake.warnings.get(self.at, ()):
                self.send_header("Warning", f'299 - "{warning}"')
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keeps the test's output clean."""

    ended = threading.Event()
    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield fake
    ended.set()
    server.shutdown()
    server.server_close()


NAMESPACE = "platform-stage"
LEAST: dict[str, object] = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": NAMESPACE,
    "redisAddress": "redis",
    "hostedZone": "example.com",
    "backendConfigMap": "tower-backend-cfg",
}
"""The settings of a stack for that Platform install."""
CORE, APPS, NET = (
    f"{group}/namespaces/{NAMESPACE}" for group in ("/api/v1", "/apis/apps/v1", "/apis/networking.k8s.io/v1")
)


TOWER_YML = {"name": "config-volume", "mountPath": "/tower.yml", "subPath": "tower.yml"}


def named(name: str, **more: Any) -> dict[str, Any]:
    """An object with nothing but a name, and what is given."""
    return {"metadata": {"name": name}, **more}


def secret(name: str, *keys: str) -> dict[str, Any]:
    """A Secret as a list of metadata has it: its keys are those that the API server keeps owners of."""
    made = named(name)
    owned: dict[str, Any] = {"f:data": {f"f:{key}": {} for key in keys}}
    made["metadata"]["managedFields"] = [{"manager": "kubectl", "operation": "Update", "fieldsV1": owned}]
    return made


def deployment(name: str, container: str = "backend", config_map: str = "tower-backend-cfg") -> dict[str, Any]:
    """A Deployment as Seqera's templates have it."""
    return named(
        name,
        spec={
            "replicas": 1,
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": container,
                            "envFrom": [
                                {"configMapRef": {"name": config_map}},
                                {"secretRef": {"name": "tower-secrets"}},
                            ],
                            "volumeMounts": [TOWER_YML],
                        }
                    ],
                    "volumes": [{"name": "config-volume", "configMap": {"name": "tower-yml"}}],
                }
            },
        },
    )


@pytest.fixture
def platform(api: FakeApi) -> FakeApi:
    """The server with a Platform install."""
    api.lists = {
        "/api/v1/namespaces": [named("default"), named(NAMESPACE)],
        f"{APPS}/deployments": [deployment("backend"), deployment("cron"), deployment("frontend", "frontend")],
        f"{CORE}/configmaps": [
            named("tower-backend-cfg", data={"TOWER_ENABLE_AWS_SES": "true"}),
            named("tower-yml", data={"tower.yml": "tower:\n  a: 1\n"}),
        ],
        f"{CORE}/secrets": [named("cr.seqera.io"), secret("tower-secrets", "TOWER_DB_PASSWORD")],
        f"{CORE}/services": [named("backend"), named("frontend")],
        f"{APPS}/statefulsets": [named("redis")],
        "/apis/networking.k8s.io/v1/ingressclasses": [named("alb", spec={"controller": "ingress.k8s.aws/alb"})],
        f"{NET}/ingresses": [
            {"metadata": {"name": "front-ingress", "annotations": {"alb.ingress.kubernetes.io/group.name": "platform"}}}
        ],
    }
    return api


class Clock:
    """Time that goes on only while a caller sleeps."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
