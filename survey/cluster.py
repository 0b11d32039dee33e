"""How the cluster is reached, for reading."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from settings.errors import Problem, SettingsError

JsonObject = dict[str, Any]

_CONNECT_AND_READ_SECONDS = (5, 20)
"""Of one call: a preview waits no longer than half a minute for a cluster that does not answer."""
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class NotFoundError(LookupError):
    """The object, or the kind of object, is not there."""


def kubeconfig_for_eks(
    cluster_name: str, endpoint: str, ca: str, region: str, profile: str | None = None
) -> JsonObject:
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
class ClusterAccess:
    """A cluster as kubectl finds it, by a kubeconfig of its own, or by a context.

    Args:
        kubeconfig: the path of a kubeconfig, or its content, as JSON text or as a mapping; None for what kubectl uses.
        context: a context in it; None for its current one.
        setting: the config key to name where the cluster cannot be read.
    """

    kubeconfig: str | Mapping[str, Any] | None = field(default=None, repr=False)
    context: str | None = None
    setting: str = "kubeconfig"

    def reader(self) -> ClusterReader:
        """A connection to the cluster.

        Raises:
            SettingsError: there is no such file or context, or it is no kubeconfig.
        """
        # The client takes half a second to import, and a run whose settings are wrong needs none.
        from kubernetes import client, config
        from yaml import YAMLError  # the client's parser

        content = self.kubeconfig
        is_path = isinstance(content, str) and not content.startswith("{")
        named = self.context or (str(content) if is_path else None)
        connection = client.Configuration()
        connection.retries = False  # The client's three silent retries only fill the log with warnings.
        try:
            with _said_on_root_logger() as said:
                if isinstance(content, str) and not is_path:
                    content = json.loads(content)
                if isinstance(content, Mapping):
                    config.load_kube_config_from_dict(
                        dict(content), context=self.context, client_configuration=connection
                    )
                else:
                    config.load_kube_config(content, context=self.context, client_configuration=connection)
        except config.ConfigException as error:
            reason = str(error).removeprefix("Invalid kube-config file. ").rstrip(".")
            raise self._unusable(named, f"gives no way to a cluster: {reason}") from None
        except (OSError, ValueError, TypeError, AttributeError, KeyError, YAMLError) as error:
            reason = getattr(error, "strerror", None) or "it is no kubeconfig"
            raise self._unusable(named, f"cannot be read: {reason}") from None
        if said:
            raise self._unusable(named, f"gives no credentials: {said[0]}")
        return ClusterReader(client.ApiClient(connection), self.setting)

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


class ClusterReader:
    """Reads objects as the API server sends them, and says plainly why it cannot."""

    def __init__(self, client: Any, setting: str) -> None:
        self._client = client
        self._setting = setting

    def get(self, path: str) -> JsonObject:
        """One object, without what it has as null: to the API that is the same as what it leaves out.

        Raises:
            NotFoundError: it does not exist.
            SettingsError: the cluster cannot be reached, or does not allow it.
        """
        answer = self._read(path, "application/json")
        if not isinstance(answer.get("metadata"), dict):
            raise self._misunderstood(path)
        return answer

    def list(self, path: str, *, names_only: bool = False) -> list[JsonObject]:
        """The objects of a kind, as `get` has them; with `names_only`, their metadata and nothing that they hold.

        Raises:
            SettingsError: the cluster cannot be reached, does not allow it, or does not serve the kind.
        """
        try:
            answer = self._read(path, _NAMES_ONLY if names_only else "application/json")
        except NotFoundError:
            raise self._problem(
                self._client.configuration.host,
                f"does not serve {path}; check that `kubectl api-resources` works from here",
            ) from None
        # An API server has null for an empty list of metadata.
        items: list[JsonObject] = answer.get("items", [])
        try:
            named = all(isinstance(each["metadata"]["name"], str) for each in items)
        except (TypeError, KeyError):
            named = False
        if not named:
            raise self._misunderstood(path)
        return items

    def _read(self, path: str, accept: str) -> JsonObject:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        host = self._client.configuration.host
        try:
            answer: object = self._client.call_api(
                path,
                "GET",
                header_params={"Accept": accept},
                response_types_map={200: "object"},
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _request_timeout=_CONNECT_AND_READ_SECONDS,
            )
        except ApiException as error:
            if error.status == 404:
                raise NotFoundError(path) from None
            raise self._refused(path, error.status, error.body) from None
        except AttributeError as error:
            # The client stumbles over its own report of a failed TLS handshake, which has no body.
            failed = error.__context__
            if not isinstance(failed, ApiException):
                raise
            raise self._problem(
                host,
                f"is not known to be the one that is meant ({_last_line(failed.reason)}); check the authority in "
                "the kubeconfig (for EKS: aws eks update-kubeconfig), and that `kubectl get nodes` works from here",
            ) from None
        except HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise self._problem(
                host, f"does not answer ({_first_line(reason)}); check that `kubectl get nodes` works from here"
            ) from None
        except UnicodeDecodeError:
            raise self._misunderstood(path) from None
        found = _without_nulls(answer)
        if not isinstance(found, dict):
            raise self._misunderstood(path)
        return found

    def _misunderstood(self, path: str) -> SettingsError:
        return self._problem(
            self._client.configuration.host,
            f"does not answer to {path} as a Kubernetes API server does; check the server in the kubeconfig, and that "
            "`kubectl get nodes` works from here",
        )

    def _refused(self, path: str, status: int | None, body: object) -> SettingsError:
        if status == 401:
            return self._problem(
                self._client.configuration.host,
                "does not accept these credentials; check that `kubectl auth whoami` works from here",
            )
        if status == 403:
            return self._problem(
                self._client.configuration.host,
                f"does not let you read {path} ({_api_message(body)}); ask for a role that can get and list "
                "deployments, statefulsets, configmaps, secrets, services and ingresses in Platform's namespace",
            )
        return self._problem(self._client.configuration.host, f"answers {status} to {path}: {_api_message(body)}")

    def _problem(self, host: str, message: str) -> SettingsError:
        return SettingsError([Problem(self._setting, None, f"the cluster at {host} {message}")])


def _without_nulls(answer: object) -> object:
    if isinstance(answer, dict):
        return {key: _without_nulls(value) for key, value in answer.items() if value is not None}
    return [_without_nulls(each) for each in answer] if isinstance(answer, list) else answer


def _api_message(body: object) -> str:
    try:
        return str(json.loads(str(body))["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _last_line(reason: object) -> str:
    return str(reason).strip().rpartition("\n")[2]


def _first_line(reason: object) -> str:
    text = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
    return text.rpartition(">: ")[2]
