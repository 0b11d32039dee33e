"""The loop: look at everything, and for each group whose part has changed make AWS and the Ingresses agree with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, Final

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from kubernetes.client import ApiClient, ApiException, CoreV1Api, DiscoveryV1Api, NetworkingV1Api

from testbed.loadbalancer import account, groups, model
from testbed.loadbalancer.aws import Deployer
from testbed.loadbalancer.groups import Group, GroupId
from testbed.loadbalancer.informer import Informer
from testbed.loadbalancer.objects import Cluster, Ingress
from testbed.loadbalancer.reporting import Reporter
from testbed.loadbalancer.settings import ModelError

log = logging.getLogger(__name__)
INGRESS_CLASS: Final = "alb"
#: Changes that come together are looked at together, after this many seconds.
_SETTLE_SECONDS: Final = 0.1
#: A group that is as it should be is looked at again after this many seconds: somebody may have changed AWS.
_RESYNC_SECONDS: Final = 60.0
_FIRST_RETRY_SECONDS: Final = 1.0
_LAST_RETRY_SECONDS: Final = 15.0
_ERRORS: Final = (ApiException, BotoCoreError, ClientError, OSError, urllib3.exceptions.HTTPError)


@dataclass
class Progress:
    """How it went with one group: what was looked at last, when to look again, and the failures since it went well."""

    seen: object = None
    due: float = 0.0
    failures: int = 0

    def succeeded(self, now: float) -> None:
        """All is as it should be."""
        self.failures = 0
        self.due = now + _RESYNC_SECONDS

    def failed(self, now: float) -> None:
        """Try again, each time twice as long after."""
        self.due = now + min(_FIRST_RETRY_SECONDS * 2**self.failures, _LAST_RETRY_SECONDS)
        self.failures += 1


class Controller:
    """Serves one cluster.

    Args:
        api: a client of the cluster.
        client: makes boto3 clients by service name.
        cluster_name: goes into names and tags in AWS.
    """

    def __init__(self, api: ApiClient, client: Callable[[str], Any], cluster_name: str) -> None:
        self._client = client
        self._cluster_name = cluster_name
        self._stop = Event()
        self._changed = Event()
        self._reporter = Reporter(api)
        self._deployer = Deployer(client, cluster_name)
        self._progress: dict[GroupId, Progress] = {}
        self._refused: dict[str, str] = {}
        networking, core, discovery = NetworkingV1Api(api), CoreV1Api(api), DiscoveryV1Api(api)
        lists = {
            "ingresses": networking.list_ingress_for_all_namespaces,
            "classes": networking.list_ingress_class,
            "services": core.list_service_for_all_namespaces,
            "endpoint_slices": discovery.list_endpoint_slice_for_all_namespaces,
            "nodes": core.list_node,
        }
        self._informers = {
            name: Informer(name, function, self._changed, self._stop) for name, function in lists.items()
        }

    def run(self) -> None:
        """Works until it is told to stop; failures are tried again."""
        for informer in self._informers.values():
            informer.start()
        self._ensure_ingress_class()
        while not self._stop.is_set():
            self._changed.wait(self._seconds_until_due())
            self._stop.wait(_SETTLE_SECONDS)
            self._changed.clear()
            if not self._stop.is_set() and all(informer.synced for informer in self._informers.values()):
                self._look(Cluster.of(**{name: informer.objects() for name, informer in self._informers.items()}))

    def end(self) -> None:
        """Makes :meth:`run` return, after the group that it is at."""
        self._stop.set()
        self._changed.set()

    def _ensure_ingress_class(self) -> None:
        while not self._stop.is_set():
            try:
                self._reporter.ensure_ingress_class(INGRESS_CLASS)
            except _ERRORS as error:
                log.info("making IngressClass %s: %s", INGRESS_CLASS, type(error).__name__)
                self._stop.wait(_FIRST_RETRY_SECONDS)
            else:
                return

    def _seconds_until_due(self) -> float:
        due = min((progress.due for progress in self._progress.values()), default=time.monotonic() + _RESYNC_SECONDS)
        return max(0.0, due - time.monotonic())

    def _look(self, cluster: Cluster) -> None:
        found, refused = groups.load(cluster)
        self._report_refused(refused)
        self._progress = {group.id: self._progress.get(group.id, Progress()) for group in found}
        for group in found:
            if self._stop.is_set():
                return
            progress = self._progress[group.id]
            seen = _relevant(group, cluster)
            is_news = seen != progress.seen
            if is_news:
                progress.failures = 0
            elif time.monotonic() < progress.due and (progress.failures or _is_settled(group)):
                continue
            progress.seen = seen
            if self._reconcile(group, cluster, is_news or progress.failures > 0):
                progress.succeeded(time.monotonic())
            else:
                progress.failed(time.monotonic())

    def _report_refused(self, refused: list[tuple[Ingress, str]]) -> None:
        for ingress, reason in refused:
            if self._refused.get(ingress.uid) != reason:
                self._try_event(ingress, "Warning", "FailedLoadGroupID", f"Failed load groupID due to {reason}")
        self._refused = {ingress.uid: reason for ingress, reason in refused}

    def _reconcile(self, group: Group, cluster: Cluster, is_news: bool) -> bool:
        try:
            self._make(group, cluster)
        except ModelError as error:
            self._warn(group, "FailedBuildModel", f"Failed build model due to {error}")
        except (BotoCoreError, ClientError) as error:
            self._warn(group, "FailedDeployModel", f"Failed deploy model due to {error}")
        except (ApiException, OSError, urllib3.exceptions.HTTPError) as error:
            # The API server is away, or somebody else was quicker: there is nowhere, and no need, to complain.
            log.info("%s: %s; trying again", group.id, type(error).__name__)
        except Exception:
            # A mistake of this program's own: the group waits, the others are served on.
            log.exception("%s: trying again", group.id)
        else:
            if is_news:
                for member in group.members:
                    self._try_event(member, "Normal", "SuccessfullyReconciled", "Successfully reconciled")
            return True
        return False

    def _make(self, group: Group, cluster: Cluster) -> None:
        for member in group.members:
            self._reporter.add_finalizer(member, group.id.finalizer)
        if group.members:
            stack = model.build(group, cluster, account.read(self._client), self._cluster_name)
            hostname = self._deployer.apply(stack)
            for member in group.members:
                self._reporter.publish(member, hostname)
        else:
            self._deployer.remove(str(group.id))
        for ingress in group.leaving:
            self._reporter.remove_finalizer(ingress, group.id.finalizer)

    def _warn(self, group: Group, reason: str, message: str) -> None:
        log.warning("%s: %s: %s", group.id, reason, message)
        for ingress in group.members or group.leaving:
            self._try_event(ingress, "Warning", reason, message)

    def _try_event(self, ingress: Ingress, type: str, reason: str, message: str) -> None:
        try:
            self._reporter.event(ingress, type, reason, message)
        except _ERRORS as error:
            # Events are a courtesy: the API server may be away, or the namespace on its way out.
            log.info("event on %s: %s", ingress.key, error.__class__.__name__)


def _relevant(group: Group, cluster: Cluster) -> object:
    """The part of the cluster on which a group's load balancer depends: while it is equal, so is the model."""
    backends = {(member.namespace, backend.service) for member in group.members for backend in member.backends}
    services = {key: cluster.services.get(key) for key in backends}
    endpoints = {endpoint for endpoint in cluster.endpoints if (endpoint.namespace, endpoint.service) in backends}
    # What the controller itself writes is no news to it.
    members = [replace(member, finalizers=(), hostname=None) for member in group.members]
    return (members, group.leaving, services, endpoints, cluster.nodes)


def _is_settled(group: Group) -> bool:
    """Whether every member still bears what the controller wrote."""
    return all(member.hostname and group.id.finalizer in member.finalizers for member in group.members)
