"""The client of a cluster's API server. Objects are plain dicts, as the API sends them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, MutableSequence
from typing import Any, Final
from urllib.parse import urlencode

from live.cluster import Cluster
from live.fields import Object
from live.kubernetes_client import kubernetes_client
from live.timeouts import with_timeout
from settings.errors import Problem, SettingsError

_PREVIEW_SECONDS: Final = (5, 15)
"""To connect and to read, in one call: a preview waits at most half a minute for a cluster that doesn't answer."""
_HASTE: Final = (1, 2)
"""Of that half minute, what is left for each further call once one has got no answer."""
_UPDATE_SECONDS: Final = (10, 60)
FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_THROTTLED: Final = 429
_PAUSES: Final = (0.25, 0.5, 1.0, 2.0)
"""After each of them a call is made again that the API server has put off; it answers such a call at once."""
JSON: Final = "application/json"
_WARNING: Final = re.compile(r'\b\d{3} \S+ "(?P<text>(?:[^"\\]|\\.)*)"')
"""https://kubernetes.io/blog/2020/09/03/warnings/"""
_NAMES_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class NotFoundError(LookupError):
    """The object, or the kind of object, does not exist."""


class ApiError(SettingsError):
    """The API server can't be reached, or refuses a call.

    Attributes:
        status: the HTTP status of its answer; None if it gave none.
        answer: what it said, as a Kubernetes Status.
    """

    def __init__(self, setting: str, message: str, status: int | None = None, answer: object = None) -> None:
        super().__init__([Problem(setting, None, message)])
        self.status = status
        self.answer: Mapping[str, Any] = answer if isinstance(answer, dict) else {}

    @property
    def reason(self) -> str:
        """What the API server gives as the reason."""
        return str(self.answer.get("message") or "no reason given")


