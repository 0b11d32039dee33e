"""What a ServiceMonitor needs of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from live.api import ApiError, ClusterApi, NotFoundError
from live.fields import Object
from settings.errors import Problem
from settings.model import Settings

_MONITORING: Final = "/apis/monitoring.coreos.com/v1"


def monitoring_problems(api: ClusterApi, settings: Settings) -> Iterator[Problem]:
    """A cluster without the Prometheus Operator, which `serviceMonitor` needs."""
    if not settings.service_monitor:
        return
    try:
        # A list of kinds, without the metadata of an object.
        kinds = api.send("GET", _MONITORING).get("resources", [])
    except NotFoundError:
        kinds = []
    if "servicemonitors" not in [each.get("name") for each in kinds]:
        yield Problem(
            "serviceMonitor",
            True,
            "needs the Prometheus Operator, which the cluster does not have; install it, or remove this setting",
        )


def service_monitors(api: ClusterApi, settings: Settings) -> dict[str, Object]:
    """The metadata of the namespace's ServiceMonitors by their names; none where the stack makes none."""
    if not settings.service_monitor:
        return {}
    try:
        found = api.list(f"{_MONITORING}/namespaces/{settings.namespace}/servicemonitors", names_only=True)
    except ApiError:
        # A kind or a right that is missing is told already.
        return {}
    return {each["metadata"]["name"]: each for each in found}
