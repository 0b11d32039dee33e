"""All edits of a Platform install, as one resource, so that they are made in order and each workload restarts once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.output import Unknown

from components.own_resource import OwnResource
from components.platform_as_found import Snapshot, restore, tower_yml_problems
from components.platform_provider import (
    Location,
    PlatformProvider,
    Properties,
    api_of,
    as_now,
    bodies,
    differ,
    in_order,
    preview_api_of,
    replacing,
    tower_yml_of,
    undone_entries,
)
from live.changes import apply_edit, dry_run_edit
from live.edits import checksum_of, drifted_items, edited_names, item_paths, name_of, observed_edit, part_of
from live.fields import Object, in_sync
from live.platform import OwnedByOthersError, PlatformApi, PlatformError
from live.rollout import wait_for_rollout
from live.tower_yml import TowerYmlEdit, entries_of, is_of, live_entries, recorded_entry, tower_yml_edit
from settings.remedies import Add


@dataclass(frozen=True, kw_only=True)
class PlatformEditsArgs:
    """The arguments of :class:`PlatformEdits`.

    Args:
        location: which install it is.
        edits: what is added to each object, as :mod:`live.edits` describes it.
        checksum: of all that the pods of the Deployments read; they restart when it changes.
        tower_yml: the edit of tower.yml.
        found: the record of what was there.
    """

    location: Location
    edits: Mapping[str, Any]
    checksum: pulumi.Input[str]
    tower_yml: TowerYmlEdit | None
    found: pulumi.Input[str]


class PlatformEdits(OwnResource, module="studios", name="PlatformEdits"):
    """Variables in a ConfigMap, an entry in tower.yml, and key and token in Deployments, which restart one by one.

    Deleting it does nothing: :class:`components.platform_as_found.PlatformAsFound` restores everything, also where
    these edits have failed half-way and are in no state.
    """

    def __init__(self, name: str, args: PlatformEditsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props: dict[str, Any] = {
            **args.location,
            "edits": dict(args.edits),
            "checksum": args.checksum,
            "tower_yml": args.tower_yml,
            "found": args.found,
        }
        own = pulumi.ResourceOptions(additional_secret_outputs=["found"])
        super().__init__(PlatformEditsProvider(), name, props, pulumi.ResourceOptions.merge(opts, own))


class PlatformEditsProvider(PlatformProvider):
    """Makes the edits so that they can be made again from any point where they have stopped."""

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Adds what was dropped or changed since, so that a preview says why an update is due."""
        inputs = super().check(_olds, news).inputs
        drift = _drift(preview_api_of(_olds), _olds) if "edits" in _olds else {}
        if isinstance(inputs.get("found"), Unknown) and "found" in _olds:
            # What is recorded changes nothing by itself, so a preview has nothing to show of it.
            inputs = {**inputs, "found": _olds["found"]}
        return CheckResult({**inputs, **({"drift": drift} if drift else {})}, [])

    def create(self, props: Properties) -> CreateResult:
        """Makes the edits: ConfigMaps, tower.yml, then one Deployment after the other, each with its restart."""
        _make_edits(api_of(props), props)
        return CreateResult(f"{props['namespace']}/{props['field_manager']}", props)

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """Compares with the live objects too, so that an apply of the owner's which dropped something is noticed."""
        replaces = replacing(_olds, _news)
        if replaces:
            return DiffResult(changes=True, replaces=replaces)
        # What is recorded changes nothing by itself. The engine shows what differs, where it has compared the inputs.
        if differ(as_now(_olds), _news, besides=("found", "drift")):
            return DiffResult(changes=None)
        return DiffResult(changes=None if _news.get("drift") else not _all_made(preview_api_of(_news), _news))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        """Makes what is missing; restores what is no longer edited."""
        _make_edits(api_of(_news), _news)
        return UpdateResult({key: value for key, value in _news.items() if key != "drift"})

    def read(self, id_: str, props: Properties) -> ReadResult:
        """The edits as they are live: without what was dropped, and with who has changed what."""
        props = as_now(props)
        api = preview_api_of(props)
        live = {target: api.get(target) for target in props["edits"]}
        if not any(live.values()):
            return ReadResult("", {})
        seen = {
            **props,
            "edits": {
                target: observed_edit(target, edit, live_object, props["field_manager"])
                for target, edit in props["edits"].items()
                if (live_object := live[target]) is not None
            },
            "checksum": _common([checksum_of(live.get(f"Deployment/{name}")) for name in props["deployments"]]),
        }
        edit = tower_yml_of(props)
        if edit is not None:
            there = {name: entry.shown() for name, entry, _ in live_entries(api, edit, props["field_manager"])}
            shown = {name: value for name, value in there.items() if value is not None}
            seen["tower_yml"] = tower_yml_edit(edit["config_map"], edit["key"], shown)
        return ReadResult(id_, seen, {key: value for key, value in seen.items() if key != "__provider"})


