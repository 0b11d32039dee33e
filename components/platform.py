"""What Studios adds to a Platform install that belongs to another owner, and takes back on destroy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.checksum import pod_checksum
from components.platform_as_found import PlatformAsFound, PlatformAsFoundArgs
from components.platform_edits import PlatformEdits, PlatformEditsArgs
from components.platform_provider import Location
from components.platform_told import told_in_words
from components.pods import READY_SECONDS, SecretKey
from live.cluster import Cluster
from live.edits import edited_names
from live.edits_of_settings import PlatformInputs, PlatformWorkload, platform_edits
from live.tower_yml import ALLOWED_WORKSPACES, TowerYmlEdit, entries_of


@dataclass(frozen=True, kw_only=True)
class PlatformIntegrationArgs:
    """The arguments of :class:`PlatformIntegration`.

    Args:
        cluster: how to reach it.
        namespace: where Platform runs.
        field_manager: who owns the added fields; the same for the whole life of the stack, and of no other stack.
        take_over: the objects, as ``ConfigMap/tower-backend-cfg``, of which fields may be taken from their owner.
        config_map: the ConfigMap that backend reads its environment from.
        cron_config_map: that of cron; None for the same one.
        environment: what it gets.
        cron, backend: the Deployments that restart, in this order.
        pem_secret: the Secret with the OIDC key, and the key in it.
        pem_path: where Platform finds it: ``/data/certs/oidc.pem``.
        pem_volume: the volume's name.
        token_secret: the Secret with the registration token, and the key in it.
        pem, token: the values in them, so that a new one restarts Platform.
        checksum_key: what the checksum is keyed by.
        tower_yml: the change of tower.yml; None where Platform reads all that is set from ``environment``.
        ca: the source of the volume with the private CA that sessions get; None for no volume.
        rollout_seconds: how long each Deployment may take to restart.
    """

    cluster: Cluster
    namespace: str
    field_manager: str
    take_over: Collection[str] = ()
    config_map: str
    cron_config_map: str | None = None
    environment: Mapping[str, pulumi.Input[str]]
    cron: PlatformWorkload
    backend: PlatformWorkload
    pem_secret: SecretKey
    pem_path: str
    pem_volume: str
    token_secret: SecretKey
    pem: pulumi.Input[str]
    token: pulumi.Input[str]
    checksum_key: pulumi.Input[str]
    tower_yml: TowerYmlEdit | None = None
    ca: Mapping[str, Any] | None = None
    rollout_seconds: int = READY_SECONDS


class PlatformIntegration(pulumi.ComponentResource):
    """Adds variables to the backend ConfigMap, the workspaces to tower.yml, and key and token to cron and backend.

    The current values are recorded first; then all is changed in one go, and cron restarts, then backend, each once.
    Only the added fields are owned. On destroy what pods read is given back before they restart, in the same order.
    """

    config_map_name: pulumi.Output[str]
    """The ConfigMap, known once it is changed."""
    cron_deployment_name: pulumi.Output[str]
    """cron's Deployment, known once its new pods are ready."""
    backend_deployment_name: pulumi.Output[str]
    """backend's Deployment, known once its new pods are ready."""

    def __init__(self, name: str, args: PlatformIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:PlatformIntegration", name, {}, opts)
        workloads = (args.cron, args.backend)
        location = Location(
            kubeconfig=args.cluster.kubeconfig or "",
            context=args.cluster.context or "",
            namespace=args.namespace,
            field_manager=args.field_manager,
            deployments=[workload.deployment for workload in workloads],
            take_over=sorted(args.take_over),
            timeout_seconds=args.rollout_seconds,
        )
        edits = platform_edits(_inputs(args), pem_secret=args.pem_secret, token_secret=args.token_secret)
        as_found = PlatformAsFound(
            f"{name}-as-found",
            PlatformAsFoundArgs(
                location=location,
                fields={target: edited_names(target, edit) for target, edit in edits.items()},
                tower_yml=args.tower_yml,
                secrets=[args.pem_secret.secret, args.token_secret.secret],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        changed = PlatformEdits(
            f"{name}-edits",
            PlatformEditsArgs(
                location=location,
                edits=edits,
                checksum=pod_checksum(args.checksum_key, _read_by_pods(args, as_found.revision)),
                tower_yml=args.tower_yml,
                found=as_found.found,
            ),
            pulumi.ResourceOptions(parent=self, hooks=told_in_words(f"{name}-edits-told", self)),
        )
        self.config_map_name = _once(changed, args.config_map)
        self.cron_deployment_name = _once(changed, args.cron.deployment)
        self.backend_deployment_name = _once(changed, args.backend.deployment)
        self.register_outputs(
            {
                "config_map_name": self.config_map_name,
                "cron_deployment_name": self.cron_deployment_name,
                "backend_deployment_name": self.backend_deployment_name,
            }
        )


def _inputs(args: PlatformIntegrationArgs) -> PlatformInputs:
    return PlatformInputs(
        config_map=args.config_map,
        cron_config_map=args.cron_config_map or args.config_map,
        environment=args.environment,
        cron=args.cron,
        backend=args.backend,
        pem_path=args.pem_path,
        pem_volume=args.pem_volume,
        tower_yml=args.tower_yml,
        ca=args.ca,
    )


def _read_by_pods(args: PlatformIntegrationArgs, revision: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
    entries = entries_of(args.tower_yml)
    # The first entry that there was has the file's name, so that its pods don't restart for another one.
    workspaces = {"tower.yml": entries.pop(ALLOWED_WORKSPACES)} if ALLOWED_WORKSPACES in entries else {}
    return {**args.environment, **workspaces, **entries, "pem": args.pem, "token": args.token, "revision": revision}


def _once(resource: pulumi.CustomResource, name: str) -> pulumi.Output[str]:
    def known(_id: str) -> str:
        return name

    return resource.id.apply(known)
