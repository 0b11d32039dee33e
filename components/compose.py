"""Studios beside a Platform that runs with Docker Compose on EC2: every component, from the settings of a stack."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.certificate import WildcardCertificate, WildcardCertificateArgs
from components.compose_delivery import ComposeDelivery, ComposeDeliveryArgs
from components.compose_network import ComposeNetwork, ComposeNetworkArgs
from components.dns import WildcardRecord, WildcardRecordArgs, hosted_zone_id
from components.oidc import OidcCredentials, OidcCredentialsArgs
from components.outputs import COMPOSE_OUTPUTS
from delivery.bundle import Credentials, bundle
from settings.model import Settings
from survey.compose import ComposeSite


@dataclass(frozen=True, kw_only=True)
class ComposeStudiosArgs:
    """The arguments of :class:`ComposeStudios`.

    Args:
        settings: the checked settings of the stack.
        site: the instance and the load balancer.
        zone_id: the hosted zone; None to let the AWS provider look it up.
        profile: of AWS; None for the credentials of the environment.
    """

    settings: Settings
    site: ComposeSite
    zone_id: str | None = None
    profile: str | None = None


class ComposeStudios(pulumi.ComponentResource):
    """Certificate, DNS, OIDC credentials, the way through the load balancer, and the files on the instance."""

    platform_url: pulumi.Output[str]
    """Where users reach Platform."""
    connect_url: pulumi.Output[str]
    """The connect proxy's URL."""
    session_url_pattern: pulumi.Output[str]
    """The URL of a session, with ``<session>`` for its id."""
    certificate_arn: pulumi.Output[str]
    """The issued certificate."""
    load_balancer_hostname: pulumi.Output[str]
    """The DNS name of the load balancer."""
    record_name: pulumi.Output[str]
    """The DNS record that points at it."""
    instance_id: pulumi.Output[str]
    """The instance that Platform and Studios run on."""
    compose_folder: pulumi.Output[str]
    """The folder of docker-compose.yml on it."""
    bundle: pulumi.Output[str]
    """The files for the instance, for ``python -m delivery``; secret."""
    bundle_secret_arn: pulumi.Output[str]
    """The secret that holds them; empty where they are delivered by hand."""
    instance_policy: pulumi.Output[str]
    """The IAM policy that the instance's role needs, JSON; empty where the files are delivered by hand."""
    registration_token: pulumi.Output[str]
    """The registration token; secret."""
    public_key: pulumi.Output[str]
    """The public half of the RSA key, PEM."""
    studio_templates: pulumi.Output[dict[str, dict[str, str | int]]]
    """The Studio templates by their keys."""
    platform_version: pulumi.Output[str]
    """The Platform release that the settings are for."""
    connect_version: pulumi.Output[str]
    """The Connect release that runs."""

    def __init__(self, name: str, args: ComposeStudiosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:ComposeStudios", name, {}, opts)
        settings, site = args.settings, args.site
        child = pulumi.ResourceOptions(parent=self)
        zone_id = args.zone_id or settings.hosted_zone_id or hosted_zone_id(settings.hosted_zone or "", self)

        certificate = WildcardCertificate(
            f"{name}-certificate",
            WildcardCertificateArgs(
                host=settings.platform_host,
                connect_host=settings.connect_host,
                path_routing=settings.path_routing,
                zone_id=zone_id,
                certificate_arn=settings.certificate_arn,
                issue_seconds=settings.certificate_timeout,
            ),
            child,
        )
        credentials = OidcCredentials(f"{name}-oidc", _oidc_args(settings), child)
        network = ComposeNetwork(f"{name}-network", _network_args(args, certificate.certificate_arn), child)
        self.bundle = pulumi.Output.secret(_bundle(settings, credentials))
        self.bundle_secret_arn = self.instance_policy = pulumi.Output.from_input("")
        if settings.delivery == "ssm":
            delivery = ComposeDelivery(
                f"{name}-delivery",
                ComposeDeliveryArgs(
                    instance_id=site.instance_id,
                    folder=settings.compose_folder,
                    bundle=self.bundle,
                    role=site.role,
                    profile=args.profile,
                    timeout=settings.install_timeout,
                ),
                # Platform is touched once all else has gone well.
                pulumi.ResourceOptions(parent=self, depends_on=[network]),
            )
            self.bundle_secret_arn, self.instance_policy = delivery.secret_arn, delivery.policy
        record = WildcardRecord(
            f"{name}-record",
            WildcardRecordArgs(
                record_name=settings.session_host,
                zone_id=zone_id,
                load_balancer_hostname=site.load_balancer_hostname,
            ),
            child,
        )

        self.platform_url = pulumi.Output.from_input(settings.platform_url)
        self.connect_url = pulumi.Output.from_input(settings.connect_url)
        self.session_url_pattern = pulumi.Output.from_input(settings.session_url)
        self.certificate_arn = certificate.certificate_arn
        self.load_balancer_hostname = pulumi.Output.from_input(site.load_balancer_hostname)
        self.record_name = record.fqdn
        self.instance_id = pulumi.Output.from_input(site.instance_id)
        self.compose_folder = pulumi.Output.from_input(settings.compose_folder)
        self.registration_token = pulumi.Output.secret(credentials.registration_token)
        self.public_key = credentials.public_key
        self.studio_templates = pulumi.Output.from_input(
            {key: template.model_dump() for key, template in sorted(settings.studio_templates.items())}
        )
        self.platform_version = pulumi.Output.from_input(str(settings.platform_version))
        self.connect_version = pulumi.Output.from_input(str(settings.connect_version))
        self.register_outputs({output.attribute: getattr(self, output.attribute) for output in COMPOSE_OUTPUTS})


def _oidc_args(settings: Settings) -> OidcCredentialsArgs:
    return OidcCredentialsArgs(
        rsa_bits=settings.rsa_bits,
        token_rotation=settings.token_rotation or "",
        key_rotation=settings.rsa_rotation or "",
    )


def _network_args(args: ComposeStudiosArgs, certificate_arn: pulumi.Input[str]) -> ComposeNetworkArgs:
    settings = args.settings
    return ComposeNetworkArgs(
        site=args.site,
        host=settings.session_host,
        port=settings.proxy_port,
        healthcheck_path=settings.health_check_path,
        success_codes=settings.health_check_success_codes,
        priority=settings.listener_rule_priority,
        certificate_arn=certificate_arn,
        existing_certificate=settings.certificate_arn,
        profile=args.profile,
    )


def _bundle(settings: Settings, credentials: OidcCredentials) -> pulumi.Output[str]:
    def of(resolved: list[object]) -> str:
        pem, token = resolved
        return bundle(settings, Credentials(pem=str(pem), token=str(token)))

    return pulumi.Output.all(credentials.pem, credentials.registration_token).apply(of)
