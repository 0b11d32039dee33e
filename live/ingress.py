"""An Ingress of the AWS Load Balancer Controller as it is in the cluster, and what the controller says of it.

The controller's verdict on a change stands in events and nowhere else: an update that it refuses leaves the object as
it is, with its old hostname. Events are limited in rate, and repeated ones are counted in one object: so an event
proves something, its absence nothing. Which events are newer than a change is told by comparing them with those before
it; the clocks of the cluster and of this machine may differ.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from live.api import ClusterApi, NotFoundError
from live.cluster import TOKEN_SECONDS, Cluster
from live.fields import Object
from live.ingress_class import IngressClass, class_named_by, read_class
from settings.balancers import ALB
from settings.errors import SettingsError

ACCEPTED: Final = "SuccessfullyReconciled"
"""The reason of the event with which the controller says that all of an Ingress is in effect."""
_INTERNAL: Final = "internal"
"""The controller's own scheme, and what AWS begins the name of such a load balancer with."""
_OF_ONE_TRY = re.compile(r"\(combined from similar events\): |,? ?RequestID: [\w-]+")
"""What differs each time that the controller complains of the same."""


@dataclass(frozen=True)
class Verdict:
    """What the controller says of a change.

    Args:
        accepted: whether its last word is that everything is in effect.
        complaints: its complaints, each once, the newest last.
    """

    accepted: bool = False
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Before:
    """An Ingress before a change.

    Args:
        hostname: of its load balancer; empty where it had none.
        moves: whether the change leads to another load balancer; None if only the controller knows.
        events: how often each event had come, by its uid.
    """

    hostname: str = ""
    moves: bool | None = False
    events: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Balancer:
    """What makes the load balancer of an Ingress another one where it differs.

    Args:
        controller: who makes it.
        group: the group of Ingresses that share it; empty for one of the Ingress's own.
        scheme: ``internal`` or ``internet-facing``.
    """

    controller: str
    group: str
    scheme: str


class LiveIngress:
    """One Ingress, which may not exist yet."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self._cluster = cluster
        self.namespace, self.name = namespace, name
        self._known: tuple[float, ClusterApi] | None = None

    def read(self) -> Object | None:
        """The object; None where it does not exist.

        Raises:
            SettingsError: the cluster can't be read.
        """
        try:
            return self._api().get(f"/apis/networking.k8s.io/v1/namespaces/{self.namespace}/ingresses/{self.name}")
        except NotFoundError:
            return None

    def before(self, wanted: Object) -> Before:
        """What is to be known of it before it becomes as wanted; nothing where it can't be read."""
        try:
            live = self.read()
        except SettingsError:
            live = None
        if live is None:
            return Before()
        events = {event["metadata"]["uid"]: _times(event) for event in self.events(live)}
        return Before(hostname_of(live), self.leads_elsewhere(live, wanted), events)

    def leads_elsewhere(self, live: Object, wanted: Object) -> bool | None:
        """Whether it gets another load balancer when it becomes as wanted.

        None if it gets another class and what the two decide can't be read: then only the controller knows.
        """
        had, gets = class_named_by(live), class_named_by(wanted)
        if had == gets and balancer_of(live) == balancer_of(wanted):
            return False
        old = read_class(self._api(), had)
        new = old if had == gets else read_class(self._api(), gets)
        if had != gets and (old is None or new is None):
            return None
        return balancer_of(live, old) != balancer_of(wanted, new)

    def events(self, live: Object | None = None) -> list[Object]:
        """The events of this very object, and not of an earlier one of the same name, as far as they may be read."""
        try:
            live = live or self.read()
            if live is None:
                return []
            selector = f"involvedObject.kind=Ingress,involvedObject.uid={live['metadata']['uid']}"
            return self._api().list(f"/api/v1/namespaces/{self.namespace}/events", {"fieldSelector": selector})
        except SettingsError:
            return []

    def verdict(self, before: Before) -> Verdict:
        """What the controller has said since."""
        return verdict_in(event for event in self.events() if _times(event) != before.events.get(_uid(event)))

    def _api(self) -> ClusterApi:
        now = time.monotonic()
        if self._known is None or now - self._known[0] > TOKEN_SECONDS:
            self._known = now, ClusterApi(self._cluster)
        return self._known[1]


