"""The settings that keep what an existing Studios has: its load balancer, its Redis, its templates and its releases."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from live.ingress import balancer_of
from live.ingress_class import IngressClass
from pipeline.adopt.found import ExistingStudios, Object, class_of
from settings.balancers import ALB, ANNOTATION_OF_SETTING, IDLE_TIMEOUT, SETTING_OF_ANNOTATION, SETTING_OF_PARAMETER
from settings.default_tags import pairs_in
from settings.errors import SettingsError
from settings.fields import FIELDS, name_of_variable, value_of
from settings.model import Settings
from settings.model.redis import PASSWORD_VARIABLE
from settings.parsing import parse_settings
from settings.rules.ingress import FIXED_ANNOTATIONS
from settings.templates import PREFIX

Values = dict[str, Any]

#: Settings that only keep a value as it is: where one of them does not fit, the default has to do.
_CONVENIENCES = ("connectVersion", "proxyVersion", "serverVersion", "studioTemplates", "sslPolicy")

VARIABLES = {
    key: name_of_variable(key, "proxy")
    for key in ("connectUrl", "redisAddress", "redisDatabase", "redisPrefix", "redisUser", "redisTls")
}
"""Key of a setting → the variable of a running proxy that tells its value."""

_OWN = {*SETTING_OF_ANNOTATION, *FIXED_ANNOTATIONS}
#: The controller's own default, which differs from the program's.
_OF_CONTROLLER = {"targetType": "instance"}
#: Notes of whoever has applied an object.
_OF_TOOLS = ("kubectl.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/", "pulumi.com/")
_OF_SEQERA = "cr.seqera.io/"
_RELEASE = re.compile(r"\d+\.\d+(\.\d+)?")
_TAG = re.compile(r":v?(\d+\.\d+(\.\d+)?)(@|$)")


def settings_of_ingress(ingress: Object, params: Object, given: Mapping[str, str]) -> Values:
    """The settings with which the stack describes the load balancer as the Ingress and its class do.

    Args:
        ingress: the object.
        params: what IngressClassParams say.
        given: the annotations that the stack's file has already.
    """
    everything: Mapping[str, str] = ingress["metadata"].get("annotations") or {}
    annotations = {key.removeprefix(ALB): value for key, value in everything.items() if key.startswith(ALB)}
    balancer = balancer_of(ingress, IngressClass(params=params))
    found: Values = {
        "ingressClass": class_of(ingress),
        "loadBalancerGroup": balancer.group or None,
        **{
            key: params.get(name) or everything.get(ANNOTATION_OF_SETTING[key]) or _OF_CONTROLLER.get(key)
            for name, key in SETTING_OF_PARAMETER.items()
        },
        "loadBalancerScheme": balancer.scheme,
    }
    if found["loadBalancerGroup"] and "group.order" in annotations:
        found["loadBalancerGroupOrder"] = _number(annotations["group.order"])
    attributes = pairs_in(annotations.get("load-balancer-attributes", ""))
    attributes |= {each["key"]: str(each["value"]) for each in params.get("loadBalancerAttributes") or []}
    timeout = attributes.pop(IDLE_TIMEOUT, None)
    if timeout is not None:
        found["idleTimeout"] = _number(timeout)
    if attributes:
        found["loadBalancerAttributes"] = attributes
    # Who may reach it, its name, its firewall: without them another load balancer would be made, or a more open one.
    others = {key: value for key, value in everything.items() if not key.startswith(_OF_TOOLS) and key not in _OWN}
    if others:
        found["ingressAnnotations"] = {**others, **given}
    return {key: value for key, value in found.items() if value is not None}


def _number(text: str) -> int | str:
    """A number, or what is written in the place of one: the settings say what is wrong with it."""
    return int(text) if text.strip().lstrip("-").isdigit() else text


@dataclass(frozen=True)
class Running:
    """What runs, as far as its values are kept.

    Args:
        environment: variables of the proxy.
        platform: variables of Platform's backend.
        images: of proxy and server.
    """

    environment: Mapping[str, str] = field(repr=False)
    platform: Mapping[str, str] = field(repr=False)
    images: tuple[str, ...]


def values_as_they_are(
    running: Running, given: Settings, values: Mapping[str, object], more: Mapping[str, Any]
) -> Values:
    """What keeps users' sessions and Platform's values, unless the stack's file says otherwise.

    Args:
        running: what runs.
        given: the stack's settings.
        values: those that its file has.
        more: what the target adds.
    """
    environment = running.environment
    kept: Values = {
        "connectUrl": environment[VARIABLES["connectUrl"]].rstrip("/"),
        "redisAddress": environment.get(VARIABLES["redisAddress"]),
        # Connect's own default, which Seqera's templates and this program don't leave to it.
        "redisDatabase": _number(environment.get(VARIABLES["redisDatabase"]) or "0"),
        "redisPrefix": environment.get(VARIABLES["redisPrefix"]),
        "redisUser": environment.get(VARIABLES["redisUser"]) or None,
        "redisTls": True if environment.get(VARIABLES["redisTls"], "").lower() == "true" else None,
        "studioTemplates": _templates(running.platform),
        **_versions(running.images),
        **_images(running.images),
        **more,
    }
    return {
        key: value
        for key, value in kept.items()
        if value is not None and (key in ("connectUrl", "redisDatabase") or not is_given(given, values, key))
    }


def is_given(given: Settings, values: Mapping[str, object], key: str) -> bool:
    """Whether the stack's file says something else than the default, which the engine hands over like what is written.

    Args:
        given: the stack's settings.
        values: those that its file has, and the engine's defaults.
        key: of the setting.
    """
    return bool(values.get(key)) and value_of(given, key) != FIELDS[key].default


def of_kubernetes(found: ExistingStudios, given: Settings) -> tuple[Running, Values]:
    """What runs on Kubernetes, and what keeps its Secrets."""
    running = Running(
        environment=found.proxy.environment,
        platform=found.install.data(given.backend_config_map),
        images=tuple(each.image for each in (found.proxy, found.server) if each is not None),
    )
    return running, {"redisPasswordSecret": _password_secret(found)}


def password_in_plain_text(found: ExistingStudios, values: Mapping[str, object]) -> str | None:
    """The Redis password of a proxy that has it in plain text, unless the stack's file knows one."""
    if values.get("redisPassword") or values.get("redisPasswordSecret") or _password_secret(found) is not None:
        return None
    return found.proxy.environment.get(PASSWORD_VARIABLE) or None


