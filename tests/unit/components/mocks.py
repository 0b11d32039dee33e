"""Runs a program without an engine and returns all that it asked for, so that tests assert on plain values."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime import mocks, rpc, settings, stack
from pulumi.runtime.sync_await import _sync_await

from components import stuck_pods
from live.platform import PlatformApi

LOAD_BALANCER = "k8s-studios-1234.us-east-1.elb.amazonaws.com"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/made"
EXISTING_TOKEN = "an existing token"
PRIVATE_SSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nssh\n-----END OPENSSH PRIVATE KEY-----\n"
FINGERPRINT = "SHA256:made"
NETWORK_LOAD_BALANCER = "k8s-ssh-1234.elb.us-east-1.amazonaws.com"
FOUND = '{"objects": {}, "files": []}'
PRIVATE_PEM = "-----BEGIN RSA PRIVATE KEY-----\nprivate\n-----END RSA PRIVATE KEY-----\n"
PUBLIC_PEM = "-----BEGIN PUBLIC KEY-----\npublic\n-----END PUBLIC KEY-----\n"


_OF_AWS = {
    "aws:secretsmanager/secret:Secret": {"arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:studios"},
    "aws:secretsmanager/secretVersion:SecretVersion": {"versionId": "version-1"},
    "aws:ssm/document:Document": {"latestVersion": "1"},
    "aws:ssm/association:Association": {"associationId": "association-1"},
    "aws:lb/targetGroup:TargetGroup": {
        "arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/studios"
    },
}


@dataclass
class Asked:
    """One resource that the program asked for; ``secrets`` are the paths of its secret values."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    secrets: set[str]
    depends_on: set[str]
    provider: str
    retain_on_delete: bool
    ignore_changes: list[str]
    replacement_trigger: object = None
    #: How long the provider may take to ``create``, ``update`` and ``delete`` it, where the program says so.
    timeouts: dict[str, str] = field(default_factory=dict)
    #: The names of the hooks that are called where it fails.
    on_error: list[str] = field(default_factory=list)
    #: The names of the hooks that are called where the state does not have it.
    before_create: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    output_secrets: set[str] = field(default_factory=set)


