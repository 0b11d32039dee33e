"""How a cluster is reached."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import InsecureRequestWarning

from live import cluster as live_cluster
from live.api import ClusterApi
from live.cluster import Cluster, kubeconfig_for_eks
from live.kubernetes_client import kubernetes_client
from settings.errors import SettingsError
from testbed.pki import Authority


def test_a_kubeconfig_that_is_named_later_than_the_client_is_imported_is_the_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubernetes_client()
    kubeconfig = kubeconfig_for_eks("late", "https://127.0.0.1:1", "", "us-east-1")
    kubeconfig["users"] = [{"name": "late", "user": {"token": "t"}}]
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert Cluster().client().configuration.host == "https://127.0.0.1:1"


class Api:
    """An API server with TLS of its own for the name `cluster.test`, and a proxy that leads to it by any name."""

    def __init__(self, folder: Path) -> None:
        self.ca = Authority(folder)
        self.pair = self.ca.server("server", ["cluster.test"])
        self.asked: list[tuple[str, str]] = []
        self.connected: list[tuple[str, str]] = []

    def serve(self, stack: ExitStack) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization", "")))
                content = json.dumps({"metadata": {"name": "found"}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Keeps the test's output clean."""

        class Proxy(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                outer.connected.append((self.path, self.headers.get("Proxy-Authorization", "")))
                self.send_response(200)
                self.end_headers()
                with socket.create_connection(("127.0.0.1", outer.port)) as upstream:
                    back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
                    back.start()
                    _pump(self.connection, upstream)
                    back.join(5)

            def log_message(self, *_: object) -> None:
                """Keeps the test's output clean."""

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.pair.certificate, self.pair.key)
        self.port = self._start(stack, Handler, tls)
        self.proxy = f"http://127.0.0.1:{self._start(stack, Proxy, None)}"
        self.url = f"https://127.0.0.1:{self.port}"

    @staticmethod
    def _start(stack: ExitStack, handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None) -> int:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        return int(server.server_address[1])

    def found(self, cluster: Mapping[str, Any], user: Mapping[str, Any] | None = None) -> str:
        """What the program reads by a kubeconfig."""
        trusted = {} if "insecure-skip-tls-verify" in cluster else {"certificate-authority": str(self.ca.certificate)}
        kubeconfig = {
            "clusters": [{"name": "c", "cluster": {"server": self.url, **trusted, **cluster}}],
            "users": [{"name": "u", "user": user or {"token": "not-a-real-token"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        read = ClusterApi(Cluster(kubeconfig=json.dumps(kubeconfig))).get("/api/v1/namespaces/found")
        return str(read["metadata"]["name"])


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Api(tmp_path)
    with ExitStack() as stack:
        made.serve(stack)
        yield made


BY_NAME = {"tls-server-name": "cluster.test"}


def test_the_name_in_the_servers_certificate_is_the_kubeconfigs(server: Api) -> None:
    assert server.found(BY_NAME) == "found"
    with pytest.raises(SettingsError, match="is not known to be the one that is meant"):
        server.found({})


def test_a_kubeconfig_may_leave_the_certificate_unchecked(server: Api, recwarn: pytest.WarningsRecorder) -> None:
    assert server.found({"insecure-skip-tls-verify": True}) == "found"
    # Not all warnings: what an earlier test left unclosed is told whenever it is collected.
    assert [str(each.message) for each in recwarn if each.category is InsecureRequestWarning] == []


def test_the_proxy_of_a_kubeconfig_leads_to_a_server_that_only_it_reaches(
    server: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = {"server": "https://cluster.test:6443", "proxy-url": server.proxy}
    assert server.found(private) == "found"
    # As with kubectl, the environment has no say in it.
    monkeypatch.setenv("NO_PROXY", "cluster.test")
    assert server.found(private) == "found"
    assert server.connected == [("cluster.test:6443", ""), ("cluster.test:6443", "")]


def test_user_and_password_of_the_proxy_are_sent_to_it(server: Api) -> None:
    proxy = server.proxy.replace("://", "://me:ge%40heim@")
    assert server.found({"server": "https://cluster.test:6443", "proxy-url": proxy}) == "found"
    assert server.connected == [("cluster.test:6443", f"Basic {base64.b64encode(b'me:ge@heim').decode()}")]


def test_a_proxy_of_the_environment_is_that_of_https(server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.proxy)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert server.found({"server": "https://cluster.test:6443"}) == "found"
    assert len(server.connected) == 1
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    assert server.found(BY_NAME) == "found"
    assert len(server.connected) == 1


def test_a_proxy_that_is_none_of_http_is_named_without_its_password(server: Api) -> None:
    with pytest.raises(SettingsError) as caught:
        server.found({"proxy-url": "socks5://me:geheim@127.0.0.1:1080"})
    assert str(caught.value) == (
        "seqera-studios:kubeconfig: has the proxy socks5://127.0.0.1:1080, and this program goes through http and "
        "https proxies only; check that `kubectl get nodes` works from here"
    )


def test_an_exec_plugin_gets_its_variables_and_gives_the_token(server: Api, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "TOKEN"}}
    plugin.write_text(f"#!/bin/sh\ncat <<END | sed s/TOKEN/$WHO-$1/\n{json.dumps(answer)}\nEND\n")
    plugin.chmod(0o755)
    command = {"command": str(plugin), "args": ["it"], "env": [{"name": "WHO", "value": "me"}]}
    user = {"exec": {"apiVersion": answer["apiVersion"], "interactiveMode": "Never", **command}}
    assert server.found(BY_NAME, user) == "found"
    assert server.asked == [("/api/v1/namespaces/found", "Bearer me-it")]


def test_an_exec_plugin_that_fails_is_named_with_what_it_says(server: Api, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text("#!/bin/sh\necho log in first >&2\nexit 3\n")
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    with pytest.raises(SettingsError, match=r"gives no credentials: exec: process returned 3\. log in first; check"):
        server.found(BY_NAME, user)


@pytest.mark.parametrize("token", ["a\nb", "secret\n", "secret…"])
def test_a_token_that_no_header_can_hold_is_told_without_it(server: Api, token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        server.found(BY_NAME, {"token": token})
    assert str(caught.value).endswith(
        "cannot be sent the kubeconfig's token, which has a line break or a character that no token has; write it "
        "again there"
    )
    assert "secret" not in str(caught.value)


PARTS: dict[str, Any] = {
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {"token": "geheim"}}],
    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    "current-context": "x",
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"users": [{"name": "u", "token": "geheim"}]}, "an entry of it has no user"),
        ({"users": [{"name": "u", "user": None, "token": "geheim"}]}, "an entry of it has no user"),
        ({"contexts": [{"name": "x", "cluster": "c", "user": "u"}]}, "an entry of it has no context"),
        ({"current-context": ""}, "it names no current-context"),
    ],
)
def test_a_kubeconfig_of_another_form_is_told_without_what_it_holds(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(PARTS | changes))
    with pytest.raises(SettingsError) as caught:
        Cluster(kubeconfig=str(file)).client()
    assert str(caught.value) == (
        f'seqera-studios:kubeconfig: "{file}" gives no way to a cluster: {reason}; check that `kubectl get nodes` '
        "works from here"
    )


def test_a_token_command_that_prints_null_is_told(tmp_path: Path) -> None:
    printed = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": None}
    command = {"apiVersion": printed["apiVersion"], "command": "echo", "args": [json.dumps(printed)]}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(PARTS | {"users": [{"name": "u", "user": {"exec": command}}]}))
    with pytest.raises(SettingsError, match="gives no credentials: its token command prints no credentials; check"):
        Cluster(kubeconfig=str(file)).client()


