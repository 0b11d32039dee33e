"""Who makes which records, and with which provider: what a stack's settings become."""

from __future__ import annotations

from typing import Any

import pytest

from components.dns import DnsPlan, zones_provider
from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.parsing import parse_settings
from survey.aws_access import AwsAccess
from tests.unit.components.mocks import CERTIFICATE, LOAD_BALANCER, Recording, run

MINIMUM = {
    "platformUrl": "https://platform.example.com",
    "platformVersion": "26.1",
    "namespace": "platform",
    "redisAddress": "redis",
}
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
EDITOR = "arn:aws:iam::444455556666:role/dns-editor"
RECORD, INGRESS = "aws:route53/record:Record", "kubernetes:networking.k8s.io/v1:Ingress"


def studios(access: AwsAccess | None = None, **settings: Any) -> Recording:
    parsed = parse_settings(MINIMUM | settings)

    def program() -> None:
        plan = DnsPlan(provider=zones_provider("studios", parsed, access or AwsAccess(region="eu-west-1")))
        args = KubernetesStudiosArgs(settings=parsed, cluster=Cluster(), field_manager="studios-test", dns=plan)
        KubernetesStudios("studios", args)

    return run(program)


def of_type(recording: Recording, type_: str) -> list[str]:
    return [name for name, found in recording.types.items() if found == type_]


def external_dns(recording: Recording) -> str | None:
    found: str | None = (
        recording["studios-ingress-ingress"]
        .inputs["metadata"]["annotations"]
        .get("external-dns.alpha.kubernetes.io/hostname")
    )
    return found


def test_without_route_53_no_record_is_made_and_the_validation_is_waited_for() -> None:
    recording = studios(dns="none")
    assert of_type(recording, RECORD) == []
    assert recording["studios-certificate-issued"].inputs == {"certificateArn": CERTIFICATE}
    assert "studios-certificate-issued-records" in recording.error_hooks
    assert recording["studios"].outputs["records_to_make"] == {
        "_abc.platform.example.com": "_def.platform.example.com.acm-validations.aws.",
        "*.platform.example.com": LOAD_BALANCER,
    }
    assert external_dns(recording) is None


def test_without_route_53_and_with_a_certificate_that_exists_nothing_is_waited_for() -> None:
    recording = studios(dns="none", certificateArn=ARN)
    assert not any("aws:acm" in found for found in recording.types.values())
    assert recording["studios"].outputs["records_to_make"] == {"*.platform.example.com": LOAD_BALANCER}
    assert recording["studios"].outputs["record_name"] == "*.platform.example.com"


@pytest.mark.parametrize(
    ("zone", "records"), [({}, []), ({"hostedZone": "example.com"}, ["studios-certificate-validation-apex"])]
)
def test_external_dns_is_told_the_host_and_the_stack_makes_no_record_of_it(
    zone: dict[str, Any], records: list[str]
) -> None:
    recording = studios(dns="external-dns", **zone)
    assert external_dns(recording) == "*.platform.example.com"
    assert of_type(recording, RECORD) == records
    assert "*.platform.example.com" not in recording["studios"].outputs["records_to_make"]


def test_what_external_dns_filters_by_may_be_added() -> None:
    added = {"external-dns.alpha.kubernetes.io/hostname": "mine.example.com", "dns": "public"}
    recording = studios(dns="external-dns", ingressAnnotations=added)
    assert external_dns(recording) == "mine.example.com"


def test_a_route_of_ones_own_has_service_certificate_and_names_in_the_outputs() -> None:
    recording = studios(ingress="none", hostedZone="example.com")
    assert of_type(recording, INGRESS) == []
    assert of_type(recording, RECORD) == ["studios-certificate-validation-apex"]
    assert recording["studios-proxy-service"].inputs["spec"]["type"] == "ClusterIP"
    outputs = recording["studios"].outputs
    assert outputs["proxy_service"].endswith(":80")
    assert outputs["certificate_arn"] == CERTIFICATE
    assert outputs["load_balancer_hostname"] == ""
    assert outputs["records_to_make"] == {"*.platform.example.com": "<load balancer>"}


def test_a_route_with_a_certificate_from_elsewhere_needs_none_of_acm_and_no_zone() -> None:
    recording = studios(ingress="none", certificate="none")
    assert not any(found.startswith("aws:") for found in recording.types.values())
    outputs = recording["studios"].outputs
    assert outputs["certificate_arn"] == ""
    assert outputs["records_to_make"] == {"*.platform.example.com": "<load balancer>"}


def test_only_the_records_go_through_the_role_of_the_zones() -> None:
    recording = studios(
        AwsAccess.read({"region": "eu-west-1", "profile": "ops", "secretKey": "geheim", "accessKey": "AKIA"}.get),
        hostedZone="example.com",
        hostedZoneRoleArn=EDITOR,
        hostedZoneExternalId="studios-1",
    )
    provider = recording["studios-zones"]
    assert provider.type == "pulumi:providers:aws"
    assert provider.secrets >= {"secretKey", "accessKey"}
    assert '"externalId": "studios-1"' in provider.inputs["assumeRoles"]
    assert f'"roleArn": "{EDITOR}"' in provider.inputs["assumeRoles"]
    assert (provider.inputs["region"], provider.inputs["profile"]) == ("eu-west-1", "ops")
    by_role = {name for name, asked in recording.resources.items() if asked.provider == "studios-zones"}
    assert by_role == {"studios-certificate-validation-apex", "studios-record-alias"}


def test_without_a_role_there_is_no_further_provider() -> None:
    assert "studios-zones" not in studios(hostedZone="example.com").types


def test_the_record_is_in_the_private_zone_and_the_validation_in_the_public_one() -> None:
    recording = studios(hostedZoneId="Z0PUBLIC", privateHostedZoneId="Z0PRIVATE", loadBalancerScheme="internal")
    assert recording["studios-record-alias"].inputs["zoneId"] == "Z0PRIVATE"
    assert recording["studios-certificate-validation-apex"].inputs["zoneId"] == "Z0PUBLIC"


@pytest.mark.parametrize(
    ("connect", "names", "shared"),
    [
        ("https://connect.example.com", ["example.com", "*.example.com"], True),
        (
            "https://connect.studios.platform.example.com",
            ["studios.platform.example.com", "*.studios.platform.example.com"],
            False,
        ),
    ],
)
def test_certificate_ingress_and_record_follow_from_connects_host(connect: str, names: list[str], shared: bool) -> None:
    recording = studios(connectUrl=connect, hostedZone="example.com")
    certificate = recording["studios-certificate-certificate"].inputs
    assert [certificate["domainName"], *certificate["subjectAlternativeNames"]] == names
    assert recording["studios-ingress-ingress"].inputs["spec"]["rules"][0]["host"] == names[1]
    assert recording["studios-record-alias"].inputs["name"] == names[1]
    # The validation record of a domain above Platform's host may be that of another certificate, too.
    assert recording["studios-certificate-validation-apex"].retain_on_delete is shared
    assert recording["studios"].outputs["session_url_pattern"] == f"https://<session>.{names[0]}"
