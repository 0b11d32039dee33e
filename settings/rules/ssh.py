"""What SSH needs, and what needs SSH."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings import hosts
from settings.errors import Problem
from settings.fields import FIELDS, applies, keys_of, value_of
from settings.model import Settings
from settings.model.ssh import SshSection
from settings.remedies import Write, without_effect
from settings.rules.book import RuleBook

RULES = RuleBook()

SSH_KEYS = tuple(key for key in keys_of(SshSection) if key != "ssh")
"""The settings that have no effect without `ssh`."""
LONGEST_NAME = 63
"""Of a Service."""


def _register_without_ssh(key: str) -> None:
    @RULES.needs("ssh", key)
    def _it_needs_ssh(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = value_of(settings, key)
        if not settings.ssh and key in given and value != FIELDS[key].default:
            yield Problem(key, value, f"has no effect without ssh; remove it, or write: {Write('ssh', 'true')}")


for _key in SSH_KEYS:
    _register_without_ssh(_key)


@RULES.needs("ssh", "sshHost", "hostedZone", "sshRecord")
def _its_host_is_in_the_zone(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    zone, host = settings.hosted_zone, settings.ssh_host
    if settings.ssh and settings.ssh_record == "create" and zone is not None and not hosts.is_within(host, zone):
        yield Problem(
            "sshHost",
            host,
            f"must lie within hostedZone, {zone}, where its record goes, for example connect-ssh.{zone}; to leave the "
            f"record to its owner, write: {Write('sshRecord', 'existing')}",
        )


@RULES.needs("ssh", "sshHost", "connectUrl", "platformUrl")
def _its_host_is_its_own(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    taken = {settings.connect_host: "connectUrl", settings.platform_host: "platformUrl"}
    if settings.ssh and settings.ssh_host in taken:
        yield Problem(
            "sshHost",
            settings.ssh_host,
            f"must be another host than that of {taken[settings.ssh_host]}: an application load balancer carries no "
            f"SSH, for example {hosts.ssh_host_beside(settings.connect_host)}",
        )


@RULES.needs("ssh", "sshPort", "proxyPort", "managementPort")
def _its_port_is_its_own(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, port in (("proxyPort", settings.proxy_port), ("managementPort", settings.management_port)):
        if settings.ssh and settings.ssh_port == port:
            yield Problem("sshPort", port, f"is {key} as well, and the proxy listens at both; write another one")


@RULES.needs("ssh", "existingSshKeySecret", "sshKeySecret", "sshKeyRotation")
def _an_existing_host_key_is_kept_by_its_owner(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    existing = settings.existing_ssh_key_secret
    if not settings.ssh or existing is None:
        return
    for key in ("sshKeySecret", "sshKeyRotation"):
        value = value_of(settings, key)
        if key in given and value != FIELDS[key].default:
            yield Problem(key, value, without_effect(key, existing, "existingSshKeySecret"))


@RULES.needs("ssh", "sshKeySecret", "oidcSecret", "tokenSecret", "existingSshKeySecret")
def _its_secret_is_its_own(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if not settings.ssh or settings.existing_ssh_key_secret is not None:
        return
    for key, name in (("oidcSecret", settings.oidc_secret), ("tokenSecret", settings.token_secret)):
        if settings.ssh_key_secret == name:
            yield Problem("sshKeySecret", name, f"is {key} as well, and each is a Secret of its own; write another one")


@RULES.needs("ssh", "target", "proxyName")
def _its_service_has_a_name(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.ssh and applies("sshKeySecret", settings.target) and len(settings.ssh_service_name) > LONGEST_NAME:
        yield Problem(
            "proxyName",
            settings.proxy_name,
            f"must have {LONGEST_NAME - len('-ssh')} characters or fewer with ssh, since the Service of SSH is called "
            f"{settings.ssh_service_name}, for example connect-proxy",
        )


@RULES.needs("ssh", "sshKeyTypes", "sshAllowedWorkspaces")
def _it_is_for_some_workspace(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.ssh and settings.ssh_allowed_workspaces == "none":
        yield Problem(
            "sshAllowedWorkspaces",
            "none",
            "must name workspaces while ssh is true, for example [1234]; to switch SSH off, write: "
            f"{Write('ssh', 'false')}",
        )
