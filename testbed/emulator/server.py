"""The WSGI application: moto's, and beside it what the testbed itself needs under ``/_testbed/``."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterable, Mapping
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
        path = environ["PATH_INFO"]
        if path == pace.PACE:
            body = pace.answer(self._pace, environ)
            return list(Response(body, mimetype="application/json")(environ, start_response))
        if path == denials.DENIALS:
            self._denials.set(Request(environ).get_json(force=True))
            return _json({})(environ, start_response)
        operation = self._pace.take(environ)
        if (refusal := self._denials.refusal(environ, operation)) is not None:
            return list(Response(refusal, status=403, mimetype="text/xml")(environ, start_response))
        with self._lock:
            try:
                return list(self._application(path, environ)(environ, start_response))
            except Exception:
                traceback.print_exc()
                raise

    def _application(self, path: str, environ: dict[str, Any]) -> Callable[..., Iterable[bytes]]:
        if path == TOKEN_REVIEW:
            answer = self._token_review(Request(environ).get_json(force=True))
        elif told := _TOLD.get((environ["REQUEST_METHOD"], path)):
            answer = {}
            told(Request(environ).get_json(force=True))
        else:
            application: Callable[..., Iterable[bytes]] = self._moto
            return application
        return _json(answer)

    def _token_review(self, asked: dict[str, Any]) -> dict[str, Any]:
        reviewer = self._reviewer(access_key_of((asked.get("spec") or {}).get("token") or ""))
        clusters = [cluster.name for cluster in eks.clusters()]
        return reviewer.review(asked, clusters, datetime.now(timezone.utc))

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


#: What the testbed tells the emulator of, by method and path: whoever is told, and gets the body.
_TOLD: Final[Mapping[tuple[str, str], Callable[[dict[str, Any]], None]]] = {
    ("PUT", CLUSTER): lambda told: eks.connect(**told),
    ("PUT", NODE): lambda told: nodes.ensure(**told),
    ("PUT", INSTANCE): lambda told: managed_instances.connect(**told),
    ("DELETE", INSTANCE): lambda told: managed_instances.disconnect(**told),
    ("PUT", TARGET_HEALTH): target_health.report,
}


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value), mimetype="application/json")


class QuietRequestHandler(MotoRequestHandler):  # type: ignore[misc]  # moto has no types
    """Writes no access log: errors still go to stderr. Headers and body go out at once.

    The load balancer controller's client now and then closes a connection between the two, and asks again.
    """

    wbufsize = 65536

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def make(port: int) -> BaseWSGIServer:
    """A server that listens on the loopback interface already; ``port`` 0 takes a free one."""
    server = make_server(HOST, port, _not_yet, threaded=True, request_handler=QuietRequestHandler)
    server.app = Emulator(server.port)
    return server


def _not_yet(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    return Response("starting", status=503)(environ, start_response)