def _drift(api: PlatformApi, props: Properties) -> dict[str, list[str]]:
    """By object, what isn't as it was written: ``env TOWER_OIDC_PEM_PATH``."""
    found: dict[str, list[str]] = {}
    for target in in_order(props["edits"], props["deployments"]):
        edit, live = props["edits"][target], api.get(target)
        paths = (
            drifted_items(target, edit, live) if live is not None else item_paths(target, edited_names(target, edit))
        )
        if paths:
            found[target] = [f"{part_of(path)} {name_of(path)}".strip() for path in paths]
    for target, entry in undone_entries(api, props):
        found.setdefault(target, []).append(entry)
    return found


def _all_made(api: PlatformApi, props: Properties) -> bool:
    for target, body in bodies(props).items():
        live = api.get(target)
        if live is None or not in_sync(live, body, props["field_manager"]):
            return False
    entries = live_entries(api, tower_yml_of(props), props["field_manager"])
    return all(entry.shown() == desired for _, entry, desired in entries)


def _make_edits(api: PlatformApi, news: Properties) -> None:
    snapshot = Snapshot.parsed(news["found"])
    desired = bodies(news)
    _dry_run(api, news, desired, snapshot)
    gone = [target for target in snapshot.objects if target not in desired]
    for target in [*gone, *desired]:
        if target.startswith("ConfigMap/"):
            _apply(api, target, desired.get(target), news, snapshot)
    _edit_files(api, news, snapshot)
    for target in [*gone, *desired]:
        if target.startswith("Deployment/"):
            changed = _apply(api, target, desired.get(target), news, snapshot)
            # One that is no longer edited may be in any state by now.
            if changed or target in desired:
                wait_for_rollout(api, target, news["timeout_seconds"])


def _apply(api: PlatformApi, target: str, body: Object | None, news: Properties, snapshot: Snapshot) -> bool:
    manager = news["field_manager"]
    if body is None:
        return restore(api, target, snapshot, manager)
    force = target in news["take_over"]
    return apply_edit(api, target, body, manager, force=force, originals=snapshot.objects.get(target, []))


def _edit_files(api: PlatformApi, news: Properties, snapshot: Snapshot) -> None:
    edit, manager = tower_yml_of(news), news["field_manager"]
    for original in snapshot.files:
        if not any(is_of(original, edit, name) for name in entries_of(edit)):
            recorded_entry(api, original, manager).restore(original)
    for name, entry, desired in live_entries(api, edit, manager):
        current = snapshot.entry(edit, name)
        entry.write(desired, current["owners"] if current is not None else [])


def _dry_run(api: PlatformApi, news: Properties, desired: Mapping[str, Object], snapshot: Snapshot) -> None:
    """Tries everything before anything is changed.

    Raises:
        PlatformError: all that is missing, or others', or refused.
    """
    problems: list[str] = []
    # As if each command that is told had been run before the next one.
    taken_over = [*news["take_over"]]
    for target, body in desired.items():
        live = api.get(target)
        if live is None:
            problems.append(f"there is no {target} in namespace {api.namespace}")
        elif not in_sync(live, body, news["field_manager"]):
            problems += _unchangeable(target, live, api.namespace)
            try:
                dry_run_edit(api, live, body, news["field_manager"], force=target in news["take_over"])
            except OwnedByOthersError as error:
                problems += _in_the_way(error, taken_over)
                taken_over.append(error.target)
            except PlatformError as error:
                problems.append(str(error))
    problems += tower_yml_problems(api, {**news, "take_over": taken_over}, snapshot)
    if problems:
        raise PlatformError("nothing was changed, since " + "; ".join(problems))


def _unchangeable(target: str, live: Object, namespace: str) -> list[str]:
    if live.get("immutable"):
        return [f"{target} is immutable"]
    if live.get("spec", {}).get("paused"):
        resume = f"kubectl -n {namespace} rollout resume {target.lower()}"
        return [f"{target} is paused, so that its pods don't restart; run: {resume}"]
    return []


def _in_the_way(error: OwnedByOthersError, take_over: list[str]) -> list[str]:
    add = Add("takeOver", len(take_over), error.target)
    return [
        f"{error.target} has another value for {field}, owned by {owner}: change the setting, "
        f"or let the stack replace it: {add}"
        for field, owner in error.fields
    ]


def _common(checksums: list[str | None]) -> str | None:
    """The checksum that all Deployments have."""
    return checksums[0] if len(set(checksums)) == 1 else None
