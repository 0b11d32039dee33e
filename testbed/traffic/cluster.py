"""The API of the testbed's Kubernetes, as its administrator."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Object = dict[str, Any]
_TIMEOUT = 15


class Api:
    """Reads objects of one namespace and writes the status of its pods.

    Args:
        kubeconfig: of the administrator, with files for its certificates.
        namespace: the namespace.
    """

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        content = json.loads(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        self._server, self._namespace = cluster["server"], namespace
        self._context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._context.load_cert_chain(user["client-certificate"], user["client-key"])

    def list(self, kind: str) -> list[Object]:
        """All objects of a kind of the core API, such as ``pods``."""
        items: list[Object] = self._call("GET", kind)["items"]
        return items

    def get(self, kind: str, name: str) -> Object | None:
        """One object of the core API; None if there is none."""
        try:
            return self._call("GET", f"{kind}/{name}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def patch_status(self, pod: str, status: Object) -> None:
        """Writes what a kubelet tells of a pod; nothing happens if the pod is gone."""
        try:
            self._call("PATCH", f"pods/{pod}/status", {"status": status})
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise

    def _call(self, method: str, path: str, body: Object | None = None) -> Object:
        request = urllib.request.Request(  # noqa: S310 (the URL is the API server's)
            f"{self._server}/api/v1/namespaces/{self._namespace}/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/strategic-merge-patch+json"} if body is not None else {},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT, context=self._context) as answer:  # noqa: S310
            content: Object = json.loads(answer.read())
        return content
