"""`verify` on real traffic: a fault turns the row of its cause red, what needs that is not checked, all else holds."""

from __future__ import annotations

import base64
import datetime
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from testbed.platform.shapes import GUIDE
from testbed.traffic.dns_server import DnsServer
from testbed.traffic.names import Answer, RecordSet
from testbed.traffic.site import SESSION, Session, Site
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.verified import Fault, World

pytestmark = pytest.mark.skipif(
    not shutil.which("redis-server"), reason="Connect's pods need Redis: install Debian's redis-server"
)


@pytest.fixture(scope="module")
def world(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    install = new_install("verify", shape=GUIDE)
    stack = new_stack(install, serverReplicas=1)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        connect_url = f"https://connect.{install.host}"
        site = Site(install.environment, install.namespace, tmp_path_factory.mktemp("traffic"), connect_url)
        try:
            stack.up().ok()
            world = World(install, stack, site)
            world.settles(None)
            yield world
        finally:
            site.close()


def test_the_command_prints_a_table_of_80_columns_and_ends_with_0(world: World) -> None:
    finished = world.command().ok()
    lines = finished.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == f"Stack {world.stack.name}, checked from here"
    assert lines[-1] == "Everything that was asked holds: 23 hold, 0 do not, 0 not checked, 1 not asked."
    assert finished.stderr == ""


@pytest.mark.slow
def test_a_stack_is_left_as_it_is(world: World) -> None:
    objects, records = world.install.objects(), world.install.records()
    world.settles(None)
    assert (world.install.objects(), world.install.records()) == (objects, records)
    assert world.stack.preview().changes == {}


@contextmanager
def no_record(world: World) -> Iterator[None]:
    with world.record():
        yield


@contextmanager
def record_of_platform(world: World) -> Iterator[None]:
    alias = world.install.records()[f"{world.install.host} A"]["AliasTarget"]
    with world.record({"Name": f"*.{world.install.host}.", "Type": "A", "AliasTarget": alias}):
        yield


@contextmanager
def dangling_record(world: World) -> Iterator[None]:
    values = [{"Value": "gone.us-east-1.elb.amazonaws.com"}]
    with world.record({"Name": f"*.{world.install.host}.", "Type": "CNAME", "TTL": 60, "ResourceRecords": values}):
        yield


@contextmanager
def stale_resolver(world: World) -> Iterator[None]:
    connect = f"connect.{world.install.host}."

    def stale(name: str, type_: str) -> Answer:
        if name.lower() == connect and type_ == "A":
            return Answer(records=[RecordSet(connect, "A", 60, ("127.0.0.9",))])
        return world.site.traffic.answer(name, type_)

    server = DnsServer("127.0.0.1", 0, stale)
    world.network["resolver"] = f"127.0.0.1:{server.port}"
    yield
    world.network.clear()
    server.close()


@contextmanager
def silent_zone(world: World) -> Iterator[None]:
    from pipeline.verify.network import Detour

    usual = (detour for detour in map(Detour.parse, world.site.traffic.connect_to) if detour.port != 53)
    world.network["detours"] = (Detour("", 53, "", 9), *usual)
    yield
    world.network.clear()


@contextmanager
def platforms_certificate(world: World) -> Iterator[None]:
    arn = next(arn for arn, name in world.install.certificates().items() if _names(world, arn) == {name})
    with world.certificate(arn):
        yield


def _names(world: World, arn: str) -> set[str]:
    return set(world.acm.describe_certificate(CertificateArn=arn)["Certificate"]["SubjectAlternativeNames"])


@contextmanager
def imported(world: World, names: list[str], days: float, *, itself: bool = False) -> Iterator[None]:
    """Serves an imported certificate for these names, which is signed by an authority and ends after some days.

    ACM imports none that has ended: without days it ends while this waits for it.
    """
    key, authority = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    now = datetime.datetime.now(datetime.timezone.utc)
    lasts = datetime.timedelta(days=days, hours=1) if days else datetime.timedelta(seconds=4)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imported")])
    issuer = subject if itself else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An Authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key if itself else authority, hashes.SHA256())
    )
    arn = world.acm.import_certificate(
        Certificate=certificate.public_bytes(Encoding.PEM),
        PrivateKey=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )["CertificateArn"]
    if not days:
        time.sleep(lasts.total_seconds())
    with world.certificate(arn):
        yield
    world.acm.delete_certificate(CertificateArn=arn)


def both(world: World) -> list[str]:
    return [f"connect.{world.install.host}", f"*.{world.install.host}"]


