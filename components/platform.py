"""What Studios adds to a Platform install that belongs to somebody else, and takes back on destroy."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core, meta

from components.checksum import pod_checksum
from components.pods import CHECKSUM_ANNOTATION, SecretKey
from components.tower_yml import TowerYmlWorkspaces, TowerYmlWorkspacesArgs

PEM_PATH_VARIABLE = "TOWER_OIDC_PEM_PATH"
TOKEN_VARIABLE = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"  # noqa: S105 (a variable's name)


@dataclass(frozen=True, kw_only=True)
class PlatformWorkload:
    """A Deployment of the Platform install, and the container in it that runs Platform."""

    deployment: str
    container: str


@dataclass(frozen=True, kw_only=True)
class PlatformIntegrationArgs:
    """The arguments of :class:`PlatformIntegration`.

    Args:
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
    """

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
    tower_yml: TowerYmlWorkspacesArgs | None = None


class PlatformIntegration(pulumi.ComponentResource):
    """Adds variables to the backend ConfigMap, the workspaces to tower.yml, and key and token to cron and backend.

    The ConfigMap and the Deployments are changed by server-side apply, which owns the added fields and no others: on
    destroy these go, and what the owner wrote stays. cron restarts first, then backend, each once.
    """

    config_map_name: pulumi.Output[str]
    """The ConfigMap, known once it is changed."""
    cron_deployment_name: pulumi.Output[str]
    """cron's Deployment, known once its new pods are ready."""
    backend_deployment_name: pulumi.Output[str]
    """backend's Deployment, known once its new pods are ready."""

    def __init__(self, name: str, args: PlatformIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:PlatformIntegration", name, {}, opts)
        config_map = core.v1.ConfigMapPatch(
            f"{name}-config-map",
            metadata=_target("ConfigMap", args.config_map, args),
            data=dict(sorted(args.environment.items())),
            opts=pulumi.ResourceOptions(parent=self),
        )
        read_by_pods: dict[str, pulumi.Input[str]] = {**args.environment, "pem": args.pem, "token": args.token}
        changed_first: list[pulumi.Resource] = [config_map]
        if args.tower_yml is not None:
            tower_yml = TowerYmlWorkspaces(
                f"{name}-tower-yml", args.tower_yml, opts=pulumi.ResourceOptions(parent=self)
            )
            read_by_pods["tower.yml"] = tower_yml.revision
            changed_first.append(tower_yml)
        checksum = pod_checksum(args.checksum_key, read_by_pods)

        cron = self._deployment(f"{name}-cron", args.cron, checksum, args, changed_first)
        backend = self._deployment(f"{name}-backend", args.backend, checksum, args, [*changed_first, cron])
        self.config_map_name = config_map.metadata.apply(_patched_name)
        self.cron_deployment_name = cron.metadata.apply(_patched_name)
        self.backend_deployment_name = backend.metadata.apply(_patched_name)
        self.register_outputs(
            {
                "config_map_name": self.config_map_name,
                "cron_deployment_name": self.cron_deployment_name,
                "backend_deployment_name": self.backend_deployment_name,
            }
        )

    def _deployment(
        self,
        name: str,
        workload: PlatformWorkload,
        checksum: pulumi.Output[str],
        args: PlatformIntegrationArgs,
        after: list[pulumi.Resource],
    ) -> apps.v1.DeploymentPatch:
        folder, file = posixpath.split(args.pem_path)
        container = core.v1.ContainerPatchArgs(
            name=workload.container,
            env=[
                core.v1.EnvVarPatchArgs(name=PEM_PATH_VARIABLE, value=args.pem_path),
                core.v1.EnvVarPatchArgs(
                    name=TOKEN_VARIABLE,
                    value_from=core.v1.EnvVarSourcePatchArgs(
                        secret_key_ref=core.v1.SecretKeySelectorPatchArgs(
                            name=args.token_secret.secret, key=args.token_secret.key
                        )
                    ),
                ),
            ],
            volume_mounts=[core.v1.VolumeMountPatchArgs(name=args.pem_volume, mount_path=folder, read_only=True)],
        )
        volume = core.v1.VolumePatchArgs(
            name=args.pem_volume,
            secret=core.v1.SecretVolumeSourcePatchArgs(
                secret_name=args.pem_secret.secret,
                # The templates mount the whole Secret: the same volume there and here is no conflict.
                items=None
                if file == args.pem_secret.key
                else [core.v1.KeyToPathPatchArgs(key=args.pem_secret.key, path=file)],
            ),
        )
        return apps.v1.DeploymentPatch(
            name,
            metadata=_target("Deployment", workload.deployment, args),
            spec=apps.v1.DeploymentSpecPatchArgs(
                template=core.v1.PodTemplateSpecPatchArgs(
                    metadata=meta.v1.ObjectMetaPatchArgs(annotations={CHECKSUM_ANNOTATION: checksum}),
                    spec=core.v1.PodSpecPatchArgs(containers=[container], volumes=[volume]),
                )
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )


def _target(kind: str, target: str, args: PlatformIntegrationArgs) -> meta.v1.ObjectMetaPatchArgs:
    # Under a random manager, as is the default, a state that was lost and made again conflicts with itself.
    annotations = {"pulumi.com/patchFieldManager": args.field_manager}
    if f"{kind}/{target}" in args.take_over:
        annotations["pulumi.com/patchForce"] = "true"
    return meta.v1.ObjectMetaPatchArgs(name=target, namespace=args.namespace, annotations=annotations)


def _patched_name(metadata: meta.v1.outputs.ObjectMetaPatch | None) -> str:
    return (metadata.name if metadata else None) or ""
