"""The provider: the engine's calls on top of the API server."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from typing import Final

from testbed.plugins.kubernetes import checking, comparing, configuration, writing
from testbed.plugins.kubernetes.client import ApiError, Cluster, NoMatchError
from testbed.plugins.kubernetes.comparing import FIELD_MANAGER, INITIAL_API_VERSION
from testbed.plugins.kubernetes.kinds import Kind, Object, object_id, parse_id, parse_token
from testbed.plugins.kubernetes.metadata import PATCH_FIELD_MANAGER, annotation, name_of, namespace_of
from testbed.plugins.kubernetes.readiness import await_ready
from testbed.plugins.kubernetes.waiting import AwaitError, Waiter, timeout_of
from testbed.plugins.provider import (
    CheckResult,
    DiffResult,
    PartialFailure,
    Properties,
    Provider,
    ProviderError,
    Resource,
    has_unknowns,
)

_ALREADY_EXISTS: Final = (
    "The resource already exists in the cluster. Either give it another name, adopt it with `pulumi import`, manage "
    "only some of its fields with a Patch resource, or set upsertExistingObjects on the provider"
)
_UNREACHABLE_HINT: Final = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the "
    'PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


class KubernetesProvider(Provider):
    """Serves every kind of one API server, and their Patch forms."""

    package = "kubernetes"

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._unreachable = "the provider has not been configured"
        self._namespace = ""
        self._options = configuration.Options()
        self._cancelled = threading.Event()

    def check_config(self, inputs: Properties) -> CheckResult:
        """Refuses what the official provider does not know, and what this one can't do."""
        return CheckResult(inputs, configuration.check(inputs))

    def diff_config(self, old: Properties, new: Properties) -> DiffResult:
        """Replaces when the cluster changes."""
        return configuration.diff(old, new)

    def configure(self, inputs: Properties) -> None:
        """Connects; an API server that does not answer is an error only of the resources that need it."""
        self._options = configuration.options(inputs)
        if has_unknowns(inputs):
            self._unreachable = "the provider's configuration is not known yet"
            return
        try:
            api, self._namespace = configuration.connect(inputs)
            cluster = Cluster(api)
            cluster.version()
        except ProviderError as error:
            self._unreachable = str(error)
        except ApiError as error:
            self._unreachable = f"unable to load schema information from the API server: {error}"
        else:
            self._cluster = cluster

    def check(self, resource: Resource, old: Properties | None, new: Properties, random_seed: bytes) -> CheckResult:
        """Names, namespaces, Secret data; refuses fields that the API server does not know."""
        kind = parse_token(resource.type)
        if self._cluster is None and self._options.skip_update_unreachable and old is not None:
            return CheckResult(old)
        return checking.check(
            resource, kind, old, new, cluster=self._cluster, namespace=self._namespace, seed=random_seed
        )

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, old_outputs: Properties, new: Properties
    ) -> DiffResult:
        """Compares the last known live object, in the shape of the old inputs, with the new inputs."""
        kind = parse_token(resource.type)
        return comparing.compare(
            kind,
            old_inputs,
            old_outputs,
            new,
            namespaced=self._is_namespaced(kind),
            secret_mutable=self._options.secret_mutable,
            config_map_mutable=self._options.config_map_mutable,
        )

    def create(self, resource: Resource, inputs: Properties, preview: bool, timeout: float) -> tuple[str, Properties]:
        """POSTs the object, or applies a Patch, and waits until it is ready; a preview is a dry run where possible."""
        kind = parse_token(resource.type)
        if preview and (kind.patch or has_unknowns(inputs) or self._cluster is None or not self._is_served(kind)):
            return "", inputs
        cluster = self._reachable()
        manager = self._manager(inputs, {})
        try:
            live = self._make(cluster, kind, inputs, manager, preview)
        except (ApiError, NoMatchError) as error:
            if preview and isinstance(error, ApiError) and _is_passed_over_in_preview(error):
                return "", inputs
            raise self._not_created(resource, error) from None
        if preview:
            # An empty status of the dry run would look like a known one to the program.
            return "", self._state({key: value for key, value in live.items() if key != "status"}, inputs, manager)
        made = object_id(namespace_of(live), name_of(live))
        try:
            live = await_ready(self._waiter(cluster), inputs, live, timeout)
        except (AwaitError, ApiError, ProviderError) as error:
            failed = (
                f'resource "{resource.urn}" was successfully created, but the Kubernetes API server reported that it '
                f"failed to fully initialize or become live: {error}"
            )
            raise self._partial(failed, error, made, live, inputs, manager) from None
        return made, self._state(live, inputs, manager)

    def read(
        self, resource: Resource, id: str, inputs: Properties | None, outputs: Properties | None
    ) -> tuple[str, Properties, Properties] | None:
        """The live object; its inputs are what the program had set, or on an import all that can be set."""
        kind = parse_token(resource.type)
        namespace, name = parse_id(id)
        if self._cluster is None and self._options.delete_unreachable:
            return None
        if self._cluster is None and self._options.skip_update_unreachable and inputs and outputs:
            return id, inputs, outputs
        cluster = self._reachable(_UNREACHABLE_HINT)
        try:
            live = cluster.get(kind.api_version, kind.kind, namespace, name)
        except NoMatchError:
            return None
        except ApiError as error:
            if error.code == 404:
                return None
            raise ProviderError(str(error)) from None
        live_inputs = comparing.live_inputs(live, inputs) if inputs else comparing.imported_inputs(live)
        state = self._state(live, live_inputs, self._manager(live_inputs, outputs or {}), outputs)
        return id, live_inputs, state

    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new: Properties,
        preview: bool,
        timeout: float,
    ) -> Properties:
        """Applies the new inputs under the resource's field manager and waits until the object is ready."""
        kind = parse_token(resource.type)
        if preview and (has_unknowns(new) or self._cluster is None or not self._is_served(kind)):
            return new
        cluster = self._reachable()
        manager = self._manager(new, old_outputs)
        former = self._manager(old_inputs, old_outputs)
        try:
            before = cluster.get(kind.api_version, kind.kind, namespace_of(new), name_of(old_outputs))
        except (ApiError, NoMatchError) as error:
            raise ProviderError(f'update of resource "{resource.urn}" failed: {error}') from None
        live = before
        try:
            live = self._apply_update(cluster, kind, new, before, manager, preview)
            if preview:
                return self._state(live, new, manager, old_outputs)
            live = await_ready(self._waiter(cluster), new, live, timeout)
        except (AwaitError, ApiError, ProviderError) as error:
            if preview and isinstance(error, ApiError) and error.reason == "Forbidden":
                return new
            failed = (
                f'the Kubernetes API server reported that "{id}" failed to fully initialize or become live: {error}'
            )
            raise self._partial(failed, error, id, live, new, manager) from None
        if former != manager:
            writing.relinquish(cluster, live, former)
        return self._state(live, new, manager, old_outputs)

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Deletes the object and waits until it is gone; a Patch only gives up its fields."""
        kind = parse_token(resource.type)
        if self._cluster is None and self._options.delete_unreachable:
            return
        cluster = self._reachable(_UNREACHABLE_HINT)
        namespace, name = parse_id(id)
        target: Object = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name, "namespace": namespace, "uid": outputs.get("metadata", {}).get("uid")},
        }
        try:
            if kind.patch:
                writing.relinquish(cluster, target, self._manager(inputs, outputs))
                return
            cluster.delete(target, propagation=writing.propagation(inputs))
            self._waiter(cluster).gone(target, timeout_of(inputs, timeout))
        except NoMatchError:
            return
        except ApiError as error:
            if error.code == 404 and not kind.patch:
                return
            raise ProviderError(_why_not_deleted(kind, error)) from None
        except AwaitError as error:
            raise ProviderError("; ".join([str(error), *error.reasons])) from None

    def secret_outputs(self, type: str) -> Sequence[str]:
        """A Secret's data, in whichever form."""
        return ("data", "stringData") if parse_token(type).is_secret else ()

    def cancel(self) -> None:
        """Ends every wait."""
        self._cancelled.set()

    def _make(self, cluster: Cluster, kind: Kind, inputs: Object, manager: str, preview: bool) -> Object:
        if not kind.patch and not self._options.upsert:
            return writing.create(cluster, inputs, dry_run=preview)
        force = writing.must_force(inputs, None, always=self._options.patch_force, preview=preview)
        return writing.apply(cluster, inputs, manager=manager, force=force, dry_run=preview)

    def _apply_update(
        self, cluster: Cluster, kind: Kind, new: Object, live: Object, manager: str, preview: bool
    ) -> Object:
        if not kind.patch and not preview:
            live = writing.take_over(cluster, live, manager)
        force = writing.must_force(new, live, always=self._options.patch_force, preview=preview)
        return writing.apply(cluster, new, manager=manager, force=force, dry_run=preview)

    def _manager(self, inputs: Properties, state: Properties) -> str:
        """The field manager: pinned by annotation, or the one in the state, or a new one."""
        pinned = annotation(inputs, PATCH_FIELD_MANAGER)
        known: str = state.get(FIELD_MANAGER) or f"{writing.CREATE_MANAGER}-{secrets.token_hex(4)}"
        return pinned or known

    def _state(self, live: Object, inputs: Properties, manager: str, earlier: Properties | None = None) -> Properties:
        initial = (earlier or {}).get(INITIAL_API_VERSION) or inputs.get("apiVersion") or live.get("apiVersion")
        return {**live, FIELD_MANAGER: manager, INITIAL_API_VERSION: initial}

    def _partial(
        self, summary: str, error: Exception, id: str, live: Object, inputs: Properties, manager: str
    ) -> PartialFailure:
        reasons = [summary]
        if isinstance(error, AwaitError):
            live = error.obj
            reasons.extend(error.reasons)
        return PartialFailure(reasons, id, self._state(live, inputs, manager))

    def _not_created(self, resource: Resource, error: Exception) -> ProviderError:
        if isinstance(error, NoMatchError):
            return ProviderError(
                f'creation of resource "{resource.urn}" failed because the Kubernetes API server reported that the '
                f"apiVersion for this resource does not exist. Verify that any required CRDs have been created: {error}"
            )
        hint = f"\n\n{_ALREADY_EXISTS}" if isinstance(error, ApiError) and error.reason == "AlreadyExists" else ""
        return ProviderError(
            f'resource "{resource.urn}" was not successfully created by the Kubernetes API server: {error}{hint}'
        )

    def _reachable(self, hint: str = "") -> Cluster:
        if self._cluster is None:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {self._unreachable}. {hint}".rstrip())
        return self._cluster

    def _is_served(self, kind: Kind) -> bool:
        try:
            self._reachable().served(kind.api_version, kind.kind)
        except NoMatchError:
            return False
        return True

    def _is_namespaced(self, kind: Kind) -> bool:
        if self._cluster is None or not self._is_served(kind):
            return not kind.cluster_scoped_by_name
        return self._cluster.served(kind.api_version, kind.kind).namespaced

    def _waiter(self, cluster: Cluster) -> Waiter:
        return Waiter(cluster, self._cancelled)


def _is_passed_over_in_preview(error: ApiError) -> bool:
    """What an ``up`` may well get past: rights that are missing for a dry run, a replacement's old object that is
    still there, a namespace that the same update makes."""
    return error.reason in {"AlreadyExists", "Forbidden"} or error.is_missing_namespace


def _why_not_deleted(kind: Kind, error: ApiError) -> str:
    field = error.required_field() if kind.patch else None
    if field is None:
        return str(error)
    return (
        "this Patch resource is currently managing a required field, so it can't be deleted directly. Either set the "
        f"`retainOnDelete` resource option, or transfer ownership of the field before deleting: {field}"
    )
