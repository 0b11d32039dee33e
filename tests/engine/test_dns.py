"""Zones of another account, and DNS and routes that the stack leaves to its user: made, kept, and taken away."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import boto3
import pytest

from testbed.lifecycle import EKS_CLUSTER
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.shapes import SURROUNDINGS, row
from tests.engine.stack import Finished, Stack

DNS_ACCOUNT = "444455556666"
EDITOR = f"arn:aws:iam::{DNS_ACCOUNT}:role/dns-editor"


def route53_of_the_other_account(install: Install) -> Any:
    keys = install.client("sts").assume_role(RoleArn=EDITOR, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "route53",
        region_name="us-east-1",
        endpoint_url=install.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def records_in(route53: Any, zone: str) -> dict[str, Any]:
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {
        f"{each['Name'].replace(chr(92) + '052', '*').rstrip('.')} {each['Type']}": each
        for each in found
        if each["Type"] not in ("NS", "SOA")
    }


@pytest.mark.slow
@row("zone of another account")
def test_a_zone_of_another_account_is_changed_by_its_role_and_the_certificate_stays(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install("far-zone")
    route53 = route53_of_the_other_account(install)
    zone = route53.create_hosted_zone(Name=install.host, CallerReference=install.host)["HostedZone"]["Id"]
    before, own = install.objects(), install.records()
    external = {"hostedZoneRoleArn": EDITOR, "hostedZoneExternalId": "studios-1"}
    stack = new_stack(install, hostedZone=None, **external)
    stack.up().ok()
    made = records_in(route53, zone)
    assert made[f"*.{install.host} A"]["AliasTarget"]["DNSName"].rstrip(".") == stack.outputs()["loadBalancerHostname"]
    (validation,) = set(made) - {f"*.{install.host} A"}
    assert validation.endswith(f".{install.host} CNAME")
    assert install.records() == own
    assert stack.outputs()["certificateArn"].split(":")[4] != DNS_ACCOUNT
    assert stack.outputs()["recordsToMake"] == {}
    # Named by its id, it is the same zone.
    assert stack.set(hostedZoneId=zone.rpartition("/")[2]).preview().changes == {}
    stack.destroy().ok()
    # That of the host is Platform's own certificate's, too.
    assert set(records_in(route53, zone)) == {validation}
    assert install.objects() == before


@pytest.fixture(scope="module")
def without_zone(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("no-zone")
    return install, new_stack(install, hostedZone=None, dns="none", certificateTimeout=240)


def _make_what_acm_asks_for(install: Install, told: list[str]) -> None:
    """Does by hand, while `up` waits, what its warning says."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        for arn, domain in install.certificates().items():
            described = install.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
            if domain == install.host and len(described["SubjectAlternativeNames"]) == 2:
                record = described["DomainValidationOptions"][0]["ResourceRecord"]
                value = {"TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
                change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": record["Name"], "Type": "CNAME", **value}}
                told.append(f"{record['Name'].rstrip('.')} CNAME {record['Value']}")
                install.client("route53").change_resource_record_sets(
                    HostedZoneId=install.zone_id, ChangeBatch={"Changes": [change]}
                )
                return
        time.sleep(0.5)


@pytest.mark.slow
@row("no Route 53")
def test_without_route_53_the_outputs_name_the_records_and_the_validation_is_waited_for(
    without_zone: tuple[Install, Stack],
) -> None:
    install, stack = without_zone
    own = install.records()
    told: list[str] = []
    by_hand = threading.Thread(target=_make_what_acm_asks_for, args=(install, told), daemon=True)
    by_hand.start()
    up: Finished = stack.up().ok()
    by_hand.join(10)
    (record,) = told
    assert "ACM issues the certificate once it finds these records, so make them now:" in up.text
    assert record in up.text
    name, _, value = record.partition(" CNAME ")
    outputs = stack.outputs()
    assert outputs["recordsToMake"] == {name: value, f"*.{install.host}": outputs["loadBalancerHostname"]}
    assert not any("route53" in urn for urn in stack.urns())
    # Platform's own certificate has the same validation record.
    assert set(install.records()) == set(own)
    assert stack.preview().changes == {}


@pytest.mark.slow
@row("own route")
def test_a_route_of_ones_own_takes_the_place_of_the_ingress(without_zone: tuple[Install, Stack]) -> None:
    install, stack = without_zone
    stack.set(ingress="none").up().ok()
    outputs = stack.outputs()
    assert outputs["proxyService"] == "connect-proxy:80"
    assert outputs["loadBalancerHostname"] == ""
    assert outputs["recordsToMake"][f"*.{install.host}"] == "<load balancer>"
    assert "ingress.networking.k8s.io/connect-ingress" not in install.names("ingresses")
    assert install.get("service", "connect-proxy")["spec"]["type"] == "ClusterIP"
    route = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "studios"},
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": f"*.{install.host}",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "connect-proxy", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ],
        },
    }
    install.kubectl("apply", "-f", "-", stdin=json.dumps(route))
    assert stack.preview().changes == {}
    stack.destroy().ok()
    assert "ingress.networking.k8s.io/studios" in install.names("ingresses")


@pytest.mark.slow
@row("chain of roles")
def test_account_and_cluster_are_reached_by_the_role_that_the_provider_assumes(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install("by-role")
    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer", "sessionName": "studios"}
    stack = new_stack(install, eksCluster=EKS_CLUSTER, hostedZone=None, **{"aws:assumeRoles": [role]})
    assert stack.preview().changes["studios-certificate-certificate"] == "create"
    # The same role of another account finds nothing of this one.
    elsewhere = {**role, "roleArn": f"arn:aws:iam::{DNS_ACCOUNT}:role/deployer"}
    said = stack.set(**{"aws:assumeRoles": [elsewhere], "aws:allowedAccountIds": [DNS_ACCOUNT]}).preview_text()
    assert said.code != 0
    assert f'eksCluster: "{EKS_CLUSTER}" is not an EKS cluster of account {DNS_ACCOUNT} in us-east-1' in said.text
    assert (
        f"hostedZone: is not set, and account {DNS_ACCOUNT} has no public zone that holds {install.host}" in said.text
    )
    chain = stack.set(**{"aws:assumeRoles": [role, elsewhere]}).preview_text()
    assert "aws:assumeRoles: " in chain.text
    assert f"{SURROUNDINGS['chain of roles'].refusal} `aws eks get-token`" in chain.text
