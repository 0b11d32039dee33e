"""The load balancers of the testbed do what the AWS API says of them, on real connections."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest

from testbed import processes
from testbed.emulator.client import client, validated_certificate
from testbed.pki import Authority
from testbed.tests.aws_account import ANSWER
from testbed.traffic.account import Account
from testbed.traffic.addresses import Routes
from testbed.traffic.certificates import ServedCertificates
from testbed.traffic.traffic import Traffic, bind

ZONE = "example.com"


class Upstream(BaseHTTPRequestHandler):
    """Tells what it was asked; with an upgrade, sends back each byte."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(4)
        if self.headers.get("Upgrade"):
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            while data := self.connection.recv(4096):
                self.connection.sendall(data)
            self.close_connection = True
            return
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(Upstream.status if self.path == "/health" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@dataclass
class World:
    """An account with a load balancer that forwards to a server here."""

    environment: dict[str, str]
    traffic: Traffic
    balancer: dict[str, Any]
    listener: str
    group: str
    upstream: int

    def client(self, service: str) -> Any:
        return client(service, self.environment)

    @property
    def address(self) -> str:
        return self.traffic.network.balancer(self.balancer["LoadBalancerArn"])

    def get(
        self, host: str, path: str = "/", port: int = 443, headers: dict[str, str] | None = None
    ) -> tuple[HTTPResponse, str]:
        """Asks the load balancer; an answer over TLS is from a server with a verified certificate."""
        connection = HTTPConnection(host, port, timeout=10)
        connection.default_port = port  # which Host then leaves out, as in a browser
        connection.sock = self.connect(host, port)
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response, response.read().decode()

    def connect(self, host: str, port: int = 443, **context: Any) -> socket.socket:
        plain = socket.create_connection((self.address, bind(port)), timeout=10)
        return self.context(**context).wrap_socket(plain, server_hostname=host) if port == 443 else plain

    def context(self, alpn: tuple[str, ...] = (), newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.traffic.ca_file))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if newest:
            context.maximum_version = newest
        return context

    def health(self) -> list[tuple[str, str | None]]:
        described = self.client("elbv2").describe_target_health(TargetGroupArn=self.group)
        return [
            (each["TargetHealth"]["State"], each["TargetHealth"].get("Reason"))
            for each in described["TargetHealthDescriptions"]
        ]

    @contextmanager
    def rule(self, priority: int, conditions: list[dict[str, Any]], action: dict[str, Any]) -> Iterator[None]:
        elb = self.client("elbv2")
        made = elb.create_rule(ListenerArn=self.listener, Priority=priority, Conditions=conditions, Actions=[action])[
            "Rules"
        ][0]["RuleArn"]
        self.traffic.refresh()
        yield
        elb.delete_rule(RuleArn=made)
        self.traffic.refresh()

    @contextmanager
    def attributes(self, **values: str) -> Iterator[None]:
        elb, arn = self.client("elbv2"), self.balancer["LoadBalancerArn"]
        before = {
            a["Key"]: a["Value"] for a in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        }
        wanted = {key.replace("__", "."): value for key, value in values.items()}
        for each in (wanted, {key: before[key] for key in wanted}):
            elb.modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in each.items()]
            )
            self.traffic.refresh()
            if each is wanted:
                yield


def host_is(*hosts: str) -> list[dict[str, Any]]:
    return [{"Field": "host-header", "HostHeaderConfig": {"Values": list(hosts)}}]


def fixed(text: str, status: str = "200") -> dict[str, Any]:
    answer = {"StatusCode": status, "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": answer}


