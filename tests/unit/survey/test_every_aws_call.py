"""Every call that the program itself makes to AWS may fail in every way, and each way is plain words, soon."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from botocore import handlers, xform_name
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.core.models import botocore_stubber

from components.existing_certificate import ExistingCertificateProvider
from components.instance_scripts import InstallationReportProvider, InstanceCleanupProvider, ScriptError
from components.record_as_found import RecordAsFoundProvider, make_way
from settings.balancers import ALB
from settings.errors import SettingsError
from settings.model import Settings
from settings.parsing import parse_settings
from survey import aws
from survey.aws import AwsAccess, AwsAccount
from survey.aws_errors import AwsError
from survey.aws_session import AwsSession
from survey.balancer import not_in_effect
from survey.certificate import survey_certificate
from survey.compose import ComposeSite, find_site
from survey.dns import find_zones
from survey.eks import find_eks_cluster
from survey.records import survey_records
from survey.tls_policy import survey_tls_policy
from survey.vpc import with_trusted_networks
from testbed.emulator import route53 as strict
from testbed.tests.aws_account import strict_account
from tests.compose_bundle import STACK

from .conftest import LEAST, Clock
from .test_compose import Site

MISLEADING = re.compile(r"Traceback|Exception:|has no attribute|KeyError|\bNone(Type)?\b|\n|urllib3|<html|<\?xml")
ROOT = Path(aws.__file__).parent.parent

ANSWERS = {
    "empty": "",
    "empty object": "{}",
    "null": "null",
    "malformed": "<html><body>Sign in</body></html>",
    "cut off": '<?xml version="1.0"?><Answer><Member>',
    "another document": "<Answer/>",
}
FAULTS = ("denied", "not found", "throttled", "broken", "silent", *ANSWERS)
STOPS_NOTHING = {
    ("certificate", "acm:describe_certificate", "denied"),
    *((work, "elbv2:describe_rules", "denied") for work in ("compose_by_name", "compose_by_tags")),
    *((work, "ec2:describe_security_group_rules", "denied") for work in ("compose_by_name", "compose_by_tags")),
    ("tls_policy", "elbv2:describe_ssl_policies", "denied"),
    ("zones_by_name", "route53:list_resource_record_sets", "denied"),
    ("zones_with_another_certificate", "route53:list_resource_record_sets", "denied"),
    ("zones_with_another_certificate", "acm:list_certificates", "denied"),
    # The listener is gone, and the certificate with it.
    ("certificate_of_another", "elbv2:remove_listener_certificates", "not found"),
    *(("eks_of_another_name", "eks:list_clusters", fault) for fault in FAULTS),
}
"""What the call would tell is told later, by whoever needs it, or is only more advice."""
PROTOCOLS = {
    "route-53": "xml",
    "acm": "json",
    "eks": "json",
    "ssm": "json",
}
"""Service, as the events of botocore name it → how it writes an error; all others write XML of their own."""
ID = "00000000-0000-0000-0000-00000000000"
GONE = {
    "GetHostedZone": "NoSuchHostedZone",
    "ListResourceRecordSets": "NoSuchHostedZone",
    "ChangeResourceRecordSets": "NoSuchHostedZone",
    "DescribeInstances": "InvalidInstanceID.NotFound",
    "DescribeSubnets": "InvalidSubnetID.NotFound",
    "DescribeLoadBalancers": "LoadBalancerNotFound",
    "DescribeLoadBalancerAttributes": "LoadBalancerNotFound",
    "DescribeListeners": "ListenerNotFound",
    "DescribeRules": "ListenerNotFound",
    "DescribeListenerCertificates": "ListenerNotFound",
    "AddListenerCertificates": "ListenerNotFound",
    "RemoveListenerCertificates": "ListenerNotFound",
    "DescribeSSLPolicies": "SSLPolicyNotFound",
    "GetInstanceProfile": "NoSuchEntity",
    "SendCommand": "InvalidDocument",
    "GetCommandInvocation": "InvalidCommandId",
}
"""What AWS answers where it has nothing of that name; ``ResourceNotFoundException`` otherwise."""
RECORDED: dict[str, Any] = {
    "DescribeCluster": {
        "cluster": {
            "status": "ACTIVE",
            "arn": "arn:aws:eks:us-east-1:123456789012:cluster/prod",
            "endpoint": "https://prod.test",
            "certificateAuthority": {"data": "QQ=="},
            "resourcesVpcConfig": {"vpcId": "vpc-1"},
        }
    },
    "ListClusters": {"clusters": ["prod"]},
    "SendCommand": {"Command": {"CommandId": f"{ID}c"}},
    "GetCommandInvocation": {"Status": "Success", "StandardErrorContent": "no reason"},
    "DescribeAssociation": {"AssociationDescription": {"AssociationVersion": "1"}},
    "StartAssociationsOnce": {},
    "DescribeAssociationExecutionTargets": {
        "AssociationExecutionTargets": [{"OutputSource": {"OutputSourceId": f"{ID}c"}}]
    },
}
"""Answers of AWS to what moto doesn't know, or can't be asked without an instance."""
RUN: dict[str, Any] = {"Status": "Failed", "AssociationVersion": "1"}


def calls_in_the_code() -> set[str]:
    """Service and operation of each call that the surveys and the components make."""
    found = set()
    for file in [*(ROOT / "survey").rglob("*.py"), *(ROOT / "components").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in ("call", "pages") and len(node.args) > 2:
                words = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
                assert len(words) == 2, f"{file.name}:{node.lineno} names its call by no literal"
                found.add(":".join(map(str, words)))
    return found


def test_there_is_one_way_to_aws() -> None:
    others = [
        file.name
        for package in ("survey", "components", "live", "settings")
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"boto3|AwsSession\(|create_client|get_paginator", file.read_text())
    ]
    assert sorted(others) == ["aws.py", "aws_session.py"]


@dataclass
class Wire:
    """What goes over the wire: the calls, and how some of them are answered."""

    made: set[str] = field(default_factory=set)
    patience: dict[str, float] = field(default_factory=dict)
    waited: float = 0.0
    fault: str = ""
    at: Callable[[str], bool] = lambda _: False
    runs: int = 1

    def asked(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        """How long this call would wait for an answer."""
        config = context["client_config"]
        self.patience[model.name] = config.connect_timeout + config.read_timeout

    def sent(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        """In the place of the network."""
        service, operation = event_name.split(".")[1:]
        name = {"elastic-load-balancing-v2": "elbv2", "route-53": "route53"}.get(service, service)
        call = f"{name}:{xform_name(operation)}"
        self.made.add(call)
        is_faulty = bool(self.fault) and self.at(call)
        botocore_stubber.enabled = not is_faulty
        if is_faulty:
            return self.failed(request, service, operation)
        if operation == "StartAssociationsOnce":
            self.runs += 1
        if operation == "DescribeAssociationExecutions":
            runs = [
                {**RUN, "ExecutionId": f"00000000-0000-0000-0000-00000000000{n}", "CreatedTime": n}
                for n in range(self.runs)
            ]
            return _response(request, 200, json.dumps({"AssociationExecutions": runs}))
        if operation in RECORDED:
            return _response(request, 200, json.dumps(RECORDED[operation]))
        return None

    def failed(self, request: Any, service: str, operation: str) -> AWSResponse:
        """As the fault has it."""
        if self.fault == "silent":
            self.waited += self.patience[operation]
            raise ReadTimeoutError(endpoint_url=request.url)
        if self.fault in ANSWERS:
            return _response(request, 200, ANSWERS[self.fault])
        status, code = {
            "denied": (403, "AccessDenied"),
            "no such instance": (400, "InvalidInstanceId"),
            "not found": (404, GONE.get(operation, "ResourceNotFoundException")),
            "throttled": (400, "Throttling"),
            "broken": (503, "ServiceUnavailable"),
        }[self.fault]
        if PROTOCOLS.get(service) == "json":
            return _response(request, status, json.dumps({"__type": code, "message": "for a test"}))
        error = f"<Error><Code>{code}</Code><Message>for a test</Message></Error>"
        if service == "ec2":
            return _response(request, status, f"<Response><Errors>{error}</Errors></Response>")
        return _response(request, status, f"<ErrorResponse>{error}</ErrorResponse>")


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def _response(request: Any, status: int, content: str) -> AWSResponse:
    return AWSResponse(request.url, status, {"Content-Type": "text/xml"}, _Raw(content.encode()))


WIRE, CLOCK = Wire(), Clock()
CLIENTS: dict[tuple[object, ...], Any] = {}
"""Those of all tests: the making of a client takes longer than what it is made for."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The wire of all clients of the program."""
    make = AwsSession.client

    def client(session: AwsSession, service: str, region: str | None, config: Any = None) -> Any:
        key = (service, region, config.connect_timeout, config.read_timeout)
        if key not in CLIENTS:
            CLIENTS[key] = make(session, service, region, config)
        return CLIENTS[key]

    monkeypatch.setattr(AwsSession, "client", client)
    made = WIRE
    made.fault = ""
    own = [("before-call", made.asked), ("before-send", made.sent)]
    # Of the answers to one request, the first counts: before that of moto.
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", [*own, *handlers.BUILTIN_HANDLERS])
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr(aws, "time", CLOCK)
    monkeypatch.setattr("components.instance_scripts.time", Clock())
    # No load balancer is there for the aliases to lead to.
    monkeypatch.setattr(strict, "_alias_fault", lambda *_: None)
    return made


