"""Reads what a Studios consists of that exists already: its workloads, with their variables, its key and its token."""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from live.api import ClusterApi, NotFoundError
from settings.host_names import PEM_PATH_VARIABLE, PROXY_TOKEN_VARIABLE
from settings.model import Settings
from survey.effective_environment import EffectiveEnvironment
from survey.gitops import keeper_of
from survey.install import Install, pod_of

Object = Mapping[str, Any]

_HELM = "meta.helm.sh/release-name"


@dataclass(frozen=True)
class Keeper:
    """Who keeps objects as it has them.

    Args:
        name: ``the Helm release studios``.
        removal: how objects are removed for good.
    """

    name: str
    removal: str


@dataclass(frozen=True)
class Workload:
    """The proxy or the server, with what stands around it.

    Args:
        kind: ``Deployment`` or ``StatefulSet``.
        live: the object.
        container: the one that runs Connect.
        environment: its variables, values of Secrets included.
        service: the Service that leads to its pods, if there is one.
        plain: the variables with values that are in no Secret.
    """

    kind: str
    live: Object
    container: Object
    environment: Mapping[str, str] = field(repr=False)
    service: Object | None = None
    plain: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.live["metadata"]["name"])

    @property
    def image(self) -> str:
        """The container's image."""
        return str(self.container.get("image", ""))

    @property
    def keeper(self) -> Keeper | None:
        """Who would create it again, or put its fields back."""
        release = (self.live["metadata"].get("annotations") or {}).get(_HELM)
        kept = keeper_of(self.live)
        if kept is not None:
            return Keeper(f"the {kept.source} of {kept.tool}", "take them out of its repository")
        if release is None:
            return None
        ways = "helm uninstall, or the values that switch Studios off and helm upgrade"
        return Keeper(f"the Helm release {release}", ways)


@dataclass(frozen=True)
class SecretText:
    """A token or a key, and where it was found.

    Args:
        text: the value; it appears in no message.
        source: ``Secret/platform-oidc-certs``, or an object that has it in plain text.
        secret, key: the Secret and the key in it; None where it is in plain text.
    """

    text: str = field(repr=False)
    source: str
    secret: str | None = None
    key: str | None = None


class NothingToAdoptError(Exception):
    """Why there is no Studios that could be adopted, for the user to read."""


