"""What Studios adds to a Platform install that belongs to somebody else, and takes back on destroy."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.checksum import pod_checksum
from components.cluster import ClusterConnection
from components.platform_as_found import PlatformAsFound, PlatformAsFoundArgs
from components.platform_edits import PlatformEdits, PlatformEditsArgs
from components.platform_fields import names_of
from components.platform_provider import Location
from components.pods import READY_SECONDS, SecretKey
from components.tower_yml import TowerYmlEdit
from settings.environment import PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE


@dataclass(frozen=True, kw_only=True)
class PlatformWorkload:
    """A Deployment of the Platform install, and the container in it that runs Platform."""

    deployment: str
    container: str


@dataclass(frozen=True, kw_only=True)
class PlatformIntegrationArgs:
    """The arguments of :class:`PlatformIntegration`.

    Args:
        cluster: how to reach it.
        namespace: where Platform runs.
        field_manager: who owns the added fields; the same for the whole life of the stack, and of no other stack.
        take_over: the objects, as ``ConfigMap/tower-backend-cfg``, of which fields may be taken from their owner.
        config_map: the ConfigMap that backend and cron read their environment from.
        environment: what it gets.
        cron, backend: the Deployments that restart, in this order.
        pem_secret: the Secret with the OIDC key, and the key in it.
        pem_path: where Platform finds it: ``/data/certs/oidc.pem``.
        pem_volume: the volume's name.
        token_secret: the Secret with the registration token, and the key in it.
        pem, token: the values in them, so that a new one restarts Platform.
        checksum_key: what the checksum is keyed by.
        tower_yml: the change of tower.yml; None where Platform reads the workspaces from ``environment``.
        rollout_seconds: how long each Deployment may take to restart.
    """

    cluster: ClusterConnection
    namespace: str
    field_manager: str
    take_over: Collection[str] = ()
    config_map: str
    environment: Mapping[str, str]
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
    rollout_seconds: int = READY_SECONDS


class PlatformIntegration(pulumi.ComponentResource):
    """Adds variables to the backend ConfigMap, the workspaces to tower.yml, and key and token to cron and backend.

    What is there is recorded first; then everything is changed in one go, and cron restarts, then backend, each once.
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
        edits: dict[str, Any] = {
            f"ConfigMap/{args.config_map}": dict(sorted(args.environment.items())),
            **{f"Deployment/{workload.deployment}": _deployment_edit(workload, args) for workload in workloads},
        }
        as_found = PlatformAsFound(
            f"{name}-as-found",
            PlatformAsFoundArgs(
                location=location,
                fields={target: names_of(target, edit) for target, edit in edits.items()},
                tower_yml=args.tower_yml,
                secrets=[args.pem_secret.secret, args.token_secret.secret],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        checksum = pod_checksum(args.checksum_key, _read_by_pods(args, as_found.revision))
        changed = PlatformEdits(
            f"{name}-edits",
            PlatformEditsArgs(
                location=location,
                edits=edits,
                restarts={workload.deployment: checksum for workload in workloads},
                tower_yml=args.tower_yml,
                found=as_found.found,
            ),
            pulumi.ResourceOptions(parent=self),
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


def _deployment_edit(workload: PlatformWorkload, args: PlatformIntegrationArgs) -> dict[str, Any]:
    folder, file = posixpath.split(args.pem_path)
    # The templates mount the whole Secret: the same volume there and here is no conflict.
    files = {} if file == args.pem_secret.key else {"items": {args.pem_secret.key: file}}
    return {
        "container": workload.container,
        "env": {
            PEM_PATH_VARIABLE: args.pem_path,
            PLATFORM_TOKEN_VARIABLE: {"secret": args.token_secret.secret, "key": args.token_secret.key},
        },
        "volume": {args.pem_volume: {"secret": args.pem_secret.secret, **files}},
        "mount": {folder: args.pem_volume},
    }


def _read_by_pods(args: PlatformIntegrationArgs, revision: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
    workspaces = {} if args.tower_yml is None else {"tower.yml": args.tower_yml["allowed_workspaces"]}
    return {**args.environment, **workspaces, "pem": args.pem, "token": args.token, "revision": revision}


def _once(resource: pulumi.CustomResource, name: str) -> pulumi.Output[str]:
    def known(_id: str) -> str:
        return name

    return resource.id.apply(known)
