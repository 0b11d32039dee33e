"""The rights in Platform's namespace that `preview`, `up` and `destroy` need, and which of them the user has.

The one list of them: `docs/rbac.yml` is written from it. Pulumi's Kubernetes provider lists and watches what it waits
for, and without one of those rights it waits without end and says nothing: so they are asked for before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from live.api import ApiError, ClusterApi, NotFoundError
from settings import environment
from settings.errors import Problem
from settings.model import Settings
from survey.access_reviews import Right, covers, is_allowed, rules_of

__all__ = ["POD", "READ", "RULES", "Review", "Right", "Rule", "review_rights", "review_to_destroy"]

READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "patch", "delete")
_DOCUMENT: Final = "docs/rbac.yml is a Role with all that is needed"
POD: Final = Right("", "pods", "create")
"""It is needed for less than others, and is asked for none the less."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Rights with one purpose.

    Args:
        why: what they are for.
        group: the API group, "" for the core one.
        resources, verbs: as in a Role.
        spared: returns the verbs that a stack with these settings has no use for.
        is_needed: whether something can't be done without them; otherwise less is checked, or told.
    """

    why: str
    group: str = ""
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    spared: Callable[[Settings], Iterable[str]] = lambda _: ()
    is_needed: bool = True

    def rights(self, settings: Settings) -> Iterator[Right]:
        """Those that a stack needs."""
        spared = set(self.spared(settings))
        for resource in self.resources:
            for verb in self.verbs:
                if self.is_needed and verb not in spared:
                    yield Right(self.group, resource, verb)


def _unless_taken_over(settings: Settings) -> Iterable[str]:
    return () if settings.take_over else ("update",)


def _unless_made(settings: Settings) -> Iterable[str]:
    makes_none = (
        settings.existing_oidc_secret
        and settings.existing_token_secret
        and not environment.secret_environment(settings, "proxy")
        and not environment.secret_environment(settings, "server")
        and (settings.existing_ssh_key_secret or not settings.ssh)
    )
    return _WRITE if makes_none else ()


RULES: Final = (
    Rule(why="Which cluster it is.", resources=("namespaces",), verbs=("get",)),
    Rule(
        why="Platform's settings, and those of connect-proxy and connect-server. `update` is for what takeOver names.",
        resources=("configmaps",),
        verbs=(*READ, "create", "update", "patch", "delete"),
        spared=_unless_taken_over,
    ),
    Rule(
        why="The OIDC key, the registration token and the passwords; whether the Secrets exist that the settings name.",
        resources=("secrets",),
        verbs=(*READ, *_WRITE),
        spared=_unless_made,
    ),
    Rule(why="Where the load balancer finds connect-proxy.", resources=("services",), verbs=(*READ, *_WRITE)),
    Rule(
        why="connect-proxy; Platform's backend and cron, which get the key and the token, and restart.",
        group="apps",
        resources=("deployments",),
        verbs=(*READ, "create", "update", "patch", "delete"),
        spared=_unless_taken_over,
    ),
    Rule(why="connect-server.", group="apps", resources=("statefulsets",), verbs=(*READ, *_WRITE)),
    Rule(
        why="The load balancer's rules; only `list` is needed with ingress: none.",
        group="networking.k8s.io",
        resources=("ingresses",),
        verbs=(*READ, *_WRITE),
        spared=lambda settings: () if settings.ingress != "none" else ("get", "watch", *_WRITE),
    ),
    Rule(
        why="Who may talk to connect-proxy and connect-server; not needed with networkPolicies: false.",
        group="networking.k8s.io",
        resources=("networkpolicies",),
        verbs=(*READ, *_WRITE),
        spared=lambda settings: () if settings.network_policies else (*READ, *_WRITE),
    ),
    Rule(
        why="That a drained node leaves a proxy and a server.",
        group="policy",
        resources=("poddisruptionbudgets",),
        verbs=(*READ, *_WRITE),
    ),
    Rule(
        why="Where Prometheus reads their metrics; only needed with serviceMonitor: true.",
        group="monitoring.coreos.com",
        resources=("servicemonitors",),
        verbs=(*READ, *_WRITE),
        spared=lambda settings: () if settings.service_monitor else (*READ, *_WRITE),
    ),
    Rule(
        why="Waiting until pods are ready and the Service leads to them: Pulumi's Kubernetes provider reads these.",
        resources=("pods", "endpoints", "persistentvolumeclaims"),
        verbs=("list", "watch"),
    ),
    Rule(why="The same for a Deployment.", group="apps", resources=("replicasets",), verbs=("list", "watch")),
    Rule(why="Why pods or a load balancer don't come.", resources=("events",), verbs=("list",)),
    Rule(
        why="Only tried, never made: whether the namespace takes pods like these. Without it a warning says that this\n"
        "was not tried.",
        resources=("pods",),
        verbs=("create",),
        is_needed=False,
    ),
    Rule(
        why="Whether quotas leave room for the pods. Without it they are not compared.",
        resources=("resourcequotas",),
        verbs=("list",),
        is_needed=False,
    ),
)
"""Everything that a Role must have, in the order of the document."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """Which rights are missing.

    Args:
        missing: those that are needed.
        unknown: why the API server did not tell; None where it did.
        may: whether a right that was asked for is there.
        setting, host, namespace: the way to the cluster, its URL, and where the rights are needed.
    """

    missing: tuple[Right, ...]
    unknown: str | None
    may: Callable[[Right], bool]
    setting: str
    host: str
    namespace: str

    def problems(self, *, updating: bool) -> Iterator[Problem]:
        """What stops a preview, and what stops an update."""
        if reads := self._shown(verb_is_read=True):
            yield self._problem(f"{reads}, which preview and up read; {_DOCUMENT}{self._elsewhere()}")
        if updating and (writes := self._shown(verb_is_read=False)):
            yield self._problem(f"{writes}, which up needs; {_DOCUMENT}")

    def before_destroy(self) -> Problem | None:
        """What keeps a destroy from ever ending."""
        shown = "; ".join(filter(None, (self._shown(verb_is_read=True), self._shown(verb_is_read=False))))
        if not shown:
            return None
        return self._problem(f"{shown}, without which a destroy stops halfway, or waits without end; {_DOCUMENT}")

    def warnings(self, *, updating: bool) -> Iterator[str]:
        """What the user should know of rights in a preview, which a role that only reads may run."""
        if self.unknown is not None:
            yield f"the cluster at {self.host} does not tell which rights you have there: {self.unknown}"
        if not updating and (writes := self._shown(verb_is_read=False)):
            yield f"{self._problem(writes)}: up would be refused, and what it changes was not tried; {_DOCUMENT}"

    def _problem(self, message: str) -> Problem:
        lead = f"the cluster at {self.host} does not let you, in namespace {self.namespace},"
        return Problem(self.setting, None, f"{lead} {message}")

    def _elsewhere(self) -> str:
        has_none = not self.may(Right("", "namespaces", "get")) and not self.may(Right("apps", "deployments", "list"))
        return "; or write the namespace that Platform runs in" if has_none else ""

    def _shown(self, *, verb_is_read: bool) -> str:
        verbs: dict[str, list[str]] = {}
        for right in self.missing:
            if (right.verb in READ) == verb_is_read:
                name = f"{right.resource}.{right.group}" if right.group else right.resource
                verbs.setdefault(name, []).append(right.verb)
        return "; ".join(f"{', '.join(found)} {name}" for name, found in verbs.items())


def review_rights(api: ClusterApi, settings: Settings, names: Mapping[str, Sequence[str]]) -> Review:
    """Asks the API server for each right that a stack with these settings needs.

    Args:
        api: the cluster.
        settings: of the stack.
        names: by resource, the objects that the stack reads or writes: a Role may let one do that with these only.
    """
    needed = [right for rule in RULES for right in rule.rights(settings)]
    return _review(api, settings.namespace, [*needed, POD], names)


def review_to_destroy(
    api: ClusterApi, namespace: str, names: Mapping[str, Sequence[str]], *, takes_over: bool
) -> Review:
    """Asks for each right that a destroy needs.

    Args:
        api: the cluster.
        namespace: Platform's.
        names: by resource, the objects that the stack has made or edited.
        takes_over: whether values were taken from others, which come back by an update.
    """
    verbs = {*READ, "patch", "delete", *(("update",) if takes_over else ())}
    needed = [
        Right(rule.group, resource, verb)
        for rule in RULES
        for resource in rule.resources
        for verb in rule.verbs
        if verb in verbs and (resource in names or resource == "namespaces")
    ]
    return _review(api, namespace, needed, names)


def _review(api: ClusterApi, namespace: str, needed: Sequence[Right], names: Mapping[str, Sequence[str]]) -> Review:
    """Which of these rights are missing.

    What a rules review lists is granted. It may be incomplete, as on EKS, so each right that it does not list is asked
    for by an access review, which is exact.
    """
    unknown: list[str] = []

    def ask(right: Right) -> bool:
        try:
            if is_allowed(api, namespace, right):
                return True
            by_name = names.get(right.resource, ()) if right.verb not in ("create", "list", "watch") else ()
            return bool(by_name) and all(is_allowed(api, namespace, right, name) for name in by_name)
        except (ApiError, NotFoundError) as error:
            unknown.append(error.reason if isinstance(error, ApiError) else "it serves no reviews of access")
            return True

    listed = rules_of(api, namespace)
    left = [right for right in needed if not any(covers(rule, right) for rule in listed)]
    with ThreadPoolExecutor(max_workers=12) as pool:
        denied = {right for right, is_allowed in zip(left, pool.map(ask, left), strict=True) if not is_allowed}
    return Review(
        missing=tuple(right for right in needed if right in denied and right != POD),
        unknown=unknown[0] if unknown else None,
        may=lambda right: right not in denied,
        setting=api.setting,
        host=api.host,
        namespace=namespace,
    )
