"""Each stack file of examples/stacks is previewed as it is, beside an install of the kind that it is for."""

from __future__ import annotations

import base64
import json
import secrets
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed import paths
from testbed.cluster import kubectl
from testbed.compose import network
from testbed.emulator import client as emulator
from testbed.emulator.server import CLUSTER
from testbed.lifecycle import EKS_CLUSTER
from testbed.platform.shapes import GUIDE, HELM, RELEASE
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import ZONE, Install
from tests.engine.stack import Stack
from tests.engine.test_dns import route53_of_the_other_account

pytestmark = pytest.mark.slow

FOLDER = paths.CHECKOUT / "examples" / "stacks"
PREFIX = "seqera-studios:"
COMPOSE = ("compose", "terraform-installer")
#: Its IngressClassParams are EKS Auto Mode's own, of which the testbed has none; unit tests hold it.
NOT_HERE = ("eks-auto-mode",)
ON_KUBERNETES = sorted({path.stem for path in FOLDER.glob("*.yaml")} - {*COMPOSE, *NOT_HERE})
GOVCLOUD = "us-gov-west-1"
PRIORITY_CLASS = "acme-high"

Values = dict[str, Any]


def example(name: str, **place: Any) -> Values:
    """The values of a file, with those that name a user's own place replaced."""
    document = YAML(typ="safe", pure=True).load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))["config"]
    values = {key.removeprefix(PREFIX): value for key, value in document.items()}
    return {**values, **{key: value for key, value in place.items() if key in values}}


def place_of(install: Install) -> Values:
    """What a user writes instead of the file's names."""
    return {
        "aws:region": install.environment["AWS_REGION"],
        "platformUrl": f"https://{install.host}",
        "namespace": install.namespace,
        "eksCluster": EKS_CLUSTER,
        "hostedZone": install.zone,
        "hostedZoneId": install.zone_id.removeprefix("/hostedzone/"),
    }


def previewed(stack: Stack, values: Values) -> dict[str, str]:
    """What a preview of these values would do."""
    stack.config = values
    stack.write()
    return stack.preview().changes


@pytest.fixture(scope="module")
def install(new_install: NewInstall) -> Install:
    install = new_install("example", shape=GUIDE)
    authority = f"--from-file=ca.crt={paths.PKI / 'ca.crt'}"
    install.kubectl("create", "configmap", "acme-ca", authority)
    install.kubectl("create", "secret", "generic", "redis-ca", authority)
    for name, key in (("redis", "password"), ("registry-login", ".dockerconfigjson")):
        install.kubectl("create", "secret", "generic", name, f"--from-literal={key}=a value")
    return install


@pytest.fixture(scope="module")
def stack(install: Install, new_stack: NewStack) -> Stack:
    return new_stack(install)


@pytest.fixture(scope="module")
def priority_class() -> Iterator[None]:
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    kubectl("apply", "-f", "-", stdin=json.dumps({**body, "metadata": {"name": PRIORITY_CLASS}}))
    yield
    kubectl("delete", "priorityclass", PRIORITY_CLASS)


def nothing_more(install: Install) -> Values:
    return {}


def certified(install: Install) -> Values:
    return {"certificateArn": install.wildcard_certificate()}


def beside(install: Install) -> Values:
    return {"connectUrl": f"https://connect-{install.namespace}.{install.zone}"}


def within(install: Install) -> Values:
    return {"connectUrl": f"https://connect.{install.host}"}


def by_role(install: Install) -> Values:
    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer", "sessionName": "studios"}
    return {"aws:assumeRoles": [role], "aws:allowedAccountIds": ["123456789012"]}


