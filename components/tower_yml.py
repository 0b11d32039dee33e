"""The allowed workspaces in tower.yml, a file of somebody else's that lives in one string of a ConfigMap.

Why a dynamic resource, and not a ``ConfigMapPatch``: the smallest thing that server-side apply can own is a key of the
ConfigMap, here the whole file. To set one line, a patch would have to force the file from its owner; from then on it
would overwrite each of the owner's edits with the text of the last ``up``, conflict with the owner's next apply, and on
destroy take the file away altogether. So this resource edits the live text: it reads, changes the one entry,
and writes on condition that nobody else wrote meanwhile; then it hands the ownership of the key back to whoever had it.
It remembers the entry that it found, and destroy puts it back into whatever the file says then.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypeVar

import pulumi
from kubernetes import client
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from components.cluster import ClusterConnection
from components.field_owners import ManagedFields, handed_back, owners_of
from settings.tower_yml import Entry, TowerYmlError, read_entry, restore, set_allowed_workspaces

ATTEMPTS = 6
"""How often a write is tried while others write to the same ConfigMap."""

_ABSENT = "absent"
_LOCATION = ("namespace", "config_map", "key")
_CONNECTION = ("kubeconfig", "context")
_LOST_RACE = (409, 422)  # 422: the JSON Patch's test of the resource version failed
_NOT_FOUND = 404


@dataclass(frozen=True, kw_only=True)
class TowerYmlWorkspacesArgs:
    """The arguments of :class:`TowerYmlWorkspaces`.

    Args:
        cluster: how to reach it.
        namespace: the ConfigMap's namespace.
        config_map: the ConfigMap with the file; it must exist.
        key: the file's key in it.
        allowed_workspaces: ids of workspaces; an empty list for none, None for all.
        field_manager: the name under which the API server sees the write.
    """

    cluster: ClusterConnection
    namespace: str
    config_map: str
    key: str
    allowed_workspaces: Sequence[int] | None
    field_manager: str


class TowerYmlWorkspaces(Resource, module="studios", name="TowerYmlWorkspaces"):
    """``tower.data-studio.allowed-workspaces`` in a tower.yml, with every other character of the file left alone."""

    revision: pulumi.Output[str]
    """Changes whenever this resource has changed the file; pods that mount it must restart then."""

    def __init__(self, name: str, args: TowerYmlWorkspacesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        workspaces = None if args.allowed_workspaces is None else list(args.allowed_workspaces)
        props = {
            "kubeconfig": args.cluster.kubeconfig or "",
            "context": args.cluster.context or "",
            "namespace": args.namespace,
            "config_map": args.config_map,
            "key": args.key,
            "allowed_workspaces": json.dumps(workspaces),
            "field_manager": args.field_manager,
            "revision": None,
        }
        super().__init__(TowerYmlProvider(), name, props, opts)


class _File(NamedTuple):
    """The live file, with what is needed to write it safely."""

    text: str
    version: str
    fields: ManagedFields


class TowerYmlProvider(ResourceProvider):
    """Reads and writes the entry. It has no state of its own, so that it pickles to no more than its name."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Keeps gRPC from logging a traceback beside each error that the engine shows anyway."""
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL + 1)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compares with the live file, so that the owner's next apply, which drops the entry, is noticed."""
        replaces = [key for key in _LOCATION if _olds[key] != _news[key]]
        if replaces:
            return DiffResult(changes=True, replaces=replaces)
        reached_otherwise = any(_olds[key] != _news[key] for key in _CONNECTION)
        config_map = _ConfigMapFile(_news)
        file = config_map.read()
        as_wanted = file is not None and _shown(config_map.entry(file)) == _news["allowed_workspaces"]
        return DiffResult(changes=reached_otherwise or not as_wanted)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Sets the entry and remembers the one that was there."""
        config_map = _ConfigMapFile(props)
        found, revision = config_map.edit(lambda text: _with_workspaces(text, props))
        return CreateResult(config_map.id, _outputs(props, earlier=_packed(found), revision=revision or ""))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Returns the live entry."""
        config_map = _ConfigMapFile(props)
        file = config_map.read()
        if file is None:
            return ReadResult("", {})
        return ReadResult(id_, {**props, "allowed_workspaces": _shown(config_map.entry(file))})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Sets the entry again. One that the owner has written meanwhile is what destroy will go back to."""
        found, revision = _ConfigMapFile(_news).edit(lambda text: _with_workspaces(text, _news))
        still_ours = _shown(found) == _olds["written"]
        earlier = _olds["earlier"] if still_ours else _packed(found)
        return UpdateResult(_outputs(_news, earlier=earlier, revision=revision or _olds["revision"]))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Puts the earlier entry back, unless the owner has written another one meanwhile, or the file is gone."""
        file = _ConfigMapFile(_props)
        if file.read() is not None:
            file.edit(lambda text: _with_earlier(text, _props))


