"""The shapes that Platform installs have: the guide's manifests, and what other ways to install make of them.

The charts and modules of others are not shipped here. Each shape is the guide's install changed so that it has the
names, sources and owners of the other way.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from testbed.pki import rsa_key_pair, rsa_private_key

Object = dict[str, Any]
Objects = dict[str, Object]
"""By ``Kind/name``, in the order in which they are applied."""

GUIDE: Final = "guide"
MANAGED_REDIS: Final = "managed-redis"
HELM: Final = "helm"
ENVIRONMENT: Final = "environment"
ARGO: Final = "argo"
BY_HAND: Final = "by-hand"

PLATFORM_RELEASE: Final = "v25.3.3"
"""Of Platform, as the tags in the manifests say."""
RELEASE: Final = "acme"
"""The Helm release."""
TOKEN_KEY: Final = "OIDC_CLIENT_REGISTRATION_TOKEN"  # noqa: S105 (a key's name)
HAND_MADE_TOKEN: Final = "tokenOfAStudiosThatWasMadeByHand"  # noqa: S105 (of the testbed, and of no value)
REDIS: Final = "studios.abc123.0001.use1.cache.amazonaws.com"
"""Host of the managed Redis."""

_STUDIOS: Final = Path(__file__).resolve().parent / "manifests" / "by-hand" / "studios.yml"


@dataclass(frozen=True)
class Shape:
    """One way to install Platform.

    Args:
        change: makes the objects out of the guide's; it is given the namespace and the host as well.
        backend, cron, frontend, ingress: names of the Deployments, and of Platform's Ingress.
        options: further words of ``kubectl apply``: which manager the fields have.
        wildcard: whether certificate, Ingress and zone have the sessions' hosts already.
    """

    change: Callable[[Objects, str, str], Objects]
    backend: str = "backend"
    cron: str = "cron"
    frontend: str = "frontend"
    ingress: str = "front-ingress"
    options: tuple[str, ...] = ()
    wildcard: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def deployments(self) -> tuple[str, ...]:
        """Platform's Deployments."""
        return (self.backend, self.cron, self.frontend)


def by_name(documents: Iterable[Object]) -> Objects:
    """Objects by ``Kind/name``."""
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


def _as_the_guide(objects: Objects, namespace: str, host: str) -> Objects:
    return objects


def _managed_redis(objects: Objects, namespace: str, host: str) -> Objects:
    """Redis is ElastiCache's: the namespace has no StatefulSet, and the API server answers an empty list."""
    del objects["StatefulSet/redis"], objects["Service/redis"]
    objects["ConfigMap/tower-backend-cfg"]["data"]["TOWER_REDIS_URL"] = f"redis://{REDIS}:6379"
    return objects


def _helm(objects: Objects, namespace: str, host: str) -> Objects:
    """ConfigMaps by reader, tower.yml of two documents, key and token in one Secret, variables by env and envFrom."""
    full = f"{RELEASE}-platform"
    shared: Object = objects.pop("ConfigMap/tower-backend-cfg")
    own = {name: shared["data"].pop(name) for name in ("TOWER_ENABLE_PLATFORMS", "TOWER_ENABLE_GROUNDSWELL")}
    shared["data"]["TOWER_OIDC_PEM_PATH"] = "/data/certs/oidc.pem"
    config_maps = {
        f"{full}-backend": {**own, "TOWER_DATA_EXPLORER_ENABLED": "true"},
        f"{full}-cron": {"TOWER_CRON_AUDIT_LOG_CLEAN_UP_TIME_OFFSET": "365d"},
        f"{full}-shared-backend-cron": shared["data"],
        f"{full}-tower-yml": {"tower.yml": _two_documents(objects.pop("ConfigMap/tower-yml")["data"]["tower.yml"])},
    }
    secret = objects.pop("Secret/tower-backend-secrets")
    secret["metadata"]["name"] = f"{full}-backend"
    secret["stringData"] |= {"oidc.pem": rsa_private_key(), TOKEN_KEY: "tokenThatTheChartHasGenerated123"}
    for component in ("backend", "cron"):
        _deployed_by_helm(objects, component, full, secret["stringData"])
    objects = {
        name.replace("Service/backend-api", f"Service/{full}-backend-api"): each for name, each in objects.items()
    }
    for kind, old in (
        ("Deployment", "frontend"),
        ("Service", "frontend"),
        ("Service", "backend"),
        ("Ingress", "front-ingress"),
    ):
        _renamed(objects, kind, old, f"{full}-{old.removeprefix('front-')}")
    objects[f"Service/{full}-backend-api"]["metadata"]["name"] = f"{full}-backend-api"
    for rule in objects[f"Ingress/{full}-ingress"]["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            path["backend"]["service"]["name"] = f"{full}-frontend"
    made = {
        f"ConfigMap/{name}": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        for name, data in config_maps.items()
    }
    first = {
        name: each for name, each in objects.items() if name.startswith(("Namespace/", "Secret/", "ServiceAccount/"))
    }
    found = {**first, f"Secret/{full}-backend": secret, **made, **objects}
    for name, each in found.items():
        if not name.startswith("Namespace/"):
            labels = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "platform-0.37.0"}
            annotations = {"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": namespace}
            each["metadata"].setdefault("labels", {}).update(labels)
            each["metadata"].setdefault("annotations", {}).update(annotations)
    return found


