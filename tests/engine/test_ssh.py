"""SSH into sessions, from the setting to what a real SSH client sees of the proxy through a network load balancer."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.verify.checks import checks_of
from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.network import Detour, Network
from pipeline.verify.runner import run
from testbed.required import is_required
from testbed.traffic.site import Site
from testbed.traffic.traffic import bind
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

_CLIENT = ("ssh", "ssh-keygen", "ssh-keyscan")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_required("ssh") and not all(map(shutil.which, (*_CLIENT, "redis-server"))),
        reason="an SSH client and Redis are needed: install Debian's openssh-client and redis-server",
    ),
]

CLASS = "service.k8s.aws/nlb"
FINGERPRINT = "TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT"


@dataclass
class World:
    install: Install
    stack: Stack
    site: Site
    folder: Path

    @property
    def host(self) -> str:
        return f"connect-ssh.{self.install.host}"

    @property
    def network(self) -> Network:
        detours = tuple(map(Detour.parse, self.site.traffic.connect_to))
        return Network(resolver=self.site.traffic.resolver, ca_file=str(self.site.traffic.ca_file), detours=detours)

    def key_file(self) -> Path:
        """The host key as the proxy has it mounted."""
        key = self.install.get("secret", "connect-ssh-host-key")["data"]["ssh-privatekey"]
        file = self.folder / "host-key"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(base64.b64decode(key))
        return file

    def ssh_keygen(self, *words: str) -> str:
        return subprocess.run(["ssh-keygen", *words], capture_output=True, text=True, check=True).stdout

    def connect(self, known_key: str) -> str:
        """What an SSH client says that knows the host by a key, and trusts no other."""
        known = self.folder / "known_hosts"
        known.write_text(f"{self.host} {known_key}\n")
        self.site.traffic.refresh()
        (address,) = self.network.addresses(self.host)
        options = {
            "HostKeyAlias": self.host,
            "UserKnownHostsFile": str(known),
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        command = ["ssh", "-F", "none", *words, "-p", str(bind(2222)), "-l", "user@session", address]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr


@contextmanager
def classes_given(install: Install) -> Iterator[None]:
    """Has the API server give each new Service the controller's class, as a webhook of the controller's chart does."""
    name, version = f"class-of-{install.namespace}", "admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": install.namespace}}
    given = f"Object{{spec: Object.spec{{loadBalancerClass: '{CLASS}'}}}}"
    policy = {
        "matchConstraints": {"namespaceSelector": namespace, "resourceRules": [rule]},
        "matchConditions": [{"name": "load-balancer", "expression": "object.spec.type == 'LoadBalancer'"}],
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": given}}],
    }
    made = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        for kind, spec in (
            ("MutatingAdmissionPolicy", policy),
            ("MutatingAdmissionPolicyBinding", {"policyName": name}),
        )
    ]
    install.kubectl("apply", "-f", "-", stdin="\n---\n".join(map(json.dumps, made)))
    try:
        yield
    finally:
        install.kubectl("delete", "-f", "-", stdin="\n---\n".join(map(json.dumps, made)))


@pytest.fixture(scope="module")
def world(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    install = new_install("ssh")
    stack = new_stack(install, ssh=True, platformVersion="26.2", serverReplicas=1, sshClientCidrs=["203.0.113.0/24"])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        connect_url = f"https://connect.{install.host}"
        site = Site(install.environment, install.namespace, tmp_path_factory.mktemp("traffic"), connect_url)
        try:
            assert "sshHostKeyFingerprint" in stack.preview_text().ok().text
            with classes_given(install):
                stack.up().ok()
            yield World(install, stack, site, tmp_path_factory.mktemp("ssh"))
        finally:
            site.close()


def test_platform_and_the_outputs_have_the_fingerprint_that_ssh_keygen_prints(world: World) -> None:
    printed = world.ssh_keygen("-lf", str(world.key_file())).split()
    platform = world.install.get("configmap", "tower-backend-cfg")["data"]
    outputs = world.stack.outputs()
    assert (printed[1], printed[-1]) == (platform[FINGERPRINT], "(ED25519)")
    assert outputs["sshHostKeyFingerprint"] == platform[FINGERPRINT]
    assert outputs["sshAddress"] == f"{world.host}:2222"
    told = {name: value for name, value in platform.items() if "SSH" in name and name != FINGERPRINT}
    assert told == {
        "TOWER_DATA_STUDIO_CONNECT_SSH_ADDRESS": world.host,
        "TOWER_DATA_STUDIO_CONNECT_SSH_PORT": "2222",
        "TOWER_DATA_STUDIO_SSH_ALLOWED_WORKSPACES": "",
        "TOWER_SSH_KEYS_MANAGEMENT_ENABLED": "true",
    }


def test_the_controller_makes_a_network_load_balancer_that_keeps_client_addresses(world: World) -> None:
    service = world.install.get("service", "connect-proxy-ssh")
    hostname = service["status"]["loadBalancer"]["ingress"][0]["hostname"]
    balancer, elb = world.install.load_balancer(hostname), world.install.client("elbv2")
    assert service["spec"]["loadBalancerClass"] == CLASS
    assert world.stack.preview("--refresh").changes == {}
    assert (balancer["Type"], balancer["Scheme"]) == ("network", "internet-facing")
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (2222, "TCP")
    (group,) = listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
    arn = group["TargetGroupArn"]
    attributes = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    assert {"Key": "preserve_client_ip.enabled", "Value": "true"} in attributes
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    record = world.install.records()[f"{world.host} A"]["AliasTarget"]
    assert record["DNSName"].rstrip(".").removeprefix("dualstack.") == hostname
    assert record["HostedZoneId"] == "Z26RNL4JYFTOTI"


def test_only_the_given_networks_reach_the_load_balancer(world: World) -> None:
    service = world.install.get("service", "connect-proxy-ssh")
    balancer = world.install.load_balancer(service["status"]["loadBalancer"]["ingress"][0]["hostname"])
    groups = world.install.client("ec2").describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"]
    rules = [rule for group in groups for rule in group["IpPermissions"] if rule.get("FromPort") == 2222]
    assert [[each["CidrIp"] for each in rule["IpRanges"]] for rule in rules] == [["203.0.113.0/24"]]


def test_the_pods_have_the_key_mounted_read_only_and_the_policy_lets_ssh_in(world: World) -> None:
    spec = world.install.get("deployment", "connect-proxy")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (mount,) = (each for each in container["volumeMounts"] if each["mountPath"] == "/etc/connect/ssh")
    (volume,) = (each for each in spec["volumes"] if each["name"] == mount["name"])
    assert (mount["readOnly"], volume["secret"]["secretName"]) == (True, "connect-ssh-host-key")
    policy = world.install.get("networkpolicy", "connect-proxy")["spec"]["ingress"]
    assert [[port["port"] for port in rule["ports"]] for rule in policy] == [[8081, 2222]]
    # A server has nothing to do with SSH.
    spec = world.install.get("statefulset", "connect-server")["spec"]["template"]["spec"]
    assert [each["name"] for each in spec["volumes"]] == ["tmp"]


def test_an_ssh_client_sees_the_key_of_the_stack_and_no_other(world: World) -> None:
    key = " ".join(world.ssh_keygen("-yf", str(world.key_file())).split()[:2])
    # Its host is who it should be: whether a user may in is another question.
    assert "Permission denied (publickey)" in world.connect(key)
    other = world.folder / "other"
    world.ssh_keygen("-q", "-t", "ed25519", "-N", "", "-f", str(other))
    another = " ".join(Path(f"{other}.pub").read_text().split()[:2])
    assert "Host key verification failed" in world.connect(another)


def test_verify_has_a_row_for_it(world: World) -> None:
    deployment = Deployment(world.stack.name, world.network, Options())
    deployment.__dict__.update(outputs=world.stack.outputs(), _config=_config(world.stack))
    checks = tuple(check for check in checks_of(deployment) if check.name in ("stack", "ssh"))
    assert [check.title for check in checks] == ["stack", "SSH host key"]
    rows = list(run(checks, deployment))
    assert [row.state for row in rows] == ["holds", "holds"], rows
    deployment.__dict__["outputs"] = {**world.stack.outputs(), "sshHostKeyFingerprint": "SHA256:another"}
    rows = list(run(checks, deployment))
    assert "and Platform has SHA256:another" in rows[-1].finding


def test_another_rotation_makes_another_key_and_restarts_who_reads_it(world: World) -> None:
    before = world.install.pod_names("connect-proxy", "connect-server", "backend", "cron")
    first = world.stack.outputs()["sshHostKeyFingerprint"]
    changes = world.stack.set(sshKeyRotation="2026-11-25").preview().changes
    assert {name: change for name, change in changes.items() if "replace" in change} == {
        "studios-ssh-host-key-key": "replace"
    }
    world.stack.up().ok()
    second = world.stack.outputs()["sshHostKeyFingerprint"]
    assert second != first
    assert world.install.get("configmap", "tower-backend-cfg")["data"][FINGERPRINT] == second
    assert world.ssh_keygen("-lf", str(world.key_file())).split()[1] == second
    after = world.install.pod_names("connect-proxy", "connect-server", "backend", "cron")
    assert [app for app in before if not before[app] & after[app]] == ["connect-proxy", "backend", "cron"]


def test_without_it_everything_of_ssh_is_gone(world: World) -> None:
    private = world.key_file().read_text().splitlines()[1]
    told = world.stack.set(ssh=None, sshClientCidrs=None, sshKeyRotation=None).up().ok().text
    assert private not in told
    assert "service/connect-proxy-ssh" not in world.install.names()
    assert "secret/connect-ssh-host-key" not in world.install.names()
    assert f"{world.host} A" not in world.install.records()
    assert [name for name in world.install.get("configmap", "tower-backend-cfg")["data"] if "SSH" in name] == []
    assert world.stack.preview().changes == {}


def _config(stack: Stack) -> Any:
    return json.loads(stack.pulumi("config", "--json", "--stack", stack.name).ok().stdout)