@pytest.fixture
def site(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with strict_account(monkeypatch) as account:
        made = Site(account)
        made.account.elb.create_load_balancer(Name="ssh", Subnets=account.subnets, Type="network")
        tags = [{"Key": "Name", "Value": "platform"}]
        made.account.elb.add_tags(ResourceArns=[made.arn], Tags=tags)
        made.account.elb.add_tags(ResourceArns=[made.listener], Tags=tags)
        made.account.elb.create_rule(
            ListenerArn=made.listener,
            Priority=1,
            Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["platform.example.com"]}}],
            Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
        )
        for name in ("beside.example.com", "late.example.com"):
            made.account.validate(made.account.certificate(name))
        yield made


def arn_of(site: Site, name: str) -> str:
    """The ARN of a certificate."""
    listed = site.account.acm.list_certificates()["CertificateSummaryList"]
    return str(next(each["CertificateArn"] for each in listed if each["DomainName"] == name))


# What the program does with AWS. Each returns what it says: problems or warnings.

Work = Callable[[Site, AwsAccount], object]


def compose_by_name(site: Site, account: AwsAccount) -> object:
    ssh = {"ssh": True, "sshLoadBalancer": "ssh", "platformVersion": "26.1", "sshClientCidrs": ["10.0.0.0/8"]}
    sibling = {"platformUrl": "https://platform.example.com", "connectUrl": "https://connect.example.com"}
    settings = parse_settings({**STACK, **ssh, **sibling, "instanceId": site.instance, "loadBalancer": "front"})
    return _site_of(settings, account)


