"""The composition for Docker Compose: what a stack's settings become."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi_aws import ec2, iam, lb

from components.compose import ComposeStudios, ComposeStudiosArgs
from components.compose_delivery import document_content, read_policy
from components.compose_site import ComposeSite, find_site
from components.outputs import COMPOSE_OUTPUTS
from settings.errors import SettingsError
from settings.parsing import parse_settings
from tests.unit.components.mocks import CERTIFICATE, Recording, run

MINIMUM = {
    "target": "compose",
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "hostedZone": "example.com",
    "instanceId": "i-0123456789abcdef0",
    "loadBalancer": "platform",
    "composeFolder": "/opt/seqera",
}
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/platform/1/2"
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/platform/1"
PLATFORMS_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/platform"
SITE = ComposeSite(
    instance_id="i-0123456789abcdef0",
    instance_security_group="sg-instance",
    role="platform-role",
    load_balancer_security_group="sg-balancer",
    load_balancer_hostname="platform-1.us-east-1.elb.amazonaws.com",
    vpc_id="vpc-1",
    listener_arn=LISTENER,
    listener_certificate=PLATFORMS_CERTIFICATE,
)


def studios(*, site: ComposeSite = SITE, encrypted: tuple[str, ...] = (), **changes: Any) -> Recording:
    settings = parse_settings(MINIMUM | changes, encrypted)

    def program() -> None:
        ComposeStudios("studios", ComposeStudiosArgs(settings=settings, site=site))

    return run(program)


def test_studios_is_five_components_under_one() -> None:
    recording = studios()
    assert {name: recording.types[name] for name, parent in recording.parents.items() if parent == "studios"} == {
        "studios-certificate": "studios:index:WildcardCertificate",
        "studios-oidc": "studios:index:OidcCredentials",
        "studios-network": "studios:index:ComposeNetwork",
        "studios-delivery": "studios:index:ComposeDelivery",
        "studios-record": "studios:index:WildcardRecord",
    }
    assert [name for name, parent in recording.parents.items() if not parent] == ["studios"]


def test_only_the_load_balancers_group_is_let_in_at_the_proxys_port() -> None:
    rule = studios(proxyPort=9191)["studios-network-ingress"].inputs
    assert rule["securityGroupId"] == "sg-instance"
    assert rule["referencedSecurityGroupId"] == "sg-balancer"
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 9191, 9191)
    assert not {"cidrIpv4", "cidrIpv6", "prefixListId"} & set(rule)


def test_the_rule_is_for_the_sessions_hosts_or_with_path_routing_for_the_connect_host() -> None:
    def hosts(**changes: Any) -> list[str]:
        rule = studios(**changes)["studios-network-rule"].inputs
        found: list[str] = rule["conditions"][0]["hostHeader"]["values"]
        return found

    assert hosts() == ["*.example.com"]
    assert hosts(pathRouting=True) == ["connect.example.com"]


def test_a_certificate_that_the_listener_serves_already_is_not_attached_again() -> None:
    attached = "studios-network-certificate"
    assert studios()[attached].inputs == {"listenerArn": LISTENER, "certificateArn": CERTIFICATE}
    assert attached not in studios(certificateArn=PLATFORMS_CERTIFICATE).resources


def test_a_certificate_of_the_users_own_stays_at_the_listener_in_the_end() -> None:
    attached = "studios-network-certificate"
    own = "arn:aws:acm:us-east-1:123456789012:certificate/own"
    assert studios(certificateArn=own)[attached].retain_on_delete is True
    assert not studios()[attached].retain_on_delete


def test_the_bundle_is_secret_wherever_it_goes() -> None:
    recording = studios(redisPassword="s3cr3t", encrypted=("redisPassword",))
    assert recording["studios-delivery-bundle"].secrets == {"secretString"}
    assert {"bundle", "registration_token"} <= recording["studios"].output_secrets
    for name, asked in recording.resources.items():
        if name != "studios-delivery-bundle":
            assert "s3cr3t" not in json.dumps(asked.inputs), name


def test_the_registered_outputs_are_the_documented_ones() -> None:
    assert set(studios()["studios"].outputs) == {output.attribute for output in COMPOSE_OUTPUTS}


def test_platform_is_touched_last_and_what_takes_it_away_is_made_before() -> None:
    recording = studios()
    association = recording["studios-delivery-association"]
    assert {"studios-delivery-cleanup", "studios-delivery-policy"} <= association.depends_on
    assert "studios-delivery-association" in recording["studios-delivery-report"].depends_on
    assert "studios-network-rule" in recording["studios-delivery"].depends_on


def test_the_secret_is_gone_with_its_stack() -> None:
    assert studios()["studios-delivery-secret"].inputs["recoveryWindowInDays"] == 0


def test_by_hand_there_is_neither_secret_nor_script() -> None:
    recording = studios(delivery="files")
    assert not [name for name in recording.resources if name.startswith("studios-delivery")]
    assert "bundle" in recording["studios"].output_secrets
    assert recording["studios"].outputs["instance_policy"] == ""


def test_who_may_not_attach_policies_is_given_the_policy() -> None:
    site = ComposeSite(**{**vars(SITE), "role": None})
    recording = studios(site=site, attachInstancePolicy=False)
    assert "studios-delivery-policy" not in recording.resources
    assert "instance_policy" in recording["studios"].outputs


def test_the_policy_allows_to_read_one_secret() -> None:
    assert json.loads(read_policy("arn:x"))["Statement"] == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "arn:x"}
    ]


def test_the_document_fits_into_systems_manager_and_takes_no_shell_in_its_parameters() -> None:
    text = document_content(600)
    assert len(text) < 60_000
    document = json.loads(text)
    for name, about in document["parameters"].items():
        assert "allowedValues" in about or "allowedPattern" in about, name
    assert document["parameters"]["action"]["allowedValues"] == ["install", "uninstall"]
    assert document["mainSteps"][0]["inputs"]["timeoutSeconds"] == "600"


class Fake:
    """What a lookup finds: any attributes."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fake]:
    """One instance and one load balancer, as the lookups find them; a test may change them."""
    found = {
        "instance": Fake(
            id="i-0123456789abcdef0",
            instance_state="running",
            iam_instance_profile="platform",
            vpc_security_group_ids=["sg-00000001"],
        ),
        "balancer": Fake(
            arn=BALANCER,
            name="platform",
            dns_name="platform-1.us-east-1.elb.amazonaws.com",
            idle_timeout=400,
            load_balancer_type="application",
            security_groups=["sg-00000003", "sg-00000002"],
            vpc_id="vpc-1",
        ),
        "listener": Fake(
            arn=LISTENER, load_balancer_arn=BALANCER, protocol="HTTPS", certificate_arn=PLATFORMS_CERTIFICATE
        ),
        "profile": Fake(role_name="platform-role"),
    }
    for module, function, name in (
        (ec2, "get_instance", "instance"),
        (lb, "get_load_balancer", "balancer"),
        (lb, "get_listener", "listener"),
        (iam, "get_instance_profile", "profile"),
    ):
        monkeypatch.setattr(module, function, lambda kind=name, **_: found[kind])
    return found


