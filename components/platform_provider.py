"""Shared by the two dynamic resources that edit Platform: the connection, and which changes mean replacement."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, TypedDict

from pulumi.dynamic import CheckResult

from components.own_resource import OwnProvider
from live.api import ClusterApi
from live.cluster import Cluster
from live.edits import apply_body
from live.platform import PlatformApi
from live.tower_yml import TowerYmlEdit, live_entries

Properties = dict[str, Any]

REPLACING: Final = ("namespace", "namespace_uid", "field_manager")
"""A change of one of these is a change to another install, or under another name."""


class Location(TypedDict):
    """The inputs that say which install it is.

    ``kubeconfig`` and ``context`` as in :class:`live.cluster.Cluster`, with "" for None; ``field_manager`` is the owner
    of what is added; ``deployments`` are those that restart, in this order; ``take_over`` the objects of which fields
    may be forced; ``timeout_seconds`` the longest that one Deployment may take to restart.
    """

    kubeconfig: str
    context: str
    namespace: str
    field_manager: str
    deployments: list[str]
    take_over: list[str]
    timeout_seconds: int


class PlatformProvider(OwnProvider):
    """Has no state of its own, so that it pickles to no more than its name."""

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Adds what tells the namespace from one of the same name, in another cluster or made anew."""
        return CheckResult({**news, "namespace_uid": preview_api_of(news).namespace_uid()}, [])


def api_of(props: Mapping[str, Any]) -> PlatformApi:
    """The API of the install's namespace, for calls that wait and try again."""
    return _api(props["kubeconfig"] or None, props["context"] or None, props["namespace"], patient=True)


def preview_api_of(props: Mapping[str, Any]) -> PlatformApi:
    """The same for what a preview asks: it says soon that the cluster does not answer."""
    return _api(props["kubeconfig"] or None, props["context"] or None, props["namespace"], patient=False)


def replacing(olds: Properties, news: Properties) -> list[str]:
    """The changed inputs that mean another install."""
    return [key for key in REPLACING if olds.get(key) != news[key]]


def differ(olds: Properties, news: Properties, *, besides: Collection[str]) -> bool:
    """Whether inputs have changed, or can't be known yet."""
    return any(olds.get(key) != news.get(key) for key in {*olds, *news} - {"__provider", *besides})


def as_now(props: Properties) -> Properties:
    """Inputs or outputs in today's form: a state of 1.0.0 has the checksum once for each Deployment."""
    if "restarts" not in props:
        return props
    rest = {key: value for key, value in props.items() if key != "restarts"}
    return {**rest, "checksum": next(iter(set(props["restarts"].values())), None)}


def in_order(objects: Mapping[str, Any], deployments: list[str]) -> list[str]:
    """The objects in the order in which they change: what pods read first, then the Deployments that read it."""
    restarting = [f"Deployment/{name}" for name in deployments]
    first = sorted(target for target in objects if target not in restarting)
    return [*first, *(target for target in restarting if target in objects)]


def bodies(props: Properties) -> dict[str, Any]:
    """What to apply to each object, in order."""
    edits, restarting = props["edits"], [f"Deployment/{name}" for name in props["deployments"]]
    return {
        target: apply_body(target, edits[target], props["checksum"] if target in restarting else None)
        for target in in_order(edits, props["deployments"])
    }


def tower_yml_of(props: Properties) -> TowerYmlEdit | None:
    """The edit of tower.yml, if there is one."""
    return props.get("tower_yml")


def undone_entries(api: PlatformApi, props: Properties) -> Iterator[tuple[str, str]]:
    """The entries of tower.yml that aren't as the edit has them: the ConfigMap, and key and name of the entry."""
    edit = tower_yml_of(props)
    for name, entry, desired in live_entries(api, edit, props["field_manager"]):
        if edit is not None and entry.shown() != desired:
            yield f"ConfigMap/{edit['config_map']}", f"{edit['key']} {name.rpartition('.')[2]}"


@functools.lru_cache(maxsize=8)
def _api(kubeconfig: str | None, context: str | None, namespace: str, *, patient: bool) -> PlatformApi:
    # The same one again, since it waits less for an API server that has not answered it before.
    return PlatformApi(ClusterApi(Cluster(kubeconfig=kubeconfig, context=context), patient=patient), namespace)