class ClusterApi:
    """The API of one cluster.

    Args:
        cluster: the way to it.
        patient: wait longer and try again, as an update does; a preview says soon that something is wrong.

    Raises:
        SettingsError: the kubeconfig leads to no cluster.
    """

    def __init__(self, cluster: Cluster, *, patient: bool = False) -> None:
        self._client = cluster.client(patient=patient)
        self._setting = cluster.setting
        self._patient = patient
        self._timeout: tuple[float, float] = _UPDATE_SECONDS if patient else _PREVIEW_SECONDS

    @property
    def setting(self) -> str:
        """The config key to name in a message about the way to the cluster."""
        return self._setting

    @property
    def host(self) -> str:
        """The API server's URL."""
        return str(self._client.configuration.host)

    def get(self, path: str) -> Object:
        """One object, without what it has as null: to the API that is the same as what it leaves out.

        Raises:
            NotFoundError: it does not exist.
            ApiError: the cluster can't be reached, or does not allow it.
        """
        answer = self.send("GET", path)
        if not isinstance(answer.get("metadata"), dict) or not _has_parts(answer):
            raise self.misunderstood(path)
        return answer

    def list(self, path: str, selectors: Mapping[str, str] | None = None, *, names_only: bool = False) -> list[Object]:
        """The objects of a kind, as `get` has them; with `names_only`, only their metadata.

        Raises:
            ApiError: the cluster can't be reached, does not allow it, or does not serve the kind.
        """
        try:
            answer = self.send("GET", path, selectors, accept=_NAMES_ONLY if names_only else JSON)
        except NotFoundError:
            raise self._problem(f"does not serve {path}; check that `kubectl api-resources` works from here") from None
        # An API server has null for an empty list of metadata.
        items: list[Object] = answer.get("items", [])
        try:
            named = all(isinstance(each["metadata"]["name"], str) and _has_parts(each) for each in items)
        except (TypeError, KeyError):
            named = False
        if not named:
            raise self.misunderstood(path)
        return items

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        *,
        content: str = JSON,
        accept: str = JSON,
        warned: MutableSequence[str] | None = None,
    ) -> Object:
        """Makes one call, and returns the answer without its nulls.

        Args:
            method, path, query, body: of the request.
            content, accept: the types of the body and of the answer.
            warned: gets the warnings that come with the answer.

        Raises:
            NotFoundError: what the path names does not exist.
            ApiError: the cluster can't be reached, or refuses it.
        """
        from urllib3.exceptions import HTTPError

        def call() -> Any:
            return self._client.call_api(
                f"{path}?{urlencode(query)}" if query else path,
                method,
                header_params={"Accept": accept, "Content-Type": content},
                body=body,
                response_types_map={200: "object", 201: "object"},
                auth_settings=["BearerToken"],
                _request_timeout=self._timeout,
            )

        def call_in_time() -> Any:
            # Each byte of an answer has the time to read anew.
            return call() if self._patient else with_timeout(sum(self._timeout), call)

        try:
            answer, _, headers = _again_if_throttled(call_in_time)
        except kubernetes_client().client.ApiException as error:
            if error.status == _NOT_FOUND:
                raise NotFoundError(path) from None
            raise self._refused(method, path, error.status, error.body) from None
        except AttributeError as error:
            # The client stumbles over its own report of a failed TLS handshake, which has no body.
            failed = error.__context__
            if not isinstance(failed, kubernetes_client().client.ApiException):
                raise
            raise self._problem(
                f"is not known to be the one that is meant ({_last_line(failed.reason)}); check the authority in "
                "the kubeconfig (for EKS: aws eks update-kubeconfig), and that `kubectl get nodes` works from here"
            ) from None
        except (TimeoutError, HTTPError) as error:
            # urllib3 has its own kinds of timeouts, and may wrap them.
            reason = getattr(error, "reason", None) or error
            told = "timed out" if "Timeout" in type(reason).__name__ else _first_line(reason)
            if told == "timed out" and not self._patient:
                self._timeout = _HASTE
            raise self._problem(f"does not answer ({told}); check that `kubectl get nodes` works from here") from None
        except UnicodeDecodeError:
            raise self.misunderstood(path) from None
        except ValueError:
            # http.client refuses the header of the token; its message has the token in it.
            raise self._problem(
                "cannot be sent the kubeconfig's token, which has a line break or a character that no token has; write "
                "it again there"
            ) from None
        if warned is not None:
            warned.extend([each["text"].replace("\\", "") for each in _WARNING.finditer(headers.get("Warning") or "")])
        found = _without_nulls(answer)
        if not isinstance(found, dict):
            raise self.misunderstood(path)
        return found

    def misunderstood(self, path: str) -> ApiError:
        """What the API server answers to a path is not an answer of Kubernetes."""
        return self._problem(
            f"does not answer to {path} as a Kubernetes API server does; check the server in the kubeconfig, and that "
            "`kubectl get nodes` works from here"
        )

    def _refused(self, method: str, path: str, status: int | None, body: object) -> ApiError:
        answer = _status_in(body)
        reason = str(answer.get("message") or "no reason given")
        if status == 401:
            message = "does not accept these credentials; check that `kubectl auth whoami` works from here"
        elif status == FORBIDDEN and method == "GET":
            message = (
                f"does not let you read {path} ({reason}); ask for a role that can get and list "
                "deployments, statefulsets, configmaps, secrets, services and ingresses in Platform's namespace"
            )
        else:
            message = f"answers {status} to {path}: {reason}"
        return self._problem(message, status, answer)

    def _problem(self, message: str, status: int | None = None, answer: object = None) -> ApiError:
        return ApiError(self._setting, f"the cluster at {self.host} {message}", status, answer)


def _again_if_throttled(call: Callable[[], Any]) -> Any:
    for pause in _PAUSES:
        try:
            return call()
        except kubernetes_client().client.ApiException as error:
            if error.status != _THROTTLED:
                raise
            time.sleep(pause)
    return call()


def _has_parts(each: Mapping[str, Any]) -> bool:
    """Whether what an object has is of the kind that every object of Kubernetes has there."""
    return all(isinstance(each.get(part, {}), dict) for part in ("metadata", "spec", "status", "data"))


def _without_nulls(answer: object) -> object:
    if isinstance(answer, dict):
        return {key: _without_nulls(value) for key, value in answer.items() if value is not None}
    return [_without_nulls(each) for each in answer] if isinstance(answer, list) else answer


def _status_in(body: object) -> Mapping[str, Any]:
    try:
        status = json.loads(str(body))
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _last_line(reason: object) -> str:
    return str(reason).strip().rpartition("\n")[2]


def _first_line(reason: object) -> str:
    text = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
    # urllib3 names the pool, which is None where it reports for itself.
    return text.rpartition(">: ")[2].rpartition("None: ")[2]
