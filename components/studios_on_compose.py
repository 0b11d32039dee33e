"""Studios beside a Platform that runs with Docker Compose on EC2: every component, from the settings of a stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi

from components.compose_delivery import ComposeDelivery, ComposeDeliveryArgs
from components.compose_network import ComposeNetwork, ComposeNetworkArgs
from components.compose_ssh import ComposeSshNetwork, ComposeSshNetworkArgs
from components.compose_told import ReadByPlatform
from components.dns import DnsPlan, zones_provider
from components.oidc import OidcCredentials
from components.own_resource import OwnResource
from components.ssh_key import SshHostKey
from components.studios_base import Studios
from components.surveyed import ComponentContext, surveyed
from delivery.bundle import Credentials, bundle
from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.adopting import is_adopting
from survey.aws import AwsAccess, AwsAccount
from survey.compose import ComposeSite, find_site
from survey.together import TellTrace
from survey.vpc import with_trusted_networks

_ONLY_CHECKS = {"skipCredentialsValidation", "skipRegionValidation", "skipRequestingAccountId"}


@dataclass(frozen=True, kw_only=True)
class ComposeStudiosArgs:
    """The arguments of :class:`ComposeStudios`.

    Args:
        settings: the checked settings of the stack.
        site: the instance and the load balancer.
        dns: where the records go.
        profile: of AWS; None for the credentials of the environment.
    """

    settings: Settings
    site: ComposeSite
    dns: DnsPlan = field(default_factory=DnsPlan)
    profile: str | None = None


class ComposeStudios(Studios):
    """Certificate, DNS, OIDC credentials, the way through the load balancer, and the files on the instance."""

    instance_id: pulumi.Output[str]
    """EC2 instance that Platform and Studios run on."""
    compose_folder: pulumi.Output[str]
    """Folder of docker-compose.yml on it."""
    bundle: pulumi.Output[str]
    """The files for the instance, for `python -m delivery`. Secret."""
    bundle_secret_arn: pulumi.Output[str]
    """Secret that holds them; empty with `delivery: files`."""
    instance_policy: pulumi.Output[str]
    """IAM policy that the instance's role needs, JSON; empty likewise."""

    def __init__(self, name: str, args: ComposeStudiosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ComposeStudios", name, args.settings, args.dns, opts)
        settings, site = args.settings, args.site
        child = pulumi.ResourceOptions(parent=self)

        credentials, ssh_key = self.credentials, self.ssh_key
        network = ComposeNetwork(f"{name}-network", _network_args(args, self.certificate.certificate_arn), child)
        if ssh_key is not None:
            way = ComposeSshNetwork(
                f"{name}-ssh",
                ComposeSshNetworkArgs(site=site, port=settings.ssh_port, client_cidrs=settings.ssh_client_cidrs),
                child,
            )
            self.reach_by_ssh(ssh_key, way.load_balancer_hostname)
        self.bundle = pulumi.Output.secret(_bundle(settings, credentials, ssh_key))
        self.bundle_secret_arn = self.instance_policy = pulumi.Output.from_input("")
        if settings.delivery == "ssm":
            delivery = ComposeDelivery(
                f"{name}-delivery",
                ComposeDeliveryArgs(
                    instance_id=site.instance_id,
                    folder=settings.compose_folder,
                    bundle=self.bundle,
                    read_by_platform=ReadByPlatform.of(
                        settings,
                        credentials.pem,
                        credentials.registration_token,
                        None if ssh_key is None else ssh_key.fingerprint,
                    ),
                    role=site.role,
                    profile=args.profile,
                    timeout=settings.install_timeout,
                ),
                # Platform is touched once all else has gone well.
                pulumi.ResourceOptions(parent=self, depends_on=[network]),
            )
            self.bundle_secret_arn, self.instance_policy = delivery.secret_arn, delivery.policy

        self.instance_id = pulumi.Output.from_input(site.instance_id)
        self.compose_folder = pulumi.Output.from_input(settings.compose_folder)
        self.finish(site.load_balancer_hostname)

    @classmethod
    def survey(
        cls, settings: Settings, account: AwsAccount, tell_trace: TellTrace, *, tries: bool = True
    ) -> tuple[Settings, ComposeSite]:
        """Returns the settings with what is decided there, and the instance and the load balancer."""
        found = find_site(settings, account)
        return with_trusted_networks(settings, account, found.vpc_id), found

    @classmethod
    def deployed(cls, settings: Settings, place: ComponentContext) -> ComposeStudios:
        """Surveys instance and load balancer, and deploys Studios there."""
        zones, (settled, found), first = surveyed(settings, place, cls.survey, _beyond_the_plugin(place.access))
        for warning in found.warnings:
            pulumi.log.warn(warning)
        dns = DnsPlan(zones, zones_provider(place.name, settings, place.access))
        args = ComposeStudiosArgs(settings=settled, site=found, dns=dns, profile=place.access.profile)
        return cls(
            place.name,
            args,
            pulumi.ResourceOptions.merge(place.opts, _refusing_first(place.name, [*first, *found.first])),
        )


def _refusing_first(name: str, problems: Sequence[Problem]) -> pulumi.ResourceOptions:
    """Options of a component that refuse, in a preview too, to make it where the state has none."""

    def refuse(_: pulumi.ResourceHookArgs) -> None:
        if problems and not is_adopting():
            raise SettingsError(problems)

    hook = pulumi.ResourceHook(f"{name}-first", refuse, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook]))


def _beyond_the_plugin(access: AwsAccess) -> Iterator[Problem]:
    """What the resources of our own in the package's plugin, which runs apart from the program, can't be handed."""
    if OwnResource.in_plugin:
        for name in sorted(access.more.keys() - _ONLY_CHECKS):
            message = (
                "can't be handed to the package's own resources; write it into a profile, and name that in aws:profile"
            )
            yield Problem(f"aws:{name}", None, message)


def _network_args(args: ComposeStudiosArgs, own_certificate: pulumi.Input[str]) -> ComposeNetworkArgs:
    settings = args.settings
    return ComposeNetworkArgs(
        site=args.site,
        host=settings.session_host,
        port=settings.proxy_port,
        healthcheck_path=settings.health_check_path,
        success_codes=settings.health_check_success_codes,
        priority=settings.listener_rule_priority,
        own_certificate=own_certificate,
        existing_certificate=settings.certificate_arn,
        profile=args.profile,
    )


def _bundle(settings: Settings, credentials: OidcCredentials, ssh_key: SshHostKey | None) -> pulumi.Output[str]:
    def of(resolved: list[object]) -> str:
        pem, token, *ssh = map(str, resolved)
        private, fingerprint = ssh or ("", "")
        return bundle(settings, Credentials(pem=pem, token=token, ssh_key=private, ssh_fingerprint=fingerprint))

    of_ssh = [] if ssh_key is None else [ssh_key.private_key, ssh_key.fingerprint]
    return pulumi.Output.all(credentials.pem, credentials.registration_token, *of_ssh).apply(of)
