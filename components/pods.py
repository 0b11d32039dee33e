"""What the pods of the connect proxy and the connect server have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes import core, meta

from components.placement import SPREAD_OVER, affinity, as_written, spread
from live.ownership import labels_of_stack, owner_of
from settings.fields import default_of
from settings.labels import APP
from settings.mounts import CHECKSUM_ANNOTATION, DATA_VOLUME, SECRET_VOLUME, TEMPORARY_FOLDER, TEMPORARY_VOLUME

CONNECT_UID = 65532
"""User, group and fsGroup of the Connect images in Seqera's templates."""

STARTUP_SECONDS = 120
"""How long a container may take to listen before it is started again."""

SHUTDOWN_SECONDS = 30
"""How long a container may take to end once it is told to: Kubernetes' own default."""

READY_SECONDS: int = default_of("readyTimeout")
"""How long Kubernetes, and Pulumi, wait by default until they call pods stuck."""

_MANAGEMENT = "management"

TMP_SIZE = "64Mi"
"""The size limit of a container's temporary folder."""


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret, in the pod's own namespace."""

    secret: pulumi.Input[str]
    """Name of the Secret."""
    key: str
    """Key in it."""


@dataclass(frozen=True, kw_only=True)
class PodSettings:
    """How the pods of one workload are scheduled and what they may use."""

    replicas: int
    """Number of pods."""
    node_selector: Mapping[str, str] = field(default_factory=lambda: default_of("nodeSelector"))
    """Labels that a node must have. Without them `kubernetes.io/arch: amd64`, as the Connect images are for amd64."""
    image_pull_secrets: Sequence[str] = ()
    """Names of registry Secrets that exist in the namespace."""
    requests: Mapping[str, str]
    """What the scheduler sets aside: `cpu`, `memory` and `ephemeral-storage`, in Kubernetes' units."""
    limits: Mapping[str, str]
    """What a pod may use at most, by the same names."""
    fixed_ids: bool = True
    """Run as uid, gid and fsGroup 65532; `false` lets OpenShift choose them."""
    read_only_root: bool = True
    """Let the container write only to its volumes."""
    drain_seconds: int = default_of("drainSeconds")
    """Seconds for which a pod that is to end still serves those who are connected; 0 ends it at once."""
    ready_seconds: int = READY_SECONDS
    """Seconds that the pods may take to become ready."""
    autoscaled: bool = False
    """Leave the number of pods to an autoscaler, once they are made."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels of the pods."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Further annotations of the pods."""
    tolerations: Sequence[Mapping[str, Any]] = ()
    """Taints that the pods tolerate, in Kubernetes' form."""
    affinity: Mapping[str, Any] = field(default_factory=dict)
    """Affinity in Kubernetes' form; `podAntiAffinity` replaces what keeps the pods apart."""
    priority_class: str | None = None
    """Name of their PriorityClass."""
    service_account: str | None = None
    """Name of their ServiceAccount, which exists already; its token is not mounted."""
    pull_policy: str | None = None
    """When nodes pull the image. Without it `Always`, and for an image by digest `IfNotPresent`."""
    volumes: Sequence[Mapping[str, Any]] = ()
    """Further volumes, in Kubernetes' form."""
    mounts: Sequence[Mapping[str, Any]] = ()
    """Where they are mounted, in Kubernetes' form."""


@dataclass(frozen=True, kw_only=True)
class ConnectContainer:
    """What the one container of a Connect pod has of its own.

    Args:
        name: the container's name.
        image: repository with a tag or a digest.
        ports: its TCP ports, by name.
        ready_port, alive_port: the ports at which it is asked whether it is ready, and whether it is alive.
        ready_path: what is asked for over HTTP at the management port, to tell that it is ready; None where a
            connection to ``ready_port`` has to do.
        config_map: the ConfigMap; every key of it is an environment variable.
        secrets: further environment variables, each from a Secret.
        secret_mounts: mount path → name of a Secret that exists already.
        storage: mount path → size limit of the folder that it writes to, beside its temporary one.
    """

    name: str
    image: str
    ports: Mapping[str, int]
    ready_port: str
    alive_port: str
    config_map: pulumi.Input[str]
    secrets: Mapping[str, SecretKey]
    secret_mounts: Mapping[str, pulumi.Input[str]]
    storage: Mapping[str, str] = field(default_factory=dict)
    ready_path: str | None = None


def common_labels() -> dict[str, str]:
    """The labels of every object that the program makes."""
    return labels_of_stack(owner_of_stack())


def owner_of_stack() -> str:
    """Who owns what this stack makes, and the fields that it adds to the Platform install."""
    return owner_of(pulumi.get_stack())


def labels_of(app: str) -> dict[str, str]:
    """The labels of a workload, its pods and its Service; only ``app`` selects the pods."""
    return {APP: app, **common_labels()}


