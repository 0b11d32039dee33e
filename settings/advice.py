"""What is taken, and deserves a word: each is a warning in preview and up, and nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from settings.balancers import ALB, is_read, nearest_annotation
from settings.errors import Problem
from settings.fields import applies, value_of
from settings.model import Settings
from settings.releases import (
    NEWEST_CLIENT,
    NEWEST_CONNECT,
    PLATFORM_RELEASES,
    is_newer_connect,
    is_newer_than_known,
    minor,
    newest_client,
    oldest_client,
)
from settings.rules.variables import EXTRA
from settings.templates import r_ide_tool
from settings.versions import Version

_SSH_CONNECT = Version(0, 12, 0)
"""Since June 2026 Seqera's documentation asks for it; 0.10 knows the variables."""


def advice(settings: Settings) -> list[Problem]:
    """The warnings about the settings of a stack, each once."""
    return [
        *_newer_releases(settings),
        *_tool_names(settings),
        *_clients(settings),
        *_headers(settings),
        *_addresses(settings),
        *_annotations(settings),
        *_ssh(settings),
        *_monitoring(settings),
        *_unchecked(settings),
    ]


def _newer_releases(settings: Settings) -> Iterator[Problem]:
    if is_newer_than_known(settings.platform_version):
        newest = PLATFORM_RELEASES[-1]
        yield Problem(
            "platformVersion",
            str(settings.platform_version),
            f"is newer than {newest}, the newest release that this program knows: the settings and the Connect release "
            f"of {newest} are used. Set connectVersion to the release that your Platform comes with",
        )
        return
    for key in ("connectVersion", "proxyVersion", "serverVersion"):
        version = value_of(settings, key)
        if version.release > NEWEST_CONNECT.release:
            yield Problem(
                key,
                str(version),
                f"is newer than {NEWEST_CONNECT}, the newest release that this program knows: its settings are used",
            )
            # The versions of the two are that of connectVersion where they are not set.
            return


def _tool_names(settings: Settings) -> Iterator[Problem]:
    r_ide = r_ide_tool(settings.platform_version)
    for key, template in settings.studio_templates.items():
        if template.tool == "rstudio" and r_ide != "rstudio":
            yield Problem(
                f"studioTemplates.{key}.tool",
                template.tool,
                f"is the R-IDE's name in Platform 25.1; Platform {settings.platform_version} calls it {r_ide}",
            )


def _clients(settings: Settings) -> Iterator[Problem]:
    server = settings.server_version
    newest = newest_client(server)
    for key, template in settings.studio_templates.items():
        tagged, client = template.client_of_tag, template.connect_client
        if client is not None and tagged is not None and not _is_same(client, tagged):
            yield Problem(
                f"studioTemplates.{key}.connectClient",
                str(client),
                f"differs from the tag of the image, which ends in -{tagged}: the program goes by connectClient; "
                "correct it, or remove it",
            )
        if template.status != "deprecated" and template.client.release > newest:
            yield Problem(
                f"studioTemplates.{key}.repository",
                template.repository,
                f"has the Connect client {template.client}, and the server is {server}: a server serves clients as old "
                f"as {minor(oldest_client(server))}, and nothing is documented of newer ones; write an image with "
                f"{minor(server.release)}, or set serverVersion to {minor(template.client.release)} or newer",
            )
    if is_newer_connect(server) and oldest_client(server) > NEWEST_CLIENT.release:
        own = [key for key, each in settings.studio_templates.items() if each.client.release < oldest_client(server)]
        if own:
            yield Problem(
                "studioTemplates",
                None,
                f"has images with clients that Connect {server} may not serve any more ({', '.join(own)}): the newest "
                f"that this program knows have {NEWEST_CLIENT}. Write those that your Platform comes with",
            )


def _is_same(client: Version, tagged: Version) -> bool:
    """Whether two versions are the same as far as both are written out."""
    is_short = client.patch is None or tagged.patch is None
    return client.release == tagged.release if is_short else client == tagged


