"""The two kinds of Platform install that Studios is put beside, and which settings belong to which."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Literal

from pydantic.alias_generators import to_snake

from settings.errors import Problem

if TYPE_CHECKING:
    from settings.model import Settings

Target = Literal["kubernetes", "compose"]

KUBERNETES: Final = "kubernetes"
COMPOSE: Final = "compose"

TITLES: Mapping[str, str] = {KUBERNETES: "Kubernetes", COMPOSE: "Compose"}
"""Target → what documents call it."""

ONLY_ON: Mapping[str, frozenset[str]] = {
    KUBERNETES: frozenset(
        {
            "namespace",
            "eksCluster",
            "kubeconfig",
            "kubeContext",
            "redisTlsSecret",
            "imagePullSecrets",
            "nodeSelector",
            "proxyReplicas",
            "serverReplicas",
            "proxyRequests",
            "proxyLimits",
            "serverRequests",
            "serverLimits",
            "drainSeconds",
            "readyTimeout",
            "readOnlyRootFilesystem",
            "openshift",
            "networkPolicies",
            "managementNamespace",
            "storageSize",
            "ingressName",
            "ingressClass",
            "loadBalancerGroup",
            "loadBalancerGroupOrder",
            "loadBalancerScheme",
            "loadBalancerAttributes",
            "sslPolicy",
            "targetType",
            "oidcSecret",
            "tokenSecret",
            "existingOidcSecret",
            "existingTokenSecret",
            "backendDeployment",
            "backendContainer",
            "cronDeployment",
            "cronContainer",
            "backendConfigMap",
            "towerYmlConfigMap",
            "towerYmlKey",
            "pemPath",
            "certVolume",
            "takeOver",
        }
    ),
    COMPOSE: frozenset(
        {
            "instanceId",
            "instanceTags",
            "instanceSecurityGroup",
            "composeFolder",
            "composeFile",
            "composeOverride",
            "backendService",
            "cronService",
            "proxyNetworks",
            "serverNetworks",
            "containerUid",
            "dockerConfig",
            "delivery",
            "attachInstancePolicy",
            "installTimeout",
            "loadBalancer",
            "loadBalancerTags",
            "listenerArn",
            "listenerTags",
            "listenerRulePriority",
        }
    ),
}
"""Target → the settings that mean nothing on the other one."""

REQUIRED_ON: Mapping[str, tuple[str, ...]] = {
    KUBERNETES: ("namespace", "redisAddress"),
    COMPOSE: ("composeFolder",),
}
"""Target → the settings that have no default there."""

_ONE_OF: tuple[tuple[str, str, str, bool], ...] = (
    ("instanceId", "instanceTags", "the EC2 instance", True),
    ("loadBalancer", "loadBalancerTags", "the load balancer", True),
    ("listenerArn", "listenerTags", "the listener", False),
)
"""Two settings for one thing, what it is, and whether it must be named."""


def target_of(key: str) -> str | None:
    """The target that the setting is for, None where it is for both."""
    return next((target for target, keys in ONLY_ON.items() if key in keys), None)


def wrong_for_target(settings: Settings, given: Collection[str], unknown: Collection[str]) -> Iterator[Problem]:
    """What the settings have that their target does not know, and what they name twice or not at all.

    A key that holds its default says nothing: the engine hands those over as if they had been written.
    """
    if "target" in unknown:
        return
    fields = {str(field.alias): field for field in type(settings).model_fields.values()}
    target = settings.target
    for key in fields:
        owner = target_of(key)
        value = getattr(settings, to_snake(key))
        if owner in (None, target) or key not in given or key in unknown or value == fields[key].default:
            continue
        yield Problem(key, value, f"is for target {owner}, and target is {target}; remove it")
    if target == COMPOSE:
        yield from _named_once(settings, unknown)


def missing_on_target(settings: Settings, given: Collection[str], unknown: Collection[str]) -> Iterator[Problem]:
    """The settings that the target needs and that were not written."""
    if "target" in unknown:
        return
    for key in REQUIRED_ON[settings.target]:
        if key not in given and not getattr(settings, to_snake(key)):
            example = str((type(settings).model_fields[to_snake(key)].examples or [""])[0])
            yield Problem(key, None, f"is not set; write: pulumi config set {key} {example}")


def _named_once(settings: Settings, unknown: Collection[str]) -> Iterator[Problem]:
    for key, other, what, must in _ONE_OF:
        if key in unknown or other in unknown:
            continue
        values = [getattr(settings, to_snake(name)) for name in (key, other)]
        if None not in values:
            yield Problem(key, values[0], f"names {what} a second time; remove it or {other}")
        if must and values == [None, None]:
            example = str((type(settings).model_fields[to_snake(key)].examples or [""])[0])
            yield Problem(key, None, f"is not set, and {other} neither; write: pulumi config set {key} {example}")
