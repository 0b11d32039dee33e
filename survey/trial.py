"""A dry run of what a stack is going to make and to change, so that what the API server would refuse is told before.

A Deployment is taken where its pods are not: a quota, a LimitRange, Pod Security or a policy refuses them later, and
all that is seen is a Deployment that never becomes ready. So one Pod of each template is tried, too. An object that
exists already is not tried here: the provider's own preview of an update is a dry run on the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from live.api import ApiError, ClusterApi, NotFoundError
from live.changes import dry_run_edit
from live.edits import apply_body, checksum_of
from live.edits_of_settings import platform_edits_of, tower_yml_edit_of
from live.fields import Object, in_sync
from live.platform import PlatformApi, PlatformError
from live.tower_yml import live_entries
from settings.errors import Problem
from settings.model import Settings
from survey.install import Install, resource_of
from survey.rights import POD, Right

_CONFLICT: Final = 409
_QUOTA: Final = "exceeded quota"
_SAYS_NOTHING: Final = re.compile(r"cannot (create|patch) resource|does not support dry run")
"""Of the object itself: a role may have changed meanwhile, and an old webhook knows no dry run."""
UNKNOWN: Final = "known-once-it-is-made"
_LONGEST_NAME: Final = 50


@dataclass(frozen=True)
class Told:
    """What the API server said of one thing: why it would refuse it, what it warns of, or why it can't tell."""

    what: str
    refusal: Problem | None = None
    warnings: tuple[str, ...] = ()
    untold: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A dry run, which asks side by side as far as the user has the rights.

    Args:
        api: the cluster.
        settings: of the stack.
        install: the namespace as it is; what exists there is not made again.
        field_manager: the owner of what the stack adds to Platform.
        may: whether a right is there.
        is_here: whether the stack has its own pods already, which a quota counts.
    """

    api: ClusterApi
    settings: Settings
    install: Install
    field_manager: str
    may: Callable[[Right], bool]
    is_here: bool

    def of(self, planned: Sequence[Object]) -> list[Told]:
        """Tries the objects, a Pod of each of their templates, and the edits of Platform with a Pod of each."""
        tries = [*self._new_objects(planned), *self._edits(), *self._tower_yml()]
        if self.may(POD):
            tries += [self._pod_of(each, fits_later=self.is_here) for each in planned if _template(each) is not None]
        with ThreadPoolExecutor(max_workers=12) as pool:
            return [each for found in pool.map(lambda ask: ask(), tries) for each in found]

    def _new_objects(self, planned: Sequence[Object]) -> Iterator[Callable[[], list[Told]]]:
        there = self.install.by_kind()
        for each in planned:
            kind, name = each["kind"], each["metadata"]["name"]
            group = each["apiVersion"].rpartition("/")[0]
            if name not in there[kind] and self.may(Right(group, resource_of(kind), "create")):
                yield self._creation(f"{kind}/{name}", each)

    def _creation(self, what: str, body: Object, *, fits_later: bool = False) -> Callable[[], list[Told]]:
        version = body["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        path = f"{root}/namespaces/{self.install.namespace}/{resource_of(body['kind'])}"

        def ask(warned: list[str]) -> None:
            query = {"dryRun": "All", "fieldManager": self.field_manager}
            self.api.send("POST", path, query, body, warned=warned)

        return lambda: [self._told(what, ask, fits_later=fits_later)]

    def _edits(self) -> Iterator[Callable[[], list[Told]]]:
        for target, edit in platform_edits_of(self.settings).items():
            kind, _, name = target.partition("/")
            live = self.install.by_kind()[kind][name]
            group = "apps" if kind == "Deployment" else ""
            # That of the last time, so that one that is as the stack has left it counts as such.
            checksum = checksum_of(live) or UNKNOWN if kind == "Deployment" else None
            body = apply_body(target, edit, checksum)
            if not in_sync(live, body, self.field_manager) and self.may(Right(group, resource_of(kind), "patch")):
                yield self._edit(target, live, body)

    def _edit(self, target: str, live: Object, body: Object) -> Callable[[], list[Told]]:
        force = target in self.settings.take_over

        def run() -> list[Told]:
            changed: list[Object | None] = []

            def ask(warned: list[str]) -> None:
                api = PlatformApi(self.api, self.install.namespace)
                changed.append(dry_run_edit(api, live, body, self.field_manager, force=force, warned=warned))

            told = [self._told(f"the change of {target}", ask)]
            for each in changed:
                if each is not None and _template(each) is not None and self.may(POD):
                    told += self._pod_of(each, fits_later=self.is_here or not _adds_a_pod(each))()
            return told

        return run

    def _tower_yml(self) -> Iterator[Callable[[], list[Told]]]:
        edit = tower_yml_edit_of(self.settings)
        if edit is None or not self.may(Right("", "configmaps", "patch")):
            return
        api, what = PlatformApi(self.api, self.install.namespace), f"the change of ConfigMap/{edit['config_map']}"

        def ask(_: list[str]) -> None:
            for _name, entry, value in live_entries(api, edit, self.field_manager):
                entry.ask_server(value)

        yield lambda: [self._told(what, ask)]

    def _pod_of(self, workload: Object, *, fits_later: bool) -> Callable[[], list[Told]]:
        template, name = workload["spec"]["template"], workload["metadata"]["name"]
        metadata = {**template.get("metadata", {}), "name": f"{name[:_LONGEST_NAME]}-dry-run"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        return self._creation(f"a pod of {workload['kind']}/{name}", pod, fits_later=fits_later)

    def _told(self, what: str, ask: Callable[[list[str]], None], *, fits_later: bool = False) -> Told:
        warned: list[str] = []
        try:
            ask(warned)
        except (ApiError, PlatformError, NotFoundError) as error:
            reason = error.reason if isinstance(error, ApiError) else str(error)
            if isinstance(error, ApiError) and error.status is None:
                return Told(what, error.problems[0])
            if _SAYS_NOTHING.search(reason):
                return Told(what, untold=f"nothing tells whether {what} would be taken: {reason}")
            is_made = isinstance(error, ApiError) and error.status == _CONFLICT
            if is_made or (fits_later and _QUOTA in reason):
                return Told(what)
            return Told(what, self._refusal(what, reason))
        return Told(what, warnings=tuple(warned))

    def _refusal(self, what: str, reason: str) -> Problem:
        return Problem(
            "namespace",
            self.install.namespace,
            f"does not take {what}: {reason.rstrip('.')}; change the settings that it is made of, or what refuses it "
            "in the cluster",
        )


def warnings_of(told: Sequence[Told]) -> Iterator[str]:
    """What the user should know and what stops nothing: each warning of the API server once, with what it is about."""
    about: dict[str, list[str]] = {}
    for each in told:
        for text in each.warnings:
            about.setdefault(text, []).append(each.what)
    for text, objects in about.items():
        yield f"the API server warns of {', '.join(dict.fromkeys(objects))}: {text}"
    yield from (each.untold for each in told if each.untold is not None)


def no_pods_tried(namespace: str) -> str:
    """The warning of a user who may not create pods."""
    return (
        f"nothing tells whether the namespace {namespace} takes pods like these: you may not create pods there, which "
        "would be tried and not made; docs/rbac.yml has that right"
    )


def _template(workload: Object) -> Any:
    """That of a workload's pods; None for what has none, or is not an answer of Kubernetes."""
    spec = workload.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    return template if isinstance(template, dict) and isinstance(template.get("spec"), dict) else None


def _adds_a_pod(deployment: Object) -> bool:
    """Whether a restart has more pods for a while than before."""
    strategy = deployment["spec"].get("strategy", {})
    surge = strategy.get("rollingUpdate", {}).get("maxSurge")
    return strategy.get("type") != "Recreate" and surge not in (0, "0", "0%")
