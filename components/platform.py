"""What Studios adds to a Platform install that belongs to another owner, and takes back on destroy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.platform_as_found import PlatformAsFound, PlatformAsFoundArgs
from components.platform_edits import PlatformEdits, PlatformEditsArgs
from components.platform_provider import Location
from components.platform_told import told_in_words
from components.pods import READY_SECONDS
from live.cluster import Cluster
from live.edits import Edit, edited_names
from live.tower_yml import TowerYmlEdit, entries_of
from settings.host_names import ALLOWED_WORKSPACES_ENTRY


@dataclass(frozen=True, kw_only=True)
class PlatformIntegrationArgs:
    """The arguments of :class:`PlatformIntegration`.

    Args:
        cluster: how to reach it.
        namespace: where Platform runs.
        field_manager: who owns the added fields; the same for the whole life of the stack, and of no other stack.
        take_over: the objects, as ``ConfigMap/tower-backend-cfg``, of which fields may be taken from their owner.
        edits: what is added to each object, as :mod:`live.edits` describes it; Deployments restart in this order.
        tower_yml: the change of tower.yml; None where Platform reads all that is set from its ConfigMaps.
        secrets: the names of the Secrets that edited pods read.
        checksum: of what edited pods read: of the values that it is given, and of those in the Secrets.
        rollout_seconds: how long each Deployment may take to restart.
    """

    cluster: Cluster
    namespace: str
    field_manager: str
    take_over: Collection[str] = ()
    edits: Mapping[str, Edit]
    tower_yml: TowerYmlEdit | None = None
    secrets: Sequence[pulumi.Input[str]]
    checksum: Callable[[Mapping[str, pulumi.Input[str]]], pulumi.Input[str]]
    rollout_seconds: int = READY_SECONDS


class PlatformIntegration(pulumi.ComponentResource):
    """Adds variables to the backend ConfigMap, the workspaces to tower.yml, and key and token to cron and backend.

    The current values are recorded first; then all is changed in one go, and cron restarts, then backend, each once.
    Only the added fields are owned. On destroy what pods read is restored before they restart, in the same order.
    """

    def __init__(self, name: str, args: PlatformIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:PlatformIntegration", name, {}, opts)
        location = Location(
            kubeconfig=args.cluster.kubeconfig or "",
            context=args.cluster.context or "",
            namespace=args.namespace,
            field_manager=args.field_manager,
            deployments=[each.partition("/")[2] for each in args.edits if each.startswith("Deployment/")],
            take_over=sorted(args.take_over),
            timeout_seconds=args.rollout_seconds,
        )
        as_found = PlatformAsFound(
            f"{name}-as-found",
            PlatformAsFoundArgs(
                location=location,
                fields={target: edited_names(target, edit) for target, edit in args.edits.items()},
                tower_yml=args.tower_yml,
                secrets=[*args.secrets],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        PlatformEdits(
            f"{name}-edits",
            PlatformEditsArgs(
                location=location,
                edits=args.edits,
                checksum=args.checksum(_read_by_pods(args, as_found.revision)),
                tower_yml=args.tower_yml,
                found=as_found.found,
            ),
            pulumi.ResourceOptions(parent=self, hooks=told_in_words(f"{name}-edits-told", self)),
        )
        self.register_outputs({})


def _read_by_pods(args: PlatformIntegrationArgs, revision: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
    environment = {
        variable: value
        for target, edit in args.edits.items()
        if target.startswith("ConfigMap/")
        for variable, value in edit.items()
    }
    entries = entries_of(args.tower_yml)
    # The first entry that there was has the file's name, so that its pods don't restart for another one.
    workspaces = {"tower.yml": entries.pop(ALLOWED_WORKSPACES_ENTRY)} if ALLOWED_WORKSPACES_ENTRY in entries else {}
    return {**environment, **workspaces, **entries, "revision": revision}
