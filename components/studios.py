"""Deploys Studios on either target, after checking the existing install."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pulumi

from components.cluster import kubernetes_provider
from components.dns import DnsPlan, zones_provider
from components.own_resource import OwnResource
from components.planned import planned_objects
from components.pods import owner_of_stack
from components.studios_base import Studios
from components.studios_on_compose import ComposeStudios, ComposeStudiosArgs
from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.advice import advice
from settings.default_tags import with_default_tags
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.model.dns import EXISTING, TAKE_OVER
from settings.parsing import WrongSettingsError
from settings.targets import COMPOSE, KUBERNETES
from survey.adopting import is_adopting
from survey.arns import survey_arns
from survey.aws import AwsAccess, AwsAccount
from survey.aws_access import ZONES_ROLE
from survey.beside import problems_beside
from survey.certificate import survey_certificate
from survey.compose import ComposeSite, find_site
from survey.concurrency import run_in_parallel
from survey.dns import FoundZones, find_zones, role_of_zones
from survey.eks import find_eks_cluster
from survey.platform import PlatformSurvey, survey_platform
from survey.records import ZoneFindings, survey_records
from survey.tls_policy import survey_tls_policy
from survey.vpc import with_trusted_networks

_Surveyed = TypeVar("_Surveyed")


@dataclass(frozen=True)
class Place:
    """Where a component goes.

    Args:
        name: the component's name.
        cluster_name: the name of the Kubernetes provider.
        access: what the AWS provider is configured for.
        opts: of the component.
    """

    name: str
    cluster_name: str
    access: AwsAccess
    opts: pulumi.ResourceOptions | None


def deploy(
    name: str,
    settings: Settings,
    cluster_name: str,
    *,
    access: AwsAccess,
    opts: pulumi.ResourceOptions | None = None,
) -> Studios:
    """Studios on the target of the settings.

    Args:
        name: the component's name.
        settings: of the stack.
        cluster_name: the name of the Kubernetes provider.
        access: what the AWS provider is configured for.
        opts: of the component.

    Raises:
        SettingsError: the existing install does not fit the settings: all problems that the surveys found.
    """
    for warning in advice(settings):
        pulumi.log.warn(str(warning))
    _, deployed = _DEPLOYED[settings.target]
    return deployed(settings, Place(name, cluster_name, access, opts))


@contextmanager
def surveying_all(access: AwsAccess, opts: pulumi.ResourceOptions | None = None) -> Iterator[None]:
    """Tells beside what is wrong with the settings what stands against those that are right.

    Args:
        access: what the AWS provider is configured for.
        opts: of the component.

    Raises:
        SettingsError: instead of a `WrongSettingsError`.
    """
    try:
        yield
    except WrongSettingsError as wrong:
        beside: list[Problem] = []
        if wrong.settings is not None:
            beside = problems_beside(
                wrong.settings,
                wrong.keys,
                access,
                owner=owner_of_stack(),
                updating=not pulumi.runtime.is_dry_run(),
                zones=not _has_aws_provider(opts),
            )
        raise SettingsError([*wrong.problems, *beside]) from None


def _on_kubernetes(settings: Settings, place: Place) -> KubernetesStudios:
    settings = with_default_tags(settings, place.access.default_tags)
    field_manager = owner_of_stack()
    traces: list[bool] = []

    def platform(account: AwsAccount) -> tuple[Cluster, PlatformSurvey, Settings]:
        if settings.eks_cluster is not None:
            cluster = find_eks_cluster(account, settings.eks_cluster)
        else:
            cluster = Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)
        found = survey_platform(
            cluster,
            settings,
            field_manager=field_manager,
            tell_trace=traces.append,
            updating=not pulumi.runtime.is_dry_run(),
            planned=planned_objects,
        )
        return cluster, found, with_trusted_networks(found.settings, account)

    zones, (cluster, found, settled), _ = _surveyed(settings, place, platform, lambda: traces == [False])
    for warning in found.warnings:
        pulumi.log.warn(warning)
    provider = kubernetes_provider(place.cluster_name, cluster, settings.namespace)
    return KubernetesStudios(
        place.name,
        KubernetesStudiosArgs(
            settings=settled,
            cluster=cluster,
            dns=DnsPlan(zones, zones_provider(place.name, settings, place.access)),
            account=None if _has_aws_provider(place.opts) else AwsAccount(place.access),
            field_manager=field_manager,
        ),
        pulumi.ResourceOptions.merge(place.opts, pulumi.ResourceOptions(providers=[provider])),
    )


def _on_compose(settings: Settings, place: Place) -> ComposeStudios:
    def site(account: AwsAccount) -> tuple[Settings, ComposeSite]:
        found = find_site(settings, account)
        return with_trusted_networks(settings, account, found.vpc_id), found

    # Nothing at hand tells whether the stack has been here; the engine knows it from the state.
    zones, (settled, found), first = _surveyed(settings, place, site, lambda: False)
    for warning in found.warnings:
        pulumi.log.warn(warning)
    dns = DnsPlan(zones, zones_provider(place.name, settings, place.access))
    args = ComposeStudiosArgs(settings=settled, site=found, dns=dns, profile=place.access.profile)
    return ComposeStudios(
        place.name, args, pulumi.ResourceOptions.merge(place.opts, _refusing_first(place.name, first))
    )


def _refusing_first(name: str, problems: Sequence[Problem]) -> pulumi.ResourceOptions:
    """Options of a component that refuse, in a preview too, to make it where the state has none."""

    def refuse(_: pulumi.ResourceHookArgs) -> None:
        if problems and not is_adopting():
            raise SettingsError(problems)

    hook = pulumi.ResourceHook(f"{name}-first", refuse, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook]))


def _surveyed(
    settings: Settings, place: Place, survey: Callable[[AwsAccount], _Surveyed], is_first: Callable[[], bool]
) -> tuple[FoundZones | None, _Surveyed, Sequence[Problem]]:
    """The hosted zones, what the target's own survey returns, side by side, and what stands against a first `up`.

    Args:
        settings: of the stack.
        place: where its component goes.
        survey: that of the target.
        is_first: whether the stack has made nothing yet, as the survey has found out.

    Raises:
        SettingsError: the problems of all surveys.
    """
    account = AwsAccount(place.access)
    role = role_of_zones(settings)
    of_zones = account if role is None else AwsAccount(place.access.assuming(role, ZONES_ROLE))

    def dns() -> tuple[FoundZones | None, ZoneFindings]:
        if _has_aws_provider(place.opts):
            # It may lead to another account, where nothing but that provider can look.
            return None, ZoneFindings(tuple(_left_to_the_provider(settings)))
        if settings.makes_certificate:
            # The certificate is made in this account, wherever the zones are.
            _ = account.id
        zones = find_zones(of_zones, settings)
        return zones, survey_records(settings, zones, account)

    def certificate() -> None:
        survey_certificate(account, settings)

    def tls_policy() -> None:
        survey_tls_policy(account, settings)

    _, elsewhere = run_in_parallel(lambda: survey_arns(account, settings))
    (of_dns, _, _, found), problems = run_in_parallel(dns, certificate, tls_policy, lambda: survey(account))
    # What lies in another region is not found in this one either.
    told = {problem.key for problem in elsewhere}
    problems = elsewhere + [problem for problem in problems if problem.key not in told]
    problems += _beyond_the_plugin(settings, place.access)
    zones, records = of_dns or (None, ZoneFindings())
    problems += records.problems
    if is_first():
        problems += records.first
    if problems:
        # A namespace with the Studios of another stack explains most of the others.
        raise SettingsError(sorted(problems, key=lambda problem: problem.key != "namespace"))
    return zones, found, records.first


def _beyond_the_plugin(settings: Settings, access: AwsAccess) -> Iterator[Problem]:
    """What the resources of our own in the package's plugin, which runs apart from the program, can't be handed."""
    if OwnResource.in_plugin and settings.target == COMPOSE:
        for name in sorted(access.more.keys() - _ONLY_CHECKS):
            message = (
                "can't be handed to the package's own resources; write it into a profile, and name that in aws:profile"
            )
            yield Problem(f"aws:{name}", None, message)


_ONLY_CHECKS = {"skipCredentialsValidation", "skipRegionValidation", "skipRequestingAccountId"}


def _left_to_the_provider(settings: Settings) -> Iterator[Problem]:
    """What needs a look into the account, where only an AWS provider of the user's own leads to it."""
    if settings.hosted_zone_role_arn is not None:
        message = "can't be assumed on the way of an AWS provider of your own; remove it, or that provider"
        yield Problem(ZONES_ROLE, settings.hosted_zone_role_arn, message)
    if settings.session_record == TAKE_OVER:
        message = f"needs a look into the account, where only an AWS provider of your own leads to; write {EXISTING}"
        yield Problem("sessionRecord", TAKE_OVER, message)
    public = settings.validates_in_zone or (settings.has_records and not settings.private_hosted_zone_id)
    if public and settings.hosted_zone is None and settings.hosted_zone_id is None:
        message = "is not set, and an AWS provider of your own leads to an account that can't be searched; write it"
        yield Problem("hostedZone", None, message)


def _has_aws_provider(opts: pulumi.ResourceOptions | None) -> bool:
    if opts is None:
        return False
    given = opts.providers or []
    providers = list(given.values()) if isinstance(given, Mapping) else list(given)
    return any(each.package == "aws" for each in [*providers, *([opts.provider] if opts.provider else [])])


_DEPLOYED: Mapping[str, tuple[type[Studios], Callable[[Settings, Place], Studios]]] = {
    KUBERNETES: (KubernetesStudios, _on_kubernetes),
    COMPOSE: (ComposeStudios, _on_compose),
}
"""Target → the component that is Studios on it, and how it is deployed."""

WHOLES: Mapping[str, type[Studios]] = {target: component for target, (component, _) in _DEPLOYED.items()}
"""Target → the component that is Studios on it."""