def _two_documents(text: str) -> str:
    """What the chart renders itself, then the user's part."""
    at = text.index("tower:\n")
    return f"# Rendered by the chart\n{text[:at]}---\n# The user's\n{text[at:]}"


def _deployed_by_helm(objects: Objects, component: str, full: str, secrets: Mapping[str, str]) -> None:
    deployment = _renamed(objects, "Deployment", component, f"{full}-{component}")
    labels = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/component": component}
    spec = deployment["spec"]
    spec["selector"]["matchLabels"] = labels
    # The Services go on selecting by the old label.
    spec["template"]["metadata"]["labels"].update(labels)
    pod = spec["template"]["spec"]
    pod["volumes"] = [
        {"name": "config-volume", "configMap": {"name": f"{full}-tower-yml"}},
        {"name": "connect-cert-volume", "secret": {"secretName": f"{full}-backend"}},
    ]
    variables = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": f"{full}-backend", "key": name}}}
        for name in secrets
        if name.startswith("TOWER_")
    ]
    token = {
        "name": "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN",
        "valueFrom": {"secretKeyRef": {"name": f"{full}-backend", "key": TOKEN_KEY}},
    }
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        container["envFrom"] = [
            {"configMapRef": {"name": f"{full}-{component}"}},
            {"configMapRef": {"name": f"{full}-shared-backend-cron"}},
        ]
        container["env"] = [*container.get("env", []), *copy.deepcopy(variables)]
    container = pod["containers"][0]
    container["name"] = component
    if component == "backend":
        container["env"].append(token)
    container["volumeMounts"].append({"name": "connect-cert-volume", "mountPath": "/data/certs"})


def _renamed(objects: Objects, kind: str, old: str, new: str) -> Object:
    """Gives an object another name, in its place."""
    names = list(objects)
    each = objects[f"{kind}/{old}"]
    each["metadata"]["name"] = new
    reordered = {(f"{kind}/{new}" if name == f"{kind}/{old}" else name): objects[name] for name in names}
    objects.clear()
    objects.update(reordered)
    return each