@pytest.fixture(scope="module")
def world(emulator: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    ec2, elb, route53 = (client(name, emulator) for name in ("ec2", "elbv2", "route53"))
    zone = route53.create_hosted_zone(Name=f"{ZONE}.", CallerReference="x")["HostedZone"]["Id"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{letter}")["Subnet"][
            "SubnetId"
        ]
        for n, letter in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="studios", Subnets=subnets)["LoadBalancers"][0]
    arn = balancer["LoadBalancerArn"]
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[redirect])
    acm = client("acm", emulator)
    platform = validated_certificate(acm, route53, zone, ZONE)
    wildcard = validated_certificate(acm, route53, zone, f"studios.{ZONE}", f"*.studios.{ZONE}")
    listener = elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": platform}],
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        DefaultActions=ANSWER,
    )["Listeners"][0]["ListenerArn"]
    elb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": wildcard}])
    group = elb.create_target_group(
        Name="proxy",
        Protocol="HTTP",
        Port=9090,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=30,
        Matcher={"HttpCode": "200-299"},
    )["TargetGroups"][0]["TargetGroupArn"]
    target = {"Id": "127.0.0.1", "Port": upstream.server_address[1]}
    elb.register_targets(TargetGroupArn=group, Targets=[target])
    forward = {"Type": "forward", "TargetGroupArn": group}
    elb.create_rule(ListenerArn=listener, Priority=20, Conditions=host_is(f"*.studios.{ZONE}", ZONE), Actions=[forward])
    traffic = Traffic(emulator, tmp_path_factory.mktemp("traffic"))
    yield World(emulator, traffic, balancer, listener, group, int(upstream.server_address[1]))
    traffic.close()
    upstream.shutdown()


def test_a_request_goes_to_the_target_of_the_rule_that_matches_its_host(world: World) -> None:
    response, body = world.get(f"a1.studios.{ZONE}", "/tree?x=1")
    assert response.status == 200
    told = json.loads(body)
    assert told["path"] == "/tree?x=1"
    assert told["headers"]["Host"] == f"a1.studios.{ZONE}"
    forwarded = {name: told["headers"][f"X-Forwarded-{name}"] for name in ("For", "Proto", "Port")}
    assert forwarded == {"For": "127.0.0.1", "Proto": "https", "Port": "443"}


def test_what_a_client_says_of_itself_stays_in_front(world: World) -> None:
    _, body = world.get(f"a1.studios.{ZONE}", headers={"X-Forwarded-For": "203.0.113.9"})
    assert json.loads(body)["headers"]["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"


def test_a_host_that_no_rule_has_gets_the_default_action(world: World) -> None:
    response, _ = world.get(ZONE, headers={"Host": f"other.{ZONE}"})
    assert response.status == 404


def test_the_rule_with_the_lowest_priority_wins(world: World) -> None:
    with world.rule(5, host_is("a1.*"), fixed("first")), world.rule(6, host_is("a1.*"), fixed("second")):
        assert world.get(f"a1.studios.{ZONE}")[1] == "first"
    assert json.loads(world.get(f"a1.studios.{ZONE}")[1])["path"] == "/"


@pytest.mark.parametrize(
    ("condition", "headers", "path", "matched"),
    [
        ({"Field": "path-pattern", "Values": ["/api/*"]}, {}, "/api/x", True),
        ({"Field": "path-pattern", "Values": ["/api/*"]}, {}, "/apis", False),
        ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/?.html"]}}, {}, "/a.html", True),
        ({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}}, {}, "/", False),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1*"}]}}, {}, "/?v=12", True),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}}, {}, "/", True),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}, {}, "/", False),
        (
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Beta", "Values": ["y*"]}},
            {"x-beta": "YES"},
            "/",
            True,
        ),
    ],
)
def test_each_kind_of_condition_is_held_against_the_request(
    world: World, condition: dict[str, Any], headers: dict[str, str], path: str, matched: bool
) -> None:
    with world.rule(7, [condition], fixed("matched")):
        assert (world.get(f"a1.studios.{ZONE}", path, headers=headers)[1] == "matched") is matched


def test_http_is_redirected_with_path_and_query(world: World) -> None:
    response, _ = world.get(f"a1.studios.{ZONE}", "/a%20b?c=d", port=80)
    assert (response.status, response.headers["Location"]) == (301, f"https://a1.studios.{ZONE}:443/a%20b?c=d")


