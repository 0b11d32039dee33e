"""The stack files of tests/stacks on the engine: previewed, brought up, and refused by a release that is too old."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from ruamel.yaml import YAML

from settings.fields import since
from settings.ssh_keys import fingerprint_of
from testbed import paths
from testbed.cluster import kubectl
from testbed.compose import network
from testbed.compose.host import FILES
from testbed.docker.platform import ComposePlatform
from testbed.docker.site import Site
from testbed.emulator import client as emulator
from testbed.lifecycle import EKS_CLUSTER
from tests.engine.compose_install import ComposeInstall
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import ZONE, Install
from tests.engine.stack import Stack
from tests.engine.test_dns import EDITOR, route53_of_the_other_account
from tests.unit.settings.test_all_settings import DOCUMENTS, PREFIX

pytestmark = pytest.mark.slow

#: What the testbed decides, whatever the file says.
OF_THE_TESTBED = ("platformUrl", "namespace", "hostedZone")
#: Not a release that this program knows: refused where a file has nothing that a release brought.
UNKNOWN = {"platformVersion": "24.3", "key": "platformVersion"}
INTERNAL_CLASS = "alb-internal"
MONITORS = "servicemonitors.monitoring.coreos.com"


def configured(name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a file, and those that are encrypted."""
    values = {key.removeprefix(PREFIX): value for key, value in DOCUMENTS[name]["config"].items()}
    values = {key: value for key, value in values.items() if key not in OF_THE_TESTBED}
    sealed = {key: each["secure"] for key, each in values.items() if isinstance(each, dict) and set(each) == {"secure"}}
    plain = {key: value for key, value in values.items() if key not in sealed and key != "aws:region"}
    named = {"hostedZoneId", "dns"} & plain.keys() or plain.get("certificate") == "none"
    return ({**plain, "hostedZone": None} if named else plain), sealed


def secret(install: Install, name: str, **values: str) -> None:
    words = (f"--from-literal={key}={value}" for key, value in values.items())
    install.kubectl("create", "secret", "generic", name, *words)


def point(install: Install, host: str, target: str) -> None:
    """Makes a record, as another owner has."""
    record = {"Name": host, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": target}]}
    change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    install.client("route53").change_resource_record_sets(HostedZoneId=install.zone_id, ChangeBatch=change)


def container(install: Install, deployment: str) -> dict[str, Any]:
    pod = install.get("deployment", deployment)["spec"]["template"]["spec"]
    return {**pod["containers"][0], "pod": pod}


def keys(install: Install) -> dict[str, Any]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    ssh = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    secret(install, "acme-oidc", **{"key.pem": pem})
    secret(install, "acme-token", registration="a-registration-token")
    secret(install, "acme-ssh", **{"ssh-privatekey": ssh.decode()})
    point(install, f"connect-ssh.{install.host}", "ssh.example.org")
    return {}


def keys_hold(install: Install, stack: Stack) -> None:
    """The proxy has the key that exists, Platform its fingerprint, and the stack has made none."""
    private = base64.b64decode(install.get("secret", "acme-ssh")["data"]["ssh-privatekey"]).decode()
    platform = install.get("configmap", "tower-backend-cfg")["data"]
    assert platform["TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT"] == fingerprint_of(private)
    proxy = container(install, "connect-proxy")
    (mount,) = (each for each in proxy["volumeMounts"] if each["mountPath"] == "/etc/connect/ssh")
    (volume,) = (each for each in proxy["pod"]["volumes"] if each["name"] == mount["name"])
    assert volume["secret"]["secretName"] == "acme-ssh"
    assert {"secret/platform-oidc-certs", "secret/connect-ssh-host-key"} & install.names() == set()
    assert f"connect-ssh.{install.host} CNAME" in install.records()
    assert f"connect-ssh.{install.host} A" not in install.records()


def pods(install: Install) -> dict[str, Any]:
    install.kubectl("create", "configmap", "acme-ca", f"--from-file=ca.crt={paths.PKI / 'ca.crt'}")
    return {}


def pods_hold(install: Install, stack: Stack) -> None:
    """backend and cron have the CA as a file and give it to sessions; proxy and server trust it."""
    for name in ("backend", "cron"):
        found = container(install, name)
        data = install.get("configmap", "tower-backend-cfg")["data"]
        variables = {**data, **{each["name"]: each.get("value") for each in found["env"]}}
        path = variables["TOWER_SSL_CUSTOM_CA_CERT_FILE"]
        (mount,) = (each for each in found["volumeMounts"] if path.startswith(f"{each['mountPath']}/"))
        (volume,) = (each for each in found["pod"]["volumes"] if each["name"] == mount["name"])
        assert (volume["configMap"]["name"], path.rpartition("/")[2]) == ("acme-ca", "ca.crt")
    tower_yml = install.get("configmap", "tower-yml")["data"]["tower.yml"]
    assert '  data-studio:\n    approaching-expiration-threshold: "20m"\n' in tower_yml
    for name in ("connect-proxy", "connect-server"):
        assert install.get("configmap", name)["data"]["SSL_CERT_DIR"] == "/etc/connect/ca"
    pod = container(install, "connect-proxy")["pod"]
    assert pod["priorityClassName"] == "system-cluster-critical"
    assert "networkpolicy.networking.k8s.io/connect-proxy" not in install.names("networkpolicies")


def redis(install: Install) -> dict[str, Any]:
    secret(install, "acme-redis-client", **{"tls.crt": "a certificate", "tls.key": "a key"})
    secret(install, "acme-redis-ca", **{"ca.crt": (paths.PKI / "ca.crt").read_text()})
    secret(install, "acme-redis", password="a password")
    return {}


def redis_holds(install: Install, stack: Stack) -> None:
    """Prometheus finds both by the labels of their Services, and no password is copied."""
    monitor = install.get(MONITORS, "connect-proxy")["spec"]
    ports = [each["port"] for each in monitor["endpoints"]]
    assert ports == ["management"]
    (variable,) = (e for e in container(install, "connect-proxy")["env"] if e["name"] == "CONNECT_REDIS_PASSWORD")
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "acme-redis", "key": "password"}
    assert "a password" not in stack.state()


