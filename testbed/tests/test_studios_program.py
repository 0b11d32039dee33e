"""The stand-ins of Platform and Connect as processes on loopback, with a real Redis: what they do, and refuse."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from testbed import build, processes
from testbed.pki import Authority, rsa_key_pair

pytestmark = pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server")

TOKEN = "Tk0123456789abcdefghijklmnopqrst"
PASSWORD = "p$x'y z"
PUBLIC = "connect.example.test"


@dataclass
class World:
    """Redis and the ports of one set of roles."""

    folder: Path
    redis: int
    redis_tls: int
    ports: dict[str, int]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, role: str, *words: str) -> list[str]:
        """The command line of a role, which gives up soon on what is not there."""
        return [str(self.folder / "studios"), "-patience", "2s", role, *words]

    def platform(self) -> dict[str, str]:
        """The variables of backend and cron."""
        return {
            "TOWER_SERVER_URL": f"http://127.0.0.1:{self.ports['backend']}",
            "TOWER_REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{self.redis}".replace("$", "%24").replace(" ", "%20"),
            "TOWER_JWT_SECRET": "jwt",
            "TOWER_CRYPTO_SECRETKEY": "crypto",
            "TOWER_DB_URL": "jdbc:mysql://db.example.com:3306/tower",
            "TOWER_DATA_EXPLORER_ENABLED": "true",
            "TOWER_DATA_STUDIO_CONNECT_URL": self.public,
            "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN": TOKEN,
            "TOWER_OIDC_PEM_PATH": str(self.folder / "oidc.pem"),
            "TOWER_DATA_STUDIO_TEMPLATES_LAB_REPOSITORY": "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9",
            "TOWER_DATA_STUDIO_TEMPLATES_LAB_TOOL": "jupyter",
            "TOWER_DATA_STUDIO_TEMPLATES_OWN_REPOSITORY": "example.com/own:1",
        }

    def connect(self) -> dict[str, str]:
        """The variables of the proxy and the server, in one."""
        return {
            "CONNECT_REDIS_ADDRESS": f"127.0.0.1:{self.redis}",
            "CONNECT_REDIS_PASSWORD": PASSWORD,
            "CONNECT_REDIS_DB": "1",
            "CONNECT_REDIS_PREFIX": "connect:session",
            "PLATFORM_URL": self.platform()["TOWER_SERVER_URL"],
            "CONNECT_PROXY_URL": self.public,
            "CONNECT_TUNNEL_URL": f"127.0.0.1:{self.ports['tunnel']}",
            "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN": TOKEN,
            "CONNECT_HTTP_PORT": str(self.ports["proxy"]),
            "CONNECT_HOST_DOMAIN": "127.0.0.1",
            "CONNECT_STORAGE_ROOT": str(self.folder / "data"),
            "CONNECT_TUNNEL_PORT": str(self.ports["tunnel"]),
            "CONNECT_LISTENER_PORT": str(self.ports["listener"]),
        }

    @property
    def public(self) -> str:
        """CONNECT_PROXY_URL."""
        return f"http://{PUBLIC}:{self.ports['proxy']}"

    def start(self, role: str, variables: Mapping[str, str], *words: str) -> Path:
        """Starts a role in the background; returns where it logs."""
        log = self.folder / f"{role}.log"
        with log.open("wb") as stream:
            command = self.command(role, *words)
            self.running.append(subprocess.Popen(command, env=dict(variables), stdout=stream, stderr=stream))
        return log

    def refusal(self, role: str, variables: Mapping[str, str], *words: str, user: int | None = None) -> str:
        """The one line with which a role refuses to start."""
        finished = subprocess.run(
            self.command(role, *words),
            env=dict(variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=40,
            user=user,
        )
        assert finished.returncode == 1, finished.stdout
        (line,) = [line for line in finished.stdout.splitlines() if " ERROR " in line]
        return line.partition(" ERROR ")[2]

    def backend(self) -> None:
        words = ["-port", str(self.ports["backend"]), "-tower-yml", str(self.folder / "tower.yml")]
        self.start("backend", self.platform(), *words)
        until(lambda: processes.listening(self.ports["backend"]))

    def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON of one of Platform's answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.platform()['TOWER_SERVER_URL']}{path}"
        try:
            asked = urllib.request.Request(url, headers=headers)  # noqa: S310 (the URL is the stand-in's)
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 (as above)
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def visit(self, session_url: str) -> subprocess.CompletedProcess[str]:
        """What a browser meets."""
        command = [*self.command("visit"), "-address", "127.0.0.1", session_url]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def until(true: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, Path]]:
    """A real Redis with a password and a user, without and with TLS, and the authority of its certificate."""
    folder = tmp_path_factory.mktemp("redis")
    authority = Authority(folder)
    pair = authority.server("redis", ["127.0.0.1"])
    plain, tls = processes.free_ports(2)
    words = ["--port", str(plain), "--tls-port", str(tls), "--bind", "127.0.0.1", "--requirepass", PASSWORD]
    words += ["--user", "studios", "on", ">other", "~connect:*", "+@all", "--save", "", "--dir", str(folder)]
    words += ["--tls-cert-file", str(pair.certificate), "--tls-key-file", str(pair.key)]
    words += ["--tls-ca-cert-file", str(authority.certificate), "--tls-auth-clients", "optional"]
    process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
    until(lambda: processes.listening(plain))
    yield plain, tls, authority.certificate
    process.terminate()
    process.wait(10)


@pytest.fixture
def world(redis: tuple[int, int, Path], tmp_path: Path) -> Iterator[World]:
    ports = dict(zip(("backend", "proxy", "tunnel", "listener"), processes.free_ports(4), strict=True))
    made = World(tmp_path, redis[0], redis[1], ports)
    (tmp_path / "data").mkdir()
    shutil.copy(build.studios(), tmp_path)
    (tmp_path / "oidc.pem").write_text(rsa_key_pair())
    (tmp_path / "tower.yml").write_text("tower:\n  data-studio:\n    allowed-workspaces: [7]\n")
    yield made
    for process in made.running:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


@pytest.mark.parametrize("by_path", [False, True], ids=["by its host", "by its path"])
def test_a_session_is_reached(world: World, by_path: bool) -> None:
    world.backend()
    world.start("connect-server", world.connect())
    world.start("connect-proxy", world.connect())
    session = ["-address", "127.0.0.1", "-connect-url", world.public, "-id", "a1b2"]
    log = world.start("session", {}, *session)
    until(lambda: "tunnel open" in log.read_text())
    until(lambda: "registered with" in (world.folder / "connect-proxy.log").read_text())
    host = f"a1b2.example.test:{world.ports['proxy']}"
    url = f"{world.public}/_studio/a1b2/lab" if by_path else f"http://{host}/lab"
    visited = world.visit(url)
    shown = f"{PUBLIC}:{world.ports['proxy']}" if by_path else host
    assert visited.stdout == f"session a1b2 at {shown}/lab\nWebSocket: echoed\n", visited.stderr


def test_a_session_that_is_not_there_is_told_after_the_login(world: World) -> None:
    world.backend()
    world.start("connect-proxy", world.connect())
    until(lambda: "registered with" in (world.folder / "connect-proxy.log").read_text())
    missed = world.visit(f"http://zz.example.test:{world.ports['proxy']}/")
    assert missed.returncode == 1
    assert "answered 404 Not Found: no session zz" in missed.stdout


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN": "another"}, "answered 401 Unauthorized"),
        ({"PLATFORM_URL": "http://127.0.0.1:9"}, "connection refused"),
    ],
)
def test_a_proxy_that_is_not_registered_says_why_and_serves_no_login(
    world: World, changes: dict[str, str], reason: str
) -> None:
    world.backend()
    log = world.start("connect-proxy", world.connect() | changes)
    until(lambda: "not registered" in log.read_text())
    assert reason in log.read_text()
    refused = world.visit(f"http://zz.example.test:{world.ports['proxy']}/")
    assert refused.returncode == 1
    assert "answered 503 Service Unavailable: not registered with Platform" in refused.stdout
    assert TOKEN not in log.read_text() + (world.folder / "backend.log").read_text()


def test_platform_lists_its_templates_for_a_workspace_with_studios_only(world: World) -> None:
    world.backend()
    token = subprocess.run(
        world.command("access-token"), env=world.platform(), capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    status, body = world.get("/api/studios/templates?workspaceId=7", token)
    assert (status, [(each["repository"], each["tool"]) for each in body["templates"]]) == (
        200,
        [("example.com/own:1", "custom"), ("public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9", "jupyter")],
    )
    assert world.get("/api/studios/templates?workspaceId=8", token)[0] == 403
    assert world.get("/api/studios/templates", token)[0] == 400
    assert world.get("/api/studios/templates?workspaceId=7", "wrong")[0] == 401
    assert world.get("/api/studios/templates?workspaceId=7")[0] == 401


def test_the_published_key_is_the_one_in_the_file(world: World) -> None:
    world.backend()
    _, document = world.get("/.well-known/openid-configuration")
    assert document["issuer"] == world.platform()["TOWER_SERVER_URL"]
    _, keys = world.get(document["jwks_uri"].removeprefix(document["issuer"]))
    first = keys["keys"][0]["n"]
    world.running.pop().kill()
    (world.folder / "oidc.pem").write_text(rsa_key_pair())
    until(lambda: not processes.listening(world.ports["backend"]))
    world.backend()
    assert world.get("/.well-known/jwks.json")[1]["keys"][0]["n"] != first


PROXY_REFUSALS = [
    ({"CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN": ""}, "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN is missing"),
    ({"PLATFORM_URL": ""}, "PLATFORM_URL is missing"),
    ({"PLATFORM_URL": "example.com"}, 'PLATFORM_URL="example.com" is not a URL such as https://example.com'),
    ({"CONNECT_TUNNEL_URL": "server"}, 'CONNECT_TUNNEL_URL="server" is not of the form host:port'),
    ({"CONNECT_HTTP_PORT": "eighty"}, 'CONNECT_HTTP_PORT="eighty" is not a port'),
    ({"CONNECT_STORAGE_ROOT": "/proc/none"}, "CONNECT_STORAGE_ROOT=/proc/none can't be written as user "),
    ({"CONNECT_LOG_LEVEL": "loud"}, 'CONNECT_LOG_LEVEL="LOUD" is not one of trace, debug, info, warn, error, fatal'),
    ({"LOCAL_CACHE_TTL": "2"}, 'LOCAL_CACHE_TTL="2" is not a duration such as 2m'),
    ({"CONNECT_TRUSTED_PROXY_CIDRS": "10.0.0.0"}, 'CONNECT_TRUSTED_PROXY_CIDRS has "10.0.0.0"'),
    ({"CONNECT_SSH_ENABLED": "true"}, "CONNECT_SSH_ENABLED needs CONNECT_SSH_KEY_PATH or CONNECT_SSH_KEY_VALUE_BASE64"),
    ({"CONNECT_SSH_ENABLED": "true", "CONNECT_SSH_KEY_PATH": "/none"}, "the SSH host key can't be read as user "),
    ({"CONNECT_POLICY_B64": "e30=", "CONNECT_POLICY_FILE": "/x"}, "are both set"),
    ({"CONNECT_REDIS_PASSWORD": "wrong"}, "WRONGPASS"),
    ({"CONNECT_REDIS_PASSWORD": ""}, "NOAUTH"),
    ({"CONNECT_REDIS_DB": "99"}, "database 99: ERR DB index is out of range"),
    ({"CONNECT_REDIS_USER": "studios", "CONNECT_REDIS_PASSWORD": "other", "CONNECT_REDIS_PREFIX": "own"}, "NOPERM"),
]


@pytest.mark.parametrize(("changes", "reason"), PROXY_REFUSALS)
def test_the_proxy_does_not_start_with(world: World, changes: dict[str, str], reason: str) -> None:
    assert reason in world.refusal("connect-proxy", world.connect() | changes)


def test_a_role_names_everything_that_is_wrong_at_once(world: World) -> None:
    said = world.refusal("connect-proxy", {})
    assert [each.partition(" ")[0] for each in said.split("; ")] == [
        "CONNECT_REDIS_ADDRESS",
        "CONNECT_PROXY_URL",
        "CONNECT_TUNNEL_URL",
        "PLATFORM_URL",
        "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN",
        "CONNECT_STORAGE_ROOT=/data",
    ]


def test_a_redis_that_is_not_there_is_waited_for_and_then_named(world: World) -> None:
    (port,) = processes.free_ports(1)
    variables = world.connect() | {"CONNECT_REDIS_ADDRESS": f"127.0.0.1:{port}"}
    began = time.monotonic()
    assert f"Redis at 127.0.0.1:{port}, database 1: dial tcp" in world.refusal("connect-server", variables)
    assert time.monotonic() - began > 2


def test_a_password_for_a_redis_that_asks_for_none_is_refused(world: World) -> None:
    (port,) = processes.free_ports(1)
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(world.folder)]
    world.running.append(subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL))
    until(lambda: processes.listening(port))
    refused = world.refusal("connect-proxy", world.connect() | {"CONNECT_REDIS_ADDRESS": f"127.0.0.1:{port}"})
    assert "called without any password configured for the default user" in refused


def test_redis_over_tls_needs_an_authority_that_is_trusted(world: World, redis: tuple[int, int, Path]) -> None:
    variables = world.connect() | {
        "CONNECT_REDIS_ADDRESS": f"127.0.0.1:{world.redis_tls}",
        "CONNECT_REDIS_TLS_ENABLE": "true",
    }
    for more in ({"SSL_CERT_FILE": str(redis[2])}, {"CONNECT_REDIS_TLS_SKIP_VERIFY": "true"}):
        log = world.start("connect-server", variables | more)
        until(lambda log=log: "listening" in log.read_text())
        world.running.pop().kill()
    assert "certificate signed by unknown authority" in world.refusal("connect-server", variables)


PLATFORM_REFUSALS = [
    ({"TOWER_SERVER_URL": ""}, "TOWER_SERVER_URL is missing"),
    ({"TOWER_JWT_SECRET": ""}, "TOWER_JWT_SECRET is missing"),
    ({"TOWER_REDIS_URL": "redis"}, "TOWER_REDIS_URL is not a URL such as redis://redis:6379"),
    ({"TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN": ""}, "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN is missing"),
    ({"TOWER_OIDC_PEM_PATH": ""}, "TOWER_OIDC_PEM_PATH is missing"),
    ({"TOWER_OIDC_PEM_PATH": "/none.pem"}, "TOWER_OIDC_PEM_PATH=/none.pem: can't be read as user "),
    ({"TOWER_DATA_EXPLORER_ENABLED": "false"}, "TOWER_DATA_EXPLORER_ENABLED is not true, and Studios needs it"),
]


@pytest.mark.parametrize(("changes", "reason"), PLATFORM_REFUSALS)
def test_platform_does_not_start_with(world: World, changes: dict[str, str], reason: str) -> None:
    words = ["-tower-yml", str(world.folder / "tower.yml")]
    for role in ("backend", "cron"):
        assert reason in world.refusal(role, world.platform() | changes, *words)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")
def test_a_key_that_the_containers_user_cannot_read_keeps_platform_from_starting(world: World) -> None:
    (world.folder / "oidc.pem").chmod(0o600)
    world.folder.chmod(0o755)
    # pytest lets only its own user in; how many folders there are depends on how it runs.
    for folder in itertools.takewhile(lambda each: each != Path(tempfile.gettempdir()), world.folder.parents):
        folder.chmod(0o755)
    words = ["-tower-yml", str(world.folder / "tower.yml")]
    said = world.refusal("backend", world.platform(), *words, user=101)
    assert "can't be read as user 101" in said


def test_a_tower_yml_that_platform_cannot_read_keeps_it_from_starting(world: World) -> None:
    (world.folder / "tower.yml").write_text("tower: [broken\n")
    said = world.refusal("backend", world.platform(), "-tower-yml", str(world.folder / "tower.yml"))
    assert "tower.yml: " in said
    said = world.refusal("backend", world.platform(), "-tower-yml", str(world.folder / "data"))
    assert "is a folder: what was to be mounted there did not exist" in said


def test_a_database_without_a_schema_keeps_platform_from_starting(world: World) -> None:
    (port,) = processes.free_ports(1)
    variables = world.platform() | {"TOWER_DB_URL": f"jdbc:mysql://localhost:{port}/tower"}
    said = world.refusal("backend", variables, "-tower-yml", str(world.folder / "tower.yml"))
    assert "the database: " in said


def test_the_management_port_asks_for_its_key(world: World) -> None:
    (port,) = processes.free_ports(1)
    key = {"CONNECT_MANAGEMENT_PORT": str(port), "CONNECT_MANAGEMENT_AUTH_KEY": "open sesame"}
    world.start("connect-server", world.connect() | key)
    until(lambda: processes.listening(port))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5)
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/ready", headers={"Authorization": "Bearer open sesame"})
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310 (the URL is the stand-in's)
        assert answer.status == 200
