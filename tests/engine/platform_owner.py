"""A Platform install and the resources that edit it, driven without an engine: its calls, in its order."""

from __future__ import annotations

import copy
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi.dynamic import DiffResult
from ruamel.yaml import YAML

from components.platform_as_found import PlatformAsFoundProvider
from components.platform_edits import PlatformEditsProvider
from live.edits import edited_names
from testbed import paths
from testbed.cluster import kubectl
from testbed.platform.install import manifests
from tests.engine.install import Install

MANAGER = "studios-test"
PARTS = ("ConfigMap", "Deployment", "ServiceAccount")

CONFIG_MAP = "ConfigMap/tower-backend-cfg"
CRON = "Deployment/cron"
BACKEND = "Deployment/backend"
TOKEN_VARIABLE = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"

DEPLOYMENT_EDIT: dict[str, Any] = {
    "container": "backend",
    "env": {
        "TOWER_OIDC_PEM_PATH": "/data/certs/oidc.pem",
        TOKEN_VARIABLE: {"secret": "connect-token", "key": "token"},
    },
    "volume": {"cert-volume": {"secret": "platform-oidc-certs"}},
    "mount": {"/data/certs": "cert-volume"},
}


class Owner:
    """Whoever keeps the install: manifests in a namespace of their own, applied as often as they like.

    A restart without pods takes no time, so there are none unless ``replicas`` asks for them.
    """

    def __init__(self, environment: dict[str, str], replicas: int = 0) -> None:
        self.namespace = f"owner-{secrets.token_hex(3)}"
        self.install = Install(self.namespace, environment)
        documents = YAML(typ="safe", pure=True).load_all(manifests("arn", self.namespace, self.install.host))
        self.objects: dict[str, Any] = {
            f"{each['kind']}/{each['metadata']['name']}": each for each in documents if each["kind"] in PARTS
        }
        del self.objects["Deployment/frontend"]
        for target in (CRON, BACKEND):
            self.objects[target]["spec"]["replicas"] = replicas
        self.deployments = ["cron", "backend"]
        kubectl("create", "namespace", self.namespace)

    def rename(self, names: dict[str, str]) -> Owner:
        """Calls objects otherwise, as another way to install Platform does: ``ConfigMap/name`` → another name."""
        for old, new in names.items():
            found = self.objects.pop(old)
            found["metadata"]["name"] = new
            self.objects[f"{old.partition('/')[0]}/{new}"] = found
            self.deployments = [new if f"Deployment/{name}" == old else name for name in self.deployments]
        return self

    @property
    def data(self) -> dict[str, str]:
        """What the backend ConfigMap's manifest has."""
        found: dict[str, str] = self.objects[CONFIG_MAP]["data"]
        return found

    @property
    def tower_yml(self) -> str:
        """The manifest's tower.yml."""
        return str(self.objects["ConfigMap/tower-yml"]["data"]["tower.yml"])

    def edit_tower_yml(self, change: Callable[[str], str]) -> None:
        """Changes the file in the manifest."""
        self.objects["ConfigMap/tower-yml"]["data"]["tower.yml"] = change(self.tower_yml)

    def container(self, target: str) -> dict[str, Any]:
        """The container in a Deployment's manifest."""
        found: dict[str, Any] = self.objects[target]["spec"]["template"]["spec"]["containers"][0]
        return found

    def apply(self, *options: str) -> Owner:
        """Applies all manifests, client-side unless ``options`` say otherwise."""
        self.install.kubectl("apply", "-f", "-", *options, stdin=self._stream(self.objects))
        return self

    def replace(self, *targets: str) -> Owner:
        """Replaces live objects by their manifests, which drops what others have added."""
        self.install.kubectl("replace", "-f", "-", stdin=self._stream({name: self.objects[name] for name in targets}))
        return self

    def helm_upgrade(self, **data: str) -> Owner:
        """Upgrades as Helm 3 does: patches what differs between the manifests and what is live, and no more."""
        patch = json.dumps({"data": data})
        name = CONFIG_MAP.lower()
        self.install.kubectl("patch", name, "--type=merge", "--field-manager=helm", "-p", patch)
        self.data.update(data)
        return self

    def ready(self) -> Owner:
        """Waits until both Deployments are as wanted."""
        for name in self.deployments:
            self.install.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")
        return self

    def live(self, target: str) -> dict[str, Any]:
        """A live object."""
        kind, _, name = target.partition("/")
        return self.install.get(kind, name)

    def live_tower_yml(self) -> str:
        """The live file."""
        return str(self.live("ConfigMap/tower-yml")["data"]["tower.yml"])

    def owned(self, target: str, manager: str = MANAGER) -> list[tuple[str, set[str]]]:
        """The operations of a manager on an object, and which fields each of them owns."""
        entries = self.live(target)["metadata"]["managedFields"]
        return [
            (entry["operation"], set(_paths(entry["fieldsV1"])))
            for entry in entries
            if entry["manager"] == manager and "subresource" not in entry
        ]

    def owners(self, target: str, path: str) -> list[tuple[str, str]]:
        """Manager and operation of all who own a field."""
        entries = self.live(target)["metadata"]["managedFields"]
        return [
            (entry["manager"], entry["operation"])
            for entry in entries
            if path in set(_paths(entry.get("fieldsV1", {})))
        ]

    def versions(self) -> dict[str, str]:
        """What changes with every write of an object's content: its version, or for a Deployment its generation."""
        found = {target: self.live(target)["metadata"] for target in (CONFIG_MAP, "ConfigMap/tower-yml", CRON, BACKEND)}
        return {
            target: str(metadata["generation"] if target.startswith("Deployment/") else metadata["resourceVersion"])
            for target, metadata in found.items()
        }

    def started(self, name: str) -> list[str]:
        """When each pod of a Deployment was made."""
        return [pod["metadata"]["creationTimestamp"] for pod in self.install.pods(name)]

    def remove(self) -> None:
        """Takes the namespace away, without waiting."""
        kubectl("delete", "namespace", self.namespace, "--wait=false")

    def _stream(self, objects: dict[str, Any]) -> str:
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects.values())})