class Reader:
    """Reads the workloads of a namespace, and the Secrets that their variables and mounts lead to."""

    def __init__(self, api: ClusterApi, install: Install) -> None:
        self._api = api
        self._install = install
        self._secrets: dict[str, Mapping[str, str]] = {}

    def workloads(self) -> Iterator[Workload]:
        """The Deployments and StatefulSets, by the container that has Connect's variables, or the first one."""
        path = f"/apis/apps/v1/namespaces/{self._install.namespace}/statefulsets"
        sets = [("StatefulSet", each) for each in self._api.list(path)]
        for kind, live in [*(("Deployment", each) for each in self._install.deployments.values()), *sets]:
            containers = [(each, self.environment(each)) for each in pod_of(live).get("containers", [])]
            of_connect = [each for each in containers if any(name.startswith("CONNECT_") for name in each[1])]
            for container, environment in of_connect[:1]:
                values = EffectiveEnvironment(self._api, self._install).of(container, {})
                plain = {name: value.text for name, value in values.items() if value.text is not None}
                yield Workload(kind, live, container, environment, self._service_of(live), plain)

    def _service_of(self, live: Object) -> Object | None:
        labels = live["spec"]["template"].get("metadata", {}).get("labels", {})
        for service in self._install.services.values():
            selector = service.get("spec", {}).get("selector") or {}
            if selector and selector.items() <= labels.items():
                return service
        return None

    def environment(self, container: Object) -> dict[str, str]:
        """The variables of a container; Secrets are read for those of Connect's only."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            prefix = source.get("prefix", "")
            name = (source.get("configMapRef") or source.get("secretRef") or {}).get("name", "")
            data = self._install.data(name) if "configMapRef" in source else self.secret(name)
            found |= {f"{prefix}{key}": value for key, value in data.items()}
        for each in container.get("env", []):
            origin = each.get("valueFrom", {})
            if reference := origin.get("secretKeyRef"):
                found[each["name"]] = self.secret(reference["name"]).get(reference["key"], "")
            elif reference := origin.get("configMapKeyRef"):
                found[each["name"]] = self._install.data(reference["name"]).get(reference["key"], "")
            else:
                found[each["name"]] = each.get("value", "")
        return found

    def secret(self, name: str) -> Mapping[str, str]:
        """What a Secret holds, as text; nothing where it is missing or holds something else."""
        if name not in self._secrets:
            path = f"/api/v1/namespaces/{self._install.namespace}/secrets/{name}"
            try:
                data = self._api.get(path).get("data") or {}
            except NotFoundError:
                data = {}
            self._secrets[name] = {key: _decoded(value) for key, value in data.items()}
        return self._secrets[name]

    def token(self, proxy: Workload) -> SecretText:
        """The token that the proxy registers with.

        Raises:
            NothingToAdoptError: it has none.
        """
        text = proxy.environment.get(PROXY_TOKEN_VARIABLE, "")
        if not text:
            raise NothingToAdoptError(
                f"{proxy.kind}/{proxy.name} has no {PROXY_TOKEN_VARIABLE}, so that there is no token to keep"
            )
        for each in proxy.container.get("env", []):
            reference = each.get("valueFrom", {}).get("secretKeyRef")
            if each["name"] == PROXY_TOKEN_VARIABLE and reference:
                name, key = reference["name"], reference["key"]
                return SecretText(text, f"Secret/{name}", name, key)
        return SecretText(text, f"{proxy.kind}/{proxy.name} (in plain text)")

    def pem(self, settings: Settings) -> SecretText | None:
        """The key that backend has at the path of its variable; None if it has no such variable.

        Raises:
            NothingToAdoptError: the key is in no Secret.
        """
        container = self._install.container(settings.backend_deployment, settings.backend_container)
        if container is None:
            return None
        path = self.environment(container).get(PEM_PATH_VARIABLE, "")
        folder, file = posixpath.split(path)
        pod = pod_of(self._install.deployments[settings.backend_deployment])
        volumes = {each["name"]: each for each in pod.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            if mount["mountPath"].rstrip("/") not in (folder, path):
                continue
            for name, items in _secrets_of(volumes.get(mount["name"], {})):
                keys = {each["path"]: each["key"] for each in items}
                key = keys.get(mount.get("subPath", file), mount.get("subPath", file))
                if text := self.secret(name).get(key):
                    return SecretText(text, f"Secret/{name}", name, key)
        if path and settings.existing_oidc_secret is None:
            raise NothingToAdoptError(
                f"Deployment/{settings.backend_deployment} reads its RSA key at {path}, where no Secret that it mounts "
                "has one, and a new key would end every session; put the key into a Secret, and name that in "
                "existingOidcSecret"
            )
        return None

    def in_plain_text(self, token: str, proxy: Workload) -> Iterator[str]:
        """The objects that show the token to every reader of ConfigMaps and workloads."""
        for name, config_map in self._install.config_maps.items():
            if token in (config_map.get("data") or {}).values():
                yield f"ConfigMap/{name}"
        for name in self._install.deployments.keys() - {proxy.name}:
            for container in self._install.containers(name):
                if any(each.get("value") == token for each in container.get("env", [])):
                    yield f"Deployment/{name}"


def _secrets_of(volume: Object) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    """Name and items of each Secret in a volume."""
    if "secret" in volume:
        yield volume["secret"]["secretName"], volume["secret"].get("items", [])
    for source in volume.get("projected", {}).get("sources", []):
        if "secret" in source:
            yield source["secret"]["name"], source["secret"].get("items", [])


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