@contextmanager
def certificate_of_the_proxy_only(world: World) -> Iterator[None]:
    with imported(world, both(world)[:1], 90):
        yield


@contextmanager
def certificate_that_signs_itself(world: World) -> Iterator[None]:
    with imported(world, both(world), 90, itself=True):
        yield


@contextmanager
def certificate_that_has_ended(world: World) -> Iterator[None]:
    with imported(world, both(world), 0):
        yield


@contextmanager
def certificate_that_ends_soon(world: World) -> Iterator[None]:
    with imported(world, both(world), 5):
        yield


BUSY = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}]
PLAIN = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"}}]


def outdated_policy(world: World) -> AbstractContextManager[None]:
    return world.listener_as(443, SslPolicy="ELBSecurityPolicy-TLS-1-1-2017-01")


@contextmanager
def no_redirect(world: World) -> Iterator[None]:
    arn = world.listener(80)["ListenerArn"]
    rules = world.elb.describe_rules(ListenerArn=arn)["Rules"]

    def answer(instead: list[dict[str, Any]] | None) -> None:
        for rule in rules:
            actions = instead or rule["Actions"]
            if rule["Priority"] == "default":
                world.elb.modify_listener(ListenerArn=arn, DefaultActions=actions)
            else:
                world.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)

    with world.held(lambda: answer(PLAIN), lambda: answer(None)):
        yield


def no_https(world: World) -> AbstractContextManager[None]:
    arn = world.listener()["ListenerArn"]
    return world.held(
        lambda: world.elb.modify_listener(ListenerArn=arn, Port=8443),
        lambda: world.elb.modify_listener(ListenerArn=arn, Port=443),
    )


def short_idle_timeout(world: World) -> AbstractContextManager[None]:
    return world.held(lambda: idle_timeout(world, "60"), lambda: idle_timeout(world, "301"))


def idle_timeout(world: World, seconds: str) -> None:
    attribute = [{"Key": "idle_timeout.timeout_seconds", "Value": seconds}]
    world.elb.modify_load_balancer_attributes(LoadBalancerArn=world.balancer, Attributes=attribute)


def rule_of_another_host(world: World) -> AbstractContextManager[None]:
    other = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["other.example.com"]}}]
    return world.rule_as(Conditions=other)


def rule_that_answers_itself(world: World) -> AbstractContextManager[None]:
    return world.rule_as(Actions=BUSY)


def health_check_of_another_code(world: World) -> AbstractContextManager[None]:
    group = world.group()

    def codes(wanted: str) -> None:
        world.elb.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": wanted})

    return world.held(lambda: codes("418"), lambda: codes("200-499"))


def targets_at_another_port(world: World) -> AbstractContextManager[None]:
    described = world.elb.describe_target_health(TargetGroupArn=world.group())
    ids = [each["Target"]["Id"] for each in described["TargetHealthDescriptions"]]
    return world.targets_as(*({"Id": each, "Port": 31999} for each in ids))


def no_targets(world: World) -> AbstractContextManager[None]:
    return world.targets_as()


def proxy(**values: str) -> Any:
    return lambda world: world.variable("connect-proxy", **values)


def backend(**values: str) -> Any:
    return lambda world: world.variable("backend", **values)


@contextmanager
def proxy_of_another_image(world: World) -> Iterator[None]:
    before = world.install.get("deployment", "connect-proxy")["spec"]["template"]
    world.install.kubectl("set", "image", "deployment/connect-proxy", "proxy=mirror.example.com/studios/proxy:0.8.0")
    yield
    world.restore("connect-proxy", before)


@contextmanager
def backend_of_another_release(world: World) -> Iterator[None]:
    before = world.install.get("deployment", "backend")["spec"]["template"]
    image = before["spec"]["containers"][0]["image"].rpartition(":")[0]
    world.install.kubectl("set", "image", "deployment/backend", f"backend={image}:v26.1.0")
    yield
    world.restore("backend", before)


def scaled(workload: str) -> Any:
    @contextmanager
    def make(world: World) -> Iterator[None]:
        before = world.install.get("deployment", workload)["spec"]["replicas"]
        world.install.kubectl("scale", f"deployment/{workload}", "--replicas=0")
        yield
        world.install.kubectl("scale", f"deployment/{workload}", f"--replicas={before}")
        world.install.kubectl("rollout", "status", f"deployment/{workload}", "--timeout=90s")

    return make


