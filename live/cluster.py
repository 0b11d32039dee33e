"""How a cluster is reached: by a kubeconfig, by a context, or as kubectl finds it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from settings.errors import Problem, SettingsError


def kubeconfig_for_eks(
    cluster_name: str, endpoint: str, ca: str, region: str, profile: str | None = None
) -> dict[str, Any]:
    """A kubeconfig as `aws eks update-kubeconfig` writes it: it holds no token, but the command that gets one.

    Args:
        cluster_name: the EKS cluster's name.
        endpoint: its API server's URL.
        ca: its certificate authority, base64.
        region: the AWS region that it is in.
        profile: the AWS CLI's profile; None for that of its environment.
    """
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", cluster_name, "--output", "json"]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster_name, "cluster": {"server": endpoint, "certificate-authority-data": ca}}],
        "contexts": [{"name": cluster_name, "context": {"cluster": cluster_name, "user": cluster_name}}],
        "current-context": cluster_name,
        "preferences": {},
        "users": [
            {
                "name": cluster_name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": arguments + (["--profile", profile] if profile else []),
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
    }


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A way to one cluster. It holds no credentials, so a resource may have it in the state.

    Args:
        kubeconfig: the path of a kubeconfig, or its content as JSON; None for what kubectl uses.
        context: a context in it; None for its current one.
        setting: the config key to name in a message that the cluster can't be reached.
    """

    kubeconfig: str | None = field(default=None, repr=False)
    context: str | None = None
    setting: str = "kubeconfig"

    def client(self, *, patient: bool = False) -> Any:
        """A client of the cluster's API, from the `kubernetes` package.

        Args:
            patient: try again where a connection breaks, as an update must. A preview says at once that it breaks.

        Raises:
            SettingsError: there is no such file or context, or it is not a kubeconfig.
        """
        # The client takes half a second to import, and a run with wrong settings needs none.
        from kubernetes import client, config
        from yaml import YAMLError  # the client's parser

        content = self.kubeconfig
        named = self.context or (None if content is None or content.startswith("{") else content)
        connection = client.Configuration()
        if not patient:
            connection.retries = False  # The client's three silent retries only fill the log with warnings.
        try:
            with _said_on_root_logger() as said:
                if content is not None and content.startswith("{"):
                    config.load_kube_config_from_dict(
                        json.loads(content), context=self.context, client_configuration=connection
                    )
                else:
                    # The client keeps the KUBECONFIG that was set when it was imported.
                    path = content or os.environ.get("KUBECONFIG") or None
                    config.load_kube_config(path, context=self.context, client_configuration=connection)
        except config.ConfigException as error:
            reason = str(error).removeprefix("Invalid kube-config file. ").rstrip(".")
            raise self._unusable(named, f"gives no way to a cluster: {reason}") from None
        except (OSError, ValueError, TypeError, AttributeError, KeyError, YAMLError) as error:
            reason = getattr(error, "strerror", None) or "it is not a kubeconfig"
            raise self._unusable(named, f"cannot be read: {reason}") from None
        if said:
            raise self._unusable(named, f"gives no credentials: {said[0]}")
        return client.ApiClient(connection)

    def _unusable(self, named: str | None, message: str) -> SettingsError:
        key = "kubeContext" if self.context and self.setting == "kubeconfig" else self.setting
        return SettingsError([Problem(key, named, f"{message}; check that `kubectl get nodes` works from here")])


@contextmanager
def _said_on_root_logger() -> Iterator[list[str]]:
    """Collects what the client logs where a token command fails: it raises nothing, and goes on without a token."""
    said: list[str] = []

    def collect(record: logging.LogRecord) -> bool:
        said.append(" ".join(record.getMessage().split()))
        return False

    root = logging.getLogger()
    root.addFilter(collect)
    try:
        yield said
    finally:
        root.removeFilter(collect)
