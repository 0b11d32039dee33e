"""The WSGI application: moto's, and beside it what the testbed itself needs under ``/_testbed/``."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from threading import Lock
from typing import Any, Final

from botocore.credentials import Credentials
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sts.models import sts_backends
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from testbed.emulator import denials, eks, managed_instances, nodes, pace, strictness, target_health
from testbed.emulator.token_review import Reviewer, access_key_of

HOST: Final = "127.0.0.1"
TOKEN_REVIEW: Final = "/_testbed/token-review"  # noqa: S105 (a path)
CLUSTER: Final = "/_testbed/eks-cluster"
INSTANCE: Final = "/_testbed/managed-instance"
TARGET_HEALTH: Final = "/_testbed/target-health"
NODE: Final = "/_testbed/node"

StartResponse = Callable[..., Any]


class Emulator:
    """Dispatches to the testbed's own paths, and all else to moto, one request at a time.

    A call to AWS is atomic; moto's backends are plain dictionaries that two threads can surprise.
    """

    def __init__(self, port: int) -> None:
        strictness.apply()
        self._port = port
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()
        self._pace, self._denials = pace.Pace(), denials.Denials()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI: answers one request."""
        if environ["PATH_INFO"] == pace.PACE:
            body = pace.answer(self._pace, environ)
            return list(Response(body, mimetype="application/json")(environ, start_response))
        if environ["PATH_INFO"] == denials.DENIALS:
            self._denials.set(json.loads(Request(environ).get_data()))
            return _json({})(environ, start_response)
        operation = self._pace.take(environ)
        if (refusal := self._denials.refusal(environ, operation)) is not None:
            return list(Response(refusal, status=403, mimetype="text/xml")(environ, start_response))
        with self._lock:
            try:
                return list(self._application(environ["PATH_INFO"])(environ, start_response))
            except Exception:
                traceback.print_exc()
                raise

    def _application(self, path: str) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
        if path == TOKEN_REVIEW:
            return self._token_review
        if path == CLUSTER:
            return _connect_cluster
        if path == INSTANCE:
            return _connect_instance
        if path == TARGET_HEALTH:
            return _report_health
        if path == NODE:
            return _ensure_node
        application: Callable[[dict[str, Any], StartResponse], Iterable[bytes]] = self._moto
        return application

    def _token_review(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        asked = json.loads(Request(environ).get_data())
        review = self._reviewer(access_key_of((asked.get("spec") or {}).get("token") or "")).review(
            asked,
            [cluster.name for cluster in eks.clusters()],
            datetime.now(timezone.utc),
        )
        return _json(review)(environ, start_response)

    def _reviewer(self, signed_with: str) -> Reviewer:
        access_key = os.environ.get("AWS_ACCESS_KEY_ID", "testing")
        credentials = Credentials(access_key, os.environ.get("AWS_SECRET_ACCESS_KEY", "testing"))
        sts = sts_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for role in sts.assumed_roles:
            if role.access_key_id == signed_with:
                access_key = signed_with
                credentials = Credentials(access_key, role.secret_access_key, role.session_token)
        _, arn, account_id = sts.get_caller_identity(access_key, "us-east-1")
        return Reviewer(credentials, arn, account_id, {f"{HOST}:{self._port}", f"localhost:{self._port}"})


def _connect_cluster(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    wanted = json.loads(Request(environ).get_data())
    eks.connect(wanted["region"], wanted["name"], wanted["endpoint"], wanted["certificateAuthority"])
    return _json({})(environ, start_response)


def _connect_instance(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    wanted = json.loads(Request(environ).get_data())
    if environ["REQUEST_METHOD"] == "DELETE":
        managed_instances.disconnect(wanted["instanceId"])
    else:
        managed_instances.connect(wanted["instanceId"], wanted["environment"], wanted.get("enter", ()))
    return _json({})(environ, start_response)


def _report_health(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    target_health.report(json.loads(Request(environ).get_data()))
    return _json({})(environ, start_response)


def _ensure_node(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    nodes.ensure(**json.loads(Request(environ).get_data()))
    return _json({})(environ, start_response)


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value), mimetype="application/json")


class QuietRequestHandler(MotoRequestHandler):  # type: ignore[misc]  # moto has no types
    """Writes no access log: errors still go to stderr."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def make(port: int) -> BaseWSGIServer:
    """A server that listens on the loopback interface already; ``port`` 0 takes a free one."""
    server = make_server(HOST, port, _not_yet, threaded=True, request_handler=QuietRequestHandler)
    server.app = Emulator(server.port)
    return server


def _not_yet(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    return Response("starting", status=503)(environ, start_response)
