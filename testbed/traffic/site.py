"""A whole install under traffic: names, load balancers, the pods of a namespace, and a session that echoes."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testbed import build
from testbed.traffic import node
from testbed.traffic.addresses import Routes
from testbed.traffic.cluster import Api
from testbed.traffic.pods import Pods
from testbed.traffic.running import place
from testbed.traffic.traffic import Traffic

SESSION = "demo"
#: A workspace of the stand-in for Platform, which has every one that is allowed to have Studios.
WORKSPACE = "1"
_PLATFORM_SECRET, _JWT_SECRET = "tower-backend-secrets", "TOWER_JWT_SECRET"


class Session:
    """The program in a session, which opens tunnels to the proxy until it is closed."""

    def __init__(self, traffic: Traffic, connect_url: str, identifier: str, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        words = ["session", "-connect-url", connect_url, "-id", identifier]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [build.studios(), *words],
                env={**_path(), "SSL_CERT_FILE": str(traffic.ca_file), "STUDIOS_PLACE": outside(traffic)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait()


def outside(traffic: Traffic) -> str:
    """The place of a program that finds hosts as one on the internet does."""
    return place("", "", traffic.resolver, None, traffic.ports)


def verify_variables(traffic: Traffic, connect_url: str, jwt_secret: str) -> dict[str, str]:
    """The variables with which `python -m pipeline verify` finds its way in this traffic.

    Args:
        traffic: names and load balancers.
        connect_url: of the proxy.
        jwt_secret: Platform's, which the stand-in derives its access token from.
    """
    scheme, _, host = connect_url.partition("://")
    parent = host.partition(".")[2]
    token = subprocess.run(
        [build.studios(), "access-token"], env={_JWT_SECRET: jwt_secret}, capture_output=True, text=True, check=True
    )
    return {
        "STUDIOS_VERIFY_RESOLVER": traffic.resolver,
        "STUDIOS_VERIFY_CA_FILE": str(traffic.ca_file),
        "STUDIOS_VERIFY_CONNECT_TO": " ".join(traffic.connect_to),
        "STUDIOS_VERIFY_SESSION": f"{scheme}://{SESSION}.{parent}/echo",
        "TOWER_ACCESS_TOKEN": token.stdout.strip(),
        "TOWER_WORKSPACE_ID": WORKSPACE,
    }


def _path() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "")}


class Site:
    """The traffic of one Platform install, until it is closed.

    Args:
        environment: what `python -m testbed env` prints.
        namespace: where Platform runs.
        folder: for logs and files.
        connect_url: of the proxy: a session is opened there as soon as it is possible.
        on_node: whether the pods run on the real node; otherwise a process here stands for each.
    """

    def __init__(
        self, environment: Mapping[str, str], namespace: str, folder: Path, connect_url: str, *, on_node: bool = False
    ) -> None:
        self._kubeconfig, self._namespace, self._connect_url = Path(environment["KUBECONFIG"]), namespace, connect_url
        self.pods: Pods | None = None
        if on_node:
            self.traffic = Traffic(environment, folder, node.routes, node.ground())
        else:
            self.traffic = Traffic(environment, folder, lambda: self.pods.routes() if self.pods else Routes())
            self.pods = self._processes(folder / "pods")
        self.session = Session(self.traffic, connect_url, SESSION, folder / "session.log")

    def _processes(self, folder: Path) -> Pods:
        try:
            return Pods(
                self._kubeconfig,
                self._namespace,
                self.traffic.network,
                self.traffic.answer,
                self.traffic.ports,
                self.traffic.ca_file,
                folder,
            )
        except BaseException:
            self.traffic.close()
            raise

    def verify_variables(self) -> dict[str, str]:
        """The variables with which `python -m pipeline verify` finds its way here, and asks for all that it can."""
        secret: dict[str, Any] = Api(self._kubeconfig, self._namespace).get("secrets", _PLATFORM_SECRET) or {"data": {}}
        value = base64.b64decode(secret["data"].get(_JWT_SECRET, "")).decode()
        return verify_variables(self.traffic, self._connect_url, value)

    def close(self) -> None:
        """Ends all of it."""
        self.session.close()
        if self.pods:
            self.pods.close()
        self.traffic.close()