def refused(**changes: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        find_site(parse_settings(MINIMUM | changes))
    return [str(problem).removeprefix("seqera-studios:") for problem in caught.value.problems]


def test_what_is_there_is_found(account: dict[str, Fake]) -> None:
    site = find_site(parse_settings(MINIMUM))
    assert site.instance_security_group == "sg-00000001"
    assert site.load_balancer_security_group == "sg-00000002"
    assert (site.role, site.vpc_id, site.listener_arn) == ("platform-role", "vpc-1", LISTENER)
    assert find_site(parse_settings(MINIMUM | {"attachInstancePolicy": False})).role is None


def test_a_timeout_that_is_too_short_is_reported_with_the_command(
    account: dict[str, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    find_site(parse_settings(MINIMUM))
    assert said == []
    account["balancer"].__dict__["idle_timeout"] = 60
    find_site(parse_settings(MINIMUM))
    (text,) = said
    assert "cuts a WebSocket after 60 s without traffic, and idleTimeout is 301 s" in text
    assert text.endswith(
        f"aws elbv2 modify-load-balancer-attributes --load-balancer-arn {BALANCER} "
        "--attributes Key=idle_timeout.timeout_seconds,Value=301"
    )


def test_all_that_is_wrong_with_the_site_is_said_at_once(account: dict[str, Fake]) -> None:
    account["instance"].__dict__.update(instance_state="stopped", vpc_security_group_ids=["sg-00000001", "sg-00000002"])
    account["listener"].__dict__["protocol"] = "HTTP"
    assert refused() == [
        'loadBalancer: "platform" is no HTTPS listener of the load balancer platform',
        (
            "instanceSecurityGroup: is not set, and i-0123456789abcdef0 has sg-00000001, sg-00000002; write the one to "
            "open: pulumi config set instanceSecurityGroup sg-00000001"
        ),
        'instanceId: "i-0123456789abcdef0" is stopped; start the instance',
    ]


def test_an_instance_without_a_profile_is_told_what_to_do(account: dict[str, Fake]) -> None:
    account["instance"].__dict__["iam_instance_profile"] = ""
    (problem,) = refused()
    assert "AmazonSSMManagedInstanceCore" in problem
    assert "pulumi config set delivery files" in problem
    assert find_site(parse_settings(MINIMUM | {"delivery": "files"})).role is None


def test_a_lookup_that_fails_names_the_key_and_the_reason(
    account: dict[str, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> Fake:
        raise RuntimeError("invoke of x failed: invocation of x returned an error: Search returned 0 results\nmore")

    monkeypatch.setattr(lb, "get_load_balancer", fail)
    assert refused() == ['loadBalancer: "platform" cannot be looked up: Search returned 0 results']