class Counting:
    """A kubeconfig with a token command, each run of which gives another token: `token-1`, `token-2`."""

    def __init__(self, server: Api, folder: Path, *, expires: str | None) -> None:
        self.server, self.path = server, folder / "kubeconfig"
        status = {"token": "TOKEN"} | ({"expirationTimestamp": expires} if expires else {})
        credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
        answer = json.dumps(credential).replace("TOKEN", "token-$(wc -l < $0.runs | tr -d ' ')")
        self.plugin = folder / "plugin"
        self.plugin.write_text(f"#!/bin/sh\necho run >> $0.runs\ncat <<END\n{answer}\nEND\n")
        self.plugin.chmod(0o755)
        self.write()

    def write(self, comment: str = "") -> None:
        command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(self.plugin)}
        cluster = {"server": self.server.url, "certificate-authority": str(self.server.ca.certificate)} | BY_NAME
        user = {"exec": {**command, "interactiveMode": "Never"}}
        kubeconfig = {"clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}]}
        self.path.write_text(json.dumps(PARTS | kubeconfig) + comment)

    def ask(self, *, patient: bool = False) -> str:
        ClusterApi(Cluster(kubeconfig=str(self.path)), patient=patient).get("/api/v1/namespaces/found")
        return self.server.asked[-1][1].removeprefix("Bearer ")


@pytest.mark.parametrize("expires", [None, "2999-01-01T00:00:00Z"])
def test_a_token_command_runs_once_for_all_that_ask_the_cluster(
    server: Api, tmp_path: Path, expires: str | None
) -> None:
    counting = Counting(server, tmp_path, expires=expires)
    assert [counting.ask(), counting.ask(patient=True), counting.ask()] == ["token-1"] * 3


def test_a_token_command_runs_again_when_its_token_has_expired(server: Api, tmp_path: Path) -> None:
    counting = Counting(server, tmp_path, expires="2020-01-01T00:00:00Z")
    assert [counting.ask(), counting.ask(patient=True), counting.ask()] == ["token-2", "token-3", "token-4"]


def test_a_token_command_runs_again_when_its_kubeconfig_is_written_anew(server: Api, tmp_path: Path) -> None:
    counting = Counting(server, tmp_path, expires=None)
    assert counting.ask() == "token-1"
    counting.write("\n# by aws eks update-kubeconfig")
    assert [counting.ask(), counting.ask()] == ["token-2"] * 2


def test_a_token_command_runs_again_when_its_token_is_old(
    server: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(server, tmp_path, expires=None)
    assert counting.ask() == "token-1"
    monkeypatch.setattr(live_cluster, "TOKEN_SECONDS", -1)
    assert [counting.ask(), counting.ask()] == ["token-2", "token-3"]
