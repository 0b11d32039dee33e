"""Which Ingresses share the load balancer of the stack's own, and what the AWS Load Balancer Controller reads there.

https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from live.api import ClusterApi
from live.fields import Object
from live.ingress import hostname_of, scheme_by_name
from live.ingress_class import CLASS_OF_OLD
from live.ownership import belongs_to
from settings.balancers import ALB
from settings.model import Settings
from survey.ingress_class import IngressController, controller_of
from survey.install import Install

GROUP: Final = f"{ALB}group.name"
ORDER: Final = f"{ALB}group.order"
_SCHEME: Final = f"{ALB}scheme"
_ANNOTATION_OF_PARAMETER: Final[Mapping[str, str]] = {
    "scheme": "scheme",
    "ipAddressType": "ip-address-type",
    "sslPolicy": "ssl-policy",
    "sslRedirectPort": "ssl-redirect",
    "loadBalancerName": "load-balancer-name",
    "inboundCIDRs": "inbound-cidrs",
    "PrefixListsIDs": "security-group-prefix-lists",
    "prefixListsIDs": "security-group-prefix-lists",
    "certificateArn": "certificate-arn",
    "certificateARNs": "certificate-arn",
    "wafv2AclArn": "wafv2-acl-arn",
    "wafv2AclName": "wafv2-acl-name",
    "tags": "tags",
    "loadBalancerAttributes": "load-balancer-attributes",
}
"""Parameter of an IngressClass → the annotation that it wins over."""


@dataclass(frozen=True)
class Group:
    """The Ingresses that share a load balancer, with the annotations that the controller reads.

    Args:
        name: its name; None for a load balancer of one Ingress.
        members: those of others.
        own: the stack's own, if it is there and in this very group.
        attributes: those of the load balancer that the class of a member decides.
    """

    name: str | None = None
    members: Sequence[Object] = ()
    own: Object | None = None
    attributes: frozenset[str] = frozenset()

    @property
    def scheme(self) -> str:
        """What the load balancer is where no other member states it."""
        if self.own is not None and _SCHEME in annotations_of(self.own):
            return annotations_of(self.own)[_SCHEME]
        return scheme_by_name(map(hostname_of, self.members))


def find_group(
    api: ClusterApi, install: Install, settings: Settings, owner: str, controller: IngressController
) -> Group:
    """The group of the stack's Ingress, by annotations and by the parameters of the classes.

    A class, or its parameters, that may not be read is taken for one of the AWS Load Balancer Controller that decides
    nothing. What another controller serves is in no group, whatever its annotations say.

    Args:
        api: the cluster.
        install: the objects there are.
        settings: the stack's settings.
        owner: the stack's name on its objects.
        controller: that of the stack's IngressClass.
    """
    name = controller.group or (None if controller.is_auto_mode else settings.load_balancer_group)
    classes: dict[str, IngressController | None] = {settings.ingress_class: controller}

    def serving(ingress: Object) -> IngressController | None:
        found = ingress.get("spec", {}).get("ingressClassName")
        by_annotation = annotations_of(ingress).get(CLASS_OF_OLD)
        if by_annotation is not None:
            return IngressController() if by_annotation in {"alb", settings.ingress_class} else None
        if found is None:
            return IngressController()
        if found not in classes:
            classes[found] = controller_of(api, found)
        return classes[found]

    def read(ingress: Object) -> Object | None:
        served = None if ingress["metadata"].get("deletionTimestamp") else serving(ingress)
        # The groups of two controllers share no load balancer; the controller has left out what is being deleted.
        if served is None or served.is_auto_mode != controller.is_auto_mode:
            return None
        annotations = as_read(annotations_of(ingress), served)
        return {**ingress, "metadata": {**ingress["metadata"], "annotations": annotations}}

    def in_group(ingresses: Iterator[Object]) -> list[Object]:
        found = (each for each in map(read, ingresses) if each is not None)
        return [each for each in found if annotations_of(each).get(GROUP) == name]

    live = install.ingresses.get(settings.ingress_name)
    is_own = live is not None and belongs_to(owner, live["metadata"].get("labels"))
    own = in_group(iter([live] if live is not None and is_own else []))
    members = [] if name is None else in_group(of_others(install, settings, owner))
    attributes = frozenset(name for each in classes.values() if each is not None for name in each.attributes)
    return Group(name, members, own[0] if own else None, attributes)


def as_read(annotations: Mapping[str, str], controller: IngressController) -> dict[str, str]:
    """The annotations as the controller takes them: parameters of the class win."""
    read = {name: text for name, text in annotations.items() if name != GROUP or not controller.is_auto_mode}
    if controller.group:
        read[GROUP] = controller.group
    for parameter, name in _ANNOTATION_OF_PARAMETER.items():
        if value := controller.params.get(parameter):
            read[f"{ALB}{name}"] = _text(value, read.get(f"{ALB}{name}", ""))
    return read


def _text(value: Any, given: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value[0], str):
        return ",".join(value)
    # Of two values of one key, the later one counts.
    return ",".join([*([given] if given else []), *(f"{each['key']}={each['value']}" for each in value)])


def annotations_of(ingress: Object) -> Mapping[str, str]:
    """The annotations of an Ingress."""
    found: Mapping[str, str] = ingress["metadata"].get("annotations") or {}
    return found


def of_others(install: Install, settings: Settings, owner: str) -> Iterator[Object]:
    """The Ingresses that are not the stack's."""
    for ingress in install.all_ingresses:
        metadata = ingress["metadata"]
        is_own_name = (metadata.get("namespace", install.namespace), metadata["name"]) == (
            install.namespace,
            settings.ingress_name,
        )
        if not belongs_to(owner, metadata.get("labels")) and not is_own_name:
            yield ingress


def named(ingress: Mapping[str, Any]) -> str:
    """An Ingress in a message."""
    metadata = ingress["metadata"]
    place = f" in namespace {metadata['namespace']}" if "namespace" in metadata else ""
    return f"Ingress/{metadata['name']}{place}"
