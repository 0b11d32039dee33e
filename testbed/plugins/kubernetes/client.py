"""The API server as this provider sees it: raw JSON objects of any kind, and what the server says of its kinds."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import urllib3

from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.kubernetes.metadata import name_of, namespace_of, pluck
from testbed.plugins.kubernetes.schema import KindSchema, kind_schema
from testbed.plugins.naming import did_you_mean

if TYPE_CHECKING:
    # Imported where it is used: it takes seconds, and the engine waits for each plugin's start in turn.
    from kubernetes import client as kubernetes_client

APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"

#: Seconds: no call of this provider is a long poll, so a server that takes longer is not answering.
_REQUEST_TIMEOUT: Final = 60
#: The engine works on so many resources at once by default, give or take.
_CONNECTIONS: Final = 32

T = TypeVar("T")


class ApiError(Exception):
    """What the API server refused, in its words. ``code`` is 0 when it could not be reached."""

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details or {}

    @property
    def is_missing_namespace(self) -> bool:
        """Whether the namespace of the object does not exist."""
        return self.reason == "NotFound" and self.details.get("kind") == "namespaces"

    def required_field(self) -> str | None:
        """The field whose value is missing, if that is what the server complains about."""
        for cause in self.details.get("causes", ()):
            if cause.get("reason") == "FieldValueRequired":
                return str(cause.get("field", ""))
        return None


class NoMatchError(Exception):
    """The API server does not serve this kind."""

    def __init__(self, api_version: str, kind: str, served: list[str]) -> None:
        super().__init__(f'no matches for kind "{kind}" in version "{api_version}"{did_you_mean(kind, served)}')


@dataclass(frozen=True)
class ServedKind:
    """Where the API server serves a kind: its plural name, and whether in namespaces."""

    plural: str
    namespaced: bool


class Cluster:
    """One API server, for any number of threads. Discovery and schemas are fetched once."""

    def __init__(self, api: kubernetes_client.ApiClient) -> None:
        # One resource's request must not wait for a free connection of the pool, nor throw one away.
        api.rest_client.pool_manager.connection_pool_kw["maxsize"] = _CONNECTIONS
        self._api = api
        self._lock = threading.RLock()
        self._served: dict[str, dict[str, ServedKind]] = {}
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._schemas: dict[tuple[str, str], KindSchema | None] = {}

    def served(self, api_version: str, kind: str) -> ServedKind:
        """How the kind is served.

        Raises:
            NoMatchError: it isn't.
            ApiError: the server could not tell.
        """
        with self._lock:
            if kind not in self._served.get(api_version, {}):
                self._served[api_version] = self._discover(api_version)
            kinds = self._served[api_version]
        if kind not in kinds:
            raise NoMatchError(api_version, kind, list(kinds))
        return kinds[kind]

    def schema(self, api_version: str, kind: str) -> KindSchema | None:
        """The kind's OpenAPI schema, or None if the server has none (a custom kind without one)."""
        with self._lock:
            if (api_version, kind) not in self._schemas:
                if api_version not in self._documents:
                    self._documents[api_version] = self._or_empty(f"/openapi/v3{_group_path(api_version)}")
                self._schemas[api_version, kind] = kind_schema(self._documents[api_version], api_version, kind)
            return self._schemas[api_version, kind]

    def version(self) -> Mapping[str, Any]:
        """``/version``: a cheap way to see whether the server answers and knows us."""
        return self._request("GET", "/version")

    def get(self, api_version: str, kind: str, namespace: str | None, name: str) -> Object:
        """The live object."""
        return self._request("GET", self._path(api_version, kind, namespace, name))

    def find(
        self, api_version: str, kind: str, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """The objects of a kind in a namespace, narrowed by label and field selectors."""
        query = {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}
        items = self._request("GET", self._path(api_version, kind, namespace), query).get("items")
        return list(items or ())

    def create(self, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        """POSTs ``obj``; the server refuses fields it does not know."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", **_dry(dry_run)}
        path = self._path(obj["apiVersion"], obj["kind"], namespace_of(obj))
        return self._request("POST", path, query, obj)

    def apply(self, obj: Object, *, manager: str, force: bool, dry_run: bool = False) -> Object:
        """Server-side apply. Mind that it creates an object that does not exist."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict", **_dry(dry_run)}
        return self._request("PATCH", self._path_of(obj), query, obj, APPLY)

    def patch(self, obj: Object, operations: list[dict[str, Any]]) -> Object:
        """A JSON patch on the object that ``obj`` names."""
        return self._request("PATCH", self._path_of(obj), {}, operations, JSON_PATCH)

    def delete(self, obj: Object, *, propagation: str) -> None:
        """Asks for deletion; ``propagation`` is ``Foreground``, ``Background`` or ``Orphan``."""
        self._request("DELETE", self._path_of(obj), {}, {"propagationPolicy": propagation})

    def _path_of(self, obj: Object) -> str:
        return self._path(obj["apiVersion"], obj["kind"], namespace_of(obj), name_of(obj))

    def _path(self, api_version: str, kind: str, namespace: str | None, name: str | None = None) -> str:
        served = self.served(api_version, kind)
        scope = f"/namespaces/{namespace or 'default'}" if served.namespaced else ""
        return f"{_group_path(api_version)}{scope}/{served.plural}" + (f"/{name}" if name else "")

    def _discover(self, api_version: str) -> dict[str, ServedKind]:
        resources = self._or_empty(_group_path(api_version)).get("resources", ())
        return {
            resource["kind"]: ServedKind(resource["name"], resource["namespaced"])
            for resource in resources
            if "/" not in resource["name"]
        }

    def _or_empty(self, path: str) -> Object:
        try:
            return self._request("GET", path)
        except ApiError as error:
            if error.code == 404:
                return {}
            raise

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Object:
        return _answered(lambda: self._call(method, path, query or {}, body, content_type))

    def _call(self, method: str, path: str, query: Mapping[str, str], body: Any, content_type: str) -> Object:
        response = self._api.call_api(
            path,
            method,
            query_params=dict(query),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
            response_types_map={},
            _preload_content=False,
            _request_timeout=_REQUEST_TIMEOUT,
        )
        answer: Object = json.loads(response.data)
        return answer


def _answered(call: Callable[[], T]) -> T:
    from kubernetes.client import ApiException

    try:
        return call()
    except ApiException as error:
        raise _api_error(error) from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ApiError(0, "Unreachable", str(error)) from None


def _api_error(error: kubernetes_client.ApiException) -> ApiError:
    try:
        status = json.loads(error.body or "")
        message, reason = status["message"], status.get("reason", "")
    except (ValueError, KeyError, TypeError):
        return ApiError(error.status or 0, str(error.reason), str(error.body or error.reason))
    return ApiError(error.status, reason, message, pluck(status, "details"))


def _group_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}
