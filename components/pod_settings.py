"""From the settings of a stack to those of the pods of one workload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.pods import PodSettings
from settings.model import Settings
from settings.mounts import CA_FILE, CA_MOUNT, CA_VOLUME, REDIS_CA_MOUNT, REDIS_CA_VOLUME
from settings.resources import Resources

INITIAL_REPLICAS = 2
"""Initial pods of a workload that an autoscaler scales."""


def pod_settings(settings: Settings, *, replicas: int | None, requests: Resources, limits: Resources) -> PodSettings:
    """The settings of the pods of one workload.

    Args:
        settings: of the stack.
        replicas: the number of pods; None where an autoscaler decides it.
        requests, limits: of the workload's container.
    """
    return PodSettings(
        replicas=INITIAL_REPLICAS if replicas is None else replicas,
        autoscaled=replicas is None,
        node_selector=settings.node_selector,
        image_pull_secrets=settings.image_pull_secrets,
        requests={str(name): value for name, value in requests.items()},
        limits={str(name): value for name, value in limits.items()},
        fixed_ids=not settings.openshift,
        read_only_root=settings.read_only_root_filesystem,
        drain_seconds=settings.drain_seconds,
        ready_seconds=settings.ready_timeout,
        labels=settings.pod_labels,
        annotations=settings.pod_annotations,
        tolerations=[each.as_kubernetes() for each in settings.tolerations],
        affinity={str(kind): value for kind, value in settings.affinity.items()},
        priority_class=settings.priority_class_name,
        service_account=settings.service_account,
        pull_policy=settings.pull_policy,
        volumes=[*_certificate_volumes(settings), *settings.extra_volumes],
        mounts=[
            *_certificate_mounts(settings),
            *(mount.as_kubernetes() for mount in settings.extra_mounts),
        ],
    )


def _certificate_volumes(settings: Settings) -> Iterator[dict[str, Any]]:
    if (ours := settings.ca_certificate) is not None:
        files = [{"key": ours.key, "path": CA_FILE}]
        if ours.secret is not None:
            yield {"name": CA_VOLUME, "secret": {"secretName": ours.secret, "items": files}}
        else:
            yield {"name": CA_VOLUME, "configMap": {"name": ours.config_map, "items": files}}
    if (of_redis := settings.redis_ca_secret) is not None:
        files = [{"key": of_redis.key, "path": CA_FILE}]
        yield {"name": REDIS_CA_VOLUME, "secret": {"secretName": of_redis.name, "items": files}}


def _certificate_mounts(settings: Settings) -> Iterator[dict[str, Any]]:
    for volume, path, is_given in (
        (CA_VOLUME, CA_MOUNT, settings.ca_certificate is not None),
        (REDIS_CA_VOLUME, REDIS_CA_MOUNT, settings.redis_ca_secret is not None),
    ):
        if is_given:
            yield {"name": volume, "mountPath": path, "readOnly": True}