@contextmanager
def another_key(world: World) -> Iterator[None]:
    name = world.outputs["oidcSecretName"]
    own = world.install.get("secret", name)["data"]
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for data in ({"oidc.pem": base64.b64encode(private + public).decode()}, own):
        world.install.kubectl("patch", "secret", name, "-p", json.dumps({"data": data}))
        world.restart("backend")
        if data is not own:
            yield


@contextmanager
def unmounted_key(world: World) -> Iterator[None]:
    with world.variable("backend", TOWER_OIDC_PEM_PATH="/nowhere/oidc.pem"):
        yield


@contextmanager
def platform_without_a_rule(world: World) -> Iterator[None]:
    frontend = world.install.get("ingress", "front-ingress")["status"]["loadBalancer"]["ingress"][0]["hostname"]
    listener = world.install.listener(frontend, 443)["ListenerArn"]
    rules = [r for r in world.elb.describe_rules(ListenerArn=listener)["Rules"] if r["Priority"] != "default"]

    def answer(instead: list[dict[str, Any]] | None) -> None:
        for rule in rules:
            world.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=instead or rule["Actions"])

    with world.held(lambda: answer(BUSY), lambda: answer(None)):
        yield


@contextmanager
def no_session(world: World) -> Iterator[None]:
    world.site.session.close()
    yield
    with TemporaryDirectory() as folder:
        log = Path(folder) / "session.log"
        world.site.session = Session(world.site.traffic, world.outputs["connectUrl"], SESSION, log)


def given(**options: Any) -> Any:
    @contextmanager
    def make(world: World) -> Iterator[None]:
        world.options.update(options)
        yield
        world.options.clear()

    return make


def elsewhere(**variables: str) -> Any:
    @contextmanager
    def make(_world: World) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            yield

    return make


@contextmanager
def config_map_of_another_connect(world: World) -> Iterator[None]:
    with world.entry("tower-backend-cfg", TOWER_DATA_STUDIO_CONNECT_URL="https://connect.wrong.example"):
        yield


@contextmanager
def config_map_of_another_database(world: World) -> Iterator[None]:
    with world.entry("connect-server", CONNECT_REDIS_DB="5"):
        yield


