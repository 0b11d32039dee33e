"""A namespace with a Studios that was made by hand, as an API server has it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ruamel.yaml import YAML

from live.api import ClusterApi
from pipeline.adopt.found import ExistingStudios, find_studios
from settings.parsing import parse_settings
from testbed.platform import shapes
from testbed.platform.install import manifests
from testbed.platform.shapes import SHAPES, Objects, by_name
from tests.unit.survey.conftest import APPS, CORE, NET, FakeApi, api

__all__ = ["api"]

NAMESPACE = "platform-stage"
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
VALUES: dict[str, object] = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": NAMESPACE,
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
    "backendConfigMap": "tower-backend-cfg",
}
LISTS = {
    "Deployment": f"{APPS}/deployments",
    "StatefulSet": f"{APPS}/statefulsets",
    "ConfigMap": f"{CORE}/configmaps",
    "Secret": f"{CORE}/secrets",
    "Service": f"{CORE}/services",
    "Ingress": f"{NET}/ingresses",
}


@pytest.fixture
def objects() -> Objects:
    """The objects, to be changed by a test before it looks for them."""
    guide = by_name(YAML(typ="safe", pure=True).load_all(manifests(ARN, NAMESPACE, "example.com")))
    found = SHAPES[shapes.BY_HAND].change(guide, NAMESPACE, "example.com")
    for each in found.values():
        if each["kind"] == "Secret" and "stringData" in each:
            values = each.pop("stringData")
            each["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return found


def served(api: FakeApi, objects: Objects) -> ClusterApi:
    """An API that has the objects."""
    namespace = f"/api/v1/namespaces/{NAMESPACE}"
    api.lists["/api/v1/namespaces"] = [{"metadata": {"name": NAMESPACE}}]
    api.lists |= {path: [] for path in LISTS.values()}
    api.lists |= {"/apis/networking.k8s.io/v1/ingresses": [], f"{namespace}/resourcequotas": []}
    classes = {"alb": "ingress.k8s.aws/alb", "nginx": "k8s.io/ingress-nginx", "auto": "eks.amazonaws.com/alb"}
    api.lists["/apis/networking.k8s.io/v1/ingressclasses"] = [
        {"metadata": {"name": name}, "spec": {"controller": controller}} for name, controller in classes.items()
    ]
    for each in objects.values():
        if each["kind"] in LISTS:
            api.lists[LISTS[each["kind"]]].append(each)
    return ClusterApi(api.access)


def found_in(api: FakeApi, objects: Objects, **values: Any) -> ExistingStudios:
    """What an adoption finds."""
    return find_studios(served(api, objects), parse_settings({**VALUES, **values}), "prod")
