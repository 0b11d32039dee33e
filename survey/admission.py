"""What the API server would refuse, or leave undone, in the middle of an `up`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from settings.environment import tower_yml_entries
from settings.errors import Problem
from settings.model import Settings
from settings.resources import bytes_or_cores
from survey.install import Install


def unchangeable(install: Install, settings: Settings) -> Iterator[Problem]:
    """Objects of Platform's that the stack has to change, and that don't take a change."""
    for key, name in (
        ("cronDeployment", settings.cron_deployment),
        ("backendDeployment", settings.backend_deployment),
    ):
        if install.deployments.get(name, {}).get("spec", {}).get("paused"):
            yield Problem(
                key,
                name,
                "has a paused rollout, so that its pods would not restart; resume it: "
                f"kubectl -n {install.namespace} rollout resume deployment/{name}",
            )
    named = {"backendConfigMap": settings.backend_config_map, "cronConfigMap": settings.cron_config_map}
    if tower_yml_entries(settings):
        named["towerYmlConfigMap"] = settings.tower_yml_config_map
    told: set[str] = set()
    for key, name in named.items():
        if install.config_maps.get(name, {}).get("immutable") and name not in told:
            told.add(name)
            yield Problem(
                key,
                name,
                "is immutable, so that the stack can add nothing to it; let Platform read one that may be changed",
            )


def beyond_quota(install: Install, settings: Settings) -> Iterator[Problem]:
    """Quotas of the namespace that leave no room for the pods of a stack that has none yet."""
    for name, quota in sorted(install.quotas.items()):
        if quota.get("spec", {}).get("scopes") or quota.get("spec", {}).get("scopeSelector"):
            continue
        status = quota.get("status", {})
        used = status.get("used", {})
        for resource, hard in sorted(status.get("hard", quota.get("spec", {}).get("hard", {})).items()):
            needed = _needed(resource, settings)
            if needed is None:
                continue
            try:
                left = bytes_or_cores(hard) - bytes_or_cores(used.get(resource, "0"))
            except ValueError:
                continue
            if needed > left:
                yield Problem(
                    "namespace",
                    install.namespace,
                    f"has the ResourceQuota {name}, which allows {resource} {hard}, of which {used.get(resource, '0')} "
                    f"is in use, and the pods of Studios need {_shown(needed)} more (proxyReplicas "
                    f"{settings.proxy_replicas}, serverReplicas {settings.server_replicas}); raise the quota, or write "
                    "less",
                )


def _needed(resource: str, settings: Settings) -> Decimal | None:
    """How much of a quota's resource the pods take; None for what they take nothing of."""
    # A number that is left to an autoscaler starts with one pod.
    proxies, servers = settings.proxy_replicas or 1, settings.server_replicas or 1
    if resource in ("pods", "count/pods"):
        return Decimal(proxies + servers)
    kind, _, name = resource.rpartition(".")
    if name not in ("cpu", "memory") or kind not in ("", "requests", "limits"):
        return None
    is_limit = kind == "limits"
    proxy = {str(key): text for key, text in (settings.proxy_limits if is_limit else settings.proxy_requests).items()}
    server = {
        str(key): text for key, text in (settings.server_limits if is_limit else settings.server_requests).items()
    }
    return proxies * bytes_or_cores(proxy.get(name, "0")) + servers * bytes_or_cores(server.get(name, "0"))


def _shown(amount: Decimal) -> str:
    mebi = Decimal(1024**2)
    return f"{amount / mebi:.0f}Mi" if amount >= mebi else f"{amount.normalize():f}"