@contextmanager
def rule_to_other_targets(world: World) -> Iterator[None]:
    vpc = world.elb.describe_target_groups(TargetGroupArns=[world.group()])["TargetGroups"][0]["VpcId"]
    made = world.elb.create_target_group(Name="others", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    with world.rule_as(Actions=[{"Type": "forward", "TargetGroupArn": arn}]):
        yield
    world.elb.delete_target_group(TargetGroupArn=arn)


FAULTS = (
    Fault("no record", no_record, "zone", "no address for connect.", quick=True),
    Fault("a record that leads to Platform", record_of_platform, "zone", "and the load balancer is at"),
    Fault("a record that leads nowhere", dangling_record, "zone", "gone.us-east-1.elb.amazonaws.com is not found"),
    Fault("a resolver with an old answer", stale_resolver, "resolver", "leads to 127.0.0.9"),
    Fault("a zone that can't be asked", silent_zone, "zone", "do not answer here", stops=False),
    Fault("Platform's certificate", platforms_certificate, "certificate", "Hostname mismatch", quick=True),
    Fault("a certificate of the proxy only", certificate_of_the_proxy_only, "sessions", "Hostname mismatch"),
    Fault("a certificate that signs itself", certificate_that_signs_itself, "certificate", "self-signed certificate"),
    Fault("a certificate that has ended", certificate_that_has_ended, "certificate", "certificate has expired"),
    Fault("a certificate that ends soon", certificate_that_ends_soon, "certificate", "ends in 5 days", stops=False),
    Fault("a policy with TLS 1.1", outdated_policy, "tls", "TLS 1.1"),
    Fault("HTTP without a redirect", no_redirect, "redirect", "answers 200 without a redirect"),
    Fault("no listener at 443", no_https, "balancer", "has no listener at port 443"),
    Fault("an idle timeout of 60 s", short_idle_timeout, "idle", "60 s at the load balancer"),
    Fault("a rule of another host", rule_of_another_host, "rules", "no rule of the HTTPS listener"),
    Fault("a rule that answers itself", rule_that_answers_itself, "rules", "no rule of the HTTPS listener"),
    Fault("a rule to the targets of others", rule_to_other_targets, "rules", "others, which"),
    Fault("another URL of Connect", config_map_of_another_connect, "configuration", "connect.wrong.example"),
    Fault("another database of the server", config_map_of_another_database, "configuration", "CONNECT_REDIS_DB"),
    Fault("a health check of another code", health_check_of_another_code, "targets", "failed with these codes: [404]"),
    Fault("targets at another port", targets_at_another_port, "targets", "targets are not healthy"),
    Fault("no targets", no_targets, "targets", "has no targets"),
    Fault("a password that Redis does not take", proxy(CONNECT_REDIS_PASSWORD="wrong"), "connect-up", "Redis"),
    Fault("a database that Redis does not have", proxy(CONNECT_REDIS_DB="99"), "connect-up", "database 99"),
    Fault("a Redis that is not there", proxy(CONNECT_REDIS_ADDRESS="redis-2:6379"), "connect-up", "not ready"),
    Fault("another port of the proxy", proxy(CONNECT_HTTP_PORT="9999"), "connect-up", "is not ready"),
    Fault("a storage root that does not exist", proxy(CONNECT_STORAGE_ROOT="/nowhere"), "connect-up", "/nowhere"),
    Fault("another image of the proxy", proxy_of_another_image, "connect-up", "studios/proxy:0.8.0"),
    Fault("no pods of the proxy", scaled("connect-proxy"), "connect-up", "is scaled to 0"),
    Fault(
        "another registration token",
        proxy(CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN="wrong"),
        "sign-in",
        "not registered with Platform",
        quick=True,
    ),
    Fault(
        "another URL of Platform at the proxy",
        proxy(PLATFORM_URL="https://gone.example.com"),
        "sign-in",
        "not registered",
    ),
    Fault("a tunnel that leads nowhere", proxy(CONNECT_TUNNEL_URL="connect-server:7999"), "echo", "to an upgrade"),
    Fault("a session that has ended", no_session, "echo", "to an upgrade"),
    Fault("another RSA key", another_key, "key", "RSA keys that Platform publishes is the stack's"),
    Fault("a key that is not mounted", unmounted_key, "platform-up", "/nowhere/oidc.pem"),
    Fault("no pods of the backend", scaled("backend"), "platform-up", "is scaled to 0"),
    Fault("another release of Platform", backend_of_another_release, "platform", "Platform is 26.1.0", stops=False),
    Fault("Platform without a rule", platform_without_a_rule, "platform", "answers 503"),
    Fault("another URL of Platform", backend(TOWER_SERVER_URL="https://gone.example.com"), "oidc", "gone.example.com"),
    Fault(
        "a template without its tool",
        backend(TOWER_DATA_STUDIO_TEMPLATES_JUPYTER_TOOL="custom"),
        "templates",
        "JUPYTER is offered as custom",
    ),
    Fault(
        "a template of another image",
        backend(TOWER_DATA_STUDIO_TEMPLATES_VSCODE_REPOSITORY="other/vscode:1"),
        "templates",
        "is not offered",
    ),
    Fault("a workspace without Studios", backend(TOWER_DATA_STUDIO_ALLOWED_WORKSPACES="7"), "templates", "answers 403"),
    Fault("another access token", given(token="wrong"), "templates", "answers 401"),
    Fault(
        "a cluster that is not there",
        elsewhere(KUBECONFIG="/nowhere/kubeconfig"),
        "cluster",
        "gives no way to a cluster",
        unknown=True,
    ),
    Fault(
        "AWS that is not there",
        elsewhere(AWS_ENDPOINT_URL="http://127.0.0.1:9"),
        "balancer",
        "AWS can't be asked",
        unknown=True,
    ),
)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name.replace(" ", "-"), marks=() if fault.quick else pytest.mark.slow)
        for fault in FAULTS
    ],
)
def test_the_cause_of_a_fault_is_broken_and_nothing_else(world: World, fault: Fault) -> None:
    world.settles(None)
    with ExitStack() as undone:
        made = fault.make(world)
        made.__enter__()
        # After a failure, too: the next fault must not meet this one.
        undone.callback(made.__exit__, None, None, None)
        rows = world.settles(fault.broken, fault.says, stops=fault.stops, unknown=fault.unknown)
    assert {row.name: row.mend for row in rows}[fault.broken]


@pytest.mark.slow
def test_silence_is_waited_for_beyond_the_idle_timeout(world: World) -> None:
    world.settles(None)
    world.stack.set(idleTimeout=12)
    idle_timeout(world, "12")
    world.site.traffic.refresh()
    try:
        told = json.loads(world.command("--long", "--json").ok().stdout)
        row = next(each for each in told["checks"] if each["name"] == "silence")
        assert row["finding"] == "a WebSocket lives through 7 s of silence, and ends after 12 s"
    finally:
        world.stack.set(idleTimeout=None)
        idle_timeout(world, "301")
        world.site.traffic.refresh()
