"""What the pods of the connect proxy and the connect server have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import core, meta

CHECKSUM_ANNOTATION = "checksum/studios"
"""The pod-template annotation that changes with what the pod reads."""

CONNECT_UID = 65532
"""User, group and fsGroup of the Connect images in Seqera's templates."""


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret, in the pod's own namespace."""

    secret: pulumi.Input[str]
    key: str


@dataclass(frozen=True, kw_only=True)
class PodSettings:
    """How the pods of one workload are scheduled and what they may use.

    Args:
        replicas: the number of pods.
        node_selector: labels that a node must have; the Connect images are for amd64 only.
        image_pull_secrets: names of registry Secrets that exist in the namespace.
        cpu_request, memory_request: in Kubernetes' units, ``30m`` and ``64Mi``.
        fixed_ids: run as uid, gid and fsGroup 65532; False lets OpenShift choose them.
    """

    replicas: int
    node_selector: Mapping[str, str] = field(default_factory=lambda: {"kubernetes.io/arch": "amd64"})
    image_pull_secrets: Sequence[str] = ()
    cpu_request: str
    memory_request: str
    fixed_ids: bool = True


PART_OF = {"app.kubernetes.io/part-of": "seqera-studios"}
"""The label of every object that the program makes."""


def labels_of(app: str) -> dict[str, str]:
    """The labels of a workload, its pods and its Service; ``app`` alone selects the pods."""
    return {"app": app, **PART_OF}


def pod_template(
    app: str,
    container: core.v1.ContainerArgs,
    settings: PodSettings,
    checksum: pulumi.Input[str],
    volumes: Sequence[core.v1.VolumeArgs] = (),
) -> core.v1.PodTemplateSpecArgs:
    """A pod of one container that Pod Security "restricted" admits, and that restarts when ``checksum`` changes."""
    uid = CONNECT_UID if settings.fixed_ids else None
    return core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(labels=labels_of(app), annotations={CHECKSUM_ANNOTATION: checksum}),
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
            image_pull_secrets=[core.v1.LocalObjectReferenceArgs(name=name) for name in settings.image_pull_secrets],
            containers=[container],
            volumes=list(volumes),
        ),
    )


def container_security() -> core.v1.SecurityContextArgs:
    """No privileges but binding a port below 1024, as in Seqera's templates."""
    # No read-only root: what the images write outside /data is undocumented.
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"], add=["NET_BIND_SERVICE"]),
    )


def requests(settings: PodSettings) -> core.v1.ResourceRequirementsArgs:
    """What the scheduler sets aside; no limit, as a session's traffic is bursty and its size is the user's."""
    return core.v1.ResourceRequirementsArgs(requests={"cpu": settings.cpu_request, "memory": settings.memory_request})


def tcp_probe(port: str, period_seconds: int) -> core.v1.ProbeArgs:
    """A TCP check of a named port: what the images answer over HTTP is undocumented."""
    return core.v1.ProbeArgs(
        tcp_socket=core.v1.TCPSocketActionArgs(port=port), period_seconds=period_seconds, failure_threshold=3
    )


def environment_from_secrets(keys: Mapping[str, SecretKey]) -> list[core.v1.EnvVarArgs]:
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


def environment_from_config_map(name: pulumi.Input[str]) -> list[core.v1.EnvFromSourceArgs]:
    """Every key of a ConfigMap as an environment variable."""
    return [core.v1.EnvFromSourceArgs(config_map_ref=core.v1.ConfigMapEnvSourceArgs(name=name))]


def secret_volumes(mounts: Mapping[str, str]) -> list[core.v1.VolumeArgs]:
    """Volumes for Secrets that exist already, by mount path."""
    return [
        core.v1.VolumeArgs(name=secret, secret=core.v1.SecretVolumeSourceArgs(secret_name=secret))
        for secret in sorted(set(mounts.values()))
    ]


def secret_mounts(mounts: Mapping[str, str]) -> list[core.v1.VolumeMountArgs]:
    """Where a container sees the volumes of :func:`secret_volumes`."""
    return [
        core.v1.VolumeMountArgs(name=secret, mount_path=path, read_only=True) for path, secret in sorted(mounts.items())
    ]


def container_ports(ports: Mapping[str, int]) -> list[core.v1.ContainerPortArgs]:
    """TCP ports of a container, by name."""
    return [
        core.v1.ContainerPortArgs(name=name, container_port=number, protocol="TCP") for name, number in ports.items()
    ]


def management(port: int | None) -> dict[str, int]:
    """Connect's management port, if it has one, for :func:`container_ports`."""
    return {} if port is None else {"management": port}


def name_of(metadata: meta.v1.outputs.ObjectMeta) -> str:
    """The object's name, for ``resource.metadata.apply``: whoever uses it waits until the object exists."""
    return metadata.name or ""