def _by_environment(objects: Objects, namespace: str, host: str) -> Objects:
    """Variables from every kind of source, cron with a ConfigMap of its own, tower.yml by a projected volume."""
    cron = copy.deepcopy(objects["ConfigMap/tower-backend-cfg"])
    cron["metadata"]["name"] = "tower-cron-cfg"
    url = objects["ConfigMap/tower-backend-cfg"]["data"].pop("TOWER_SERVER_URL")
    extra = {"TOWER_LOG_LEVEL": "INFO", "TOWER_CONTACT_EMAIL": "studios@example.com"}
    added = {
        "ConfigMap/tower-cron-cfg": cron,
        "ConfigMap/tower-extra": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "tower-extra"},
            "data": {**extra, "DATABASE_POOL": "10"},
        },
    }
    backend = objects["Deployment/backend"]["spec"]["template"]["spec"]["containers"][0]
    backend["envFrom"] += [
        {"configMapRef": {"name": "tower-extra"}},
        {"prefix": "EXTRA_", "configMapRef": {"name": "tower-extra"}},
        {"secretRef": {"name": "tower-optional", "optional": True}},
    ]
    pool = {"configMapKeyRef": {"name": "tower-extra", "key": "DATABASE_POOL"}}
    backend["env"] += [
        {"name": "TOWER_SERVER_URL", "value": url},
        {"name": "TOWER_DATA_EXPLORER_ENABLED", "value": "true"},
        {"name": "TOWER_DB_MAX_POOL_SIZE", "valueFrom": pool},
    ]
    pod = objects["Deployment/cron"]["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "config-volume", "projected": {"sources": [{"configMap": {"name": "tower-yml"}}]}}]
    for container in [*pod["containers"], *pod["initContainers"]]:
        container["envFrom"][0] = {"configMapRef": {"name": "tower-cron-cfg"}}
    return {**{k: v for k, v in objects.items() if k.startswith("Namespace/")}, **added, **objects}


def _by_argo(objects: Objects, namespace: str, host: str) -> Objects:
    """Argo CD tracks each object by a label and an annotation, and applies it on the server under its own manager."""
    for name, each in objects.items():
        kind, _, own = name.partition("/")
        if kind == "Namespace":
            continue
        group = each["apiVersion"].rpartition("/")[0]
        tracking = f"seqera:{group}/{kind}:{namespace}/{own}"
        each["metadata"].setdefault("labels", {})["argocd.argoproj.io/instance"] = "seqera"
        each["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = tracking
    return objects


def _with_studios(objects: Objects, namespace: str, host: str) -> Objects:
    """Studios was made from the guide: token in plain text, key in a Secret, sessions' rule in Platform's Ingress."""
    text = _STUDIOS.read_text().replace("${HOST}", host).replace("${TOKEN}", HAND_MADE_TOKEN)
    studios = by_name(YAML(typ="safe", pure=True).load_all(text))
    studios["Secret/platform-oidc-certs"]["data"] = {"oidc.pem": base64.b64encode(rsa_key_pair().encode()).decode()}
    data = objects["ConfigMap/tower-backend-cfg"]["data"]
    data["TOWER_DATA_EXPLORER_ENABLED"] = "true"
    data["TOWER_DATA_STUDIO_CONNECT_URL"] = f"https://connect.{host}"
    data["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"] = HAND_MADE_TOKEN
    tower_yml = objects["ConfigMap/tower-yml"]["data"]
    entry = "tower:\n  data-studio:\n    allowed-workspaces: null\n"
    tower_yml["tower.yml"] = tower_yml["tower.yml"].replace("tower:\n", entry, 1)
    for name in ("backend", "cron"):
        pod = objects[f"Deployment/{name}"]["spec"]["template"]["spec"]
        pod["volumes"].append({"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs"}})
        container = pod["containers"][0]
        container["env"].append({"name": "TOWER_OIDC_PEM_PATH", "value": "/data/certs/oidc.pem"})
        container["volumeMounts"].append({"name": "cert-volume", "mountPath": "/data/certs", "readOnly": True})
    backend = {"service": {"name": "connect-proxy", "port": {"number": 80}}}
    path = {"path": "/*", "pathType": "ImplementationSpecific", "backend": backend}
    objects["Ingress/front-ingress"]["spec"]["rules"].append({"host": f"*.{host}", "http": {"paths": [path]}})
    first = {name: each for name, each in objects.items() if name.startswith("Namespace/")}
    return {**first, **studios, **objects}


SHAPES: Final[Mapping[str, Shape]] = {
    GUIDE: Shape(_as_the_guide),
    MANAGED_REDIS: Shape(_managed_redis),
    HELM: Shape(
        _helm,
        backend=f"{RELEASE}-platform-backend",
        cron=f"{RELEASE}-platform-cron",
        frontend=f"{RELEASE}-platform-frontend",
        ingress=f"{RELEASE}-platform-ingress",
        options=("--field-manager=helm",),
    ),
    ENVIRONMENT: Shape(_by_environment),
    ARGO: Shape(_by_argo, options=("--server-side", "--field-manager=argocd-controller")),
    BY_HAND: Shape(_with_studios, wildcard=True),
}
"""The shapes by their names."""