def private_twin(install: Install) -> Values:
    vpc = install.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["testbed-vpc"]}])["Vpcs"][0]
    zone = install.client("route53").create_hosted_zone(
        Name=install.host,
        CallerReference=f"private-{install.host}",
        VPC={"VPCRegion": install.environment["AWS_REGION"], "VPCId": vpc["VpcId"]},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    return {"privateHostedZoneId": zone.removeprefix("/hostedzone/")}


def far_zone(install: Install) -> Values:
    route53_of_the_other_account(install).create_hosted_zone(Name=install.host, CallerReference=install.host)
    return {"hostedZone": install.host}


def in_govcloud(install: Install) -> Values:
    """An EKS cluster and a certificate of that partition."""

    name = f"gov-{install.namespace}"
    subnets = [each["SubnetId"] for each in install.client("ec2", GOVCLOUD).describe_subnets()["Subnets"]]
    role = install.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    install.client("eks", GOVCLOUD).create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    given = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]
    authority = Path(given["certificate-authority"]).read_bytes()
    about = {
        "region": GOVCLOUD,
        "name": name,
        "endpoint": given["server"],
        "certificate_authority": base64.b64encode(authority).decode(),
    }
    request = urllib.request.Request(  # noqa: S310 (the URL is the emulator's)
        f"{install.environment['AWS_ENDPOINT_URL']}{CLUSTER}",
        json.dumps(about).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 (the URL is the emulator's)
        pass
    certificate = install.wildcard_certificate(GOVCLOUD)
    assert certificate.startswith(f"arn:aws-us-gov:acm:{GOVCLOUD}:")
    # That partition has a Route 53 of its own.
    route53 = install.client("route53", GOVCLOUD)
    zone = route53.create_hosted_zone(Name=install.host, CallerReference=install.host)["HostedZone"]["Id"]
    found = {"eksCluster": name, "certificateArn": certificate, "hostedZoneId": zone.removeprefix("/hostedzone/")}
    return {"aws:region": GOVCLOUD, **found}


PLACES: dict[str, Callable[[Install], Values]] = {
    "assumed-role": by_role,
    "connect-beside-platform": beside,
    "external-dns": certified,
    "govcloud": in_govcloud,
    "path-routing": within,
    "private-zone": private_twin,
    "zone-in-another-account": far_zone,
}


@pytest.mark.parametrize("name", [each for each in ON_KUBERNETES if each != "helm-platform"])
@pytest.mark.usefixtures("priority_class")
def test_a_stack_file_to_start_from_is_previewed(name: str, install: Install, stack: Stack) -> None:
    place = {**place_of(install), **PLACES.get(name, nothing_more)(install)}
    changes = previewed(stack, example(name, **place))
    assert set(changes.values()) == {"create"}
    assert {"studios-proxy-deployment", "studios-server-stateful-set", "studios-platform-edits"} <= set(changes)


def test_that_of_helm_is_previewed_beside_what_the_chart_made(new_install: NewInstall, new_stack: NewStack) -> None:
    install = new_install("example-helm", shape=HELM)
    values = example("helm-platform", **place_of(install), redisAddress="redis:6379")
    values = {key: str(value).replace("seqera-", f"{RELEASE}-") for key, value in values.items()}
    assert previewed(new_stack(install), values)["studios-platform-edits"] == "create"


@pytest.mark.parametrize("name", COMPOSE)
@pytest.mark.usefixtures("one_compose_stack")
def test_that_of_a_compose_platform_is_previewed(
    name: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform = network.create(f"example-{secrets.token_hex(2)}", environment)
    tags = {"Name": platform.name}
    elb = emulator.client("elbv2", environment)
    elb.add_tags(ResourceArns=[platform.load_balancer_arn], Tags=[{"Key": "Name", "Value": platform.name}])
    place = {
        "aws:region": environment["AWS_REGION"],
        "platformUrl": f"https://{platform.name}.{ZONE}",
        "hostedZone": ZONE,
        "instanceTags": tags,
        "loadBalancer": platform.name,
        "loadBalancerTags": tags,
    }
    stack = Stack(platform.name, tmp_path_factory.mktemp("stack"), environment, example(name, **place)).create()
    try:
        changes = stack.preview().changes
        assert set(changes.values()) == {"create"}
        assert {"studios-delivery-bundle", "studios-network-rule"} <= set(changes)
    finally:
        stack.remove()
        network.remove(platform, environment)
