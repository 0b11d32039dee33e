"""The stack files to start from are right, and in the form that editors check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from settings.parsing import parse_settings
from settings.stack_schema import stack_schema

FOLDER = Path(__file__).parents[3] / "examples" / "stacks"
FILES = sorted(FOLDER.glob("*.yaml"))
PREFIX = "seqera-studios:"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stack_file_to_start_from_is_right(path: Path) -> None:
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    own = {
        # The engine hands lists and maps over as JSON.
        key.removeprefix(PREFIX): value if isinstance(value, str) else json.dumps(value)
        for key, value in document["config"].items()
        if key.startswith(PREFIX)
    }
    assert parse_settings(own).platform_host == "platform.example.com"
    assert list(Draft7Validator(json.loads(stack_schema())).iter_errors(document)) == []


def test_each_is_in_the_table_of_the_folder() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in FILES if f"[{path.name}]({path.name})" not in table] == []
    assert len(FILES) == table.count(".yaml) |")


@pytest.mark.parametrize(
    ("key", "arn"),
    [
        ("certificateArn", "arn:{}:acm:{}:111122223333:certificate/12345678-1234-1234-1234-123456789012"),
        ("loadBalancer", "arn:{}:elasticloadbalancing:{}:111122223333:loadbalancer/app/platform/0123456789abcdef"),
        ("listenerArn", "arn:{}:elasticloadbalancing:{}:111122223333:listener/app/platform/0123456789abcdef/01234567"),
        ("sshLoadBalancer", "arn:{}:elasticloadbalancing:{}:111122223333:loadbalancer/net/ssh/0123456789abcdef"),
        ("hostedZoneRoleArn", "arn:{}:iam::111122223333:role/dns-editor"),
    ],
)
@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-west-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_an_arn_of_each_partition_is_taken(key: str, arn: str, partition: str, region: str) -> None:
    compose = {
        "target": "compose",
        "platformUrl": "https://platform.example.com",
        "platformVersion": "26.1",
        "hostedZone": "example.com",
        "instanceId": "i-0123456789abcdef0",
        "loadBalancer": "platform",
        "composeFolder": "/opt/seqera",
    }
    written = arn.format(partition, region)
    beside = {"ssh": "true", "platformVersion": "26.2"} if key == "sshLoadBalancer" else {}
    assert parse_settings({**compose, **beside, key: written}).model_dump(by_alias=True)[key] == written


@pytest.mark.parametrize("domain", ["us-gov-west-1.amazonaws.com", "cn-north-1.amazonaws.com.cn"])
def test_hosts_of_each_partition_are_taken(domain: str) -> None:
    read = parse_settings(
        {
            "platformUrl": "https://platform.example.com",
            "platformVersion": "26.2",
            "namespace": "platform",
            "hostedZone": "example.com",
            "redisAddress": f"studios.abc123.ng.0001.cache.{domain}:6379",
            "proxyImage": f"111122223333.dkr.ecr.{domain}/studios/proxy",
            "studioTemplates": json.dumps(
                {"LAB": {"repository": f"111122223333.dkr.ecr.{domain}/studios/lab:1-0.14.0", "tool": "jupyter"}}
            ),
        }
    )
    assert read.proxy_image == f"111122223333.dkr.ecr.{domain}/studios/proxy:0.14.0"
    assert read.redis_address == f"studios.abc123.ng.0001.cache.{domain}:6379"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_editor_finds_the_schema_from_the_folder_and_from_a_copy_beside_the_project_file(path: Path) -> None:
    modeline = path.read_text(encoding="utf-8").splitlines()[0]
    assert modeline == "# yaml-language-server: $schema=pulumi-stack.schema.json"
    beside = (path.parent / "pulumi-stack.schema.json", FOLDER.parents[1] / "pulumi-stack.schema.json")
    assert [json.loads(each.read_text(encoding="utf-8")) for each in beside] == [json.loads(stack_schema())] * 2
