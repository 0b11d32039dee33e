"""The calls with which the objects of a Platform install are read and changed.

An object is named as the setting ``takeOver`` names it: ``ConfigMap/tower-backend-cfg``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableSequence
from typing import Final, TypeVar

from live.api import FORBIDDEN, JSON, ApiError, ClusterApi, NotFoundError
from live.cluster import Cluster
from live.fields import Object

API_VERSIONS: Final = {"ConfigMap": "v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1"}
ATTEMPTS: Final = 6
"""How often a write is tried while others write to the same object."""

_CONFLICT: Final = 409
_INVALID: Final = 422
JSON_PATCH: Final = "application/json-patch+json"
_APPLY: Final = "application/apply-patch+yaml"

_T = TypeVar("_T")


class PlatformError(Exception):
    """Why the Platform install could not be read or changed, for the operator to read."""


class ConcurrentWriteError(PlatformError):
    """The object was written, or made anew, between our read and our write."""


class OwnedByOthersError(PlatformError):
    """Fields that others own with another value; ``fields`` are pairs of a field's path and its owner."""

    def __init__(self, target: str, fields: list[tuple[str, str]]) -> None:
        super().__init__(f"{target}: {', '.join(f'{field} is owned by {owner}' for field, owner in fields)}")
        self.target = target
        self.fields = fields


class PlatformApi:
    """One namespace of one cluster, with the calls that edit a Platform install.

    Args:
        cluster: the way to it, for calls that are patient; or the client to use.
        namespace: of the install.
    """

    def __init__(self, cluster: Cluster | ClusterApi, namespace: str) -> None:
        self._api = cluster if isinstance(cluster, ClusterApi) else ClusterApi(cluster, patient=True)
        self.namespace = namespace

    def namespace_uid(self) -> str:
        """What tells this namespace from all others, also from one of the same name in another cluster.

        Raises:
            PlatformError: there is no such namespace.
        """
        found = self._read(f"/api/v1/namespaces/{self.namespace}")
        if found is None:
            raise PlatformError(f"there is no namespace {self.namespace}")
        return str(found["metadata"]["uid"])

    def get(self, target: str) -> Object | None:
        """The object, or None if it does not exist."""
        return self._read(self._path(target))

    def apply(
        self,
        body: Object,
        manager: str,
        *,
        force: bool,
        dry_run: bool = False,
        warned: MutableSequence[str] | None = None,
    ) -> Object:
        """Applies ``body``, which must hold the uid of an object that exists: so none is ever made.

        Args:
            body: what to apply.
            manager: who owns it.
            force: take fields from their owners.
            dry_run: change nothing.
            warned: gets the API server's warnings.

        Raises:
            OwnedByOthersError: others own some of the fields with another value.
            ConcurrentWriteError: the object is gone, or another one has its name now.
        """
        query = {"fieldManager": manager, "force": str(force).lower(), **_dry(dry_run)}
        return self._write("PATCH", f"{body['kind']}/{body['metadata']['name']}", query, body, _APPLY, warned)

    def replace(self, live: Object, manager: str) -> Object:
        """Writes the whole object, if it is still the one of that version.

        Raises:
            ConcurrentWriteError: it isn't.
        """
        return self._write("PUT", f"{live['kind']}/{live['metadata']['name']}", {"fieldManager": manager}, live, JSON)

    def set_field(self, live: Object, pointer: str, value: object, manager: str, *, dry_run: bool = False) -> Object:
        """Replaces the field at a JSON pointer, if the object is still of the version of ``live``.

        Raises:
            ConcurrentWriteError: it isn't.
        """
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": pointer, "value": value},
        ]
        target = f"{live['kind']}/{live['metadata']['name']}"
        return self._write("PATCH", target, {"fieldManager": manager, **_dry(dry_run)}, patch, JSON_PATCH)

    def list(self, resource: str, **selectors: str) -> list[Object] | None:
        """The ``pods`` or ``events`` that the selectors match; None where they may not be listed.

        Raises:
            PlatformError: the cluster does not answer.
        """
        try:
            return self._api.list(f"/api/v1/namespaces/{self.namespace}/{resource}", selectors)
        except ApiError as error:
            if error.status == FORBIDDEN:
                return None
            raise _failed(error, PlatformError(f"listing {resource} in {self.namespace}: {error.reason}")) from None

    def _path(self, target: str) -> str:
        kind, _, name = target.partition("/")
        group = "/api/v1" if kind == "ConfigMap" else f"/apis/{API_VERSIONS[kind]}"
        return f"{group}/namespaces/{self.namespace}/{kind.lower()}s/{name}"

    def _read(self, path: str) -> Object | None:
        try:
            return self._api.get(path)
        except NotFoundError:
            return None
        except ApiError as error:
            raise _failed(error, PlatformError(f"reading {path}: {error.reason}")) from None

    def _write(
        self,
        method: str,
        target: str,
        query: Mapping[str, str],
        body: object,
        content: str,
        warned: MutableSequence[str] | None = None,
    ) -> Object:
        try:
            sent = self._api.send(method, self._path(target), query, body, content=content, warned=warned)
        except NotFoundError:
            raise PlatformError(f"the API server refuses the change of {target}: it does not exist") from None
        except ApiError as error:
            raise _failed(error, _refusal(target, error)) from None
        # Lists of a kind don't say it of each item, and neither do some answers.
        return {"apiVersion": API_VERSIONS[target.split("/")[0]], "kind": target.split("/")[0], **sent}


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def retry_on_conflict(write: Callable[[], _T]) -> _T:
    """Calls ``write`` until no other writer has come between its read and its write."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return write()
        except ConcurrentWriteError:
            time.sleep(0.1 * 2**attempt)
    return write()


def _failed(error: ApiError, refusal: PlatformError) -> PlatformError:
    if error.status is not None:
        return refusal
    return PlatformError(
        f"{error.problems[0].message}; once it does, run the command again: it goes on where it stopped"
    )


def _refusal(target: str, error: ApiError) -> PlatformError:
    causes = (error.answer.get("details") or {}).get("causes") or []
    taken = [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]
    if taken:
        return OwnedByOthersError(target, [(cause["field"], _owner_in(cause["message"])) for cause in taken])
    made_anew = error.status == _INVALID and any(cause.get("field") == "metadata.uid" for cause in causes)
    # A JSON Patch with a failed test is "invalid", too, and names no field.
    test_failed = error.status == _INVALID and not causes
    if error.status == _CONFLICT or made_anew or test_failed:
        return ConcurrentWriteError(f"{target} was changed by another client at the same time; run the command again")
    return PlatformError(f"the API server refuses the change of {target}: {error.reason}")


def _owner_in(message: str) -> str:
    # conflict with "kubectl-client-side-apply" using apps/v1
    return message.split('"')[1] if message.count('"') > 1 else "another manager"