def _site_of(settings: Settings, account: AwsAccount) -> ComposeSite:
    """As it stands against a first `up`."""
    found = find_site(settings, account)
    if found.first:
        raise SettingsError(found.first)
    return found


def compose_by_tags(site: Site, account: AwsAccount) -> object:
    tags = {"Name": "platform"}
    named = {"instanceId": None, "loadBalancer": None}
    given = {
        "instanceTags": tags,
        "loadBalancerTags": tags,
        "listenerTags": tags,
        "trustedProxyCidrs": "vpc",
        "connectVersion": "0.12.0",
    }
    settings = parse_settings({**STACK, **named, **given})
    found = _site_of(settings, account)
    return with_trusted_networks(settings, account, found.vpc_id)


def zones_by_name(_site: Site, account: AwsAccount) -> object:
    settings = parse_settings(LEAST)
    found = survey_records(settings, find_zones(account, settings), account)
    if found.problems:
        raise SettingsError(list(found.problems))
    return None


def zones_with_another_certificate(site: Site, account: AwsAccount) -> object:
    domain = "connect.studios.example.com"
    settings = parse_settings({**LEAST, "connectUrl": f"https://{domain}"})
    record = f"_0.{settings.certificate_domains[0]}"
    site.account.change("UPSERT", record, "CNAME", "_1.acm-validations.aws")
    found = survey_records(settings, find_zones(account, settings), account)
    if problems := [*found.problems, *found.first]:
        raise SettingsError(problems)
    return None


