"""A Studios that was made by hand, by Helm or by another program: its objects, its key and its token."""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from live.api import ClusterApi, NotFoundError
from live.edits import CHECKSUM_ANNOTATION
from live.ownership import stack_of
from settings.model import Settings
from settings.model.install import PEM_PATH_VARIABLE
from settings.model.keys import PLATFORM_TOKEN_VARIABLE, PROXY_TOKEN_VARIABLE
from survey.install import Install, pod_of, read_install

Object = Mapping[str, Any]

URL_VARIABLE = "CONNECT_PROXY_URL"
REDIS_VARIABLE = "CONNECT_REDIS_ADDRESS"
_HELM = "meta.helm.sh/release-name"
_CERTIFICATE = "alb.ingress.kubernetes.io/certificate-arn"


@dataclass(frozen=True)
class Workload:
    """The proxy or the server, with what stands around it.

    Args:
        kind: ``Deployment`` or ``StatefulSet``.
        live: the object.
        container: the one that runs Connect.
        environment: its variables, values of Secrets included.
        service: the Service that leads to its pods, if there is one.
    """

    kind: str
    live: Object
    container: Object
    environment: Mapping[str, str] = field(repr=False)
    service: Object | None = None

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.live["metadata"]["name"])

    @property
    def image(self) -> str:
        """The container's image."""
        return str(self.container.get("image", ""))

    @property
    def release(self) -> str | None:
        """The Helm release that it belongs to."""
        found = (self.live["metadata"].get("annotations") or {}).get(_HELM)
        return None if found is None else str(found)


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
        certificate: ARN of the certificate of either.
        plain_text: the objects that hold the token in plain text.
        is_deployed: whether the stack itself has deployed a proxy already.
    """

    install: Install
    proxy: Workload
    server: Workload | None
    token: SecretText
    pem: SecretText | None
    ingress: Object | None = None
    route: Object | None = None
    certificate: str | None = None
    plain_text: tuple[str, ...] = ()
    is_deployed: bool = False


class NothingToAdoptError(Exception):
    """Why there is no Studios that could be adopted, for the user to read."""


def find_studios(api: ClusterApi, settings: Settings, stack: str) -> ExistingStudios:
    """Looks for a Studios in Platform's namespace that is this stack's, or no stack's.

    Raises:
        NothingToAdoptError: there is none, or more than one, or it has no registration token.
        SettingsError: the cluster can't be read.
    """
    install = read_install(api, settings.namespace)
    reader = _Reader(api, install)
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
        certificate=arns.partition(",")[0].strip() or None,
        plain_text=tuple(reader.in_plain_text(token.text, proxy)),
        is_deployed=any(map(_is_of_this_program, proxies)),
    )


def _is_of_this_program(workload: Workload) -> bool:
    return CHECKSUM_ANNOTATION in (workload.live["spec"]["template"]["metadata"].get("annotations") or {})


def _ingresses(install: Install, proxy: Workload) -> tuple[Object | None, Object | None]:
    """The Ingress that leads to nothing but the proxy, and the one that leads elsewhere too."""
    service = "" if proxy.service is None else proxy.service["metadata"]["name"]
    own = shared = None
    for ingress in install.ingresses.values():
        led_to = {
            path.get("backend", {}).get("service", {}).get("name")
            for rule in ingress.get("spec", {}).get("rules", [])
            for path in rule.get("http", {}).get("paths", [])
        }
        if led_to == {service}:
            own = ingress
        elif service in led_to:
            shared = ingress
    return own, shared


class _Reader:
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
                yield Workload(kind, live, container, environment, self._service_of(live))

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
        """The key that backend has at the path of its variable."""
        container = self._install.container(settings.backend_deployment, settings.backend_container)
        if container is None:
            return None
        path = self.environment(container).get(PEM_PATH_VARIABLE, "")
        folder, file = posixpath.split(path)
        volumes = {
            each["name"]: each
            for each in pod_of(self._install.deployments[settings.backend_deployment]).get("volumes", [])
        }
        for mount in container.get("volumeMounts", []):
            secret = volumes.get(mount["name"], {}).get("secret")
            if secret is None or mount["mountPath"].rstrip("/") not in (folder, path):
                continue
            keys = {each["path"]: each["key"] for each in secret.get("items", [])}
            key = keys.get(mount.get("subPath", file), mount.get("subPath", file))
            held = self.secret(secret["secretName"])
            if held.get(key):
                name = secret["secretName"]
                return SecretText(held[key], f"Secret/{name}", name, key)
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


def platform_token(found: ExistingStudios, api: ClusterApi, settings: Settings) -> str | None:
    """The token that backend has; None if it has none."""
    container = found.install.container(settings.backend_deployment, settings.backend_container)
    if container is None:
        return None
    return _Reader(api, found.install).environment(container).get(PLATFORM_TOKEN_VARIABLE) or None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