def hostname_of(live: Mapping[str, Any]) -> str:
    """The DNS name of an Ingress's load balancer; empty where it has none."""
    balancers = live.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return next((str(each["hostname"]) for each in balancers if each.get("hostname")), "")


def scheme_by_name(hostnames: Iterable[str]) -> str:
    """The scheme of a load balancer, by the host names that Ingresses have of it; without one, `internal`.

    The host name of an internal load balancer begins so, and no other load balancer may have such a name:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    names = [each for each in hostnames if each]
    is_internal = not names or any(each.startswith(f"{_INTERNAL}-") for each in names)
    return _INTERNAL if is_internal else "internet-facing"


def no_load_balancer(
    kind: str, namespace: str, name: str, seconds: int, said: Sequence[str], of_class: str = ""
) -> str:
    """What to do about an object that the load balancer controller has left without a load balancer.

    Args:
        kind: ``Ingress`` or ``Service``.
        namespace, name: of the object.
        seconds: how long it was waited for.
        said: what the controller complains of.
        of_class: of the Ingress.
    """
    where = f"{kind} {namespace}/{name} has no load balancer after {seconds} seconds."
    again = "run pulumi up again: it goes on where it stopped"
    if said:
        told = "\n".join(f"  {each}" for each in said)
        return f"{where} The load balancer controller says:\n{told}\nPut that right and {again}"
    serves = f" and serves class {of_class} (kubectl get ingressclass; setting ingressClass)" if of_class else ""
    return (
        f"{where} No controller says why: kubectl -n {namespace} describe {kind.lower()} {name}. Look whether the AWS "
        f"Load Balancer Controller runs (kubectl get deployments -A | grep load-balancer){serves}. If it only needs "
        f"longer: setting readyTimeout. Then {again}"
    )


def balancer_of(ingress: Mapping[str, Any], of_class: IngressClass | None = None) -> Balancer:
    """The load balancer that an Ingress asks for.

    What its class says wins over its annotations. Where neither says the scheme, the other members of its group may
    do, or an option of the controller: then the load balancer that it has tells.

    Args:
        ingress: the Ingress.
        of_class: its class; None for one that says nothing.
    """
    of_class = of_class or IngressClass()
    params, annotations = of_class.params, ingress["metadata"].get("annotations") or {}
    group = (params.get("group") or {}).get("name") or annotations.get(f"{ALB}group.name")
    scheme = params.get("scheme") or annotations.get(f"{ALB}scheme")
    if not scheme:
        scheme = scheme_by_name([hostname_of(ingress)])
    return Balancer(of_class.controller, group or "", scheme)


def verdict_in(events: Iterable[Mapping[str, Any]]) -> Verdict:
    """What events say: the last word counts, and of two at the same second the good one."""
    ordered = sorted(events, key=lambda event: (_last(event), event.get("type") == "Normal"))
    accepted = bool(ordered) and ordered[-1].get("reason") == ACCEPTED
    return Verdict(accepted, complaints(event for event in ordered if event.get("type") == "Warning"))


def warnings_of(cluster: Cluster, namespace: str, name: str, kind: str = "Ingress") -> list[str]:
    """What a controller complains of, as far as it may be read: each complaint once, the newest last."""
    selector = f"involvedObject.kind={kind},involvedObject.name={name},type=Warning"
    try:
        events = ClusterApi(cluster).list(f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": selector})
    except SettingsError:
        return []
    return complaints(events)


def complaints(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The texts of events, each once, the newest last."""
    texts = [f"{event.get('reason')}: {_in_one_line(str(event.get('message')))}" for event in sorted(events, key=_last)]
    return list(reversed(dict.fromkeys(reversed(texts))))


def _last(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _times(event: Mapping[str, Any]) -> tuple[Any, str]:
    return event.get("count"), _last(event)


def _uid(event: Mapping[str, Any]) -> str:
    return str(event["metadata"]["uid"])


def _in_one_line(message: str) -> str:
    return _OF_ONE_TRY.sub("", " ".join(message.split()))
