"""The class of an Ingress: who serves it, and what its IngressClassParams say.

https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from live.api import ClusterApi, NotFoundError
from live.fields import Object
from settings.balancers import ANNOTATION_OF_SETTING
from settings.errors import SettingsError

CLASSES: Final = "/apis/networking.k8s.io/v1/ingressclasses"
LOAD_BALANCER_CONTROLLER: Final = "ingress.k8s.aws/alb"
AUTO_MODE: Final = "eks.amazonaws.com/alb"
SERVED: Final = {LOAD_BALANCER_CONTROLLER: "elbv2.k8s.aws/v1beta1", AUTO_MODE: "eks.amazonaws.com/v1"}
"""Controller → group and version of its IngressClassParams."""
CLASS_OF_OLD: Final = ANNOTATION_OF_SETTING["ingressClass"]
"""The annotation that came before `ingressClassName`, and wins over it."""


@dataclass(frozen=True)
class IngressClass:
    """A class of Ingresses; without anything said, that of an Ingress that names none.

    Args:
        controller: who serves it.
        params: what its IngressClassParams say, and what wins over the annotations of an Ingress.
    """

    controller: str = LOAD_BALANCER_CONTROLLER
    params: Mapping[str, Any] = field(default_factory=dict)


def class_named_by(ingress: Object) -> str | None:
    """The class of which the parameters count: the annotation of old wins, and names a class without any."""
    if CLASS_OF_OLD in (ingress["metadata"].get("annotations") or {}):
        return None
    name: str | None = ingress.get("spec", {}).get("ingressClassName")
    return name


def read_class(api: ClusterApi, name: str | None) -> IngressClass | None:
    """A class with its parameters; None where one of both is missing or may not be read."""
    if name is None:
        return IngressClass()
    try:
        found = api.get(f"{CLASSES}/{name}")
        controller = str(found.get("spec", {}).get("controller", ""))
        return IngressClass(controller, params_of(api, found) if controller in SERVED else {})
    except (NotFoundError, SettingsError):
        return None


def params_of(api: ClusterApi, ingress_class: Object) -> Mapping[str, Any]:
    """What the IngressClassParams say of a class that one of the controllers in `SERVED` serves.

    Raises:
        NotFoundError: the class names some that don't exist.
        ApiError: they can't be read.
    """
    spec = ingress_class["spec"]
    named = (spec.get("parameters") or {}).get("name")
    path = f"/apis/{SERVED[spec['controller']]}/ingressclassparams/{named}"
    found: Mapping[str, Any] = api.get(path).get("spec", {}) if named else {}
    return found