def made_keys(install: Install) -> dict[str, Any]:
    """The install's objects under the names of the file."""
    for wanted in ("acme-backend", "acme-cron"):
        data = install.get("configmap", "tower-backend-cfg")["data"]
        apply(install, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": wanted}, "data": data})
    text = install.get("configmap", "tower-yml")["data"]["tower.yml"]
    apply(install, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "acme-yml"}, "data": {"a.yml": text}})
    for role in ("backend", "cron"):
        spec = json.dumps(install.get("deployment", role)["spec"])
        for old, new in (("tower-backend-cfg", f"acme-{role}"), ("tower-yml", "acme-yml"), ("tower.yml", "a.yml")):
            spec = spec.replace(json.dumps(old), json.dumps(new))
        body = json.loads(spec)
        body["template"]["spec"]["containers"][0]["name"] = "platform"
        install.kubectl("delete", "deployment", role, "--wait")
        metadata = {"name": f"platform-{role}"}
        apply(install, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": body})
        install.kubectl("rollout", "status", f"deployment/platform-{role}", "--timeout=120s")
    ec2, route53 = install.client("ec2"), install.client("route53")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["testbed-vpc"]}])["Vpcs"][0]["VpcId"]
    private = route53.create_hosted_zone(
        Name=install.host,
        CallerReference=install.host,
        VPC={"VPCRegion": install.environment["AWS_REGION"], "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    zones = {"hostedZoneId": install.zone_id, "privateHostedZoneId": private}
    # The key's protection would keep the stack from being destroyed; tests/engine/test_changes.py holds it.
    return {**{key: zone.removeprefix("/hostedzone/") for key, zone in zones.items()}, "protectKey": None}


def made_keys_hold(install: Install, stack: Stack) -> None:
    """The load balancer is as asked for, and has the tags that all of the stack's resources get."""
    elb = install.client("elbv2")
    balancer = install.load_balancer(stack.outputs()["loadBalancerHostname"])
    arn = balancer["LoadBalancerArn"]
    assert (balancer["Scheme"], balancer["IpAddressType"]) == ("internal", "dualstack")
    tags = {tag["Key"]: tag["Value"] for tag in elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]}
    assert tags["cost-center"] == "4711"
    attributes = {
        a["Key"]: a["Value"] for a in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    }
    assert attributes["idle_timeout.timeout_seconds"] == "600"
    records = install.client("route53").list_resource_record_sets(HostedZoneId=stack.config["privateHostedZoneId"])
    types = {each["Type"] for each in records["ResourceRecordSets"] if each["Name"].startswith("\\052.")}
    assert types == {"A", "AAAA"}
    text = install.get("configmap", "acme-yml")["data"]["a.yml"]
    assert "allowed-workspaces: null" in text


def apply(install: Install, body: dict[str, Any]) -> None:
    install.kubectl("apply", "-f", "-", stdin=json.dumps(body))


def own_host(label: str) -> Callable[[Install], dict[str, Any]]:
    return lambda install: {"connectUrl": f"https://{label}.{install.host}"}


def sessions_hold(install: Install, stack: Stack) -> None:
    """Another quota changes what the proxy reads at its start, and restarts nothing else."""
    apps = ("backend", "connect-proxy", "connect-server", "cron")
    before = install.pod_ids(*apps)
    (bucket,) = stack.config["transferPolicy"]["buckets"]
    stack.set(transferPolicy={"buckets": [{**bucket, "quotas": [{"bytes": "60GB", "window": "24h"}]}]})
    changed = {"studios-configuration-proxy": "update", "studios-proxy-deployment": "update"}
    assert stack.preview().changes == changed
    stack.up().ok()
    after = install.pod_ids(*apps)
    assert [app for app in apps if not before[app] & after[app]] == ["connect-proxy"]


def by_kubeconfig(install: Install) -> dict[str, Any]:
    return {"certificateArn": install.wildcard_certificate()}


def far_zone(install: Install) -> dict[str, Any]:
    route53 = route53_of_the_other_account(install)
    zone = route53.create_hosted_zone(Name=install.host, CallerReference=install.host)["HostedZone"]["Id"]
    return {"hostedZoneId": zone.removeprefix("/hostedzone/"), "hostedZoneRoleArn": EDITOR}


def other_cluster(install: Install) -> dict[str, Any]:
    point(install, f"*.{install.host}", "balancer.example.org")
    return {"certificateArn": install.wildcard_certificate(), "eksCluster": EKS_CLUSTER}


def nothing_more(install: Install, stack: Stack) -> None:
    """What else the file says is held by unit tests."""


PREPARED: dict[str, tuple[Callable[[Install], dict[str, Any]], Callable[[Install, Stack], None]]] = {
    "connect": (lambda install: {}, nothing_more),
    "keys": (keys, keys_hold),
    "kubeconfig": (by_kubeconfig, nothing_more),
    "made-keys": (made_keys, made_keys_hold),
    "no-ingress": (far_zone, nothing_more),
    "other-cluster": (other_cluster, nothing_more),
    "pods": (pods, pods_hold),
    "redis": (redis, redis_holds),
    "sessions": (own_host("studios"), sessions_hold),
    "ssh": (lambda install: {"sshHost": f"shell.{install.host}"}, nothing_more),
}


def refused_in_its_words(stack: Stack, name: str) -> None:
    """Each release that doesn't know the file says so, and Platform 25.1 of each setting that came after it."""
    for refused in DOCUMENTS[name].get("refused", [UNKNOWN]):
        told = stack.set(**{key: value for key, value in refused.items() if key != "key"}).preview_text()
        assert told.code != 0
        assert f"seqera-studios:{refused['key']}: " in told.text
    told = stack.set(platformVersion="25.1").preview_text()
    newer = {key for key in stack.config if ":" not in key and (since(key).platform or "25.1") != "25.1"}
    assert {key for key in newer if f"seqera-studios:{key}: " not in told.text} == set()


@pytest.fixture(scope="module")
def internal_class() -> Iterator[None]:
    spec = {"controller": "ingress.k8s.aws/alb"}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": INTERNAL_CLASS}}
    kubectl("apply", "-f", "-", stdin=json.dumps({**body, "spec": spec}))
    yield
    kubectl("delete", "ingressclass", INTERNAL_CLASS)


@pytest.fixture(scope="module")
def operator() -> Iterator[None]:
    """The Prometheus Operator's definition, as far as an API server needs it to take the objects."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"kind": "ServiceMonitor", "plural": "servicemonitors", "singular": "servicemonitor"}
    spec = {"group": "monitoring.coreos.com", "scope": "Namespaced", "names": names, "versions": [version]}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": MONITORS}}
    kubectl("apply", "-f", "-", stdin=json.dumps({**body, "spec": spec}))
    kubectl("wait", "--for=condition=Established", f"crd/{MONITORS}", "--timeout=60s")
    yield
    kubectl("delete", "crd", MONITORS)


def test_a_service_monitor_without_the_operator_is_refused(new_install: NewInstall, new_stack: NewStack) -> None:
    stack = new_stack(new_install("monitor"), serviceMonitor=True, managementPort=9100)
    told = stack.preview_text()
    assert told.code != 0
    assert "seqera-studios:serviceMonitor: true needs the Prometheus Operator" in told.text


@pytest.mark.parametrize("name", sorted(PREPARED))
@pytest.mark.usefixtures("internal_class", "operator")
def test_a_file_is_previewed_brought_up_with_nothing_left_and_refused_by_an_earlier_release(
    name: str, new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install(f"all-{name}", shape="guide")
    prepare, hold = PREPARED[name]
    plain, sealed = configured(name)
    stack = new_stack(install, sealed, **{**plain, **prepare(install)})
    before = install.objects()
    if "kubeconfig" in plain:
        stack.set(kubeconfig=stack.environment["KUBECONFIG"])
    stack.preview_text().ok()
    stack.up().ok()
    assert stack.preview().changes == {}
    hold(install, stack)
    as_it_was = dict(stack.config)
    refused_in_its_words(stack, name)
    stack.set(**{**dict.fromkeys(stack.config), **as_it_was}).destroy().ok()
    assert install.objects() == before


def network_load_balancer(instance: network.ComposePlatform, environment: dict[str, str]) -> dict[str, Any]:
    """Another load balancer in the subnets of the instance's."""
    elb = emulator.client("elbv2", environment)
    zones = elb.describe_load_balancers(LoadBalancerArns=[instance.load_balancer_arn])["LoadBalancers"][0]
    subnets = [zone["SubnetId"] for zone in zones["AvailabilityZones"]]
    (made,) = elb.create_load_balancer(Name=f"{instance.name}-nlb", Type="network", Subnets=subnets)["LoadBalancers"]
    return dict(made)


def configured_for(name: str, instance: network.ComposePlatform, environment: dict[str, str]) -> dict[str, Any]:
    """The values of a file, where what AWS has is the instance with its load balancers."""
    plain, _ = configured(name)
    tags = {"Name": instance.name}
    found = {
        "instanceId": instance.instance_id,
        "instanceSecurityGroup": instance.instance_security_group,
        "loadBalancer": instance.name,
        "listenerArn": instance.listener_arn,
        "sshLoadBalancer": f"{instance.name}-nlb",
        "instanceTags": tags,
        "loadBalancerTags": tags,
        "listenerTags": tags,
    }
    return {
        **plain,
        **{key: value for key, value in found.items() if key in plain},
        "aws:region": environment["AWS_REGION"],
        "platformUrl": f"https://{instance.name}.{ZONE}",
        "hostedZone": ZONE,
    }


@pytest.mark.usefixtures("one_compose_stack")
def test_a_file_of_compose_by_tags_is_brought_up_and_refused_by_an_earlier_release(
    environment: dict[str, str], tmp_path: Path
) -> None:
    name = "compose-by-tags"
    instance = network.create(f"all-{secrets.token_hex(2)}", environment)
    emulator.client("elbv2", environment).add_tags(
        ResourceArns=[instance.load_balancer_arn, instance.listener_arn],
        Tags=[{"Key": "Name", "Value": instance.name}],
    )
    with ExitStack() as ending:
        ending.callback(network.remove, instance, environment)
        stack = Stack(instance.name, tmp_path / "stack", environment, configured_for(name, instance, environment))
        stack.create()
        ending.callback(stack.remove)
        ending.callback(stack.destroy)
        stack.preview_text().ok()
        stack.up().ok()
        assert stack.preview().changes == {}
        as_it_was = dict(stack.config)
        refused_in_its_words(stack, name)
        stack.set(**{**dict.fromkeys(stack.config), **as_it_was})


def owners_files() -> dict[str, str | None]:
    """The files of an owner with names, users and networks of their own, and an OIDC provider that is in use."""
    compose = YAML(typ="safe").load((FILES / "docker-compose.yml").read_text().replace("v25.3.0", "v26.1.0"))
    services = compose["services"]
    for role in ("backend", "cron"):
        service = services[f"tower-{role}"] = services.pop(role)
        service["volumes"].append("./oidc.pem:/oidc.pem:ro")
        # The frontend's own configuration has this name.
        service["networks"] = {"frontend": {"aliases": [role]}, "backend": {}}
        service["user"] = "1000"
    services["frontend"]["depends_on"] = ["tower-backend"]
    compose["networks"]["studios"] = {}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    oidc = "TOWER_OIDC_PEM_PATH=/oidc.pem\nTOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN=of-the-owner\n"
    return {
        "docker-compose.yml": None,
        # JSON is YAML, too.
        "compose.yaml": json.dumps(compose, indent=2),
        "tower.env": (FILES / "tower.env").read_text() + oidc,
        "oidc.pem": (private + public).decode(),
    }


@pytest.mark.docker
@pytest.mark.usefixtures("one_compose_stack")
def test_a_file_of_compose_is_brought_up_with_nothing_left_and_refused_by_an_earlier_release(
    environment: dict[str, str], docker_site: Site, tmp_path: Path
) -> None:
    name = "compose"
    instance = network.create(f"all-{secrets.token_hex(2)}", environment)
    domain = f"{instance.name}.{ZONE}"
    host = ComposePlatform.create(docker_site.machine, owner="ec2-user", domain=domain, files=owners_files())
    settings = host.outside / "tower.env"
    settings.write_text(settings.read_text().replace("https://example.com", f"https://{domain}"))
    install = ComposeInstall(instance, host, docker_site, environment)
    balancer = network_load_balancer(instance, environment)
    elb, iam = emulator.client("elbv2", environment), emulator.client("iam", environment)
    with ExitStack() as ending:
        ending.callback(install.remove)
        ending.callback(elb.delete_load_balancer, LoadBalancerArn=balancer["LoadBalancerArn"])
        host.compose("up", "--detach")
        host.wait_until_healthy("tower-backend", "tower-cron")
        install.bring_online()
        docker_site.log_in("ec2-user", "/home/ec2-user")
        before, identities = host.snapshot(), host.identities()
        rules = elb.describe_rules(ListenerArn=instance.listener_arn)["Rules"]
        config = {**configured_for(name, instance, environment), "composeFolder": str(host.folder)}
        stack = Stack(instance.name, tmp_path / "stack", environment, config).create()
        ending.callback(stack.remove)
        ending.callback(stack.destroy)
        stack.preview_text().ok()
        # The role may not read the secret yet: the file leaves the policy to the owner of the role.
        assert stack.up().code != 0
        policy = stack.outputs()["instancePolicy"]
        iam.put_role_policy(RoleName=instance.role, PolicyName="by-hand", PolicyDocument=policy)
        stack.up().ok()
        assert stack.preview().changes == {}
        compose_holds(install, stack)
        as_it_was = dict(stack.config)
        refused_in_its_words(stack, name)
        stack.set(**{**dict.fromkeys(stack.config), **as_it_was}).destroy().ok()
        assert host.snapshot() == before
        assert host.restarted(identities) == {"tower-backend", "tower-cron"}
        assert elb.describe_rules(ListenerArn=instance.listener_arn)["Rules"] == rules
        assert elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"] == []


def compose_holds(install: ComposeInstall, stack: Stack) -> None:
    """The containers have the names, networks and keys of the file, and SSH a listener."""
    running = install.host.containers()
    assert (install.host.folder / "compose.studios.yaml").exists()
    joined = {
        service: json.loads(
            install.host.machine.docker(
                "inspect", "--format", "{{json .NetworkSettings.Networks}}", running[service].id
            )
        )
        for service in ("connect-proxy", "connect-server")
    }
    networks = {service: {each.partition("_")[2] for each in found} for service, found in joined.items()}
    assert networks == {"connect-proxy": {"frontend", "backend", "studios"}, "connect-server": {"backend", "studios"}}
    for service in ("tower-backend", "tower-cron"):
        found = running[service].environment
        assert found["TOWER_OIDC_PEM_PATH"] == "/oidc.pem"
        assert found["TOWER_DATA_STUDIO_CONNECT_SSH_PORT"] == "2222"
    assert running["connect-proxy"].environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] == "of-the-owner"
    elb = emulator.client("elbv2", install.environment)
    (balancer,) = elb.describe_load_balancers(Names=[f"{install.platform.name}-nlb"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 2222)
    rule = next(
        each
        for each in elb.describe_rules(ListenerArn=install.platform.listener_arn)["Rules"]
        if each["Priority"] == "10"
    )
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == [f"*.{install.domain}"]
    assert stack.outputs()["sshAddress"] == f"connect-ssh.{install.domain}:2222"