class _ConfigMapFile:
    """One key of a live ConfigMap, edited in place."""

    def __init__(self, props: dict[str, Any]) -> None:
        self.namespace, self.config_map, self.key = (str(props[key]) for key in _LOCATION)
        self.manager = str(props["field_manager"])
        self.id = f"{self.namespace}/{self.config_map}/{self.key}"
        connection = ClusterConnection(kubeconfig=props["kubeconfig"] or None, context=props["context"] or None)
        self.api = client.CoreV1Api(connection.api_client())

    def read(self) -> _File | None:
        """Returns the live file; None if there is no such ConfigMap, or no such key in it."""
        try:
            config_map = self.api.read_namespaced_config_map(self.config_map, self.namespace)
        except client.ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return self._file(config_map)

    def entry(self, file: _File) -> Entry:
        """Returns what the file says of the workspaces.

        Raises:
            ValueError: the file can't be edited safely.
        """
        try:
            return read_entry(file.text)
        except TowerYmlError as error:
            raise ValueError(f"{self} {error}") from None

    def edit(self, change: Callable[[str], str]) -> tuple[Entry, str | None]:
        """Writes what ``change`` makes of the live text.

        Returns:
            The entry that was there before, and the ConfigMap's version after the write; None if there was nothing to
            write.

        Raises:
            ValueError: there is no such file, or it can't be edited safely.
        """
        before, after = _again_if_beaten(lambda: self._write(change))
        owners = owners_of(before.fields, self.key)
        _again_if_beaten(lambda: self._hand_back(owners))
        return self.entry(before), after.version if after else None

    def _write(self, change: Callable[[str], str]) -> tuple[_File, _File | None]:
        before = self.read()
        if before is None:
            raise ValueError(f"{self} does not exist; write the name of the one that does")
        self.entry(before)
        try:
            text = change(before.text)
        except TowerYmlError as error:
            raise ValueError(f"{self} {error}") from None
        return before, self._patch(before, f"/data/{self.key}", text) if text != before.text else None

    def _hand_back(self, owners: Sequence[tuple[str, str]]) -> None:
        file = self.read()
        fields = handed_back(file.fields, self.key, self.manager, owners) if file else None
        if file and fields is not None:
            self._patch(file, "/metadata/managedFields", fields)

    def __str__(self) -> str:
        return f"{self.key} in the ConfigMap {self.namespace}/{self.config_map}"

    def _patch(self, file: _File, path: str, value: object) -> _File:
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": file.version},
            {"op": "replace", "path": path, "value": value},
        ]
        written = self._file(
            self.api.patch_namespaced_config_map(self.config_map, self.namespace, patch, field_manager=self.manager)
        )
        if written is None:
            raise ValueError(f"{self} was taken away while it was edited")
        return written

    def _file(self, config_map: client.V1ConfigMap) -> _File | None:
        text = (config_map.data or {}).get(self.key)
        if text is None:
            return None
        metadata = self.api.api_client.sanitize_for_serialization(config_map.metadata)
        return _File(text, metadata["resourceVersion"], metadata.get("managedFields") or [])


_T = TypeVar("_T")


def _again_if_beaten(write: Callable[[], _T]) -> _T:
    """Calls ``write`` until nobody else has written to the ConfigMap between its read and its write."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return write()
        except client.ApiException as error:
            if error.status not in _LOST_RACE:
                raise
        time.sleep(0.1 * 2**attempt)
    return write()


def _with_workspaces(text: str, props: dict[str, Any]) -> str:
    return set_allowed_workspaces(text, json.loads(props["allowed_workspaces"]))


def _with_earlier(text: str, props: dict[str, Any]) -> str:
    if _shown(read_entry(text)) != props["written"]:
        return text
    return restore(text, Entry(**json.loads(props["earlier"])))


def _outputs(props: dict[str, Any], *, earlier: str, revision: str) -> dict[str, Any]:
    # "written" stays what we wrote when a refresh sets "allowed_workspaces" to what the owner has written since.
    return {**props, "written": props["allowed_workspaces"], "earlier": earlier, "revision": revision}


def _shown(entry: Entry) -> str:
    """The entry in the form of the input ``allowed_workspaces``, or "absent"."""
    return json.dumps(entry.value, default=str) if entry.present else _ABSENT


def _packed(entry: Entry) -> str:
    return json.dumps(asdict(entry))
