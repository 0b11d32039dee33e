"""A Kubernetes user with exactly the rights that docs/rbac.yml gives: whom the stacks of all tests work as."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from testbed import paths
from testbed.cluster import kubectl
from testbed.kubeconfig import kubeconfig

RBAC = paths.CHECKOUT / "docs" / "rbac.yml"
DONE_WITHOUT = {("", "events", "watch")}
"""What the Kubernetes provider asks for, to show events of what it waits for, and does without."""


def documented() -> tuple[dict[str, Any], dict[str, Any]]:
    """The Role and the RoleBinding, as they are documented."""
    role, binding = YAML(typ="safe", pure=True).load_all(RBAC)
    return role, binding


@dataclass(frozen=True)
class Deployer:
    """The user, who is a service account of a namespace of its own, and may work only in an install's namespace."""

    namespace: str
    kubeconfig: Path

    @property
    def home(self) -> str:
        """The namespace of the service account."""
        return f"{self.namespace}-deployer"

    def create(self, server: str, authority: str) -> Deployer:
        """Makes the user, gives it the documented rights, and writes its kubeconfig.

        Args:
            server: where the kubeconfig leads to.
            authority: the file of who vouches for the server.
        """
        kubectl("create", "namespace", self.home)
        kubectl("-n", self.home, "create", "serviceaccount", "deployer")
        self.allow(documented()[0]["rules"])
        token = kubectl("-n", self.home, "create", "token", "deployer", "--duration=4h").strip()
        config = kubeconfig({"server": server, "certificate-authority": authority}, {"token": token})
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(config))
        return self

    def allow(self, rules: list[dict[str, Any]]) -> None:
        """Lets the user do what the rules say, and nothing else."""
        role, binding = copy.deepcopy(documented())
        role["rules"] = rules
        for each in (role, binding):
            each["metadata"]["namespace"] = self.namespace
        binding["subjects"] = [{"kind": "ServiceAccount", "name": "deployer", "namespace": self.home}]
        kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [role, binding]}))

    def remove(self) -> None:
        """Takes the user away."""
        kubectl("delete", "namespace", self.home, "--wait=false")
