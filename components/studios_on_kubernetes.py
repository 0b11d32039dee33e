"""Studios on Kubernetes: every component, put together from the settings of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.cluster import kubernetes_provider
from components.configuration import StudiosConfiguration
from components.dns import DnsPlan, zones_provider
from components.ingress import StudiosIngress
from components.labelled import labelled
from components.network import StudiosNetworkPolicies
from components.object_settings import (
    configuration_args,
    ingress_args,
    monitor_args,
    network_args,
    proxy_args,
    server_args,
    ssh_service_args,
)
from components.planned import planned_objects
from components.platform import PlatformIntegration, PlatformIntegrationArgs
from components.pods import owner_of_stack
from components.proxy import SERVICE_PORT, ConnectProxy
from components.server import ConnectServer
from components.service_monitor import StudiosServiceMonitor
from components.ssh import SshService
from components.ssh_key import SshHostKey
from components.studios_base import Studios
from components.surveyed import ComponentContext, has_aws_provider, surveyed
from components.unproven import refusing
from live.cluster import Cluster
from live.edits_of_settings import platform_edits_of, tower_yml_edit_of
from live.fields import Object
from settings.default_tags import with_default_tags
from settings.errors import Problem
from settings.model import Settings
from settings.model.ssh import FINGERPRINT_VARIABLE
from survey.aws import AwsAccount
from survey.eks import cluster_of
from survey.platform import PlatformSurvey, survey_platform
from survey.together import TellTrace
from survey.vpc import with_trusted_networks


@dataclass(frozen=True, kw_only=True)
class KubernetesStudiosArgs:
    """The arguments of :class:`KubernetesStudios`.

    Args:
        settings: the checked settings of the stack.
        cluster: how to reach the cluster, for the edit of tower.yml; the Kubernetes provider comes with the options.
        field_manager: who owns the fields added to the Platform install: a name of this stack's own.
        dns: where the records go.
        account: the account that the load balancer is in; None if only the AWS provider knows it.
        unproven: by ``Deployment/connect-proxy``, what stands against the stack if the engine is about to make it.
    """

    settings: Settings
    cluster: Cluster
    field_manager: str
    dns: DnsPlan = field(default_factory=DnsPlan)
    account: AwsAccount | None = None
    unproven: Mapping[str, Problem] = field(default_factory=dict)


class KubernetesStudios(Studios):
    """Certificate, DNS, OIDC credentials, connect-proxy and -server, Ingress, policies, and the changes to Platform."""

    namespace: pulumi.Output[str]
    """Namespace of Platform and Studios."""
    oidc_secret_name: pulumi.Output[str]
    """Secret with the RSA key pair, under `oidc.pem`, or under `existingOidcSecretKey`."""
    token_secret_name: pulumi.Output[str]
    """Secret with the registration token, under `token`, or under `existingTokenSecretKey`."""
    proxy_service: pulumi.Output[str]
    """The proxy's Service and its port, for a route of your own: `connect-proxy:80`."""

    def __init__(self, name: str, args: KubernetesStudiosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = args.settings
        of_objects = pulumi.ResourceOptions(transformations=[*labelled(settings.labels), *refusing(args.unproven)])
        super().__init__("KubernetesStudios", name, settings, args.dns, pulumi.ResourceOptions.merge(opts, of_objects))
        child = pulumi.ResourceOptions(parent=self)

        ssh_key = self.ssh_key
        configuration = StudiosConfiguration(
            f"{name}-configuration",
            configuration_args(
                settings,
                pem=self.credentials.pem,
                token=self.credentials.registration_token,
                ssh_key=None if ssh_key is None else ssh_key.private_key,
            ),
            child,
        )
        server = ConnectServer(f"{name}-server", server_args(settings, configuration), child, cluster=args.cluster)
        # Platform is touched once all else has gone well, and before the proxy comes to register with its token.
        platform = PlatformIntegration(
            f"{name}-platform",
            _platform_args(args, configuration, ssh_key),
            pulumi.ResourceOptions(parent=self, depends_on=[self.certificate, server]),
        )
        proxy = ConnectProxy(
            f"{name}-proxy",
            proxy_args(settings, configuration),
            pulumi.ResourceOptions(parent=self, depends_on=[platform]),
            cluster=args.cluster,
        )
        if settings.network_policies:
            StudiosNetworkPolicies(f"{name}-network", network_args(settings), child)
        if settings.service_monitor:
            StudiosServiceMonitor(f"{name}-monitoring", monitor_args(settings, configuration), child)
        load_balancer: pulumi.Input[str] = ""
        if settings.ingress != "none":
            load_balancer = StudiosIngress(
                f"{name}-ingress",
                ingress_args(settings, proxy.service_name, self.certificate.certificate_arn),
                child,
                cluster=args.cluster,
                account=args.account,
            ).load_balancer_hostname

        if ssh_key is not None:
            # Clients come by the load balancer: the proxy behind it takes SSH first.
            behind = pulumi.ResourceOptions(parent=self, depends_on=[proxy])
            ssh = SshService(
                f"{name}-ssh", ssh_service_args(settings), behind, cluster=args.cluster, account=args.account
            )
            self.reach_by_ssh(ssh_key, ssh.load_balancer_hostname)
        self.namespace = pulumi.Output.from_input(settings.namespace)
        self.oidc_secret_name = configuration.pem_secret_name
        self.token_secret_name = configuration.token_secret_name
        self.proxy_service = pulumi.Output.concat(proxy.service_name, ":", str(SERVICE_PORT))
        self.finish(load_balancer)

    way = frozenset({"kubeconfig", "kubeContext", "eksCluster", "namespace"})

    @classmethod
    def survey(
        cls, settings: Settings, account: AwsAccount, tell_trace: TellTrace, *, tries: bool = True
    ) -> tuple[Cluster, PlatformSurvey, Settings]:
        """Returns the way to the cluster, what it says, and the settings with what is decided there."""
        cluster = cluster_of(account, settings)
        found = survey_platform(
            cluster,
            settings,
            field_manager=owner_of_stack(),
            tell_trace=tell_trace,
            updating=not pulumi.runtime.is_dry_run(),
            planned=planned_objects if tries else _none_planned,
        )
        return cluster, found, with_trusted_networks(found.settings, account)

    @classmethod
    def deployed(cls, settings: Settings, place: ComponentContext) -> KubernetesStudios:
        """Surveys cluster and Platform, and deploys Studios there."""
        settings = with_default_tags(settings, place.access.default_tags)
        zones, (cluster, found, settled), _ = surveyed(settings, place, cls.survey)
        for warning in found.warnings:
            pulumi.log.warn(warning)
        provider = kubernetes_provider(place.cluster_name, cluster, settings.namespace)
        args = KubernetesStudiosArgs(
            settings=settled,
            cluster=cluster,
            dns=DnsPlan(zones, zones_provider(place.name, settings, place.access)),
            account=None if has_aws_provider(place.opts) else AwsAccount(place.access),
            field_manager=owner_of_stack(),
            unproven=found.unproven,
        )
        providers = pulumi.ResourceOptions(providers=[provider])
        return cls(place.name, args, pulumi.ResourceOptions.merge(place.opts, providers))


def _none_planned(_settings: Settings) -> list[Object]:
    return []


def _platform_args(
    args: KubernetesStudiosArgs, configuration: StudiosConfiguration, ssh_key: SshHostKey | None
) -> PlatformIntegrationArgs:
    settings = args.settings
    known = {} if ssh_key is None else {FINGERPRINT_VARIABLE: ssh_key.fingerprint}
    pem_secret, token_secret = configuration.pem_secret_name, configuration.token_secret_name
    return PlatformIntegrationArgs(
        cluster=args.cluster,
        namespace=settings.namespace,
        field_manager=args.field_manager,
        take_over=settings.take_over,
        edits=platform_edits_of(settings, known, pem_secret=pem_secret, token_secret=token_secret),
        tower_yml=tower_yml_edit_of(settings),
        secrets=[pem_secret, token_secret],
        checksum=configuration.platform_checksum,
        rollout_seconds=settings.ready_timeout,
    )