def _password_secret(found: ExistingStudios) -> dict[str, str] | None:
    for each in found.proxy.container.get("env", []):
        reference = each.get("valueFrom", {}).get("secretKeyRef")
        if each["name"] == PASSWORD_VARIABLE and reference:
            return {"name": reference["name"], "key": reference["key"]}
    return None


def _versions(images: tuple[str, ...]) -> Values:
    versions = [match[1] for match in map(_TAG.search, images) if match]
    if len(versions) == 2 and versions[0] != versions[1]:
        return {"proxyVersion": versions[0], "serverVersion": versions[1]}
    return {"connectVersion": versions[0]} if versions else {}


def _images(images: tuple[str, ...]) -> Values:
    """The images of a mirror, as repositories where the release is their tag."""
    found: Values = {}
    for key, image in zip(("proxyImage", "serverImage"), images, strict=False):
        repository, _, tag = image.rpartition(":")
        if not image.startswith(_OF_SEQERA):
            found[key] = repository if _RELEASE.fullmatch(tag) else image
    return found


def _templates(platform: Mapping[str, str]) -> Values | None:
    templates: dict[str, Values] = {}
    for name, value in platform.items():
        key, _, part = name.removeprefix(PREFIX).rpartition("_")
        if name.startswith(PREFIX) and key:
            templates.setdefault(key, {})[part.lower()] = int(value) if part == "PORT" and value.isdigit() else value
    return templates or None


def fitting(values: Mapping[str, object], added: Values, encrypted: set[str]) -> tuple[Settings, Values]:
    """The settings with what is added, without the conveniences that don't fit them."""
    try:
        return parse_settings(_merged(values, added), encrypted), added
    except SettingsError as error:
        wrong = {problem.key.partition(".")[0].partition("[")[0] for problem in error.problems}
        drop = wrong & set(_CONVENIENCES) & added.keys()
        if not drop:
            raise
        return fitting(values, {key: value for key, value in added.items() if key not in drop}, encrypted)


def _merged(values: Mapping[str, object], added: Values) -> dict[str, object]:
    merged = {**values, **{k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in added.items()}}
    return {key: value for key, value in merged.items() if value is not None}
