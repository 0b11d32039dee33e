"""Kubernetes: do the ConfigMaps that the pods read hold what the settings say?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pipeline.verify.cluster import WAY, told
from pipeline.verify.deployment import HIDDEN, Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good
from settings.environment import (
    FINGERPRINT_TO_COME,
    platform_environment,
    proxy_environment,
    server_environment,
)
from settings.errors import SettingsError
from settings.fields import name_of_variable

_TRUSTED = name_of_variable("trustedProxyCidrs", "proxy")
"""An update puts the networks of the VPC in the place of `vpc`."""


def config_maps_hold_settings(deployment: Deployment) -> Finding:
    """The ConfigMaps of proxy, server, backend and cron hold each variable that the settings become."""
    try:
        wrong = list(_wrong(deployment))
    except SettingsError as error:
        raise CannotAskError(told(error), WAY, unknown=True) from None
    if not wrong:
        return good("the ConfigMaps of Connect and Platform hold what the settings say")
    text, workload = wrong[0]
    more = f"; and {len(wrong) - 1} more differ" if len(wrong) > 1 else ""
    namespace = deployment.settings.namespace
    return bad(
        f"{text}{more}",
        f"pulumi up --refresh -s {deployment.stack}; then kubectl -n {namespace} rollout restart {workload}",
    )


def _wrong(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """What differs, and the workload that reads it."""
    settings = deployment.settings
    for name, workload, wanted in (
        (settings.proxy_name, f"deployments/{settings.proxy_name}", proxy_environment(settings)),
        (settings.server_name, f"statefulsets/{settings.server_name}", server_environment(settings)),
    ):
        yield from ((text, workload) for text in _differing(deployment, name, wanted))
    platform = platform_environment(settings)
    for own, name in (
        (settings.backend_config_map, settings.backend_deployment),
        (settings.cron_config_map, settings.cron_deployment),
    ):
        yield from (
            (text, f"deployments/{name}") for text in _differing(deployment, _read_by(deployment, name, own), platform)
        )


def _read_by(deployment: Deployment, workload: str, named: str) -> str:
    """The ConfigMap that the stack changes: an update finds the one that is read, where the settings name another."""
    from live.api import NotFoundError

    try:
        found = deployment.cluster.get(
            f"/apis/apps/v1/namespaces/{deployment.settings.namespace}/deployments/{workload}"
        )
    except NotFoundError:
        return named
    containers = found["spec"].get("template", {}).get("spec", {}).get("containers", [])
    sources = [source for container in containers for source in container.get("envFrom", [])]
    names = [source["configMapRef"]["name"] for source in sources if "configMapRef" in source]
    return names[0] if len(names) == 1 else named


def _differing(deployment: Deployment, name: str, wanted: Mapping[str, str]) -> Iterator[str]:
    from live.api import NotFoundError

    try:
        found = deployment.cluster.get(f"/api/v1/namespaces/{deployment.settings.namespace}/configmaps/{name}")
    except NotFoundError:
        yield f"ConfigMap {name} is not in {deployment.settings.namespace}"
        return
    data = found.get("data") or {}
    for variable, value in comparable(wanted).items():
        if data.get(variable) != value:
            yield f"ConfigMap {name}: {variable} {shown(variable, data.get(variable), value)}"


def comparable(wanted: Mapping[str, str]) -> dict[str, str]:
    """The variables with values that the settings tell by themselves, and that are not secret."""
    return {
        variable: value
        for variable, value in wanted.items()
        if variable != _TRUSTED and value != FINGERPRINT_TO_COME and HIDDEN not in value
    }


def shown(variable: str, found: str | None, wanted: str) -> str:
    """What a variable is, and what it is to be; values of one that may be secret are left out."""
    from live.redaction import looks_secret

    if looks_secret(variable):
        return "is not what the settings say"
    is_now = "is missing" if found is None else f"is {json.dumps(found)}"
    return f"{is_now}, and the settings say {json.dumps(wanted)}"
