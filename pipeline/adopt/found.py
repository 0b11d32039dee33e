"""A Studios that was made by hand, by Helm or by another program: its objects, its key and its token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from live.api import ClusterApi
from live.edits import checksum_of
from live.ingress_class import CLASS_OF_OLD
from live.ownership import stack_of
from pipeline.adopt.reader import NothingToAdoptError, Reader, SecretText, Workload
from settings.balancers import ALB
from settings.fields import name_of_variable
from settings.host_names import ALLOWED_WORKSPACES_VARIABLE
from settings.model import Settings
from survey import identity
from survey.effective_environment import EffectiveEnvironment, Value
from survey.ingress_class import IngressController, find_controller
from survey.install import Install, read_install

__all__ = ["ExistingStudios", "NothingToAdoptError", "Workload", "find_studios"]

Object = Mapping[str, Any]

URL_VARIABLE = name_of_variable("connectUrl", "proxy")
REDIS_VARIABLE = name_of_variable("redisAddress", "proxy")
_CERTIFICATE = f"{ALB}certificate-arn"


@dataclass(frozen=True)
class ExistingStudios:
    """What exists.

    Args:
        install: the objects of the namespace.
        proxy: the connect proxy.
        server: the connect server; None if it is gone.
        token: the registration token.
        pem: the RSA key; None if Platform mounts none.
        ingress: an Ingress that leads to the proxy only.
        route: an Ingress of Platform's that leads to the proxy among others.
        class_params: what the IngressClassParams of its class say, and what wins over its annotations.
        certificate: ARN of the certificate of either.
        plain_text: the objects that hold the token in plain text.
        is_deployed: whether the stack itself has deployed a proxy already.
        workspaces: backend's variable of the workspaces that have Studios, if it has one.
    """

    install: Install
    proxy: Workload
    server: Workload | None
    token: SecretText
    pem: SecretText | None
    ingress: Object | None = None
    route: Object | None = None
    class_params: Object = field(default_factory=dict)
    certificate: str | None = None
    plain_text: tuple[str, ...] = ()
    is_deployed: bool = False
    workspaces: Value | None = None


def find_studios(api: ClusterApi, settings: Settings, stack: str) -> ExistingStudios:
    """Looks for a Studios in Platform's namespace that is this stack's, or no stack's.

    Raises:
        NothingToAdoptError: there is none, or more than one, or it has no registration token.
        SettingsError: the cluster can't be read.
    """
    install = read_install(api, settings.namespace)
    settings = identity.resolved(settings, install)
    reader = Reader(api, install)
    workloads = [each for each in reader.workloads() if stack_of(each.live["metadata"].get("labels")) in (None, stack)]
    proxies = [each for each in workloads if URL_VARIABLE in each.environment]
    servers = [each for each in workloads if each not in proxies and REDIS_VARIABLE in each.environment]
    if not proxies:
        raise NothingToAdoptError(
            f"namespace {settings.namespace} has no connect-proxy: no Deployment has the variable {URL_VARIABLE}; "
            "for a new Studios, run: pulumi up"
        )
    # During a change-over both are there: the one that isn't the stack's is to be adopted.
    others = [each for each in proxies if stack_of(each.live["metadata"].get("labels")) is None]
    if len(others or proxies) > 1:
        names = ", ".join(sorted(each.name for each in others or proxies))
        raise NothingToAdoptError(
            f"namespace {settings.namespace} has several connect-proxies: {names}; remove all but one"
        )
    proxy = (others or proxies)[0]
    theirs = [each for each in servers if stack_of(each.live["metadata"].get("labels")) is None]
    token = reader.token(proxy)
    ingress, route = _ingresses(install, proxy)
    controller = None if ingress is None else _controller_of(api, settings, ingress)
    if controller is None or controller.problems:
        # It is not one that the stack writes for, and goes on leading to the proxy.
        ingress, route = None, ingress or route
    leading = ingress or route
    arns = "" if leading is None else (leading["metadata"].get("annotations") or {}).get(_CERTIFICATE, "")
    return ExistingStudios(
        install=install,
        proxy=proxy,
        server=next(iter(theirs or servers), None),
        token=token,
        pem=reader.pem(settings),
        ingress=ingress,
        route=route,
        class_params={} if controller is None else controller.params,
        certificate=arns.partition(",")[0].strip() or None,
        plain_text=tuple(reader.in_plain_text(token.text, proxy)),
        is_deployed=any(map(_is_of_this_program, proxies)),
        workspaces=_workspaces(api, install, settings),
    )


def _workspaces(api: ClusterApi, install: Install, settings: Settings) -> Value | None:
    backend = install.container(settings.backend_deployment, settings.backend_container) or {}
    return EffectiveEnvironment(api, install).of(backend, {}).get(ALLOWED_WORKSPACES_VARIABLE)


def class_of(ingress: Object) -> str | None:
    """The class that an Ingress names, in its field or in the annotation of old."""
    annotations = ingress["metadata"].get("annotations") or {}
    old = annotations.get(CLASS_OF_OLD)
    found: str | None = ingress.get("spec", {}).get("ingressClassName") or old
    return found


def _controller_of(api: ClusterApi, settings: Settings, ingress: Object) -> IngressController | None:
    """The controller of an Ingress; None where neither its class nor its annotations say which one it is."""
    named = {"ingress": "create", "ingress_class": class_of(ingress) or settings.ingress_class}
    controller = find_controller(api, settings.model_copy(update=named))
    annotations = ingress["metadata"].get("annotations") or {}
    # Who may not read classes has the annotations to go by.
    says_so = controller.params_name or any(key.startswith(ALB) for key in annotations)
    return controller if says_so else None


def _is_of_this_program(workload: Workload) -> bool:
    return checksum_of(workload.live) is not None


def _ingresses(install: Install, proxy: Workload) -> tuple[Object | None, Object | None]:
    """The Ingress that leads to nothing but the proxy, and the one that leads elsewhere too."""
    service = "" if proxy.service is None else proxy.service["metadata"]["name"]
    own = shared = None
    for ingress in install.ingresses.values():
        spec = ingress.get("spec", {})
        paths = [path for rule in spec.get("rules", []) for path in rule.get("http", {}).get("paths", [])]
        backends = [path.get("backend", {}) for path in paths]
        backends += [spec["defaultBackend"]] if "defaultBackend" in spec else []
        led_to = {each.get("service", {}).get("name") for each in backends}
        if led_to == {service}:
            own = ingress
        elif service in led_to:
            shared = ingress
    return own, shared
