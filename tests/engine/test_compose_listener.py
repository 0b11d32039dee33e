"""A listener that is found by its tags, and that had its certificate before."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed import paths
from testbed.compose import network
from testbed.compose.network import ComposePlatform
from testbed.emulator.client import client
from tests.engine.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_compose_stack")]

ZONE = "example.com"


class Site:
    """A Platform with a load balancer that has a listener for users, and one for sessions, each with its tags."""

    def __init__(self, platform: ComposePlatform, environment: dict[str, str]) -> None:
        self.platform, self.environment = platform, environment
        self.elb: Any = client("elbv2", environment)
        host = f"{platform.name}.{ZONE}"
        self.wildcard = network.import_certificate([host, f"*.{host}"], environment)
        self.default = network.import_certificate([host], environment)
        self.listener = self.elb.create_listener(
            LoadBalancerArn=platform.load_balancer_arn,
            Protocol="HTTPS",
            Port=8443,
            Certificates=[{"CertificateArn": self.default}],
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            DefaultActions=[
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
            ],
        )["Listeners"][0]["ListenerArn"]
        self.tag(platform.load_balancer_arn, Name=platform.name)
        self.tag(platform.listener_arn, Name="users")
        self.tag(self.listener, Name="sessions")

    def tag(self, arn: str, **tags: str) -> None:
        self.elb.add_tags(ResourceArns=[arn], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    def attach(self) -> None:
        self.elb.add_listener_certificates(ListenerArn=self.listener, Certificates=[{"CertificateArn": self.wildcard}])

    def certificates(self) -> list[str]:
        found = self.elb.describe_listener_certificates(ListenerArn=self.listener)["Certificates"]
        return [each["CertificateArn"] for each in found]

    def hosts(self, listener: str) -> list[str]:
        """What the rules of a listener are for."""
        rules = self.elb.describe_rules(ListenerArn=listener)["Rules"]
        return [host for rule in rules for part in rule["Conditions"] for host in part["HostHeaderConfig"]["Values"]]


@pytest.fixture
def site(environment: dict[str, str]) -> Iterator[Site]:
    platform = network.create(f"listener-{secrets.token_hex(2)}", environment)
    yield Site(platform, environment)
    network.remove(platform, environment)


@pytest.fixture
def new_stack(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    made: list[Stack] = []

    def make(**changes: Any) -> Stack:
        name = site.platform.name
        config = {
            "aws:region": site.environment["AWS_REGION"],
            "target": "compose",
            "platformUrl": f"https://{name}.{ZONE}",
            "platformVersion": "25.3",
            "hostedZone": ZONE,
            "instanceTags": {"Name": name},
            "loadBalancerTags": {"Name": name},
            "listenerTags": {"Name": "sessions"},
            "certificateArn": site.wildcard,
            "composeFolder": "/opt/seqera",
            # Nothing of this is about the files on the instance.
            "delivery": "files",
            **changes,
        }
        made.append(Stack(name, tmp_path_factory.mktemp("stack"), site.environment, config).create())
        return made[-1]

    yield make
    for stack in made:
        stack.destroy()
        stack.remove()


def test_a_certificate_that_the_listener_has_already_outlives_the_stack(
    site: Site, new_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    site.attach()
    stack = new_stack()
    stack.up().ok()
    assert site.hosts(site.listener) == [f"*.{site.platform.name}.{ZONE}"]
    assert site.hosts(site.platform.listener_arn) == []
    assert stack.outputs()["certificateArn"] == site.wildcard
    printed = stack.pulumi("stack", "output", "bundle", "--show-secrets", "--stack", stack.name).ok().stdout
    written = subprocess.run(
        [paths.PYTHON, "-S", "-m", "delivery", str(tmp_path / "studios")],
        input=printed,
        cwd=paths.CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "sudo sh studios/install.sh install" in written.stdout
    assert (tmp_path / "studios/bundle/files/data-studios-rsa.pem").read_text().endswith(stack.outputs()["publicKey"])
    assert stack.preview("--expect-no-changes").changes == {}
    stack.destroy().ok()
    assert site.certificates() == [site.default, site.wildcard]
    assert site.hosts(site.listener) == []


def test_a_certificate_that_the_stack_attaches_stays_over_ups_and_goes_with_it(
    site: Site, new_stack: Callable[..., Stack]
) -> None:
    stack = new_stack()
    stack.up().ok()
    assert site.certificates() == [site.default, site.wildcard]
    assert stack.preview("--expect-no-changes").changes == {}
    stack.up("--refresh").ok()
    assert site.certificates() == [site.default, site.wildcard]
    stack.destroy().ok()
    assert site.certificates() == [site.default]
    assert json.loads(stack.state())["deployment"].get("resources", []) == []


def test_what_is_not_there_is_told_with_what_is(site: Site, new_stack: Callable[..., Stack]) -> None:
    stack = new_stack(listenerTags={"Name": "other"}, instanceTags={"Name": "other"})
    text = " ".join(stack.preview_text().text.split())
    assert (
        'seqera-studios:listenerTags: {"Name": "other"} are on no listener of the load balancer '
        f"{site.platform.name}; the HTTPS listeners are {site.platform.listener_arn} (Name=users), "
        f"{site.listener} (Name=sessions)"
    ) in text
    assert 'seqera-studios:instanceTags: {"Name": "other"} are on no running instance of account ' in text
    assert "; the running instances are " in text
    assert f"{site.platform.instance_id} (Name={site.platform.name})" in text


def test_records_of_others_stand_against_a_first_preview_all_at_once_and_not_against_a_later_one(
    site: Site, new_stack: Callable[..., Stack]
) -> None:
    acm, route53 = client("acm", site.environment), client("route53", site.environment)
    zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
    zone = next(each["Id"] for each in zones if each["Name"] == f"{ZONE}.")
    domain = f"studios.{site.platform.name}.{ZONE}"
    stack = new_stack(connectUrl=f"https://connect.{domain}").set(certificateArn=None)
    other = acm.request_certificate(
        DomainName=domain, SubjectAlternativeNames=[domain, f"*.{domain}"], ValidationMethod="DNS"
    )["CertificateArn"]
    described = acm.describe_certificate(CertificateArn=other)["Certificate"]
    validation = described["DomainValidationOptions"][0]["ResourceRecord"]
    there = [
        {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": target}]}
        for name, target in (
            (validation["Name"], validation["Value"]),
            (f"*.{domain}", "old.example.net"),
            (f"connect.{domain}", "old.example.net"),
        )
    ]

    def change(action: str) -> None:
        changes = [{"Action": action, "ResourceRecordSet": each} for each in there]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    change("CREATE")
    refused = stack.preview_text()
    assert refused.code != 0
    assert f"exists already for the certificate {other}, which this stack has not made" in refused.text
    assert f"would make the record *.{domain}, which exists already (CNAME old.example.net)" in refused.text
    assert f"has a record of its own (CNAME old.example.net), which wins over *.{domain}" in refused.text
    assert "Traceback" not in refused.text
    assert stack.up().code != 0
    assert [urn for urn in stack.urns() if "studios:index" in urn] == []

    change("DELETE")
    acm.delete_certificate(CertificateArn=other)
    stack.up().ok()
    # ACM asks for the stack's own record, too.
    acm.request_certificate(DomainName=domain, SubjectAlternativeNames=[f"*.{domain}"], ValidationMethod="DNS")
    assert stack.preview("--expect-no-changes").changes == {}
