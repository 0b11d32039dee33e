"""SSH: the host key, the ways of its clients to the proxy, and what a stack without it doesn't have."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from components.compose_ssh import ComposeSshNetwork, ComposeSshNetworkArgs
from components.oidc import ExistingValue
from components.ssh import SshService, SshServiceArgs
from components.ssh_key import SshHostKey, SshHostKeyArgs
from settings.ssh_keys import fingerprint_of
from survey.compose import ComposeSite
from survey.ssh_balancer import SshBalancer
from testbed.annotations import is_known
from testbed.required import is_required
from tests.unit.components import mocks
from tests.unit.components.mocks import FINGERPRINT, NETWORK_LOAD_BALANCER, PRIVATE_SSH, Recording, run
from tests.unit.components.test_studios_on_compose import SITE
from tests.unit.components.test_studios_on_kubernetes import backend_environment, studios

ON: dict[str, Any] = {"ssh": True, "platformVersion": "26.2"}
KEYS: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "p384": ec.generate_private_key(ec.SECP384R1()),
}


def text(key: Any, form: PrivateFormat, encryption: KeySerializationEncryption | None = None) -> str:
    return str(key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode())


@pytest.mark.skipif(
    not shutil.which("ssh-keygen") and not is_required("ssh"),
    reason="ssh-keygen is missing: install Debian's openssh-client",
)
@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
@pytest.mark.parametrize("kind", sorted(KEYS))
def test_the_fingerprint_is_what_ssh_keygen_prints(kind: str, form: PrivateFormat, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(text(KEYS[kind], PrivateFormat.OpenSSH))
    printed = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    assert fingerprint_of(text(KEYS[kind], form)) == printed.split()[1]


@pytest.mark.parametrize(
    ("private", "says"),
    [
        ("nothing", "must be a private key, in the form of OpenSSH or PEM"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nbad\n-----END OPENSSH PRIVATE KEY-----\n", "must be a private key, in"),
        (text(KEYS["rsa"], PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")), "without a passphrase"),
        (text(ec.generate_private_key(ec.SECP224R1()), PrivateFormat.PKCS8), "P-256, P-384 and P-521"),
        (text(dsa.generate_private_key(2048), PrivateFormat.PKCS8), "must be an ed25519, ECDSA or RSA key"),
    ],
)
def test_what_is_no_key_for_ssh_is_refused_without_a_word_of_it(private: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        fingerprint_of(private)
    assert private not in str(refused.value)


def host_key(**changes: Any) -> Recording:
    def program() -> None:
        SshHostKey("key", SshHostKeyArgs(**changes))

    return run(program)


@pytest.mark.parametrize(
    ("types", "inputs"),
    [
        ((), {"algorithm": "ED25519"}),
        (("ssh-rsa", "ssh-ed25519"), {"algorithm": "ED25519"}),
        (("ecdsa-sha2-nistp384", "ssh-rsa"), {"algorithm": "ECDSA", "ecdsaCurve": "P384"}),
        (("ecdsa-sha2-nistp521",), {"algorithm": "ECDSA", "ecdsaCurve": "P521"}),
        (("ecdsa-sha2-nistp256",), {"algorithm": "ECDSA", "ecdsaCurve": "P256"}),
        (("ssh-rsa",), {"algorithm": "RSA", "rsaBits": 4096}),
    ],
)
def test_the_host_key_is_of_a_type_that_users_may_have(types: tuple[str, ...], inputs: dict[str, Any]) -> None:
    recording = host_key(key_types=types, rotation="1")
    assert (recording["key-key"].inputs, recording["key-key"].replacement_trigger) == (inputs, "rotation 1")
    assert recording["key"].outputs == {"private_key": PRIVATE_SSH, "fingerprint": FINGERPRINT}
    assert recording["key"].output_secrets == {"private_key"}


def test_an_existing_host_key_is_read_and_kept_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    private = text(KEYS["ed25519"], PrivateFormat.OpenSSH)
    monkeypatch.setattr(
        mocks, "_existing_data", lambda: {"ssh-privatekey": base64.b64encode(private.encode()).decode()}
    )
    recording = host_key(existing=ExistingValue(namespace="platform", secret="ours", key="ssh-privatekey"))
    assert recording.read["key-existing"] == ("kubernetes:core/v1:Secret", "platform/ours")
    assert recording["key"].outputs == {"private_key": private, "fingerprint": fingerprint_of(private)}
    assert recording["key"].output_secrets == {"private_key"}
    assert "key-key" not in recording.resources


def service(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "namespace": "platform",
        "service_name": "connect-proxy-ssh",
        "workload": "connect-proxy",
        "port": 2222,
        "scheme": "internet-facing",
        "target_type": "instance",
        "client_cidrs": ["0.0.0.0/0"],
    }

    def program() -> None:
        SshService("ssh", SshServiceArgs(**values | changes))

    return run(program)["ssh-service"].inputs


def test_the_service_is_a_network_load_balancer_of_the_controller_that_keeps_client_addresses() -> None:
    inputs = service(client_cidrs=["203.0.113.0/24"], target_type="ip", scheme="internal")
    annotations = {
        key.removeprefix("service.beta.kubernetes.io/aws-load-balancer-"): value
        for key, value in (inputs["metadata"]["annotations"].items())
    }
    assert annotations == {
        "type": "external",
        "nlb-target-type": "ip",
        "scheme": "internal",
        "target-group-attributes": "preserve_client_ip.enabled=true",
    }
    assert inputs["spec"] == {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "loadBalancerSourceRanges": ["203.0.113.0/24"],
        "selector": {"app": "connect-proxy"},
        "ports": [{"name": "ssh", "port": 2222, "targetPort": "ssh", "protocol": "TCP"}],
    }


@pytest.mark.parametrize(
    ("given", "annotation"),
    [("ipv4", "ipv4"), ("dualstack", "dualstack"), ("dualstack-without-public-ipv4", "dualstack")],
)
def test_the_load_balancer_has_the_kinds_of_addresses_that_it_can_have(given: str, annotation: str) -> None:
    annotations = service(ip_address_type=given)["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-ip-address-type"] == annotation


def test_every_annotation_of_the_service_is_one_that_the_controller_reads() -> None:
    annotations = service(ip_address_type="dualstack", tags="owner=research")["metadata"]["annotations"]
    assert len(annotations) == 6
    assert [name for name in annotations if not is_known(name)] == []


def test_a_stack_with_ssh_has_its_parts_and_tells_platform_of_them() -> None:
    recording = studios(**ON)
    secret = recording["studios-configuration-ssh-key"]
    assert secret.inputs["metadata"]["name"] == "connect-ssh-host-key"
    assert secret.inputs["stringData"] == {"ssh-privatekey": PRIVATE_SSH}
    assert secret.secrets == {"stringData"}
    container = recording["studios-proxy-deployment"].inputs["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "ssh", "containerPort": 2222, "protocol": "TCP"} in container["ports"]
    environment = backend_environment(recording)
    assert environment["TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT"] == FINGERPRINT
    assert environment["TOWER_DATA_STUDIO_CONNECT_SSH_ADDRESS"] == "connect-ssh.example.com"
    record = recording["studios-ssh-record-alias"].inputs
    assert (record["name"], record["aliases"][0]["name"]) == ("connect-ssh.example.com", NETWORK_LOAD_BALANCER)
    assert ("aws:lb/getHostedZoneId:getHostedZoneId", {"loadBalancerType": "network"}) in recording.calls
    # Clients come by the load balancer: the proxy is there first, and Platform knows its key before.
    assert (
        "studios-proxy-deployment" in recording["studios-ssh-service"].depends_on | recording["studios-ssh"].depends_on
    )
    outputs = recording["studios"].outputs
    assert (outputs["ssh_address"], outputs["ssh_host_key_fingerprint"]) == (
        "connect-ssh.example.com:2222",
        FINGERPRINT,
    )


def test_the_private_key_is_in_its_secret_and_nowhere_else() -> None:
    lines = PRIVATE_SSH.splitlines()
    found = [asked.name for asked in studios(**ON).resources.values() if lines[0] in json.dumps(asked.inputs)]
    assert found == ["studios-configuration-ssh-key"]


def test_a_stack_without_ssh_has_none_of_it() -> None:
    recording = studios(platformVersion="26.2")
    assert [name for name in recording.resources if "ssh" in name] == []
    assert "ssh" not in json.dumps(recording["studios-proxy-deployment"].inputs).lower()
    assert [name for name in backend_environment(recording) if "SSH" in name] == []


def test_a_record_of_ssh_that_exists_is_left_to_its_owner() -> None:
    recording = studios(**ON, sshRecord="existing")
    assert "studios-ssh-record" not in recording.resources
    assert recording["studios"].outputs["ssh_address"] == "connect-ssh.example.com:2222"


def on_compose(balancer: SshBalancer | None, *cidrs: str) -> Recording:
    import dataclasses

    site: ComposeSite = dataclasses.replace(SITE, ssh_balancer=balancer)

    def program() -> None:
        ComposeSshNetwork("ssh", ComposeSshNetworkArgs(site=site, port=2222, client_cidrs=cidrs))

    return run(program)


def rules(recording: Recording) -> list[tuple[str, str]]:
    found = [asked.inputs for asked in recording.resources.values() if asked.type.endswith(":SecurityGroupIngressRule")]
    assert all((each["fromPort"], each["toPort"], each["ipProtocol"]) == (2222, 2222, "tcp") for each in found)
    keys = ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId")
    return [(each["securityGroupId"], next(each[key] for key in keys if key in each)) for each in found]


ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/ssh/0123456789abcdef"


def nlb(group: str | None) -> SshBalancer:
    return SshBalancer(arn=ARN, hostname="ssh.elb", security_group=group, subnet_cidrs=("10.0.0.0/24", "10.0.1.0/24"))


def test_on_compose_clients_reach_the_instance_where_no_load_balancer_is_given() -> None:
    recording = on_compose(None, "203.0.113.0/24", "2001:db8::/32")
    group = SITE.instance_security_group
    assert sorted(rules(recording)) == [(group, "2001:db8::/32"), (group, "203.0.113.0/24")]
    assert [name for name in recording.resources if "listener" in name] == []


def test_on_compose_a_load_balancer_without_groups_may_check_the_instance_from_its_subnets() -> None:
    recording = on_compose(nlb(None), "203.0.113.0/24", "10.0.1.0/24")
    group = SITE.instance_security_group
    assert rules(recording) == [(group, "203.0.113.0/24"), (group, "10.0.1.0/24"), (group, "10.0.0.0/24")]
    targets = recording["ssh-targets"].inputs
    assert (targets["protocol"], targets["port"], targets["preserveClientIp"]) == ("TCP", 2222, "true")
    listener = recording["ssh-listener"].inputs
    assert (listener["loadBalancerArn"], listener["port"], listener["protocol"]) == (ARN, 2222, "TCP")
    assert rules(on_compose(nlb(None), "0.0.0.0/0")) == [(group, "0.0.0.0/0")]


def test_on_compose_a_load_balancer_with_a_group_lets_clients_in_by_it() -> None:
    recording = on_compose(nlb("sg-0f"), "203.0.113.0/24")
    assert rules(recording) == [("sg-0f", "203.0.113.0/24"), (SITE.instance_security_group, "sg-0f")]
