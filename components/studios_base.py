"""What Studios is on every target: a certificate, a record, OIDC credentials, and the outputs that all stacks have."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, cast

import pulumi

from components.certificate import WildcardCertificate, WildcardCertificateArgs
from components.described import described_fields
from components.dns import DnsPlan, WildcardRecord, WildcardRecordArgs, records_to_make, session_record
from components.oidc import ExistingValue, OidcCredentials, OidcCredentialsArgs
from components.ssh_key import SshHostKey, SshHostKeyArgs
from components.surveyed import ComponentContext
from settings import hosts
from settings.model import Settings
from settings.model.dns import CREATE, ROUTE53
from settings.mounts import SSH_KEY
from settings.templates import StudioTemplate
from survey.aws import AwsAccount
from survey.together import TellTrace


class Studios(pulumi.ComponentResource):
    """Studios as a whole, beside one Platform install.

    A class of its own for each target makes what only that target has, and ends with :meth:`finish`.

    Args:
        kind: the name of the class in the type token.
        name: the component's name.
        settings: the checked settings of the stack.
        dns: where the records go.
        opts: the component's options.
    """

    platform_url: pulumi.Output[str]
    """Where users reach Platform."""
    connect_url: pulumi.Output[str]
    """The connect proxy's URL, as Platform and the proxy know it."""
    session_url_pattern: pulumi.Output[str]
    """The URL of a session, with `<session>` for its id."""
    certificate_arn: pulumi.Output[str]
    """ARN of the issued certificate of the HTTPS listener; empty with `certificate: none`."""
    load_balancer_hostname: pulumi.Output[str]
    """DNS name of the load balancer that sessions are reached through; empty with `ingress: none`."""
    record_name: pulumi.Output[str]
    """The DNS record that points at the load balancer."""
    records_to_make: pulumi.Output[dict[str, str]]
    """DNS records that the stack leaves to you: name → what it leads to, as a CNAME or an alias."""
    registration_token: pulumi.Output[str]
    """The initial token with which the proxy registers. Secret."""
    public_key: pulumi.Output[str]
    """Public half of the RSA key, PEM."""
    studio_templates: pulumi.Output[dict[str, StudioTemplate]]
    """Template key → `repository`, `icon`, `tool`, `status` and `port` (a number)."""
    platform_version: pulumi.Output[str]
    """The Platform release that the settings are for."""
    connect_version: pulumi.Output[str]
    """The Connect release that runs."""
    ssh_address: pulumi.Output[str] | None = None
    """`host:port` that SSH clients connect to; missing without SSH."""
    ssh_host_key_fingerprint: pulumi.Output[str] | None = None
    """Fingerprint of the SSH host key, as `ssh-keygen -lf` prints it; missing without SSH."""

    def __init__(
        self, kind: str, name: str, settings: Settings, dns: DnsPlan, opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(f"studios:index:{kind}", name, {}, opts)
        self._name, self._settings, self._dns = name, settings, dns
        self._ssh_load_balancer: pulumi.Input[str] | None = None
        domain = settings.certificate_domains[0]
        self._zone_id = zone_id = dns.validation_zone(settings, self)
        self.certificate = WildcardCertificate(
            f"{name}-certificate",
            WildcardCertificateArgs(
                host=domain,
                connect_host=settings.connect_host,
                path_routing=settings.path_routing,
                # That of Platform's host, or of a domain above it, may be another certificate's, too.
                host_is_shared=hosts.is_within(settings.platform_host, domain),
                zone_id=zone_id,
                wait_for_records=zone_id is None,
                # With `certificate: none` there is none, and none is made.
                certificate_arn=None if settings.makes_certificate else settings.certificate_arn or "",
                issue_seconds=settings.certificate_timeout,
            ),
            pulumi.ResourceOptions(parent=self),
            zone_provider=dns.provider,
        )
        child = pulumi.ResourceOptions(parent=self)
        self.credentials = OidcCredentials(f"{name}-oidc", _oidc_args(settings), child)
        self.ssh_key = SshHostKey(f"{name}-ssh-host-key", _ssh_key_args(settings), child) if settings.ssh else None

    way: ClassVar[frozenset[str]] = frozenset()
    """The settings that lead to the install: while one of them is wrong, it can't be surveyed."""

    @classmethod
    @abstractmethod
    def survey(cls, settings: Settings, account: AwsAccount, tell_trace: TellTrace, *, tries: bool = True) -> Any:
        """Looks at the install that the settings name, and changes nothing.

        Args:
            settings: of the stack.
            account: what the AWS provider is configured for.
            tell_trace: is called where the survey can tell whether the stack has been here; else the engine knows it.
            tries: whether to try by dry runs what the stack makes, which follows from all its settings.

        Raises:
            SettingsError: the install doesn't fit the settings.
        """

    @classmethod
    @abstractmethod
    def deployed(cls, settings: Settings, place: ComponentContext) -> Studios:
        """Surveys what exists, and deploys Studios beside it.

        Raises:
            SettingsError: the existing install does not fit the settings: all problems that the surveys found.
        """

    def reach_by_ssh(self, key: SshHostKey, load_balancer_hostname: pulumi.Input[str] | None) -> None:
        """Points the record of SSH at its load balancer, if there is one, and sets the outputs."""
        settings = self._settings
        self._ssh_load_balancer = load_balancer_hostname
        zones = self._dns.zones
        if load_balancer_hostname is not None and settings.ssh_record == CREATE and settings.dns == ROUTE53:
            WildcardRecord(
                f"{self._name}-ssh-record",
                WildcardRecordArgs(
                    record_name=settings.ssh_host,
                    zone_id=self._dns.record_zone(settings, self, self._zone_id),
                    load_balancer_hostname=load_balancer_hostname,
                    load_balancer_type="network",
                    dualstack=self._dualstack,
                ),
                pulumi.ResourceOptions(parent=self),
                account=None if zones is None or zones.record is None else zones.record.account,
                setting="sshRecord",
                provider=self._dns.provider,
            )
        self.ssh_address = pulumi.Output.from_input(f"{settings.ssh_host}:{settings.ssh_port}")
        self.ssh_host_key_fingerprint = key.fingerprint

    @property
    def _dualstack(self) -> bool:
        return (self._settings.ip_address_type or "").startswith("dualstack")

    def finish(self, load_balancer_hostname: pulumi.Input[str]) -> None:
        """Points the record at the load balancer, and registers all outputs; those of the target are set before."""
        settings = self._settings
        self.record_name = session_record(
            f"{self._name}-record", settings, self._dns, load_balancer_hostname, self, validation=self._zone_id
        )
        self.records_to_make = records_to_make(
            settings, self.certificate.awaited_records, load_balancer_hostname, self._ssh_load_balancer
        )
        self.platform_url = pulumi.Output.from_input(settings.platform_url)
        self.connect_url = pulumi.Output.from_input(settings.connect_url)
        self.session_url_pattern = pulumi.Output.from_input(settings.session_url)
        self.certificate_arn = self.certificate.certificate_arn
        self.load_balancer_hostname = pulumi.Output.from_input(load_balancer_hostname)
        self.registration_token = pulumi.Output.secret(self.credentials.registration_token)
        self.public_key = self.credentials.public_key
        templates = {key: template.model_dump() for key, template in sorted(settings.studio_templates.items())}
        # An output holds mappings; the annotation says what is in them.
        self.studio_templates = cast("pulumi.Output[dict[str, StudioTemplate]]", pulumi.Output.from_input(templates))
        self.platform_version = pulumi.Output.from_input(str(settings.platform_version))
        self.connect_version = pulumi.Output.from_input(str(settings.connect_version))
        self.register_outputs(
            {output.attribute: getattr(self, output.attribute) for output in described_fields(type(self))}
        )


def _oidc_args(settings: Settings) -> OidcCredentialsArgs:
    return OidcCredentialsArgs(
        rsa_bits=settings.rsa_bits,
        token_rotation=settings.token_rotation or "",
        key_rotation=settings.rsa_rotation or "",
        existing_token=_existing(settings, settings.existing_token_secret, settings.token_key_in_use),
        existing_pem=_existing(settings, settings.existing_oidc_secret, settings.oidc_key_in_use),
        protect_key=settings.protect_key,
    )


def _ssh_key_args(settings: Settings) -> SshHostKeyArgs:
    return SshHostKeyArgs(
        key_types=settings.ssh_key_types or (),
        rotation=settings.ssh_key_rotation or "",
        existing=_existing(settings, settings.existing_ssh_key_secret, SSH_KEY),
    )


def _existing(settings: Settings, secret: str | None, key: str) -> ExistingValue | None:
    return None if secret is None else ExistingValue(namespace=settings.namespace, secret=secret, key=key)
