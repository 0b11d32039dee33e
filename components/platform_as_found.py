"""The Platform install as it was found: recorded before it is changed, and brought back in the end.

Why a resource of its own: what is changed by force or in place can be restored only if the value from before was
kept. The engine saves a resource when all of it is made, so one that recorded and wrote would lose the record if it
failed, or was killed, in between. This one only reads; it is saved before the first write, and what the state has then
suffices to restore everything, however far the writes have come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, UpdateResult

from components.own_resource import OwnResource
from components.platform_provider import (
    Location,
    PlatformProvider,
    Properties,
    api_of,
    differ,
    in_order,
    preview_api_of,
    replacing,
    tower_yml_of,
    undone_entries,
)
from live.changes import OriginalValue, apply_edit, record_originals
from live.edits import Names, apply_body, item_paths
from live.ownership import managed_fields, owned_by
from live.platform import PlatformApi, PlatformError
from live.rollout import wait_for_rollout
from live.tower_yml import OriginalEntry, TowerYmlEdit, is_of, live_entries, recorded_entry


@dataclass(frozen=True, kw_only=True)
class PlatformAsFoundArgs:
    """The arguments of :class:`PlatformAsFound`.

    Args:
        location: which install it is.
        fields: what is going to be edited: object → the names of its fields.
        tower_yml: the edit of tower.yml.
        secrets: the Secrets that edited pods read: they must be there until the pods don't any more.
    """

    location: Location
    fields: dict[str, Names]
    tower_yml: TowerYmlEdit | None
    secrets: list[pulumi.Input[str]]


class PlatformAsFound(OwnResource, module="studios", name="PlatformAsFound"):
    """What the edited fields of a Platform install were before; deleting it restores them and restarts the pods."""

    found: pulumi.Output[str]
    """What has to be restored; secret, since an install may hold anything."""
    revision: pulumi.Output[str]
    """Changes when a value that pods read was dropped and must be written again; they must restart then."""

    def __init__(self, name: str, args: PlatformAsFoundArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props: dict[str, Any] = {
            **args.location,
            "fields": args.fields,
            "tower_yml": args.tower_yml,
            "secrets": args.secrets,
            "found": None,
            "revision": None,
        }
        # Two records of one install would be a record of our own edits: the old one is restored first.
        own = pulumi.ResourceOptions(additional_secret_outputs=["found"], delete_before_replace=True)
        super().__init__(PlatformAsFoundProvider(), name, props, pulumi.ResourceOptions.merge(opts, own))


@dataclass
class Snapshot:
    """What has to be restored, by object in the order of the changes, and by entry of tower.yml."""

    objects: dict[str, list[OriginalValue]] = field(default_factory=dict)
    files: list[OriginalEntry] = field(default_factory=list)

    @classmethod
    def parsed(cls, text: str) -> Snapshot:
        """The record in a resource's output."""
        return cls(**json.loads(text))

    def text(self) -> str:
        """The record as an output."""
        return json.dumps({"objects": self.objects, "files": self.files})

    def entry(self, edit: TowerYmlEdit | None, name: str) -> OriginalEntry | None:
        """What was recorded of an entry in the file that an edit names."""
        return next((each for each in self.files if is_of(each, edit, name)), None)


