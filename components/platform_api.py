"""The few calls to the API server with which objects of a Platform install are read and changed.

Objects are plain dicts, as the API sends them, since the client's classes lose what ``managedFields`` say. An object is
named as the setting ``takeOver`` names it: ``ConfigMap/tower-backend-cfg``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from components.cluster import ClusterConnection

Object = dict[str, Any]

API_VERSIONS: Final = {"ConfigMap": "v1", "Deployment": "apps/v1"}
ATTEMPTS: Final = 6
"""How often a write is tried while others write to the same object."""

_CONNECT_AND_READ_SECONDS: Final = (10, 60)
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_INVALID: Final = 422
_JSON: Final = "application/json"
_JSON_PATCH: Final = "application/json-patch+json"
_APPLY: Final = "application/apply-patch+yaml"

_T = TypeVar("_T")


class PlatformError(Exception):
    """Why the Platform install could not be read or changed, for the operator to read."""


class BeatenError(PlatformError):
    """Somebody else wrote to the object between our read and our write, or made it anew."""


class OwnedByOthersError(PlatformError):
    """Fields that others own with another value; ``fields`` are pairs of a field's path and its owner."""

    def __init__(self, target: str, fields: list[tuple[str, str]]) -> None:
        super().__init__(f"{target}: {', '.join(f'{field} is owned by {owner}' for field, owner in fields)}")
        self.target = target
        self.fields = fields


class PlatformApi:
    """One namespace of one cluster."""

    def __init__(self, connection: ClusterConnection, namespace: str) -> None:
        self._client = connection.api_client()
        self.namespace = namespace

    def namespace_uid(self) -> str:
        """What tells this namespace from all others, also from one of the same name in another cluster.

        Raises:
            PlatformError: there is no such namespace.
        """
        found = self._get(f"/api/v1/namespaces/{self.namespace}")
        if found is None:
            raise PlatformError(f"there is no namespace {self.namespace}")
        return str(found["metadata"]["uid"])

    def get(self, target: str) -> Object | None:
        """The object, or None if there is none."""
        return self._get(self._path(target))

    def apply(self, body: Object, manager: str, *, force: bool, dry_run: bool = False) -> Object:
        """Applies ``body``, which must hold the uid of an object that exists: so none is ever made.

        Raises:
            OwnedByOthersError: others own some of the fields with another value.
            BeatenError: the object is gone, or another one has its name now.
        """
        query = {"fieldManager": manager, "force": str(force).lower(), **({"dryRun": "All"} if dry_run else {})}
        return self._call("PATCH", f"{body['kind']}/{body['metadata']['name']}", query, body, _APPLY)

    def replace(self, live: Object, manager: str) -> Object:
        """Writes the whole object, if it is still the one of that version.

        Raises:
            BeatenError: it isn't.
        """
        target = f"{live['kind']}/{live['metadata']['name']}"
        return self._call("PUT", target, {"fieldManager": manager}, live, _JSON)

    def set_field(self, live: Object, pointer: str, value: object, manager: str) -> Object:
        """Replaces the field at a JSON pointer, if the object is still of the version of ``live``.

        Raises:
            BeatenError: it isn't.
        """
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": pointer, "value": value},
        ]
        target = f"{live['kind']}/{live['metadata']['name']}"
        return self._call("PATCH", target, {"fieldManager": manager}, patch, _JSON_PATCH)

    def list(self, resource: str, **selectors: str) -> list[Object] | None:
        """The ``pods`` or ``events`` that the selectors match; None where they may not be listed."""
        try:
            found = self._get(f"/api/v1/namespaces/{self.namespace}/{resource}", selectors)
        except PlatformError:
            return None
        items: list[Object] = (found or {}).get("items") or []
        return items

    def _path(self, target: str) -> str:
        kind, _, name = target.partition("/")
        group = "/api/v1" if kind == "ConfigMap" else f"/apis/{API_VERSIONS[kind]}"
        return f"{group}/namespaces/{self.namespace}/{kind.lower()}s/{name}"

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Object | None:
        from kubernetes.client import ApiException

        try:
            return self._send("GET", path, query or {}, None, _JSON)
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise PlatformError(f"reading {path}: {_said(error.body)['message']}") from None

    def _call(self, method: str, target: str, query: Mapping[str, str], body: object, content: str) -> Object:
        from kubernetes.client import ApiException

        try:
            sent = self._send(method, self._path(target), query, body, content)
        except ApiException as error:
            raise _refusal(target, error.status, _said(error.body)) from None
        # Lists of a kind don't say it of each item, and neither do some answers.
        return {"apiVersion": API_VERSIONS[target.split("/")[0]], "kind": target.split("/")[0], **sent}

    def _send(self, method: str, path: str, query: Mapping[str, str], body: object, content: str) -> Object:
        from urllib3.exceptions import HTTPError

        address = f"{path}?{urlencode(query)}" if query else path
        try:
            answer: Object = self._client.call_api(
                address,
                method,
                header_params={"Accept": _JSON, "Content-Type": content},
                body=body,
                response_types_map={200: "object", 201: "object"},
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _request_timeout=_CONNECT_AND_READ_SECONDS,
            )
        except HTTPError as error:
            host = self._client.configuration.host
            reason = getattr(error, "reason", None) or error
            raise PlatformError(
                f"the cluster at {host} does not answer ({type(reason).__name__}); "
                "once it does, run the command again: it goes on where it stopped"
            ) from None
        return answer


def again_if_beaten(write: Callable[[], _T]) -> _T:
    """Calls ``write`` until nobody else has written to the object between its read and its write."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return write()
        except BeatenError:
            time.sleep(0.1 * 2**attempt)
    return write()


def _refusal(target: str, status: int | None, said: Mapping[str, Any]) -> PlatformError:
    causes = (said.get("details") or {}).get("causes") or []
    taken = [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]
    if taken:
        return OwnedByOthersError(target, [(cause["field"], _owner_in(cause["message"])) for cause in taken])
    made_anew = status == _INVALID and any(cause.get("field") == "metadata.uid" for cause in causes)
    # A JSON Patch whose test fails is "invalid", too, and names no field.
    test_failed = status == _INVALID and not causes
    if status == _CONFLICT or made_anew or test_failed:
        return BeatenError(f"{target} was changed by somebody else at the same time; run the command again")
    return PlatformError(f"the API server refuses the change of {target}: {said['message']}")


def _owner_in(message: str) -> str:
    # conflict with "kubectl-client-side-apply" using apps/v1
    return message.split('"')[1] if message.count('"') > 1 else "somebody else"


def _said(body: object) -> Mapping[str, Any]:
    try:
        said = json.loads(str(body))
    except ValueError:
        said = None
    if isinstance(said, dict) and "message" in said:
        return said
    return {"message": "no reason given"}
