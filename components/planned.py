"""The Kubernetes objects that a stack makes, as the API server will get them, before any of them is made.

They are those of the components, which put them together from their arguments: here the arguments are those of a stack
that has not made anything yet, with a text in the place of what is known only then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulumi._types import input_type_to_dict, is_input_type

from components.configuration import configuration_objects
from components.ingress import ingress_object
from components.network import network_policies
from components.object_settings import (
    configuration_args,
    ingress_args,
    network_args,
    proxy_args,
    server_args,
    ssh_service_args,
)
from components.proxy import proxy_objects
from components.server import server_objects
from components.ssh import ssh_service_object
from live.fields import Object
from settings.model import Settings
from survey.trial import UNKNOWN

_CERTIFICATE: Final = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
_API_VERSIONS: Final = {
    "Secret": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
}


@dataclass(frozen=True)
class _Names:
    """The names of what is not made yet: those that the settings give it."""

    settings: Settings
    proxy_checksum: str = UNKNOWN
    server_checksum: str = UNKNOWN

    @property
    def token_secret_name(self) -> str:
        return self.settings.token_secret_in_use

    @property
    def ssh_secret_name(self) -> str | None:
        return self.settings.ssh_key_secret_in_use if self.settings.ssh else None

    @property
    def credentials_secret_name(self) -> str:
        return self.settings.credentials_secret

    @property
    def proxy_config_map_name(self) -> str:
        return self.settings.proxy_name

    @property
    def server_config_map_name(self) -> str:
        return self.settings.server_name


def planned_objects(settings: Settings) -> list[Object]:
    """What a stack with these settings makes on Kubernetes, beside its edits of Platform."""
    return [_body(inputs, settings.labels) for inputs in _inputs(settings)]


def _inputs(settings: Settings) -> Iterator[object]:
    names = _Names(settings)
    ssh_key = UNKNOWN if settings.ssh else None
    # No Output is made: this runs in a thread without an event loop.
    held = configuration_args(settings, pem=UNKNOWN, token=UNKNOWN, ssh_key=ssh_key, sealed=lambda _: UNKNOWN)
    yield from configuration_objects(held).values()
    yield from server_objects(server_args(settings, names))
    yield from proxy_objects(proxy_args(settings, names))
    if settings.network_policies:
        yield from network_policies(network_args(settings)).values()
    if settings.ssh:
        yield ssh_service_object(ssh_service_args(settings))
    if settings.ingress != "none":
        yield ingress_object(ingress_args(settings, settings.proxy_name, _CERTIFICATE))


def _body(inputs: object, labels: Mapping[str, str]) -> Object:
    kind = type(inputs).__name__.removesuffix("InitArgs")
    body: Object = {"apiVersion": _API_VERSIONS[kind], "kind": kind, **_plain(inputs)}
    body["metadata"]["labels"] = {**labels, **body["metadata"]["labels"]}
    return body


def _plain(value: Any) -> Any:
    """A value as JSON: without what is None, as the provider sends it."""
    if is_input_type(type(value)):
        value = input_type_to_dict(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