def pod_template(
    app: str, container: ConnectContainer, settings: PodSettings, checksum: pulumi.Input[str]
) -> core.v1.PodTemplateSpecArgs:
    """A pod of one container that Pod Security "restricted" admits, and that restarts when ``checksum`` changes."""
    uid = CONNECT_UID if settings.fixed_ids else None
    return core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(
            labels={**settings.labels, **labels_of(app)},
            annotations={**settings.annotations, CHECKSUM_ANNOTATION: checksum},
        ),
        spec=core.v1.PodSpecArgs(
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=core.v1.PodSecurityContextArgs(
                run_as_non_root=True,
                seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
                run_as_user=uid,
                run_as_group=uid,
                fs_group=uid,
            ),
            node_selector=dict(settings.node_selector),
            affinity=affinity(app, settings.affinity),
            tolerations=as_written(settings.tolerations) or None,
            priority_class_name=settings.priority_class,
            service_account_name=settings.service_account,
            topology_spread_constraints=[spread(app, key) for key in SPREAD_OVER],
            image_pull_secrets=[core.v1.LocalObjectReferenceArgs(name=name) for name in settings.image_pull_secrets],
            termination_grace_period_seconds=settings.drain_seconds + SHUTDOWN_SECONDS,
            containers=[_container(container, settings)],
            volumes=[
                *(
                    core.v1.VolumeArgs(name=name, empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=size))
                    for name, _, size in _folders(container)
                ),
                *(
                    core.v1.VolumeArgs(name=name, secret=core.v1.SecretVolumeSourceArgs(secret_name=secret))
                    for name, _, secret in _secret_volumes(container)
                ),
                *as_written(settings.volumes),
            ],
        ),
    )


def _container(container: ConnectContainer, settings: PodSettings) -> core.v1.ContainerArgs:
    mounts = [core.v1.VolumeMountArgs(name=name, mount_path=path) for name, path, _ in _folders(container)]
    mounts += [
        core.v1.VolumeMountArgs(name=name, mount_path=path, read_only=True)
        for name, path, _ in _secret_volumes(container)
    ]
    # What a digest names never changes. What a tag names may, and nodes must not differ in what they run.
    pull_policy = settings.pull_policy or ("IfNotPresent" if "@" in container.image else "Always")
    return core.v1.ContainerArgs(
        name=container.name,
        image=container.image,
        image_pull_policy=pull_policy,
        ports=[
            core.v1.ContainerPortArgs(name=name, container_port=number, protocol="TCP")
            for name, number in container.ports.items()
        ],
        env_from=[core.v1.EnvFromSourceArgs(config_map_ref=core.v1.ConfigMapEnvSourceArgs(name=container.config_map))],
        env=_environment_from_secrets(container.secrets),
        volume_mounts=[*mounts, *as_written(settings.mounts)],
        startup_probe=_tcp_probe(container.ready_port, period_seconds=2, failure_threshold=STARTUP_SECONDS // 2),
        readiness_probe=_readiness_probe(container),
        liveness_probe=_tcp_probe(container.alive_port, period_seconds=20, failure_threshold=6),
        resources=core.v1.ResourceRequirementsArgs(requests=dict(settings.requests), limits=dict(settings.limits)),
        lifecycle=_drain(settings.drain_seconds),
        security_context=core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            privileged=False,
            read_only_root_filesystem=settings.read_only_root,
            # Seqera's templates add it: a program with a file that asks for it doesn't even start without.
            capabilities=core.v1.CapabilitiesArgs(drop=["ALL"], add=["NET_BIND_SERVICE"]),
        ),
    )


def _folders(container: ConnectContainer) -> list[tuple[str, str, str]]:
    """Name, path and size limit of what the container writes to."""
    folders = {TEMPORARY_FOLDER: TMP_SIZE, **container.storage}
    return [
        (TEMPORARY_VOLUME if path == TEMPORARY_FOLDER else DATA_VOLUME, path, size) for path, size in folders.items()
    ]


def _secret_volumes(container: ConnectContainer) -> list[tuple[str, str, pulumi.Input[str]]]:
    """Name, path and Secret of what it reads; a Secret's own name may be longer than a volume's."""
    mounts = container.secret_mounts
    return [(f"{SECRET_VOLUME}{place}", path, mounts[path]) for place, path in enumerate(sorted(mounts))]


def _drain(seconds: int) -> core.v1.LifecycleArgs | None:
    """Keeps the pod serving while load balancer and proxies learn that it goes, and open connections come to an end."""
    if seconds == 0:
        return None
    return core.v1.LifecycleArgs(pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=seconds)))


def _readiness_probe(container: ConnectContainer) -> core.v1.ProbeArgs:
    if container.ready_path is None:
        return _tcp_probe(container.ready_port, period_seconds=5, failure_threshold=3)
    return core.v1.ProbeArgs(
        http_get=core.v1.HTTPGetActionArgs(path=container.ready_path, port=_MANAGEMENT),
        period_seconds=5,
        # What it asks in its turn, such as Redis, may take a moment.
        timeout_seconds=3,
        failure_threshold=3,
    )


def _tcp_probe(port: str, period_seconds: int, failure_threshold: int) -> core.v1.ProbeArgs:
    """A TCP check of a named port: what the images answer over HTTP is undocumented."""
    return core.v1.ProbeArgs(
        tcp_socket=core.v1.TCPSocketActionArgs(port=port),
        period_seconds=period_seconds,
        failure_threshold=failure_threshold,
    )


def _environment_from_secrets(keys: Mapping[str, SecretKey]) -> list[core.v1.EnvVarArgs]:
    """Environment variables by name, each read from a Secret."""
    return [
        core.v1.EnvVarArgs(
            name=name,
            value_from=core.v1.EnvVarSourceArgs(
                secret_key_ref=core.v1.SecretKeySelectorArgs(name=source.secret, key=source.key)
            ),
        )
        for name, source in sorted(keys.items())
    ]


def management(port: int | None) -> dict[str, int]:
    """Connect's management port, if it has one, for the ports of a container."""
    return {} if port is None else {_MANAGEMENT: port}


def name_of(metadata: meta.v1.outputs.ObjectMeta) -> str:
    """The object's name, for ``resource.metadata.apply``: what uses it waits until the object exists."""
    return metadata.name or ""