def _paths(fields: dict[str, Any], at: str = "") -> list[str]:
    found = []
    for step, below in fields.items():
        path = f"{at}.{step.removeprefix('f:').removeprefix('k:')}".removeprefix(".")
        if step == ".":
            continue
        found += _paths(below, path) if below else [path]
    return found


@dataclass
class Edits:
    """The two resources of a stack, and what the engine would keep of them."""

    owner: Owner
    environment: dict[str, str] = field(
        default_factory=lambda: {"TOWER_DATA_STUDIO_CONNECT_URL": "https://c.example.com"}
    )
    workspaces: str | None = "[1, 2]"
    checksum: str = "first"
    take_over: list[str] = field(default_factory=list)
    timeout_seconds: int = 60
    deployment_edit: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(DEPLOYMENT_EDIT))
    config_map: str = "tower-backend-cfg"
    tower_yml: str = "tower-yml"
    found: dict[str, Any] | None = None
    made: dict[str, Any] | None = None
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def up(self) -> list[str]:
        """Brings the edits about; returns the steps that were needed."""
        steps = [self._as_found(), self._edits()]
        return [step for step in steps if step]

    def destroy(self) -> None:
        """Deletes whatever is in the state, in the engine's order."""
        if self.made is not None:
            PlatformEditsProvider().delete("id", self.made)
        if self.found is not None:
            PlatformAsFoundProvider().delete("id", self.found)
        self.found = self.made = None
        self.inputs = {}

    def checked(self) -> dict[str, Any]:
        """The inputs that a preview shows for the edits."""
        assert self.found is not None
        assert self.made is not None
        return _sent(PlatformEditsProvider().check(self.made, self._inputs(self.found)).inputs)

    def refreshed(self) -> dict[str, Any]:
        """What a refresh makes of the edits."""
        return _sent(PlatformEditsProvider().read("id", self.made or {}).outs)

    def edits(self) -> dict[str, Any]:
        """The inputs by object."""
        workloads = {f"Deployment/{name}": self.deployment_edit for name in self.owner.deployments}
        edits = {f"ConfigMap/{self.config_map}": self.environment, **workloads}
        return copy.deepcopy(edits)

    def _as_found(self) -> str:
        provider = PlatformAsFoundProvider()
        fields = {target: edited_names(target, edit) for target, edit in self.edits().items()}
        inputs = _sent({**self._location(), "fields": fields, "secrets": ["s"]})
        olds = self.inputs.get("found", {})
        news = self.inputs["found"] = _sent(provider.check(olds, inputs).inputs)
        if self.found is None:
            self.found = _sent(provider.create(news).outs)
            return "found: create"
        difference = provider.diff("id", self.found, news)
        assert not difference.replaces
        if _changes(difference, olds, news):
            self.found = _sent(provider.update("id", self.found, news).outs)
            return "found: update"
        return ""

    def _edits(self) -> str:
        assert self.found is not None
        provider = PlatformEditsProvider()
        olds = self.inputs.get("edits", {})
        news = self.inputs["edits"] = _sent(provider.check(olds, self._inputs(self.found)).inputs)
        if self.made is None:
            self.made = _sent(provider.create(news).outs)
            return "edits: create"
        difference = provider.diff("id", self.made, news)
        assert not difference.replaces
        if _changes(difference, olds, news):
            self.made = _sent(provider.update("id", self.made, news).outs)
            return "edits: update"
        return ""

    def _location(self) -> dict[str, Any]:
        tower_yml = {"config_map": self.tower_yml, "key": "tower.yml", "allowed_workspaces": self.workspaces}
        return {
            "kubeconfig": str(paths.KUBECONFIG),
            "context": "",
            "namespace": self.owner.namespace,
            "field_manager": MANAGER,
            "deployments": self.owner.deployments,
            "take_over": self.take_over,
            "timeout_seconds": self.timeout_seconds,
            **({} if self.workspaces is None else {"tower_yml": tower_yml}),
        }

    def _inputs(self, found: dict[str, Any]) -> dict[str, Any]:
        checksum = f"{self.checksum}-{found['revision']}"
        return _sent({**self._location(), "edits": self.edits(), "checksum": checksum, "found": found["found"]})


def _changes(difference: DiffResult, olds: dict[str, Any], news: dict[str, Any]) -> bool:
    """What the engine makes of a diff: where the provider leaves it open, it compares the inputs."""
    return olds != news if difference.changes is None else difference.changes


def _sent(properties: Any) -> dict[str, Any]:
    """As they are after their way over the wire: every number a float, and in another order."""
    text = json.dumps(properties, sort_keys=True)
    found: dict[str, Any] = json.loads(text, parse_int=float)
    return found


def seconds_pass() -> None:
    """Until the clock of the API's timestamps has moved on."""
    time.sleep(1.1)
