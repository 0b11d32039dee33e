"""Which Ingresses share a load balancer: those of a group that the AWS Load Balancer Controller serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from live.api import ApiError, ClusterApi, NotFoundError
from live.fields import Object
from settings.model import Settings
from survey.ingress_class import CLASSES, SERVED
from survey.ingresses import GROUP
from survey.install import Install

_CLASS: Final = "kubernetes.io/ingress.class"
"""The annotation that came before `ingressClassName`."""


def in_groups_of_alb(api: ClusterApi, install: Install, settings: Settings) -> Install:
    """The objects there are, where the Ingress of another controller is in no group, whatever its annotations say.

    A class that may not be read is taken for one of the AWS Load Balancer Controller.
    """
    served: dict[str, bool] = {"alb": True, settings.ingress_class: True}

    def is_served(ingress: Object) -> bool:
        annotations = ingress["metadata"].get("annotations", {})
        name = ingress.get("spec", {}).get("ingressClassName")
        if GROUP not in annotations:
            return True
        if name is None:
            return annotations.get(_CLASS, "alb") in served
        if name not in served:
            try:
                served[name] = api.get(f"{CLASSES}/{name}").get("spec", {}).get("controller") in SERVED
            except NotFoundError:
                served[name] = False
            except ApiError:
                served[name] = True
        return served[name]

    all_ingresses = [each if is_served(each) else _without_group(each) for each in install.all_ingresses]
    return replace(install, all_ingresses=all_ingresses)


def _without_group(ingress: Object) -> Object:
    annotations = {name: text for name, text in ingress["metadata"]["annotations"].items() if name != GROUP}
    return {**ingress, "metadata": {**ingress["metadata"], "annotations": annotations}}
