"""Every setting of a stack, typed, with its default and what it means.

Each section has a module. The field `connect_url` is the config key `seqera-studios:connectUrl`. Defaults that follow
from other settings are filled in, so that no consumer has to derive anything. `settings.parsing.parse_settings` makes
an instance from plain values, `settings.loader.load_settings` from the stack's configuration.
"""

from __future__ import annotations

from settings import hosts
from settings.model.cluster import ClusterSection
from settings.model.connect import ConnectSection
from settings.model.declarations import check
from settings.model.dns import CREATE, EXTERNAL_DNS, ROUTE53, DnsSection
from settings.model.install import InstallSection
from settings.model.instance import InstanceSection
from settings.model.keys import KeysSection
from settings.model.load_balancer import LoadBalancerSection
from settings.model.platform import PlatformSection
from settings.model.pods import PodsSection
from settings.model.redis import RedisSection
from settings.model.section import Section
from settings.model.ssh import SshSection
from settings.model.studios import StudiosSection
from settings.releases import GIVES_CA_TO_SESSIONS, WORKSPACES_IN_ENVIRONMENT
from settings.types.studios import workspaces_in_tower_yml


class Settings(
    # The last base comes first, in the order of the fields too: a default reads the fields before it.
    InstallSection,
    KeysSection,
    SshSection,
    StudiosSection,
    LoadBalancerSection,
    ConnectSection,
    PodsSection,
    RedisSection,
    DnsSection,
    InstanceSection,
    ClusterSection,
    PlatformSection,
):
    """The settings of one stack, checked as a whole."""

    @property
    def tower_yml_workspaces(self) -> str | None:
        """The allowed workspaces as tower.yml gets them, JSON; None where this Platform reads them from a variable."""
        if self.platform_version >= WORKSPACES_IN_ENVIRONMENT:
            return None
        return workspaces_in_tower_yml(self.allowed_workspaces)

    @property
    def platform_host(self) -> str:
        """Platform's host name."""
        return hosts.host_of(self.platform_url)

    @property
    def connect_host(self) -> str:
        """The proxy's host name."""
        return hosts.host_of(self.connect_url)

    @property
    def sessions_domain(self) -> str:
        """The parent of the sessions' hosts: a session's name replaces the first label of the proxy's host."""
        return hosts.parent_of(self.connect_host)

    @property
    def session_host(self) -> str:
        """The host of Ingress and record: `*.<parent of the proxy's host>`, or the proxy's host with path routing."""
        return self.connect_host if self.path_routing else f"*.{self.sessions_domain}"

    @property
    def makes_certificate(self) -> bool:
        """Whether the stack makes a certificate of ACM: none exists, and TLS does not end at another one."""
        return self.certificate == CREATE and self.certificate_arn is None

    @property
    def zone_domains(self) -> tuple[str, ...]:
        """The names that the public zone must hold: what is validated there, and the name of the sessions' record."""
        record = self.connect_host if self.path_routing else self.sessions_domain
        return self.certificate_domains if self.makes_certificate else (record,)

    @property
    def validates_in_zone(self) -> bool:
        """Whether the stack writes the records that validate a certificate of its own into a zone."""
        is_named = self.hosted_zone is not None or self.hosted_zone_id is not None
        return self.makes_certificate and (self.dns == ROUTE53 or (self.dns == EXTERNAL_DNS and is_named))

    @property
    def has_records(self) -> bool:
        """Whether the stack has records beside those that validate the certificate: of the sessions, or of SSH."""
        return self.has_session_record or (self.dns == ROUTE53 and self.ssh)

    @property
    def has_session_record(self) -> bool:
        """Whether the sessions' record is in a zone that this stack looks at, as its own or as its owner's."""
        return self.dns == ROUTE53 and self.ingress != "none"

    @property
    def certificate_domains(self) -> tuple[str, ...]:
        """The domains that a certificate of our own is validated for, its first name first."""
        if not self.path_routing:
            return (self.sessions_domain,)
        if hosts.is_first_level_subdomain(self.connect_host, self.platform_host):
            return (self.platform_host, self.connect_host)
        return (self.connect_host,)

    @property
    def certificate_names(self) -> tuple[str, ...]:
        """The names of a certificate of our own."""
        wildcards = () if self.path_routing else (self.session_host,)
        return (*self.certificate_domains, *wildcards)

    @property
    def session_url(self) -> str:
        """The pattern of a session's URL."""
        if self.path_routing:
            return f"{self.connect_url}/_studio/<session>"
        return f"https://<session>.{self.sessions_domain}"

    @property
    def gives_ca_to_sessions(self) -> bool:
        """Whether backend and cron get `caCertificate`, too."""
        return self.ca_certificate is not None and self.platform_version >= GIVES_CA_TO_SESSIONS

    @property
    def ssh_service_name(self) -> str:
        """The Service of type LoadBalancer that SSH clients reach the proxy through."""
        return f"{self.proxy_name}-ssh"

    @property
    def credentials_secret(self) -> str:
        """The Secret of the passwords that are given; it is made only if there are any."""
        return f"{self.server_name}-credentials"

    @property
    def tunnel_url(self) -> str:
        """`host:port` at which sessions' tunnels end: the server's headless Service."""
        return f"{self.server_name}:{self.tunnel_port}"


SECTIONS: tuple[type[Section], ...] = tuple(base for base in reversed(Settings.__bases__) if issubclass(base, Section))
"""The sections in the order in which documents show them."""

check(Settings)
