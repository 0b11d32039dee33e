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
    answers: dict[str, bytes] = field(default_factory=dict)
    """What is sent, with status 200, in place of an answer of the API's."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """The status and body for a path."""
        if path in self.refusals:
            status, message = self.refusals[path]
            return status, {"kind": "Status", "message": message}
        if path in self.lists:
            # As a real API server does for an empty list of metadata.
            return 200, {"items": self.lists[path] or None}
        parent, _, name = path.rpartition("/")
        for each in self.lists.get(parent, []):
            if each["metadata"]["name"] == name:
                return 200, each
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
            fake.asked.append(("GET", self.path, self.headers.get("Accept", "")))
            status, body = fake.answer(self.path)
            content = fake.answers.get(self.path, json.dumps(body).encode())
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keeps the test's output clean."""

    server = Server(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield fake
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
