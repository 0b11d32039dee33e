"""A Studios that Terraform put beside a Platform on Docker Compose becomes a stack's, and serves at every moment."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from delivery.bundle import Credentials, bundle
from settings.parsing import parse_settings
from testbed.compose import network
from testbed.docker.machine import USERS
from testbed.docker.site import Site
from testbed.emulator import client as emulator
from testbed.pki import rsa_key_pair
from tests.engine.compose_install import ZONE, ComposeInstall, compose_install
from tests.engine.shapes import ON_COMPOSE, row
from tests.engine.stack import Finished, Stack

pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.usefixtures("one_compose_stack")]

TOKEN = "the-token-of-the-installer"
SERVICES = ("connect-proxy", "connect-server")
PORTS = (9090, 9091)


@dataclass
class Adopted:
    """An instance with a Studios of its owner's, and the stack that takes it."""

    install: ComposeInstall
    stack: Stack
    certificate: str

    def client(self, service: str) -> Any:
        return emulator.client(service, self.install.environment)

    def adopt(self, *words: str) -> Finished:
        """What `make adopt` runs."""
        return self.stack.pipeline("adopt", *words, seconds=None)

    def rules(self) -> list[tuple[str, int]]:
        """The hosts of the listener's rules with the ports that they lead to, the first one first."""
        elb = self.client("elbv2")
        rules = elb.describe_rules(ListenerArn=self.install.platform.listener_arn)["Rules"]
        found = []
        for rule in sorted((r for r in rules if not r["IsDefault"]), key=lambda rule: int(rule["Priority"])):
            (host,) = rule["Conditions"][0]["HostHeaderConfig"]["Values"]
            arn = (
                rule["Actions"][0].get("TargetGroupArn")
                or rule["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]
            )
            (group,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
            found.append((host, group["Port"]))
        return found

    def record(self) -> dict[str, Any]:
        """The record of the sessions."""
        route53 = self.client("route53")
        zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
        zone = next(each["Id"] for each in zones if each["Name"] == f"{ZONE}.")
        records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        found = [each for each in records if each["Name"] == f"\\052.{self.install.domain}."]
        return found[0] if found else {}


@contextmanager
def asked_all_the_time(adopted: Adopted) -> Iterator[list[str]]:
    """Asks every 100 ms through the target of the first rule of the sessions; yields what went wrong."""
    machine = adopted.install.site.machine
    reached = {port: machine.reach(port) for port in PORTS}
    failures: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.1):
            port = next(port for host, port in adopted.rules() if host == f"*.{adopted.install.domain}")
            connection = http.client.HTTPConnection("127.0.0.1", reached[port], timeout=5)
            try:
                connection.request("GET", "/", headers={"Host": f"connect.{adopted.install.domain}"})
                status = connection.getresponse().status
                if status >= 500:
                    failures.append(f"{time.monotonic():.1f}: port {port} answered {status}")
            except OSError as error:
                failures.append(f"{time.monotonic():.1f}: port {port}: {error}")
            finally:
                connection.close()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    yield failures
    done.set()
    thread.join(30)


def deploy_as_the_installer_does(install: ComposeInstall, pem: str) -> None:
    """Puts Studios into the owner's own files, and starts it."""
    host, folder = install.host, install.host.folder
    values = {key: value for key, value in install.settings().items() if ":" not in key}
    settings = parse_settings({**values, "instanceId": "i-0123456789abcdef0", "loadBalancer": "lb"})
    made = json.loads(bundle(settings, Credentials(pem=pem, token=TOKEN)))["files"]
    ours = YAML(typ="safe", pure=True).load(made["docker-compose.override.yml"])["services"]
    yaml = YAML()
    document = yaml.load((folder / "docker-compose.yml").read_text())
    for name in SERVICES:
        service = {key: value for key, value in ours[name].items() if key not in ("labels", "volumes")}
        document["services"][name] = {**service, "env_file": ["data-studios.env"]}
    for name in ("backend", "cron"):
        document["services"][name]["volumes"].append("$PWD/data-studios-rsa.pem:/data-studios-rsa.pem")
    with (folder / "docker-compose.yml").open("w") as stream:
        yaml.dump(document, stream)
    (folder / "data-studios.env").write_text(made["data-studios.env"])
    (folder / "data-studios-rsa.pem").write_text(pem)
    with (folder / "tower.env").open("a") as stream:
        stream.write(made["tower-studios.env"])
    for path in folder.iterdir():
        os.chown(path, USERS["ec2-user"], USERS["ec2-user"])
    (folder / "data-studios-rsa.pem").chmod(0o644)
    host.up()
    host.wait_until_healthy(*SERVICES)


def lead_sessions_to(install: ComposeInstall, environment: dict[str, str]) -> str:
    """Rule, target group, certificate and record, as Terraform made them; returns the certificate's ARN."""
    platform, domain = install.platform, install.domain
    elb, route53 = emulator.client("elbv2", environment), emulator.client("route53", environment)
    certificate = network.import_certificate([domain, f"*.{domain}"], environment)
    elb.add_listener_certificates(ListenerArn=platform.listener_arn, Certificates=[{"CertificateArn": certificate}])
    (balancer,) = elb.describe_load_balancers(LoadBalancerArns=[platform.load_balancer_arn])["LoadBalancers"]
    group = elb.create_target_group(
        Name=f"{platform.name}-connect", Protocol="HTTP", Port=9090, VpcId=balancer["VpcId"], TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": platform.instance_id, "Port": 9090}])
    elb.create_rule(
        ListenerArn=platform.listener_arn,
        Priority=10,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [f"*.{domain}"]}}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
    zone = next(each["Id"] for each in zones if each["Name"] == f"{ZONE}.")
    target = {"HostedZoneId": balancer["CanonicalHostedZoneId"], "DNSName": balancer["DNSName"]}
    alias = {**target, "EvaluateTargetHealth": False}
    record = {"Name": f"*.{domain}", "Type": "A", "AliasTarget": alias}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return certificate


@pytest.fixture
def adopted(
    environment: dict[str, str], one_compose_stack: None, docker_site: Site, tmp_path: Path
) -> Iterator[Adopted]:
    install = compose_install("taken", environment, docker_site)
    platform = install.platform
    config = {**install.settings(), "instanceTags": {"Name": platform.name}, "loadBalancer": platform.name}
    stack = Stack(platform.name, tmp_path / "stack", environment, config).create()
    try:
        deploy_as_the_installer_does(install, rsa_key_pair())
        yield Adopted(install, stack, lead_sessions_to(install, environment))
    finally:
        stack.destroy()
        stack.remove()
        install.remove()


@row("Terraform")
def test_a_studios_of_the_installer_is_changed_over_at_the_load_balancer_with_its_key_and_token(
    adopted: Adopted,
) -> None:
    install, stack = adopted.install, adopted.stack
    host, sessions = install.host, f"*.{install.domain}"
    before, folder = host.identities(), host.snapshot()
    refused = stack.preview_text()
    assert refused.code != 0
    assert ON_COMPOSE["Terraform"].refusal in refused.text
    shown = adopted.adopt()
    assert shown.code == 1, shown.text
    assert "Nothing was changed." in shown.stdout
    assert "service connect-proxy" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert TOKEN not in shown.text
    early = adopted.adopt("--yes", "--remove-old")
    assert early.code == 1
    assert "has not been deployed yet; run: pulumi up" in early.stderr
    assert (host.identities(), host.snapshot(), adopted.rules()) == (before, folder, [(sessions, 9090)])

    with asked_all_the_time(adopted) as failures:
        adopted.adopt("--yes").ok()
        changes = stack.preview().changes
        assert "studios-record-alias" not in changes
        assert set(changes.values()) == {"create"}
        assert "studios-certificate-certificate" not in changes
        # What a newcomer's file lacks, the host says.
        stack.up().ok()
        assert adopted.rules() == [(sessions, 9090), (sessions, 9091)]
        running = host.containers()
        for service in SERVICES:
            assert running[service].identity == before[service]
        assert running["studios-proxy"].environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] == TOKEN
        assert running["backend"].environment["TOWER_OIDC_PEM_PATH"] == "/data-studios-rsa.pem"
        assert TOKEN not in stack.state()

        removed = adopted.adopt("--yes", "--remove-old").ok().stdout
        assert adopted.rules() == [(sessions, 9091)]
        assert "docker compose rm --stop --force connect-proxy connect-server" in removed
        host.compose("rm", "--stop", "--force", *SERVICES)
        _take_out(host.folder / "docker-compose.yml")
    assert failures == []
    assert "Nothing is left of the earlier Studios." in adopted.adopt("--yes", "--remove-old").ok().stdout
    assert "there is nothing to take" in adopted.adopt("--yes").ok().stdout
    assert stack.preview("--expect-no-changes").changes == {}
    assert stack.outputs()["certificateArn"] == adopted.certificate

    stack.destroy().ok()
    assert adopted.rules() == []
    assert adopted.record() == {}
    assert set(host.containers()) == set(before) - set(SERVICES)
    left = {name: entry for name, entry in host.snapshot().items() if name not in (".", "docker-compose.yml")}
    assert left == {name: entry for name, entry in folder.items() if name not in (".", "docker-compose.yml")}


def _take_out(path: Path) -> None:
    """Takes the two services out of the owner's file, as the installer does with its flag off."""
    yaml = YAML()
    document = yaml.load(path.read_text())
    for name in SERVICES:
        del document["services"][name]
    with path.open("w") as stream:
        yaml.dump(document, stream)
