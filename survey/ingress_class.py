"""The controller behind the class of the Ingress, and what its parameters decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from live.api import ApiError, ClusterApi, NotFoundError
from live.fields import Object
from live.ingress_class import AUTO_MODE, CLASSES, SERVED, class_named_by, params_of
from live.ownership import belongs_to
from settings.balancers import ANNOTATION_OF_SETTING, DELETION_PROTECTION, IDLE_TIMEOUT, SETTING_OF_PARAMETER
from settings.errors import Problem
from settings.fields import value_of
from settings.model import Settings
from settings.remedies import Write
from survey.install import Install

_GATEWAY_CLASSES: Final = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"
_TITLES: Final = {
    "k8s.io/ingress-nginx": "ingress-nginx",
    "nginx.org/ingress-controller": "NGINX Ingress Controller",
    "traefik.io/ingress-controller": "Traefik",
    "istio.io/ingress-controller": "Istio",
    "haproxy.org/ingress-controller": "HAProxy",
    "haproxy-ingress.github.io/controller": "HAProxy Ingress",
    "projectcontour.io": "Contour",
    "ingress-controllers.konghq.com/kong": "Kong",
    "cilium.io/ingress-controller": "Cilium",
}
_DEFAULT: Final = "ingressclass.kubernetes.io/is-default-class"
_REDIRECT: Final = "443"
_ONE_VALUE: Final = {"loadBalancerGroup", *SETTING_OF_PARAMETER.values()}
"""Settings of which an annotation has the value as it is."""


@dataclass(frozen=True)
class IngressController:
    """Who serves the class, as far as that may be read.

    Args:
        is_auto_mode: whether EKS Auto Mode does, which takes a group from the class only.
        params: what the class's IngressClassParams say; they win over annotations of an Ingress.
        params_name: their name.
        problems: why the class can't be used.
    """

    is_auto_mode: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    params_name: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def group(self) -> str | None:
        """The group of load balancers that the class puts every Ingress in."""
        found: str | None = (self.params.get("group") or {}).get("name")
        return found

    @property
    def attributes(self) -> set[str]:
        """The attributes of the load balancer that the class decides: their names."""
        return {str(each["key"]) for each in self.params.get("loadBalancerAttributes") or []}

    def settled(self, settings: Settings) -> Settings:
        """The settings as the Ingress has them: on Auto Mode, the group's annotation is not supported."""
        return settings.model_copy(update={"load_balancer_group": None}) if self.is_auto_mode else settings


def find_controller(api: ClusterApi, settings: Settings) -> IngressController:
    """Looks up the class of the Ingress; who may not read it is taken to have the AWS Load Balancer Controller."""
    if settings.ingress == "none":
        return IngressController()
    name = settings.ingress_class
    try:
        found = api.get(f"{CLASSES}/{name}")
    except NotFoundError:
        return IngressController(problems=(Problem("ingressClass", name, _not_there(api, name)),))
    except ApiError:
        return IngressController()
    controller = _serving(api, found)
    if controller is None:
        message = f"is a class of {_title(str(found.get('spec', {}).get('controller', '')))}, {_way_out(api)}"
        return IngressController(problems=(Problem("ingressClass", name, message),))
    return controller


def controller_of(api: ClusterApi, name: str) -> IngressController | None:
    """Looks up the class of another Ingress: None if nothing makes a load balancer for it."""
    try:
        found = _serving(api, api.get(f"{CLASSES}/{name}"))
    except NotFoundError:
        return None
    except ApiError:
        return IngressController()
    return None if found is None or found.problems else found


def _serving(api: ClusterApi, found: Object) -> IngressController | None:
    """The controller of a class; None if this program doesn't write for it."""
    spec = found.get("spec", {})
    controller = str(spec.get("controller", ""))
    if controller not in SERVED:
        return None
    named = str((spec.get("parameters") or {}).get("name", ""))
    try:
        params = params_of(api, found)
    except NotFoundError:
        message = f"has the IngressClassParams {named}, which don't exist; make them, or take them out of the class"
        return IngressController(problems=(Problem("ingressClass", found["metadata"]["name"], message),))
    except ApiError:
        params = {}
    return IngressController(controller == AUTO_MODE, params, named)


