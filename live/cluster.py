"""How a cluster is reached: by a kubeconfig, by a context, or as kubectl finds it."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from live.kubernetes_client import kubernetes_client
from live.timeouts import with_timeout
from settings.errors import Problem, SettingsError

_TOKEN_SECONDS: Final = 25
"""A preview waits no longer than half a minute for anything."""
_ENTRY: Final = re.compile(r"Expected key (?P<key>\S+) in .*\{", re.DOTALL)
_NO_NAME: Final = re.compile(r"Expected object with name  in .*contexts list")


def kubeconfig_for_eks(
    cluster_name: str,
    endpoint: str,
    ca: str,
    region: str,
    profile: str | None = None,
    *,
    role_arn: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A kubeconfig as `aws eks update-kubeconfig` writes it: it holds no token, but the command that gets one.

    Args:
        cluster_name: the EKS cluster's name.
        endpoint: its API server's URL.
        ca: its certificate authority, base64.
        region: the AWS region that it is in.
        profile: the AWS CLI's profile; None for that of its environment.
        role_arn: a role that the AWS CLI assumes for the token.
        variables: of the AWS CLI's environment, beside those of the calling process.
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
                        "args": [
                            *arguments,
                            *(["--profile", profile] if profile else []),
                            *(["--role-arn", role_arn] if role_arn else []),
                        ],
                        "interactiveMode": "Never",
                        **({"env": [{"name": k, "value": v} for k, v in variables.items()]} if variables else {}),
                    }
                },
            }
        ],
    }


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A way to one cluster. It holds no credentials, so a resource may have it in the state.

    Args:
        kubeconfig: the path of a kubeconfig, or its content as JSON; None for what kubectl uses.
        context: a context in it; None for its current one.
        setting: the config key to name in a message that the cluster can't be reached.
    """

    kubeconfig: str | None = field(default=None, repr=False)
    context: str | None = None
    setting: str = "kubeconfig"

    def client(self, *, patient: bool = False) -> Any:
        """A client of the cluster's API, from the `kubernetes` package.

        Args:
            patient: try again where a connection breaks, as an update must. A preview says at once that it breaks.

        Raises:
            SettingsError: there is no such file or context, or it is not a kubeconfig.
        """
        from yaml import YAMLError  # the client's parser

        # The client takes a while to import, and a run with wrong settings needs none.
        client, config = kubernetes_client()

        content = self.kubeconfig
        named = self.context or (None if content is None or content.startswith("{") else content)
        connection = client.Configuration()
        # A survey asks for all at once; with fewer, urllib3 logs a warning for each that it drops.
        connection.connection_pool_maxsize = 40
        if not patient:
            connection.retries = False  # The client's three silent retries only fill the log with warnings.

        said: list[str] = []

        def load() -> Any:
            with _said_on_root_logger(said):
                return read()

        def read() -> Any:
            if content is not None and content.startswith("{"):
                merged = json.loads(content)
                config.load_kube_config_from_dict(merged, context=self.context, client_configuration=connection)
                return merged
            # The client keeps the KUBECONFIG that was set when it was imported.
            path = content or os.environ.get("KUBECONFIG") or None
            config.load_kube_config(path, context=self.context, client_configuration=connection)
            place = path or config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION
            return config.kube_config.KubeConfigMerger(place).config.value

        try:
            # It may run a command that gets a token, and waits for it without end.
            written = _cluster_in(with_timeout(_TOKEN_SECONDS, load), self.context).get("proxy-url")
        except TimeoutError:
            message = f"gives no credentials: its token command takes longer than {_TOKEN_SECONDS} s"
            raise self._unusable(named, message) from None
        except config.ConfigException as error:
            raise self._unusable(named, f"gives no way to a cluster: {_reason(str(error))}") from None
        except (OSError, ValueError, TypeError, AttributeError, KeyError, YAMLError) as error:
            reason = getattr(error, "strerror", None) or "it is not a kubeconfig"
            raise self._unusable(named, f"cannot be read: {reason}") from None
        if said:
            # A command that prints null in the place of what it has to print.
            told = "its token command prints no credentials" if "NoneType" in said[0] else said[0]
            raise self._unusable(named, f"gives no credentials: {told}")
        proxy = written or _proxy_of_environment(connection.host)
        if proxy and urlsplit(proxy).scheme not in ("http", "https"):
            raise self._unusable(
                named,
                f"has the proxy {_without_user(proxy)}, and this program goes through http and https proxies only",
            )
        _go_through(connection, proxy, is_written=bool(written))
        return client.ApiClient(connection)

    def _unusable(self, named: str | None, message: str) -> SettingsError:
        key = "kubeContext" if self.context and self.setting == "kubeconfig" else self.setting
        return SettingsError([Problem(key, named, f"{message}; check that `kubectl get nodes` works from here")])


def _reason(text: str) -> str:
    """What is wrong with a kubeconfig, without the entry that the client shows, which may hold a token."""
    if entry := _ENTRY.search(text):
        return f"an entry of it has no {entry['key']}"
    if _NO_NAME.search(text):
        return "it names no current-context"
    return text.removeprefix("Invalid kube-config file. ").rstrip(".")


def _cluster_in(kubeconfig: Mapping[str, Any], context: str | None) -> Mapping[str, Any]:
    """The cluster that a context of a kubeconfig leads to."""
    of_context = _named(kubeconfig["contexts"], context or kubeconfig["current-context"])["context"]
    found: Mapping[str, Any] = _named(kubeconfig["clusters"], of_context["cluster"])["cluster"]
    return found


def _named(entries: Iterable[Any], name: str) -> Mapping[str, Any]:
    # Where several files are merged, each entry remembers its own.
    plain = (getattr(entry, "value", entry) for entry in entries)
    return next(entry for entry in plain if entry["name"] == name)


def _proxy_of_environment(host: str) -> str | None:
    """The proxy for a server as kubectl finds it; the client itself confuses that of http with that of https."""
    variable = f"{urlsplit(host).scheme}_proxy"
    return os.environ.get(variable.upper()) or os.environ.get(variable) or None


def _go_through(connection: Any, proxy: str | None, *, is_written: bool) -> None:
    """Lets a client's connections go through a proxy, or through none.

    Args:
        connection: the client's configuration.
        proxy: its URL.
        is_written: whether the kubeconfig names it, so that NO_PROXY of the environment says nothing.
    """
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning
    from urllib3.util import make_headers

    connection.proxy = proxy and _without_user(proxy)
    if is_written:
        connection.no_proxy = ""
    parts = urlsplit(proxy or "")
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        connection.proxy_headers = make_headers(proxy_basic_auth=user)
    if not connection.verify_ssl:
        # The kubeconfig says so, and kubectl doesn't complain of it either.
        disable_warnings(InsecureRequestWarning)


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@contextmanager
def _said_on_root_logger(said: list[str]) -> Iterator[None]:
    """Collects what the client logs where a token command fails: it raises nothing, and goes on without a token."""
    thread = threading.get_ident()

    def collect(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            # That of another kubeconfig, of which a command has ended too late.
            return True
        said.append(" ".join(record.getMessage().split()))
        return False

    root = logging.getLogger()
    root.addFilter(collect)
    try:
        yield
    finally:
        root.removeFilter(collect)