@pytest.mark.parametrize("host", [ZONE, f"studios.{ZONE}", f"a1.studios.{ZONE}"])
def test_each_name_is_served_its_own_certificate(world: World, host: str) -> None:
    with world.connect(host) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.getpeercert() is not None


def test_a_name_that_no_certificate_covers_is_served_the_default_one(world: World) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'b\.a\.studios\.example\.com'"):
        world.connect(f"b.a.studios.{ZONE}")


def test_the_policys_oldest_tls_version_is_served_and_no_older_one(world: World) -> None:
    elb = world.client("elbv2")
    with world.connect(ZONE, newest=ssl.TLSVersion.TLSv1_2) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() == "TLSv1.2"
    elb.modify_listener(ListenerArn=world.listener, SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    world.traffic.refresh()
    with pytest.raises(ssl.SSLError):
        world.connect(ZONE, newest=ssl.TLSVersion.TLSv1_2)
    elb.modify_listener(ListenerArn=world.listener, SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")
    world.traffic.refresh()


@pytest.mark.parametrize(("enabled", "protocol"), [("true", "h2"), ("false", "http/1.1")])
def test_http_2_is_offered_only_where_its_attribute_says_so(world: World, enabled: str, protocol: str) -> None:
    with world.attributes(routing__http2__enabled=enabled):
        connection = world.connect(ZONE, alpn=("h2", "http/1.1"))
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.selected_alpn_protocol() == protocol
        connection.close()


def upgraded(world: World) -> socket.socket:
    connection = world.connect(f"a1.studios.{ZONE}")
    lines = [
        "GET / HTTP/1.1",
        f"Host: a1.studios.{ZONE}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = connection.recv(4096)
    assert head.startswith(b"HTTP/1.1 101 ")
    return connection


def test_a_websocket_is_carried_both_ways(world: World) -> None:
    with upgraded(world) as connection:
        for text in (b"\x81\x05hello", b"\x00" * 3000):
            connection.sendall(text)
            received = b""
            while len(received) < len(text):
                received += connection.recv(4096)
            assert received == text


def test_a_connection_ends_after_the_idle_timeout_of_the_balancer(world: World) -> None:
    # When exactly, and that what passes keeps it, is tested in Go, on a clock of the test's own.
    with world.attributes(idle_timeout__timeout_seconds="1"), upgraded(world) as connection:
        assert connection.recv(1) == b""


def test_a_target_that_takes_longer_than_the_idle_timeout_is_answered_for(world: World) -> None:
    with world.attributes(idle_timeout__timeout_seconds="1"):
        response, _ = world.get(f"a1.studios.{ZONE}", "/slow")
    assert (response.status, response.headers["Server"]) == (504, "awselb/2.0")


def test_a_target_is_unhealthy_while_it_answers_with_another_code(world: World) -> None:
    assert world.health() == [("healthy", None)]
    Upstream.status = 302
    try:
        world.traffic.refresh()
        assert world.health() == [("unhealthy", "Target.ResponseCodeMismatch")]
        # With no good target, a load balancer asks those that it has.
        assert world.get(f"a1.studios.{ZONE}")[0].status == 200
    finally:
        Upstream.status = 200
    world.traffic.refresh()
    assert world.health() == [("healthy", None)]


def test_a_target_at_which_nothing_listens_is_answered_for_with_502(world: World) -> None:
    elb = world.client("elbv2")
    live, dead = ({"Id": "127.0.0.1", "Port": port} for port in (world.upstream, processes.free_ports(1)[0]))
    elb.deregister_targets(TargetGroupArn=world.group, Targets=[live])
    elb.register_targets(TargetGroupArn=world.group, Targets=[dead])
    world.traffic.refresh()
    try:
        assert world.health() == [("unhealthy", "Target.FailedHealthChecks")]
        assert world.get(f"a1.studios.{ZONE}")[0].status == 502
        elb.deregister_targets(TargetGroupArn=world.group, Targets=[dead])
        world.traffic.refresh()
        assert world.get(f"a1.studios.{ZONE}")[0].status == 503
    finally:
        elb.register_targets(TargetGroupArn=world.group, Targets=[live])
        world.traffic.refresh()


def test_a_target_is_measured_by_the_traffic_that_has_had_a_way_to_its_group_and_by_no_other(
    world: World, tmp_path: Path
) -> None:
    elb, target = world.client("elbv2"), {"Id": "10.0.0.9", "Port": 9090}
    vpc = world.balancer["VpcId"]
    arn = elb.create_target_group(
        Name="of-another", Protocol="HTTP", Port=9090, VpcId=vpc, TargetType="ip", HealthCheckPath="/health"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[target])
    world.traffic.refresh()
    of_another = replace(world, group=arn)
    assert of_another.health() == [("healthy", None)]
    served = {"10.0.0.9:9090": (f"127.0.0.1:{world.upstream}",)}
    other = Traffic(world.environment, tmp_path, lambda: Routes(dict(served)))
    try:
        served.clear()
        other.refresh()
        assert of_another.health() == [("unhealthy", "Target.NotInUse")]
        assert world.health() == [("healthy", None)]
    finally:
        other.close()
        elb.delete_target_group(TargetGroupArn=arn)
        world.traffic.refresh()


def test_the_resolver_finds_a_load_balancer_that_comes_and_serves_and_loses_one_that_goes(world: World) -> None:
    def ask(name: str) -> list[str]:
        answer = dns.query.udp(
            dns.message.make_query(name, "A"), world.traffic.dns.address, port=world.traffic.dns.port, timeout=5
        )
        return [str(item) for rrset in answer.answer for item in rrset]

    elb = world.client("elbv2")
    subnets = [zone["SubnetId"] for zone in world.balancer["AvailabilityZones"]]
    other = elb.create_load_balancer(Name="other", Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=other["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[fixed("other", "418")]
    )
    # An answer may be half a second old. Whoever gets a new one is served where it leads, without a refresh.
    time.sleep(0.6)
    address = world.traffic.network.balancer(other["LoadBalancerArn"])
    assert ask(other["DNSName"]) == [address] != ask(world.balancer["DNSName"])
    connection = HTTPConnection(address, bind(80), timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 418
    elb.delete_load_balancer(LoadBalancerArn=other["LoadBalancerArn"])
    world.traffic.refresh()
    assert ask(other["DNSName"]) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, bind(80)), timeout=5)


def test_an_imported_certificate_that_signs_itself_is_trusted_by_nobody(world: World, tmp_path: Path) -> None:
    acm, elb = world.client("acm"), world.client("elbv2")
    pem = tmp_path / "self.pem"
    key = tmp_path / "self.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", f"/CN={ZONE}"]
    subprocess.run(
        [*command, "-addext", f"subjectAltName=DNS:{ZONE}", "-keyout", str(key), "-out", str(pem)],
        check=True,
        capture_output=True,
    )
    arn = acm.import_certificate(Certificate=pem.read_bytes(), PrivateKey=key.read_bytes())["CertificateArn"]
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    before = elb.describe_listeners(ListenerArns=[world.listener])["Listeners"][0]["Certificates"]
    elb.modify_listener(ListenerArn=world.listener, Certificates=[{"CertificateArn": arn}])
    world.traffic.refresh()
    try:
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate"):
            world.connect(ZONE)
    finally:
        elb.modify_listener(ListenerArn=world.listener, Certificates=[{"CertificateArn": before[0]["CertificateArn"]}])
        world.traffic.refresh()
    chain = ServedCertificates(Authority(tmp_path / "pki")).of(described, pem.read_text())["Chain"]
    assert "BEGIN CERTIFICATE" in chain


def test_what_is_taken_away_while_the_account_is_read_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from testbed.traffic.account import Account

    real = Account.certificate
    missed: list[str] = []

    def gone_at_first(account: Account, arn: str) -> Any:
        if not missed:
            missed.append(arn)
            return real(account, arn[:-1])
        return real(account, arn)

    monkeypatch.setattr(Account, "certificate", gone_at_first)
    assert world.traffic.refresh() == []
    assert len(missed) == 1
