"""How the cluster is reached: by the Kubernetes provider, and by what reads and edits the Platform install."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes
from pulumi_aws import eks

from settings.errors import Problem, SettingsError
from survey.cluster import ClusterAccess, kubeconfig_for_eks

if TYPE_CHECKING:
    from kubernetes import client


@dataclass(frozen=True, kw_only=True)
class ClusterConnection:
    """A way to one cluster; it holds no credentials, so it may stand in the state.

    Args:
        kubeconfig: the path of a kubeconfig, or its content as JSON; None where kubectl finds one.
        context: the context in it; None for the current one.
        setting: the config key to name where the cluster cannot be reached.
    """

    kubeconfig: str | None = None
    context: str | None = None
    setting: str = "kubeconfig"

    def access(self) -> ClusterAccess:
        """Returns the way to the cluster for a survey."""
        return ClusterAccess(kubeconfig=self.kubeconfig, context=self.context, setting=self.setting)

    def api_client(self) -> client.ApiClient:
        """Returns a client of the cluster's API.

        Raises:
            kubernetes.config.ConfigException: there is no such kubeconfig or context.
        """
        # The client takes a second or two to import, and a run that only makes resources needs none.
        from kubernetes import config

        if self.kubeconfig is not None and self.kubeconfig.startswith("{"):
            return config.new_client_from_config_dict(json.loads(self.kubeconfig), context=self.context)
        return config.new_client_from_config(config_file=self.kubeconfig, context=self.context, persist_config=False)

    def provider(
        self, name: str, namespace: str, opts: pulumi.ResourceOptions | None = None
    ) -> pulumi_kubernetes.Provider:
        """Returns the Kubernetes provider for the cluster.

        Args:
            name: the resource's name.
            namespace: where Platform runs.
            opts: the resource's options.

        Raises:
            SettingsError: the cluster can't be read.
        """
        # A provider that is replaced replaces all that it made. So the cluster is known by what stays the same
        # when the way to it changes: another kubeconfig, another context, or the name of the EKS cluster instead.
        identifier = self.access().reader().get(f"/api/v1/namespaces/{namespace}")["metadata"]["uid"]
        return pulumi_kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            context=self.context,
            cluster_identifier=identifier,
            # Names are fixed: to replace a Secret or a ConfigMap is to be without it for a while.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            # What goes through this provider is ours alone: an up mends what somebody has scaled or edited by hand.
            # The Platform install's objects never do (components/platform_edits.py).
            enable_patch_force=True,
            opts=opts,
        )


def eks_connection(cluster_name: str, profile: str | None = None) -> ClusterConnection:
    """Looks an EKS cluster up by its name and returns the way to it, with the AWS CLI fetching a token for each call.

    Args:
        cluster_name: the name in the region and account that the AWS provider is configured for.
        profile: the profile for the AWS CLI; None for that of its environment.

    Raises:
        SettingsError: there is no such cluster there, or it may not be looked up.
    """
    try:
        cluster = eks.get_cluster(name=cluster_name)
    except Exception as error:
        # The SDK raises nothing narrower for an invoke that failed.
        reason = str(error).splitlines()[0]
        raise SettingsError([Problem("eksCluster", cluster_name, f"cannot be looked up: {reason}")]) from None
    kubeconfig = kubeconfig_for_eks(
        cluster_name,
        cluster.endpoint,
        cluster.certificate_authorities[0].data,
        region=cluster.arn.split(":")[3],
        profile=profile,
    )
    return ClusterConnection(kubeconfig=json.dumps(kubeconfig), setting="eksCluster")