class PlatformAsFoundProvider(PlatformProvider):
    """Reads at first, and writes when it is deleted."""

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Refuses an entry of tower.yml that another owner has written, where no record exists yet.

        Adds what was dropped since the last update, which had the old inputs: so a preview shows that, and no more.
        """
        inputs = super().check(_olds, news).inputs
        if not _olds:
            _check_tower_yml(preview_api_of(news), news, Snapshot())
            return CheckResult(inputs, [])
        dropped = _dropped(preview_api_of(news), news, _olds)
        return CheckResult({**inputs, **({"dropped": dropped} if dropped else {})}, [])

    def create(self, props: Properties) -> CreateResult:
        """Records the current values."""
        api = api_of(props)
        outs = {**props, "found": _record(api, props, Snapshot()).text(), "revision": _version(api, props)}
        return CreateResult(f"{props['namespace']}/{props['field_manager']}", outs)

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """Looks whether there is something new to record: by the settings, or because the owner has changed it.

        Refuses an entry of tower.yml that the owner has written since, whatever the settings change.
        """
        replaces = replacing(_olds, _news)
        if replaces:
            return DiffResult(changes=True, replaces=replaces, delete_before_replace=True)
        api, before = preview_api_of(_news), Snapshot.parsed(_olds["found"])
        # Only here a preview has the record, which tells the owner's entries from those that the stack has written.
        _check_tower_yml(api, _news, before)
        if differ(_olds, _news, besides=("found", "revision", "fields", "dropped")) or "dropped" in _news:
            # The engine compares the inputs, and shows what differs.
            return DiffResult(changes=None)
        try:
            # A further name is recorded by its edit: a field that was not set needs no restoring.
            return DiffResult(changes=_record(api, _news, before) != before or _is_not_as_written(api, _news))
        except PlatformError:
            # Something is missing or broken; the update says what.
            return DiffResult(changes=True)

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        """Records what is new, and keeps what was found at first."""
        api = api_of(_news)
        found = _record(api, _news, Snapshot.parsed(_olds["found"]))
        must_restart = "dropped" in _news or _is_not_as_written(api, _news)
        revision = _version(api, _news) if must_restart else _olds["revision"]
        outs = {key: value for key, value in _news.items() if key != "dropped"}
        return UpdateResult({**outs, "found": found.text(), "revision": revision})

    def delete(self, _id: str, _props: Properties) -> None:
        """Restores everything: what pods read first, then the Deployments, each restarted before the next."""
        api, snapshot, manager = api_of(_props), Snapshot.parsed(_props["found"]), _props["field_manager"]
        deployments = [target.partition("/")[2] for target in snapshot.objects if target.startswith("Deployment/")]
        for target in snapshot.objects:
            if target.startswith("ConfigMap/"):
                restore(api, target, snapshot, manager)
        for file in snapshot.files:
            recorded_entry(api, file, manager).restore(file)
        for deployment in deployments:
            if restore(api, f"Deployment/{deployment}", snapshot, manager):
                wait_for_rollout(api, f"Deployment/{deployment}", _props["timeout_seconds"])


def _check_tower_yml(api: PlatformApi, news: Properties, before: Snapshot) -> None:
    problems = list(tower_yml_problems(api, news, before))
    if problems:
        raise PlatformError("; ".join(problems))


def tower_yml_problems(api: PlatformApi, news: Properties, before: Snapshot) -> Iterator[str]:
    """Why entries of tower.yml can't be written, each reason once.

    Args:
        api: that of the install.
        news: the resource's inputs.
        before: what was recorded earlier.
    """
    edit, told = tower_yml_of(news), set[str]()
    for name, entry, desired in live_entries(api, edit, news["field_manager"]):
        try:
            entry.dry_run(desired, before.entry(edit, name), news["take_over"])
        except PlatformError as error:
            if str(error) not in told:
                told.add(str(error))
                yield str(error)


def restore(api: PlatformApi, target: str, snapshot: Snapshot, manager: str) -> bool:
    """Removes our fields from one object, and puts the original values back; returns whether it had any of ours."""
    originals = snapshot.objects.get(target, [])
    return apply_edit(api, target, apply_body(target, {}), manager, force=False, originals=originals)


def _record(api: PlatformApi, props: Properties, before: Snapshot) -> Snapshot:
    manager, fields = props["field_manager"], props["fields"]
    objects = dict(before.objects)
    for target in in_order(fields, props["deployments"]):
        objects.setdefault(target, [])
        if target in props["take_over"]:
            live = api.get(target)
            if live is None:
                raise PlatformError(f"there is no {target} in namespace {api.namespace}")
            objects[target] = record_originals(live, target, fields[target], manager, objects[target])
    edit, files = tower_yml_of(props), before.files
    for name, entry, desired in live_entries(api, edit, manager):
        previous = before.entry(edit, name)
        others = [each for each in files if each is not previous]
        files = [*others, entry.recorded(desired, previous, before.files)]
    return Snapshot(objects, files)


def _is_not_as_written(api: PlatformApi, props: Properties) -> bool:
    """Whether tower.yml isn't as we have written it, or not yet."""
    entries = live_entries(api, tower_yml_of(props), props["field_manager"])
    return any(entry.shown() != desired for _, entry, desired in entries)


def _dropped(api: PlatformApi, news: Properties, olds: Properties) -> dict[str, list[str]]:
    """By ConfigMap, what was and is edited, and isn't ours any more: variables, and entries of tower.yml."""
    found: dict[str, list[str]] = {}
    for target in (each for each in news["fields"] if each.startswith("ConfigMap/") and each in olds["fields"]):
        live = api.get(target)
        ours = owned_by(managed_fields(live), news["field_manager"]) if live is not None else set()
        names = [name for name in news["fields"][target] if name in olds["fields"][target]]
        gone = [name for name, path in zip(names, item_paths(target, names), strict=True) if path not in ours]
        if gone:
            found[target] = gone
    # Without an edit of tower.yml, the engine has dropped the input.
    if tower_yml_of(news) == tower_yml_of(olds):
        for target, entry in undone_entries(api, news):
            found.setdefault(target, []).append(entry)
    return found


def _version(api: PlatformApi, props: Properties) -> str:
    """What changes with every change of the ConfigMaps."""
    edit = tower_yml_of(props)
    files = {f"ConfigMap/{edit['config_map']}"} if edit is not None else set()
    read = sorted(files | {target for target in props["fields"] if target.startswith("ConfigMap/")})
    found = (api.get(target) for target in read)
    return "-".join(live["metadata"]["resourceVersion"] if live else "none" for live in found)
