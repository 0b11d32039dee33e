"""The components as the package offers them: they take what a program in any language sends, and check it as before.

No `from __future__ import annotations`, for the same reason as in `arguments`.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

import components.certificate
import components.configuration
import components.dns
import components.ingress
import components.network
import components.oidc
import components.proxy
import components.server
from components.existing_secret import ExistingValue
from components.pods import PodSettings, SecretKey
from package import arguments

Options = pulumi.ResourceOptions | None


class WildcardCertificate(components.certificate.WildcardCertificate):
    """An issued ACM certificate for `host` and `*.host`; with path routing for `host` and `connectHost`."""

    certificate_arn: pulumi.Output[str]
    """The ARN of the certificate, known once it is issued."""

    def __init__(self, name: str, args: arguments.WildcardCertificateArgs, opts: Options = None) -> None:
        super().__init__(name, components.certificate.WildcardCertificateArgs(**_given(args)), opts)


class WildcardRecord(components.dns.WildcardRecord):
    """A Route 53 alias of the session hosts to the load balancer. A record of that name which exists is an error."""

    fqdn: pulumi.Output[str]
    """The record's full name, `*.example.com`."""

    def __init__(self, name: str, args: arguments.WildcardRecordArgs, opts: Options = None) -> None:
        super().__init__(name, components.dns.WildcardRecordArgs(**_given(args)), opts)


class OidcCredentials(components.oidc.OidcCredentials):
    """A client registration token, and an RSA key in the form that Platform reads: private key, then public key."""

    registration_token: pulumi.Output[str]
    """The initial access token: 32 letters and digits. Secret."""
    pem: pulumi.Output[str]
    """`oidc.pem`: the private key, PKCS#1, with the public key beneath. Secret."""
    public_key: pulumi.Output[str]
    """The public key, PEM."""

    def __init__(self, name: str, args: arguments.OidcCredentialsArgs, opts: Options = None) -> None:
        given = _given(args)
        for key in ("existing_token", "existing_pem"):
            if key in given:
                given[key] = ExistingValue(**given[key])
        super().__init__(name, components.oidc.OidcCredentialsArgs(**given), opts)


class StudiosConfiguration(components.configuration.StudiosConfiguration):
    """Secrets for the OIDC key, the registration token and the passwords, and a ConfigMap for each workload."""

    pem_secret_name: pulumi.Output[str]
    """The Secret with the OIDC key."""
    token_secret_name: pulumi.Output[str]
    """The Secret with the registration token."""
    credentials_secret_name: pulumi.Output[str] | None
    """The Secret with the passwords, by the name of their environment variable; none if there are none."""
    proxy_config_map_name: pulumi.Output[str]
    """The ConfigMap of the proxy."""
    server_config_map_name: pulumi.Output[str]
    """The ConfigMap of the server."""
    proxy_checksum: pulumi.Output[str]
    """Changes when, and only when, something changes that the proxy reads here; reveals none of it."""
    server_checksum: pulumi.Output[str]
    """The same for the server."""
    checksum_key: pulumi.Output[str]
    """The key of the checksums. Secret."""

    def __init__(self, name: str, args: arguments.StudiosConfigurationArgs, opts: Options = None) -> None:
        super().__init__(name, components.configuration.StudiosConfigurationArgs(**_given(args)), opts)


class ConnectProxy(components.proxy.ConnectProxy):
    """The connect proxy: a Deployment, and a Service from port 80 to it."""

    service_name: pulumi.Output[str]
    """The Service that the Ingress routes to, on port 80."""
    deployment_name: pulumi.Output[str]
    """The Deployment, known once its pods are ready."""

    def __init__(self, name: str, args: arguments.ConnectProxyArgs, opts: Options = None) -> None:
        super().__init__(name, components.proxy.ConnectProxyArgs(**_with_nested(args)), opts)


class ConnectServer(components.server.ConnectServer):
    """The connect server: a StatefulSet, and a headless Service over it."""

    service_name: pulumi.Output[str]
    """The headless Service; `<name>:7070` reaches a server directly."""
    stateful_set_name: pulumi.Output[str]
    """The StatefulSet, known once its pods are ready."""

    def __init__(self, name: str, args: arguments.ConnectServerArgs, opts: Options = None) -> None:
        super().__init__(name, components.server.ConnectServerArgs(**_with_nested(args)), opts)


class StudiosIngress(components.ingress.StudiosIngress):
    """An Ingress for the AWS Load Balancer Controller, as in Seqera's template."""

    ingress_name: pulumi.Output[str]
    """The Ingress."""
    load_balancer_hostname: pulumi.Output[str]
    """The DNS name of the load balancer, known once the controller has made it."""

    def __init__(self, name: str, args: arguments.StudiosIngressArgs, opts: Options = None) -> None:
        super().__init__(name, components.ingress.StudiosIngressArgs(**_given(args)), opts)


class StudiosNetworkPolicies(components.network.StudiosNetworkPolicies):
    """Everybody may reach the proxy on its port, only the proxy the server, and neither may reach EC2's metadata."""

    def __init__(self, name: str, args: arguments.StudiosNetworkPoliciesArgs, opts: Options = None) -> None:
        super().__init__(name, components.network.StudiosNetworkPoliciesArgs(**_given(args)), opts)


COMPONENTS: list[type[pulumi.ComponentResource]] = [
    WildcardCertificate,
    WildcardRecord,
    OidcCredentials,
    StudiosConfiguration,
    ConnectProxy,
    ConnectServer,
    StudiosIngress,
    StudiosNetworkPolicies,
]


def _with_nested(args: arguments.ConnectProxyArgs | arguments.ConnectServerArgs) -> dict[str, Any]:
    """The arguments with the nested ones as the component has them."""
    given = _given(args)
    secrets = {variable: SecretKey(**key) for variable, key in given["secrets"].items()}
    return {**given, "pods": PodSettings(**given["pods"]), "secrets": secrets}


def _given(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: whole_numbers(value) for name, value in args.items()}


def whole_numbers(value: Any) -> Any:
    """The value with whole numbers as such: the engine's protocol has only floats, and the SDK hands them on."""
    if isinstance(value, Mapping):
        return _given(value)
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
