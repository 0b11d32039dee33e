"""Where the pods of a workload run: apart from each other, if there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes import core, meta

from settings.labels import APP

HOSTNAME_LABEL = "kubernetes.io/hostname"
"""The label of a node that no other node has."""

SPREAD_OVER = ("topology.kubernetes.io/zone", HOSTNAME_LABEL)
"""The labels of nodes; pods are spread over their values."""


def spread(app: str, topology_key: str) -> core.v1.TopologySpreadConstraintArgs:
    """Spreads the pods of a workload evenly over the values of a node's label, if there is room."""
    return core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=topology_key,
        # A cluster of one zone, or a zone without room, must not keep pods from running.
        when_unsatisfiable="ScheduleAnyway",
        label_selector=meta.v1.LabelSelectorArgs(match_labels={APP: app}),
    )


def affinity(app: str, given: Mapping[str, Any]) -> Any:
    """Keeps the pods of a workload apart, beside what is given; a given `podAntiAffinity` replaces that."""
    apart = core.v1.AffinityArgs(pod_anti_affinity=_apart(app))
    if not given:
        return apart
    # Both are inputs: what is given is written as Kubernetes has it.
    return {"podAntiAffinity": apart.pod_anti_affinity, **given}


def _apart(app: str) -> core.v1.PodAntiAffinityArgs:
    """What the spread asks for over nodes, said once more in the form that kube-score looks for."""
    return core.v1.PodAntiAffinityArgs(
        preferred_during_scheduling_ignored_during_execution=[
            core.v1.WeightedPodAffinityTermArgs(
                weight=100,
                pod_affinity_term=core.v1.PodAffinityTermArgs(
                    topology_key=HOSTNAME_LABEL,
                    label_selector=meta.v1.LabelSelectorArgs(match_labels={APP: app}),
                ),
            )
        ]
    )


def as_written(parts: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Parts of a pod in Kubernetes' own form, which the SDK takes for its classes."""
    return [dict(part) for part in parts]