def zones_by_id(site: Site, account: AwsAccount) -> object:
    zone = site.account.zone.rpartition("/")[2]
    settings = parse_settings({**LEAST, "hostedZone": None, "hostedZoneId": "Z0123456789ABCDEFGHIJ"})
    return find_zones(account, settings.model_copy(update={"hosted_zone_id": zone}))


def certificate(site: Site, account: AwsAccount) -> object:
    survey_certificate(account, parse_settings({**LEAST, "certificateArn": site.certificate}))
    return None


def tls_policy(_site: Site, account: AwsAccount) -> object:
    settings = parse_settings(LEAST).model_copy(update={"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("survey.tls_policy.TLS_POLICIES", ())
        survey_tls_policy(account, settings)
    return None


def eks(_site: Site, account: AwsAccount) -> object:
    find_eks_cluster(account, "prod")
    settings = parse_settings({**LEAST, "eksCluster": "prod", "trustedProxyCidrs": "vpc", "connectVersion": "0.12.0"})
    try:
        return with_trusted_networks(settings, account)
    except SettingsError as error:
        # The cluster is a recorded one, and its VPC is not in moto.
        if "finds no subnet in vpc-1" not in str(error):
            raise
        return None


def eks_of_another_name(_site: Site, account: AwsAccount) -> object:
    account_of_none = cast("Any", _Missing(account))
    with pytest.raises(SettingsError) as caught:
        find_eks_cluster(account_of_none, "prod")
    (problem,) = caught.value.problems
    assert 'seqera-studios:eksCluster: "prod" is not an EKS cluster of account 123456789012' in str(problem)
    assert not MISLEADING.search(str(problem))
    return None


class _Missing:
    """The account, without the cluster."""

    def __init__(self, account: AwsAccount) -> None:
        self._account = account
        self.access, self.place, self.region, self.pages = account.access, account.place, account.region, account.pages

    def call(self, *_words: Any, **_arguments: Any) -> Any:
        raise AwsError("gone", code="ResourceNotFoundException")


def effect_of_the_ingress(site: Site, account: AwsAccount) -> object:
    other = arn_of(site, "beside.example.com")
    site.account.elb.add_listener_certificates(ListenerArn=site.listener, Certificates=[{"CertificateArn": other}])
    asked = {"certificate-arn": other, "load-balancer-attributes": "idle_timeout.timeout_seconds=60"}
    annotations = {f"{ALB}{name}": value for name, value in asked.items()}
    missing = not_in_effect(account, {"metadata": {"annotations": annotations}, "spec": {}}, site.balancer["DNSName"])
    if missing:
        raise RuntimeError("; ".join(missing))
    return None


def certificate_of_another(site: Site, _account: AwsAccount) -> object:
    provider = ExistingCertificateProvider()
    other = arn_of(site, "late.example.com")
    with suppress(ClientError):
        site.account.elb.remove_listener_certificates(
            ListenerArn=site.listener, Certificates=[{"CertificateArn": other}]
        )
    props = {"listener_arn": site.listener, "certificate_arn": other, "profile": ""}
    outs = provider.create(props).outs or {}
    provider.diff("id", outs, outs)
    provider.delete("id", outs)
    return None


def record_taken_over(site: Site, account: AwsAccount) -> object:
    zone, name = site.account.zone.rpartition("/")[2], "*.example.com"
    listed = site.account.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    for each in listed:
        if each["Name"].endswith("052.example.com.") or each["Name"].startswith("*."):
            changes = [{"Action": "DELETE", "ResourceRecordSet": each}]
            site.account.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    site.account.change("CREATE", name, "CNAME", "old.example.net")
    keys = ("profile", "role_arn", "external_id")
    props = {"zone_id": zone, "record_name": name, "region": "us-east-1", **dict.fromkeys(keys, "")}
    provider = RecordAsFoundProvider()
    outs = provider.create({**props, "load_balancer_hostname": "new.elb.amazonaws.com"}).outs or {}
    leads = {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "new.elb.amazonaws.com", "EvaluateTargetHealth": False}
    make_way(account, zone, name, {"Name": name, "Type": "A", "AliasTarget": leads})
    provider.delete("id", outs)
    return None


HOST = {"region": "us-east-1", "profile": "", "timeout": 1}


def script_taken_away(site: Site, _account: AwsAccount) -> object:
    props = {**HOST, "instance_id": site.instance, "document": "studios-install", "folder": "/opt/seqera"}
    InstanceCleanupProvider().delete("id", props)
    return None


def script_that_failed(site: Site, _account: AwsAccount) -> object:
    props = {
        **HOST,
        "instance_id": site.instance,
        "association": f"{ID}a",
        "trigger": "t",
    }
    try:
        InstallationReportProvider().create(props)
    except ScriptError as error:
        if str(error) != f"the script on {site.instance} failed, and said: no reason":
            raise
    return None


CHANGES = {"certificate_of_another", "record_taken_over", "script_taken_away", "script_that_failed"}
WORK: dict[str, Work] = {
    each.__name__: each
    for each in (
        *(
            compose_by_name,
            compose_by_tags,
            zones_by_name,
            zones_by_id,
            zones_with_another_certificate,
            certificate,
            tls_policy,
            eks,
        ),
        *(eks_of_another_name, effect_of_the_ingress, certificate_of_another, record_taken_over),
        *(script_taken_away, script_that_failed),
    )
}


def said_of(work: Work, site: Site, wire: Wire) -> list[str]:
    """What the program says when it does this."""
    wire.made, wire.runs, wire.waited = set(), 1, 0.0
    botocore_stubber.enabled = True
    try:
        work(site, AwsAccount(AwsAccess(region="us-east-1")))
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    except (AwsError, RuntimeError) as error:
        return [str(error)]
    return []


def test_every_call_in_the_code_is_made_here(site: Site, wire: Wire) -> None:
    made = set()
    for name, work in WORK.items():
        assert said_of(work, site, wire) == [], name
        made |= wire.made
    wire.fault, wire.at = "no such instance", lambda call: call == "ssm:send_command"
    said_of(script_taken_away, site, wire)
    made |= wire.made
    account = AwsAccount(AwsAccess(region="us-east-1"))
    assert account.id == "123456789012"
    assert made | wire.made == calls_in_the_code()


USUAL = {"denied", "not found", "throttled", "silent", "null", "malformed"}


@pytest.mark.parametrize(
    "fault", [each if each in USUAL else pytest.param(each, marks=pytest.mark.slow) for each in FAULTS]
)
def test_each_call_to_aws_says_in_plain_words_what_it_meets(site: Site, wire: Wire, fault: str) -> None:
    for name, work in WORK.items():
        wire.fault = ""
        said_of(work, site, wire)
        for call in sorted(wire.made):
            wire.fault, wire.at = fault, call.__eq__
            said = said_of(work, site, wire)
            where = f"{name}: {call}: {said}"
            assert not any(MISLEADING.search(each) for each in said), where
            assert bool(said) != ((name, call, fault) in STOPS_NOTHING), where


def _is_of(services: set[str], call: str) -> bool:
    return call.partition(":")[0] in services


@pytest.mark.parametrize("fault", ["silent", "throttled"])
def test_a_service_that_is_silent_as_a_whole_is_waited_for_once(site: Site, wire: Wire, fault: str) -> None:
    for name, work in WORK.items():
        wire.fault = ""
        said_of(work, site, wire)
        services = {call.partition(":")[0] for call in wire.made} - {"sts"}
        for silent in [{"sts"}, services, *({each} for each in services)]:
            wire.fault, wire.at = fault, partial(_is_of, silent)
            started = CLOCK.now
            said_of(work, site, wire)
            waited = wire.waited + CLOCK.now - started
            # What changes something has more patience, since it would stop halfway.
            assert waited < 30 or name in CHANGES, (name, silent, waited)