def _addresses(settings: Settings) -> Iterator[Problem]:
    if settings.trusted_proxy_cidrs:
        return
    for bucket in settings.transfer_policy.buckets if settings.transfer_policy else ():
        if any(each.source.type == "client_ip" and each.protocol != "ssh" for each in bucket.extractors):
            yield Problem(
                f"transferPolicy.buckets.{bucket.name}",
                None,
                "counts by address, and the proxy sees the load balancer's as long as it trusts no network: all users "
                "share one quota. Set trustedProxyCidrs to vpc, or to the networks of the load balancer's subnets",
            )


def _headers(settings: Settings) -> Iterator[Problem]:
    for bucket in settings.transfer_policy.buckets if settings.transfer_policy else ():
        for extractor in bucket.extractors:
            name = extractor.source.name
            if name is not None and not name.lower().startswith("x-connect-"):
                yield Problem(
                    f"transferPolicy.buckets.{bucket.name}",
                    name,
                    "is a header that the proxy doesn't set itself: a user may forge it; X-Connect-Sub can't be forged",
                )


def _annotations(settings: Settings) -> Iterator[Problem]:
    for name in settings.ingress_annotations:
        below = name.removeprefix(ALB)
        if below != name and not is_read(below):
            yield Problem(
                f"ingressAnnotations.{name}",
                None,
                "is not an annotation that the AWS Load Balancer Controller reads up to 3.5, and it says nothing of "
                f"others; the nearest is {ALB}{nearest_annotation(below)}",
            )


def _ssh(settings: Settings) -> Iterator[Problem]:
    if not settings.ssh:
        return
    for role, version in (("proxy", settings.proxy_version), ("server", settings.server_version)):
        if version < _SSH_CONNECT:
            yield Problem(
                "ssh",
                None,
                f"works with Connect {_SSH_CONNECT} or newer by Seqera's documentation, and the {role} is {version}",
            )
    old = [key for key, each in settings.studio_templates.items() if each.client.release < _SSH_CONNECT.release]
    if old:
        yield Problem(
            "ssh",
            None,
            f"reaches no session of an image with a Connect client older than {_SSH_CONNECT}: studioTemplates "
            f"{', '.join(sorted(old))}",
        )
    yield from _out_of_reach(settings)
    if applies("sshLoadBalancer", settings.target) and settings.ssh_load_balancer is None:
        yield Problem(
            "ssh",
            None,
            f"makes no record without sshLoadBalancer: point {settings.ssh_host} at the instance, which lets "
            f"{', '.join(settings.ssh_client_cidrs)} in at port {settings.ssh_port}",
        )


def _out_of_reach(settings: Settings) -> Iterator[Problem]:
    """Why SSH reaches no session, or not all that it is meant for."""
    allowed, with_ssh = settings.allowed_workspaces, settings.ssh_allowed_workspaces
    if allowed == "none":
        yield Problem("ssh", None, 'reaches no session: allowedWorkspaces is "none", so no workspace has Studios')
    elif isinstance(allowed, tuple) and isinstance(with_ssh, tuple) and (without := sorted({*with_ssh} - {*allowed})):
        all_of_them = len(without) == len(with_ssh)
        told = (
            "reaches no session: none of them has"
            if all_of_them
            else f"reaches no session in {_listed(without)}, without"
        )
        yield Problem("sshAllowedWorkspaces", list(with_ssh), f"{told} Studios; add them to allowedWorkspaces")
    local = [each for each in settings.ssh_client_cidrs if (net := ip_network(each)).is_loopback or net.is_link_local]
    if len(local) == len(settings.ssh_client_cidrs):
        yield Problem("sshClientCidrs", local, "reaches no session: no client comes from these networks")


def _listed(workspaces: list[int]) -> str:
    return ", ".join(map(str, workspaces))


def _monitoring(settings: Settings) -> Iterator[Problem]:
    if settings.service_monitor and settings.network_policies and settings.management_namespace is None:
        yield Problem(
            "serviceMonitor",
            True,
            "reaches no pod while networkPolicies is true and managementNamespace is not set: set that to the "
            "namespace of Prometheus",
        )


def _unchecked(settings: Settings) -> Iterator[Problem]:
    for key in EXTRA:
        if names := sorted(value_of(settings, key)):
            yield Problem(key, None, f"passes on {', '.join(names)}, which this program doesn't check")
