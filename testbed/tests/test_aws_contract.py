"""The contract of Pulumi's AWS provider for what the program asks of it, held by whatever serves it here.

It works against the testbed's emulator, over the engine's protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from testbed.emulator.client import client
from testbed.plugins.provider import Properties
from testbed.tests.served import Served, plugin

Of = Callable[[str], Served]
KEYS = {"accessKey": "x", "secretKey": "x", "region": "us-east-1"}
#: What a user sets for an emulator: https://www.pulumi.com/registry/packages/aws/installation-configuration/
EMULATED = dict.fromkeys(("skipCredentialsValidation", "skipMetadataApiCheck", "skipRequestingAccountId"), "true")
TAGS = {"defaultTags": '{"tags": {"owner": "us"}}'}


@pytest.fixture(scope="module")
def served(emulator: dict[str, str]) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.items():
            patch.setenv(name, value)
        with plugin("aws", **KEYS, **EMULATED, **TAGS) as stub:
            yield stub


@pytest.fixture
def of(served: provider_pb2_grpc.ResourceProviderStub) -> Of:
    return lambda type_: Served(served, type_)


@pytest.fixture(scope="module")
def zone(emulator: dict[str, str]) -> str:
    made = client("route53", emulator).create_hosted_zone(Name="contract.example.", CallerReference="contract")
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


@pytest.fixture(scope="module")
def vpc(emulator: dict[str, str]) -> str:
    return str(client("ec2", emulator).create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def changes(served: Served, id_: str, outputs: Properties, old: Properties, **new: Any) -> tuple[bool, list[str]]:
    checked, failures = served.check(old)
    assert failures == []
    return served.diff(id_, outputs, checked, {**old, **new})


def test_a_record_has_its_zone_name_and_type_for_an_id_and_is_read_as_it_was_made(of: Of, zone: str) -> None:
    record = of("aws:route53/record:Record")
    inputs = {"zoneId": zone, "name": "*.contract.example", "type": "CNAME", "ttl": 300, "records": ["a.example"]}
    id_, outputs, _ = record.create(inputs)
    assert id_ == f"{zone}_*.contract.example_CNAME"
    assert outputs["fqdn"] == "*.contract.example"
    assert changes(record, id_, outputs, inputs) == (False, [])
    assert changes(record, id_, outputs, inputs, ttl=60) == (True, [])
    assert changes(record, id_, outputs, inputs, name="b.contract.example") == (True, ["name"])
    found, live, _ = record.read(id_, outputs, inputs)
    assert (found, live["records"], live["ttl"]) == (id_, ["a.example"], 300)
    record.delete(id_, outputs)
    assert record.read(id_, outputs, inputs)[0] == ""


def test_a_certificate_covers_its_own_name_too_and_one_record_validates_a_domain_and_its_wildcard(of: Of) -> None:
    certificate = of("aws:acm/certificate:Certificate")
    inputs = {
        "domainName": "contract.example",
        "subjectAlternativeNames": ["*.contract.example"],
        "validationMethod": "DNS",
    }
    id_, outputs, _ = certificate.create(inputs)
    assert id_ == outputs["arn"]
    assert id_.startswith("arn:aws:acm:us-east-1:")
    assert sorted(outputs["subjectAlternativeNames"]) == ["*.contract.example", "contract.example"]
    options = outputs["domainValidationOptions"]
    assert sorted(each["domainName"] for each in options) == ["*.contract.example", "contract.example"]
    assert len({(each["resourceRecordName"], each["resourceRecordValue"]) for each in options}) == 1
    assert outputs["tagsAll"] == {"owner": "us"}
    assert changes(certificate, id_, outputs, inputs) == (False, [])
    assert "domainName" in changes(certificate, id_, outputs, inputs, domainName="b.example")[1]
    certificate.delete(id_, outputs)
    assert certificate.read(id_, outputs, inputs)[0] == ""


def test_a_target_group_without_a_name_gets_one_and_another_port_makes_it_another(of: Of, vpc: str) -> None:
    group = of("aws:lb/targetGroup:TargetGroup")
    inputs = {"port": 80, "protocol": "HTTP", "targetType": "instance", "vpcId": vpc}
    id_, outputs, _ = group.create(inputs)
    assert id_ == outputs["arn"]
    assert outputs["name"].startswith("it-")
    named = {**inputs, "name": outputs["name"]}
    assert changes(group, id_, outputs, named) == (False, [])
    assert changes(group, id_, outputs, named, port=81) == (True, ["port"])
    group.delete(id_, outputs)
    assert group.read(id_, outputs, named)[0] == ""


def test_what_a_secret_holds_is_secret_and_another_text_is_another_version(of: Of) -> None:
    secret, version = of("aws:secretsmanager/secret:Secret"), of("aws:secretsmanager/secretVersion:SecretVersion")
    named = {"name": "contract", "recoveryWindowInDays": 0}
    arn, outputs, _ = secret.create(named)
    assert arn == outputs["arn"]
    inputs = {"secretId": arn, "secretString": "one"}
    id_, held, secrets = version.create(inputs)
    assert id_ == f"{arn}|{held['versionId']}"
    assert "secretString" in secrets
    assert changes(version, id_, held, inputs, secretString="two")[1] == ["secretString"]
    version.delete(id_, held)
    secret.delete(arn, outputs)
    assert secret.read(arn, outputs, named)[0] == ""


def test_a_parameter_is_named_by_its_path_and_what_it_holds_is_secret(of: Of) -> None:
    parameter = of("aws:ssm/parameter:Parameter")
    inputs = {"name": "/contract/a", "type": "SecureString", "value": "x"}
    name, outputs, secrets = parameter.create(inputs)
    assert name == "/contract/a"
    assert "value" in secrets
    assert changes(parameter, name, outputs, inputs, name="/contract/b")[1] == ["name"]
    parameter.delete(name, outputs)
    assert parameter.read(name, outputs, inputs)[0] == ""