class Recording:
    """What a program asked for, by the name of the resource; ``read`` are those that exist already: type and id."""

    def __init__(self) -> None:
        self.resources: dict[str, Asked] = {}
        self.read: dict[str, tuple[str, str]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error_hooks: set[str] = set()
        #: Those that are called before or after a step, by name.
        self.resource_hooks: dict[str, pulumi.ResourceHook] = {}
        #: The workloads that the program itself waits for, and for how many seconds at most.
        self.waited_for: dict[str, float] = {}

    def __getitem__(self, name: str) -> Asked:
        return self.resources[name]

    @property
    def types(self) -> dict[str, str]:
        """Name → type, in the order of registration."""
        return {name: asked.type for name, asked in self.resources.items()}

    @property
    def parents(self) -> dict[str, str]:
        """Name → name of the parent; "" for the stack."""
        return {name: asked.parent for name, asked in self.resources.items()}


def run(program: Callable[[], None], *, preview: bool = False) -> Recording:
    """Runs ``program`` to its end under mocks. What it raises is raised here."""
    # The SDK takes the thread's event loop, and an `asyncio.run` of an earlier test leaves none.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    monitor = _Monitor()
    mocks.set_mocks(_Answers(monitor.recording), monitor=monitor, project="studios", stack="test", preview=preview)
    # There is no engine that calls back.
    settings.SETTINGS.callbacks = _Callbacks(monitor.recording)

    def wait(api: PlatformApi, target: str, seconds: float) -> None:
        monitor.recording.waited_for[target] = seconds

    try:
        with mock.patch.object(stuck_pods, "wait_for_rollout", wait), mock.patch.object(stuck_pods, "PlatformApi"):
            _sync_await(stack.run_pulumi_func(program))
    finally:
        # What a program that failed leaves behind would be waited for by the next, in a loop that has ended.
        settings.SETTINGS.rpc_manager.clear()
        settings.SETTINGS.outputs.clear()
    return monitor.recording


class _Callbacks:
    """In place of the server that the engine calls hooks on."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        assert hook.name not in self.recording.error_hooks, f"the engine refuses a second hook {hook.name}"
        self.recording.error_hooks.add(hook.name)
        self.recording.resource_hooks[hook.name] = hook

    def register_error_hook(self, hook: pulumi.ErrorHook) -> None:
        assert hook.name not in self.recording.error_hooks, f"the engine refuses a second hook {hook.name}"
        self.recording.error_hooks.add(hook.name)


class _Answers(mocks.Mocks):
    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.recording.calls.append((args.token, dict(args.args)))
        return {
            "aws:route53/getZone:getZone": {"zoneId": "Z0EXAMPLE", "name": args.args.get("name")},
            "aws:lb/getHostedZoneId:getHostedZoneId": {"id": "Z35SXDOTRQ7X7K"},
            "aws:eks/getCluster:getCluster": {
                "arn": "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
                "endpoint": "https://eks.example",
                "certificateAuthorities": [{"data": "Q0E="}],
            },
        }[args.token]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ == "kubernetes:core/v1:Secret" and not args.inputs:
            return args.resource_id, {"data": _existing_data()}
        return f"{args.name}-id", {**args.inputs, **_computed(args.typ, args.name, args.inputs)}


#: Further keys that each Secret has which exists already.
FURTHER_KEYS: list[str] = []


def _existing_data() -> dict[str, str]:
    values = {
        **dict.fromkeys(FURTHER_KEYS, EXISTING_TOKEN),
        "token": EXISTING_TOKEN,
        "oidc.pem": PRIVATE_PEM + PUBLIC_PEM,
    }
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _computed(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs that a provider would add. None of them is secret, so that tests see who seals what."""
    if type_ == "aws:acm/certificate:Certificate":
        domains = [inputs["domainName"], *inputs["subjectAlternativeNames"]]
        # Not in the order of the names, as ACM does it.
        return {"arn": CERTIFICATE, "domainValidationOptions": [_option(domain) for domain in reversed(domains)]}
    if type_ == "aws:route53/record:Record":
        return {"fqdn": inputs["name"]}
    if type_ == "random:index/randomPassword:RandomPassword":
        return {"result": f"result-of-{name}"}
    if type_ == "tls:index/privateKey:PrivateKey":
        return {
            "privateKeyPem": PRIVATE_PEM,
            "publicKeyPem": PUBLIC_PEM,
            "privateKeyOpenssh": PRIVATE_SSH,
            "publicKeyFingerprintSha256": FINGERPRINT,
        }
    of_aws = _OF_AWS.get(type_)
    if of_aws is not None:
        return dict(of_aws)
    if type_ == "kubernetes:networking.k8s.io/v1:Ingress":
        return {"status": {"loadBalancer": {"ingress": [{"hostname": LOAD_BALANCER}]}}}
    if type_ == "kubernetes:core/v1:Service" and inputs["spec"].get("type") == "LoadBalancer":
        return {"status": {"loadBalancer": {"ingress": [{"hostname": NETWORK_LOAD_BALANCER}]}}}
    if type_ == "pulumi-python:dynamic/studios:PlatformAsFound":
        return {"found": FOUND, "revision": "42"}
    return {}


def _option(domain: str) -> dict[str, str]:
    apex = domain.removeprefix("*.")
    return {
        "domainName": domain,
        "resourceRecordName": f"_abc.{apex}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"_def.{apex}.acm-validations.aws.",
    }


class _Monitor(mocks.MockMonitor):
    def __init__(self) -> None:
        self.recording = Recording()
        super().__init__(_Answers(self.recording))

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        self.recording.read[request.name] = (request.type, request.id)
        return super().ReadResource(request)  # type: ignore[no-untyped-call]

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        if request.type != "pulumi:pulumi:Stack":
            inputs, secrets = _unsealed(rpc.deserialize_properties(request.object))
            self.recording.resources[request.name] = Asked(
                type=request.type,
                name=request.name,
                parent=_name_in(request.parent),
                inputs=inputs,
                secrets=secrets,
                depends_on={_name_in(urn) for urn in request.dependencies},
                provider=_name_in(request.provider.rpartition("::")[0]),
                retain_on_delete=request.retainOnDelete,
                ignore_changes=list(request.ignoreChanges),
                timeouts={
                    name: value
                    for name in ("create", "update", "delete")
                    if (value := getattr(request.customTimeouts, name))
                },
                on_error=list(request.hooks.on_error),
                before_create=list(request.hooks.before_create),
                replacement_trigger=request.replacement_trigger.string_value
                if request.HasField("replacement_trigger")
                else None,
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        if (asked := self.recording.resources.get(_name_in(request.urn))) is not None:
            asked.outputs, asked.output_secrets = _unsealed(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _name_in(urn: str) -> str:
    return "" if "pulumi:pulumi:Stack" in urn.split("$")[-1] else urn.rpartition("::")[2]


def _unsealed(value: Any) -> tuple[Any, set[str]]:
    secrets: set[str] = set()

    def walk(item: Any, path: str) -> Any:
        if rpc.is_rpc_secret(item):
            secrets.add(path)
            return walk(rpc.unwrap_rpc_secret(item), path)
        if isinstance(item, dict):
            return {key: walk(inner, f"{path}.{key}" if path else key) for key, inner in item.items()}
        if isinstance(item, list):
            return [walk(inner, f"{path}[{index}]") for index, inner in enumerate(item)]
        return item

    return walk(value, ""), secrets
