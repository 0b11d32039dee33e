"""What tells Prometheus where Connect's metrics are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions, meta

from components.pods import SecretKey, common_labels
from components.timeouts import gone_soon
from settings.labels import APP

METRICS_PATH = "/metrics"
"""Prometheus' own default: Seqera documents no path."""


@dataclass(frozen=True, kw_only=True)
class StudiosServiceMonitorArgs:
    """The arguments of :class:`StudiosServiceMonitor`."""

    namespace: str
    """Where the Services are."""
    monitor_name: str
    """The ServiceMonitor's name."""
    workloads: Sequence[str]
    """The values of the label `app` of the Services, which have a port `management`."""
    auth_key: SecretKey | None = None
    """Where the key of the server's management port is; None without one."""


class StudiosServiceMonitor(pulumi.ComponentResource):
    """A ServiceMonitor of the Prometheus Operator for the management ports of proxy and server.

    https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor
    """

    def __init__(self, name: str, args: StudiosServiceMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:StudiosServiceMonitor", name, {}, opts)
        endpoint: dict[str, Any] = {"port": "management", "path": METRICS_PATH}
        if args.auth_key is not None:
            credentials = {"name": args.auth_key.secret, "key": args.auth_key.key}
            endpoint["authorization"] = {"type": "Bearer", "credentials": credentials}
        apiextensions.CustomResource(
            f"{name}-monitor",
            api_version="monitoring.coreos.com/v1",
            kind="ServiceMonitor",
            metadata=meta.v1.ObjectMetaArgs(name=args.monitor_name, namespace=args.namespace, labels=common_labels()),
            spec={
                "selector": {
                    "matchExpressions": [{"key": APP, "operator": "In", "values": sorted(args.workloads)}],
                    "matchLabels": common_labels(),
                },
                "endpoints": [endpoint],
            },
            opts=gone_soon(self),
        )
        self.register_outputs({})