def disagreements_with_class(controller: IngressController, settings: Settings) -> Iterator[Problem]:
    """What the class decides otherwise than the settings: the controller would silently do as the class says."""
    params = controller.params
    where = f"of IngressClass {settings.ingress_class} (IngressClassParams {controller.params_name})"
    if controller.is_auto_mode and settings.load_balancer_group and not controller.params_name:
        message = (
            "can't be an annotation on EKS Auto Mode; write group.name into IngressClassParams, and name these in the "
            f"IngressClass {settings.ingress_class}"
        )
        yield Problem("loadBalancerGroup", settings.load_balancer_group, message)
    elif params and controller.group != settings.load_balancer_group and (controller.group or controller.is_auto_mode):
        theirs = controller.group
        instead = (
            f"write: {Write('loadBalancerGroup', theirs)}" if theirs else f"write {settings.load_balancer_group} there"
        )
        message = f"must be the group {where}, which is {theirs or 'not set'}; {instead}, or use another class"
        yield Problem("loadBalancerGroup", settings.load_balancer_group, message)
    for name, key in SETTING_OF_PARAMETER.items():
        value, theirs = value_of(settings, key), params.get(name)
        if theirs and value is not None and value != theirs:
            message = f"must be the {name} {where}, which wins; write: {Write(key, theirs)}, or use another class"
            yield Problem(key, value, message)
    attributes = {each["key"]: str(each["value"]) for each in params.get("loadBalancerAttributes") or []}
    if attributes.get(DELETION_PROTECTION) == "true" and controller.group is None:
        message = (
            f"has {DELETION_PROTECTION}=true in its IngressClassParams {controller.params_name}, with which the "
            "controller cannot delete the load balancer, and a destroy would never end; take it out there, or write "
            "another class"
        )
        yield Problem("ingressClass", settings.ingress_class, message)
    idle = attributes.pop(IDLE_TIMEOUT, None)
    if idle is not None and idle != str(settings.idle_timeout):
        message = f"must be the {IDLE_TIMEOUT} {where}, which wins; write: {Write('idleTimeout', idle)}"
        yield Problem("idleTimeout", settings.idle_timeout, message)
    for name, value in settings.load_balancer_attributes.items():
        if name in attributes and attributes[name] != value:
            message = f"must be {attributes[name]}, which is that {where} and wins; write it so"
            yield Problem(f"loadBalancerAttributes.{name}", value, message)
    redirect = str(params.get("sslRedirectPort") or _REDIRECT)
    if redirect != _REDIRECT:
        message = (
            f"has sslRedirectPort {redirect} in its IngressClassParams {controller.params_name}, and sessions are "
            f"served at {_REDIRECT}; write {_REDIRECT} there, or write another class"
        )
        yield Problem("ingressClass", settings.ingress_class, message)
    certificates = params.get("certificateARNs") or params.get("certificateArn") or []
    if certificates and settings.certificate_arn not in certificates:
        message = (
            f"must be one of the certificates {where}, which win over any other: {', '.join(certificates)}; write: "
            f"{Write('certificateArn', certificates[0])}"
        )
        yield Problem("certificateArn", settings.certificate_arn, message)


def new_disagreements_with_class(
    controller: IngressController, settings: Settings, install: Install, owner: str
) -> Iterator[Problem]:
    """Those of them that the user has not seen: where the Ingress stays in its class, only about what changes.

    Args:
        controller: that of the class.
        settings: the stack's settings.
        install: the objects there are.
        owner: the stack's name on its objects.
    """
    found = disagreements_with_class(controller, settings)
    live = install.ingresses.get(settings.ingress_name, {"metadata": {}})
    metadata = live["metadata"]
    if not belongs_to(owner, metadata.get("labels")) or class_named_by(live) != settings.ingress_class:
        yield from found
        return
    annotations, wanted = metadata.get("annotations") or {}, controller.settled(settings)
    for problem in found:
        key = problem.key
        if key in _ONE_VALUE and value_of(wanted, key) != annotations.get(ANNOTATION_OF_SETTING[key]):
            yield problem


def _title(controller: str) -> str:
    title = _TITLES.get(controller)
    return f"{title} ({controller})" if title else f"the controller {controller or 'of no name'}"


def _not_there(api: ClusterApi, name: str) -> str:
    try:
        gateway = api.get(f"{_GATEWAY_CLASSES}/{name}").get("spec", {}).get("controllerName", "")
    except (NotFoundError, ApiError):
        own_route = f"or leave the route to yourself (docs/ingress.md): {Write('ingress', 'none')}"
        return f"is not an IngressClass; {_there(api)}; {own_route}"
    return f"is a GatewayClass of the controller {gateway}, {_way_out(api)}"


def _way_out(api: ClusterApi) -> str:
    return (
        "which this program doesn't write for: it serves the AWS Load Balancer Controller and EKS Auto Mode. Leave the "
        f"route to yourself (docs/ingress.md): {Write('ingress', 'none')}; or write another class: {_there(api)}"
    )


def _there(api: ClusterApi) -> str:
    try:
        classes = api.list(CLASSES)
    except ApiError:
        return "`kubectl get ingressclass` lists them"
    served = [each for each in classes if str(each.get("spec", {}).get("controller", "")) in SERVED]
    if not served:
        return "the cluster has no class of the AWS Load Balancer Controller or EKS Auto Mode"
    # What a cluster gives to an Ingress without a class comes first.
    served.sort(key=lambda each: (not _is_default(each), each["metadata"]["name"]))
    names = [str(each["metadata"]["name"]) for each in served]
    return f"there are {', '.join(sorted(names))}: {Write('ingressClass', names[0])}"


def _is_default(ingress_class: Mapping[str, Any]) -> bool:
    return (ingress_class["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
