"""How a cluster is reached: by a kubeconfig, by a context, or as kubectl finds it."""

from __future__ import annotations

import copy
import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from live.kubernetes_client import kubernetes_client
from live.timeouts import with_timeout
from settings.errors import Problem, SettingsError

_COMMAND_SECONDS: Final = 25
"""A preview waits no longer than half a minute for anything."""
TOKEN_SECONDS: Final = 300
"""An EKS token lives for a quarter of an hour, and costs a run of the AWS CLI."""
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
        """A client of the cluster's API, from the `kubernetes` package; the same one for some minutes.

        Args:
            patient: try again where a connection breaks, as an update must. A preview says at once that it breaks.

        Raises:
            SettingsError: there is no such file or context, or it is not a kubeconfig.
        """
        now, known = time.monotonic(), (*self._read_from(), self.context)
        way = _WAYS.get(known)
        if way is None or now - way.since > TOKEN_SECONDS:
            # As old as the token in it, for which a command has run meanwhile.
            way = _WAYS[known] = _Way(now, *self._load())
        proxy = way.proxy or _proxy_of_environment(way.connection.host)
        if proxy and urlsplit(proxy).scheme not in ("http", "https"):
            raise _unusable(
                self,
                f"has the proxy {_without_user(proxy)}, and this program goes through http and https proxies only",
            )
        if (patient, proxy) not in way.clients:
            way.clients[patient, proxy] = way.client(proxy, patient=patient)
        return way.clients[patient, proxy]

    def _read_from(self) -> tuple[object, ...]:
        """What tells one kubeconfig from another, and from itself when it is written anew."""
        if self.kubeconfig is not None and self.kubeconfig.startswith("{"):
            return (self.kubeconfig,)
        path = self._path()
        return (path, *(_version_of(os.path.expanduser(each)) for each in path.split(os.pathsep)))

    def _path(self) -> str:
        # The client keeps the KUBECONFIG that was set when it was imported.
        return self.kubeconfig or os.environ.get("KUBECONFIG") or os.path.join("~", ".kube", "config")

    def _load(self) -> tuple[Any, str | None]:
        """How the client connects, and the proxy that the kubeconfig names."""
        from yaml import YAMLError  # the client's parser

        # The client takes a while to import, and a run with wrong settings needs none.
        client, config = kubernetes_client()

        content = self.kubeconfig
        connection = client.Configuration()
        # A survey asks for all at once; with fewer, urllib3 logs a warning for each that it drops.
        connection.connection_pool_maxsize = 40
        said: list[str] = []

        def load() -> Any:
            with _said_on_root_logger(said):
                return read()

        def read() -> Any:
            if content is not None and content.startswith("{"):
                merged = json.loads(content)
                config.load_kube_config_from_dict(merged, context=self.context, client_configuration=connection)
                return merged
            config.load_kube_config(self._path(), context=self.context, client_configuration=connection)
            return config.kube_config.KubeConfigMerger(self._path()).config.value

        try:
            # It may run a command that gets a token, and waits for it without end.
            proxy = _cluster_in(with_timeout(_COMMAND_SECONDS, load), self.context).get("proxy-url")
        except TimeoutError:
            message = f"gives no credentials: its token command takes longer than {_COMMAND_SECONDS} s"
            raise _unusable(self, message) from None
        except config.ConfigException as error:
            raise _unusable(self, f"gives no way to a cluster: {_reason(str(error))}") from None
        except (OSError, ValueError, TypeError, AttributeError, KeyError, YAMLError) as error:
            reason = getattr(error, "strerror", None) or "it is not a kubeconfig"
            raise _unusable(self, f"cannot be read: {reason}") from None
        if said:
            # A command that prints null in the place of what it has to print.
            told = "its token command prints no credentials" if "NoneType" in said[0] else said[0]
            raise _unusable(self, f"gives no credentials: {told}")
        return connection, proxy


@dataclass
class _Way:
    """What was read from a kubeconfig, and the clients that were made of it.

    Attributes:
        since: of `time.monotonic`.
        connection: the configuration of a client, with the token.
        proxy: that the kubeconfig names.
        clients: by whether they are patient, and by the proxy that they go through.
    """

    since: float
    connection: Any
    proxy: str | None
    clients: dict[tuple[bool, str | None], Any] = field(default_factory=dict)

    def client(self, proxy: str | None, *, patient: bool) -> Any:
        """Another client."""
        connection = copy.deepcopy(self.connection)
        if not patient:
            connection.retries = False  # The client's three silent retries only fill the log with warnings.
        _go_through(connection, proxy, is_written=bool(self.proxy))
        return kubernetes_client().client.ApiClient(connection)


_WAYS: Final[dict[tuple[object, ...], _Way]] = {}


def _unusable(cluster: Cluster, message: str) -> SettingsError:
    content = cluster.kubeconfig
    named = cluster.context or (None if content is None or content.startswith("{") else content)
    key = "kubeContext" if cluster.context and cluster.setting == "kubeconfig" else cluster.setting
    return SettingsError([Problem(key, named, f"{message}; check that `kubectl get nodes` works from here")])


def _version_of(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


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
