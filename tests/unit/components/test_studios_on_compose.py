"""The composition for Docker Compose: what a stack's settings become."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pulumi_tls as tls
import pytest

from components.compose_delivery import document_content, read_policy
from components.outputs import outputs_of
from components.studios_on_compose import ComposeStudios, ComposeStudiosArgs
from settings.parsing import parse_settings
from settings.targets import COMPOSE
from survey.compose import ComposeSite
from tests.compose_bundle import STACK as MINIMUM
from tests.unit.components.mocks import CERTIFICATE, Recording, run

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/platform/1/2"
PLATFORMS_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/platform"
SITE = ComposeSite(
    instance_id="i-0123456789abcdef0",
    instance_security_group="sg-instance",
    role="platform-role",
    load_balancer_security_group="sg-balancer",
    load_balancer_hostname="platform-1.us-east-1.elb.amazonaws.com",
    vpc_id="vpc-1",
    listener_arn=LISTENER,
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


def test_our_own_certificate_is_attached_and_somebody_elses_only_where_it_is_not_yet() -> None:
    ours, theirs = "studios-network-certificate", "studios-network-existing-certificate"
    recording = studios()
    assert recording[ours].inputs == {"listenerArn": LISTENER, "certificateArn": CERTIFICATE}
    assert theirs not in recording.resources
    recording = studios(certificateArn=PLATFORMS_CERTIFICATE)
    assert ours not in recording.resources
    assert recording[theirs].type == "pulumi-python:dynamic/studios:ExistingCertificate"
    inputs = {key: value for key, value in recording[theirs].inputs.items() if not key.startswith("__")}
    assert inputs == {"listener_arn": LISTENER, "certificate_arn": PLATFORMS_CERTIFICATE, "profile": ""}


def test_the_bundle_is_secret_wherever_it_goes() -> None:
    recording = studios(redisPassword="s3cr3t", encrypted=("redisPassword",))
    assert recording["studios-delivery-bundle"].secrets == {"secretString"}
    assert {"bundle", "registration_token"} <= recording["studios"].output_secrets
    for name, asked in recording.resources.items():
        if name != "studios-delivery-bundle":
            assert "s3cr3t" not in json.dumps(asked.inputs), name


def test_the_registered_outputs_are_the_documented_ones() -> None:
    assert set(studios()["studios"].outputs) == {
        output.attribute for output in outputs_of(COMPOSE) if not output.optional
    }


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


def test_a_folder_that_systems_manager_could_not_hand_over_is_encoded() -> None:
    folder = "/opt/it's {{ seqera }}"
    recording = studios(composeFolder=folder)
    given = recording["studios-delivery-association"].inputs["parameters"]["folder"]
    assert given == "/%2Fopt%2Fit%27s%20%7B%7B%20seqera%20%7D%7D"
    assert recording["studios-delivery-cleanup"].inputs["folder"] == given
    pattern = json.loads(document_content(900))["parameters"]["folder"]["allowedPattern"]
    assert re.fullmatch(pattern, given)
    plain = studios(composeFolder="/opt/my seqera")
    assert plain["studios-delivery-association"].inputs["parameters"]["folder"] == "/opt/my seqera"


@pytest.mark.parametrize("protect", [True, False])
def test_the_key_is_protected_where_the_settings_say_so(protect: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[pulumi.ResourceOptions] = []
    private_key: Any = tls.PrivateKey

    def recorded(*arguments: Any, opts: pulumi.ResourceOptions, **inputs: Any) -> Any:
        made.append(opts)
        return private_key(*arguments, opts=opts, **inputs)

    monkeypatch.setattr(tls, "PrivateKey", recorded)
    studios(protectKey=protect)
    assert [opts.protect for opts in made] == [protect]
