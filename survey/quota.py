"""Quotas of the namespace that leave no room for what a stack is about to make.

The API server refuses the first object or pod beyond a quota, in the middle of an `up`; a dry run tries each of them
on its own, and has room for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from live.fields import Object
from settings.errors import Problem
from settings.model import Settings
from settings.resources import quantity
from survey.install import Install, resource_of

Amounts = dict[str, Decimal]
"""Of a quota's resources: how much, in pieces, cores or bytes."""

_ZERO: Final = Decimal(0)
_WITHOUT_PREFIX: Final = ("cpu", "memory", "ephemeral-storage")
"""Resources of which a quota may name what pods ask for without ``requests.``."""
_COUNTED_BY_NAME: Final = ("configmaps", "secrets", "services")
"""Kinds that have a name of their own in quotas, beside ``count/…``."""
_EMPTY: Final[Mapping[str, Any]] = {}


def beyond_quota(
    install: Install, settings: Settings, planned: Sequence[Object], running: Sequence[Object] | None = None
) -> Iterator[Problem]:
    """Quotas without room for what a stack makes, beyond what it runs already.

    Args:
        install: the namespace.
        settings: of the stack.
        planned: the objects that it makes.
        running: its workloads, which are among what is in use; None for a stack that has made nothing yet.
    """
    for name, quota in sorted(install.quotas.items()):
        spec = quota.get("spec") or _EMPTY
        counted = [each for each in planned if _is_counted(each, spec)]
        pods, objects = _needed_by_pods(counted), ({} if _scopes(spec) or running is not None else _objects(planned))
        there = _needed_by_pods(each for each in running or () if _is_counted(each, spec))
        pods = {resource: amount - there.get(resource, _ZERO) for resource, amount in pods.items()}
        status = quota.get("status") or _EMPTY
        used = status.get("used") or _EMPTY
        for resource, hard in sorted((status.get("hard") or spec.get("hard") or _EMPTY).items()):
            needed = pods.get(resource, _ZERO) + objects.get(resource, _ZERO)
            allowed, in_use = quantity(hard), quantity(used.get(resource, "0"))
            if allowed is None or in_use is None or needed <= max(allowed - in_use, _ZERO):
                continue
            lead = f"has the ResourceQuota {name}, which allows {resource} {hard}, of which {used.get(resource, '0')}"
            if resource in pods:
                why = (
                    f"the pods of Studios need {_shown(needed)} more (proxyReplicas {settings.proxy_replicas}, "
                    f"serverReplicas {settings.server_replicas}); raise the quota, or write less"
                )
            else:
                why = f"Studios makes {_shown(needed)} more; raise the quota"
            yield Problem("namespace", install.namespace, f"{lead} is in use, and {why}")


def _objects(planned: Iterable[Object]) -> Amounts:
    """How many objects of each kind are made."""
    found: Amounts = defaultdict(Decimal)
    for each in planned:
        group, resource = each["apiVersion"].rpartition("/")[0], resource_of(each["kind"])
        found[f"count/{resource}.{group}" if group else f"count/{resource}"] += 1
        if resource in _COUNTED_BY_NAME:
            found[resource] += 1
        if each["kind"] == "Deployment":
            found["count/replicasets.apps"] += 1
        if each["kind"] == "Service" and each["spec"].get("type") in ("NodePort", "LoadBalancer"):
            found["services.nodeports"] += len(each["spec"]["ports"])
            found["services.loadbalancers"] += each["spec"]["type"] == "LoadBalancer"
    return found


def _needed_by_pods(workloads: Iterable[Object]) -> Amounts:
    """What all pods of these take together."""
    found: Amounts = defaultdict(Decimal)
    for each in workloads:
        # A number that is left to an autoscaler starts with one pod.
        replicas = each["spec"].get("replicas") or 1
        found["pods"] += replicas
        found["count/pods"] += replicas
        for resource, amount in _of_pod(_pod(each)).items():
            found[resource] += replicas * amount
    return found


def _of_pod(pod: Mapping[str, Any]) -> Amounts:
    """What one pod takes: all containers together, or the largest of those that run before them."""
    containers = [_of_container(each) for each in pod["containers"]]
    first = [_of_container(each) for each in pod.get("initContainers") or []]
    names = {name for each in (*containers, *first) for name in each}
    return {
        name: max(
            sum((each.get(name, _ZERO) for each in containers), _ZERO),
            *(each.get(name, _ZERO) for each in first),
            _ZERO,
        )
        for name in names
    }


def _of_container(container: Mapping[str, Any]) -> Amounts:
    resources = container.get("resources") or _EMPTY
    limits = resources.get("limits") or _EMPTY
    # Without a request, a limit is one.
    requests = {**limits, **(resources.get("requests") or _EMPTY)}
    found = {f"limits.{name}": quantity(text) or _ZERO for name, text in limits.items()}
    found |= {f"requests.{name}": quantity(text) or _ZERO for name, text in requests.items()}
    return found | {name: quantity(text) or _ZERO for name, text in requests.items() if name in _WITHOUT_PREFIX}


def _pod(workload: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = workload["spec"]["template"]["spec"]
    return found


def _scopes(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A quota's scopes, as expressions."""
    selected = (spec.get("scopeSelector") or _EMPTY).get("matchExpressions") or []
    return [*({"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or []), *selected]


def _is_counted(planned: Object, spec: Mapping[str, Any]) -> bool:
    """Whether a quota counts the pods of an object."""
    if "template" not in (planned.get("spec") or _EMPTY):
        return False
    return all(_is_in(_pod(planned), scope) for scope in _scopes(spec))


def _is_in(pod: Mapping[str, Any], scope: Mapping[str, Any]) -> bool:
    name, operator, values = scope["scopeName"], scope.get("operator", "Exists"), scope.get("values") or []
    if name == "PriorityClass":
        own = pod.get("priorityClassName")
        fits: Mapping[str, bool] = {
            "Exists": own is not None,
            "DoesNotExist": own is None,
            "In": own in values,
            "NotIn": own not in values,
        }
        return fits.get(operator, False)
    asks = any(
        (each.get("resources") or _EMPTY).get(kind) for each in pod["containers"] for kind in ("requests", "limits")
    )
    # Whatever else there is concerns no pod like these.
    return {"NotTerminating": True, "BestEffort": not asks, "NotBestEffort": asks}.get(name, False)


def _shown(amount: Decimal) -> str:
    mebi = Decimal(1024**2)
    return f"{amount / mebi:.0f}Mi" if amount >= mebi else f"{amount.normalize():f}"
