"""DNS, accounts and routes in each shape that docs/eks.md and docs/dns.md name, from the first preview to destroy."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed import paths
from testbed.cluster import kubectl
from testbed.errors import TestbedError
from testbed.lifecycle import EKS_CLUSTER
from tests.dns_shapes import SHAPES, Shape
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.shapes import SURROUNDINGS, row
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

EXAMPLES = paths.CHECKOUT / "examples" / "stacks"
OF_THE_PLACE = {"platformUrl", "platformVersion", "eksCluster", "namespace", "redisAddress"}
"""What an example says of the place, and the testbed's stacks say of theirs."""


@dataclass
class Zones:
    """The public zones of a test, and private ones."""

    install: Install

    def __post_init__(self) -> None:
        self.route53 = self.install.client("route53")
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def make(self, label: str, name: str, *, private: bool = False) -> str:
        """Makes a zone, and returns its id."""
        of_a_vpc: dict[str, Any] = {}
        if private:
            vpc = self.install.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
            region = self.install.environment["AWS_REGION"]
            of_a_vpc = {
                "VPC": {"VPCRegion": region, "VPCId": vpc},
                "HostedZoneConfig": {"Comment": "", "PrivateZone": True},
            }
        answer = self.route53.create_hosted_zone(Name=name, CallerReference=secrets.token_hex(4), **of_a_vpc)
        self.ids[label], self.names[label] = answer["HostedZone"]["Id"].rpartition("/")[2], name
        return self.ids[label]

    @contextmanager
    def delegated(self, label: str, parent: str, name: str) -> Iterator[None]:
        """A zone of its own for a name, to which the parent leads, for a while."""
        self.make(label, name)
        found = self.route53.list_resource_record_sets(HostedZoneId=self.ids[label])["ResourceRecordSets"]
        (servers,) = (each for each in found if each["Type"] == "NS")
        self._change(parent, "CREATE", servers)
        yield
        self._change(parent, "DELETE", servers)
        self.remove(label)

    def records(self, label: str) -> dict[str, Any]:
        """``name type`` → record, without what each zone has."""
        pages = self.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.ids[label])
        found = [each for page in pages for each in page["ResourceRecordSets"] if each["Type"] not in ("NS", "SOA")]
        return {f"{each['Name'].replace(chr(92) + '052', '*').rstrip('.')} {each['Type']}": each for each in found}

    def remove(self, label: str) -> None:
        """Takes one away."""
        for record in self.records(label).values():
            self._change(label, "DELETE", record)
        self.route53.delete_hosted_zone(Id=self.ids.pop(label))

    def _change(self, label: str, action: str, record: dict[str, Any]) -> None:
        changes = [{"Action": action, "ResourceRecordSet": record}]
        self.route53.change_resource_record_sets(HostedZoneId=self.ids[label], ChangeBatch={"Changes": changes})


@dataclass
class Site:
    """A Platform at a domain of its own, and the zones around it."""

    install: Install
    zones: Zones
    other: str
    deployed: Stack

    def stack(self, variables: dict[str, str] | None = None, **settings: Any) -> Stack:
        """The one stack of this site, with these settings and no others; the last test has destroyed what it had."""
        config = {**self.install.settings(), **settings}
        self.deployed.config = {key: value for key, value in config.items() if value is not None}
        self.deployed.write()
        return replace(self.deployed, environment={**self.deployed.environment, **(variables or {})})

    def here(self, text: str) -> str:
        """A text of a document, with the domains of this site."""
        here = text.replace("platform.example.com", self.install.host).replace("example.org", self.other)
        return here.replace("example.com", self.install.zone)

    def of_example(self, name: str) -> dict[str, Any]:
        """The settings of an example, as they are for this site."""
        config = YAML(typ="safe", pure=True).load(self.here((EXAMPLES / name).read_text()))["config"]
        found = {key.removeprefix("seqera-studios:"): value for key, value in config.items()}
        return {
            "hostedZone": None,
            **{key: value for key, value in found.items() if key not in OF_THE_PLACE and not key.startswith("aws:")},
        }

    def named(self, arn: str) -> set[str]:
        """The names of a certificate."""
        found = self.install.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        return {found["DomainName"], *found["SubjectAlternativeNames"]}

    def host_of_ingress(self) -> str:
        """The host of the stack's Ingress."""
        (rule,) = self.install.get("ingress", "connect-ingress")["spec"]["rules"]
        return str(rule["host"])


@pytest.fixture(scope="module")
def zones(environment: dict[str, str]) -> Iterator[Zones]:
    """Two of registrars of their own: no zone is above them, which would have to delegate."""
    made = Zones(Install("none", environment))
    names = {
        label: f"shapes-{secrets.token_hex(2)}.example.{top}" for label, top in (("public", "net"), ("other", "org"))
    }
    for label, name in names.items():
        made.make(label, name)
    yield made
    for label in list(made.ids):
        made.remove(label)


@pytest.fixture(scope="module")
def site(zones: Zones, new_install: NewInstall, new_stack: NewStack) -> Site:
    install = new_install("shapes", zones.names["public"])
    return Site(install, zones, zones.names["other"], new_stack(install))


@contextmanager
def life(site: Site, stack: Stack, tidy: Callable[[], object] = lambda: None) -> Iterator[dict[str, Any]]:
    """From the first preview over what is made, to what is left in the end: nothing, but for what others may use."""
    install, zones = site.install, site.zones
    before, certificates = install.objects(), install.certificates()
    records = {label: zones.records(label) for label in zones.ids}
    stack.preview_text().ok()
    assert install.objects() == before
    assert {label: zones.records(label) for label in zones.ids} == records

    stack.up().ok()
    yield stack.outputs()
    assert stack.preview("--expect-no-changes").changes == {}

    stack.destroy().ok()
    tidy()
    assert install.objects() == before
    assert install.certificates() == certificates
    for label in zones.ids:
        left = {name: each for name, each in zones.records(label).items() if name not in records[label]}
        # The validation of Platform's own domain, and of those above it, is left to the other certificates of it.
        assert all("acm-validations" in each["ResourceRecords"][0]["Value"] for each in left.values()), left
        assert all(install.host.endswith(name.partition(".")[2].partition(" ")[0]) for name in left), left


def alias_of(record: dict[str, Any]) -> str:
    """Where an alias leads to."""
    return str(record["AliasTarget"]["DNSName"]).rstrip(".")


@pytest.mark.parametrize("shape", SHAPES, ids=[each.name for each in SHAPES])
@row("connect's host")
@row("no zone named")
def test_each_shape_of_dns_is_made_as_the_document_says(shape: Shape, site: Site) -> None:
    settings: dict[str, Any] = {key: site.here(str(value)) for key, value in shape.settings.items()}
    stack = site.stack(hostedZone=None, **settings)
    with life(site, stack) as outputs:
        assert site.named(outputs["certificateArn"]) == {site.here(each) for each in shape.certificate}
        zone = "other" if "example.org" in shape.record else "public"
        made = site.zones.records(zone)
        assert alias_of(made[f"{site.here(shape.record)} A"]) == outputs["loadBalancerHostname"]
        validated = {name.partition(".")[2] for name in made if name.endswith(" CNAME")}
        assert validated >= {f"{site.here(each)} CNAME" for each in shape.validated}
        assert site.host_of_ingress() == site.here(shape.record)
        assert outputs["recordName"] == site.here(shape.record)
        assert outputs["sessionUrlPattern"] == site.here(shape.session_url)
        assert outputs["recordsToMake"] == {}


@row("delegated zone")
def test_of_several_zones_the_most_specific_one_that_holds_the_hosts_is_used(site: Site) -> None:
    host = site.install.host
    public = site.zones.records("public")
    stack = site.stack(hostedZone=None)
    with site.zones.delegated("delegated", "public", host), life(site, stack) as outputs:
        made = site.zones.records("delegated")
        assert alias_of(made.pop(f"*.{host} A")) == outputs["loadBalancerHostname"]
        (validation,) = made
        assert validation.endswith(f".{host} CNAME")
        assert site.zones.records("public") == public


@row("private twin")
def test_the_record_is_in_the_private_zone_and_the_validation_in_the_public_one(site: Site) -> None:
    private = site.zones.make("private", site.install.zone, private=True)
    settings = {**site.of_example(SURROUNDINGS["private twin"].example), "privateHostedZoneId": private}
    with life(site, site.stack(**settings)) as outputs:
        made = site.zones.records("private")
        assert set(made) == {f"*.{site.install.host} A"}
        assert alias_of(made[f"*.{site.install.host} A"]) == outputs["loadBalancerHostname"]
        assert f"*.{site.install.host} A" not in site.zones.records("public")
        assert site.install.load_balancer(outputs["loadBalancerHostname"])["Scheme"] == "internal"


@row("external-dns")
def test_external_dns_finds_the_host_at_the_ingress(site: Site) -> None:
    arn = site.install.wildcard_certificate()
    settings = {**site.of_example(SURROUNDINGS["external-dns"].example), "certificateArn": arn}
    records = site.zones.records("public")
    with life(site, site.stack(**settings)) as outputs:
        annotations = site.install.get("ingress", "connect-ingress")["metadata"]["annotations"]
        assert annotations["external-dns.alpha.kubernetes.io/hostname"] == f"*.{site.install.host}"
        assert annotations["alb.ingress.kubernetes.io/certificate-arn"] == outputs["certificateArn"] == arn
        assert site.zones.records("public") == records


@row("own certificate")
def test_a_route_with_its_own_certificate_uses_nothing_of_acm_and_route_53(site: Site) -> None:
    stack = site.stack(**site.of_example(SURROUNDINGS["own certificate"].example))
    records, certificates = site.zones.records("public"), site.install.certificates()
    with life(site, stack) as outputs:
        assert not any(":aws:" in urn for urn in stack.urns() if "pulumi:providers" not in urn)
        assert (site.zones.records("public"), site.install.certificates()) == (records, certificates)
        assert (outputs["certificateArn"], outputs["loadBalancerHostname"]) == ("", "")
        assert outputs["proxyService"] == "connect-proxy:80"
        assert outputs["recordsToMake"] == {f"*.{site.install.host}": "<load balancer>"}


@row("assumed role")
def test_a_role_that_is_assumed_makes_everything(site: Site) -> None:
    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer", "sessionName": "studios"}
    settings: dict[str, Any] = {
        "eksCluster": EKS_CLUSTER,
        "aws:assumeRoles": [role],
        "aws:allowedAccountIds": ["123456789012"],
    }
    with life(site, site.stack(hostedZone=None, **settings)) as outputs:
        assert outputs["certificateArn"].split(":")[4] == "123456789012"


# Controllers. Who deploys may read classes here, as docs/ingress.md says.


@contextmanager
def applied(*objects: dict[str, Any]) -> Iterator[None]:
    """Objects of the cluster, for a while."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    deadline = time.monotonic() + 30
    while True:
        try:
            kubectl("apply", "-f", "-", stdin=text)
            break
        except TestbedError:
            # An object of a kind that is just being made.
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    yield
    kubectl("delete", "-f", "-", "--ignore-not-found", stdin=text)


def ingress_class(name: str, controller: str, params: str | None = None) -> dict[str, Any]:
    reference = {"apiGroup": "eks.amazonaws.com", "kind": "IngressClassParams", "name": params}
    spec = {"controller": controller, **({"parameters": reference} if params else {})}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name}, "spec": spec}


def kind_of(group: str, version: str, kind: str) -> dict[str, Any]:
    """A CustomResourceDefinition that lets everything through."""
    plural = f"{kind.lower()}es" if kind.endswith("s") and not kind.endswith("Params") else kind.lower()
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/891"},
        },
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


ADMINISTRATOR = {"KUBECONFIG": str(paths.KUBECONFIG)}
OTHERS = {
    "ingress-nginx": "k8s.io/ingress-nginx",
    "Traefik": "traefik.io/ingress-controller",
    "Istio": "istio.io/ingress-controller",
}


@row("other controllers")
def test_other_controllers_and_gateway_classes_are_refused_by_name_with_the_way_out(site: Site) -> None:
    stack = site.stack(ADMINISTRATOR, hostedZone=None)
    before = site.install.objects()
    suffix = site.install.namespace
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": f"eg-{suffix}"},
        "spec": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
    }
    classes = {title: f"{title.lower()}-{suffix}" for title in OTHERS}
    objects = [ingress_class(name, OTHERS[title]) for title, name in classes.items()]
    with applied(*objects), applied(kind_of("gateway.networking.k8s.io", "v1", "GatewayClass")), applied(gateway):
        said = {
            title: stack.set(ingressClass=name).preview_text().text
            for title, name in {**classes, "Envoy Gateway": f"eg-{suffix}"}.items()
        }
    for title, controller in OTHERS.items():
        assert f'ingressClass: "{classes[title]}" is a class of {title} ({controller}), ' in said[title]
    assert (
        f'ingressClass: "eg-{suffix}" is a GatewayClass of the controller gateway.envoyproxy.io/gatewayclass-controller'
    ) in said["Envoy Gateway"]
    for text in said.values():
        assert SURROUNDINGS["other controllers"].refusal in text
        assert "pulumi config set ingress none" in text
    assert site.install.objects() == before


@contextmanager
def auto_mode(install: Install, group: str) -> Iterator[Callable[[], object]]:
    """EKS Auto Mode's part: our Ingress has the load balancer of a twin, which the testbed's controller serves."""
    done = threading.Event()

    def take_away() -> None:
        install.kubectl("delete", "ingress", "twin", "--ignore-not-found", "--timeout=60s")

    def play() -> None:
        while not done.wait(0.5):
            try:
                ours = install.get("ingress", "connect-ingress")
            except TestbedError:
                # It is not made yet, or gone: its load balancer lets go of the certificate, too.
                take_away()
                continue
            twin = {key: ours[key] for key in ("apiVersion", "kind")}
            kept = {
                key: value
                for key, value in ours["metadata"]["annotations"].items()
                if key.startswith("alb.ingress.kubernetes.io/")
            }
            assert "alb.ingress.kubernetes.io/group.name" not in kept
            kept["alb.ingress.kubernetes.io/group.name"] = group
            twin["metadata"] = {"name": "twin", "annotations": kept}
            twin["spec"] = {**ours["spec"], "ingressClassName": "alb"}
            install.kubectl("apply", "-f", "-", stdin=json.dumps(twin))
            status = install.get("ingress", "twin").get("status", {})
            if (status.get("loadBalancer") or {}).get("ingress") and ours.get("status") != status:
                patch = json.dumps({"status": {"loadBalancer": status["loadBalancer"]}})
                install.kubectl(
                    "patch", "ingress", "connect-ingress", "--subresource=status", "--type=merge", "-p", patch
                )

    thread = threading.Thread(target=play, daemon=True)
    thread.start()

    def end() -> None:
        done.set()
        thread.join(30)
        take_away()

    try:
        yield end
    finally:
        end()


@row("EKS Auto Mode")
def test_eks_auto_mode_gets_an_ingress_whose_group_is_that_of_its_class(site: Site) -> None:
    install = site.install
    name = f"auto-{install.namespace}"
    settings = site.of_example(SURROUNDINGS["EKS Auto Mode"].example)
    group = settings["loadBalancerGroup"]
    params = {
        "apiVersion": "eks.amazonaws.com/v1",
        "kind": "IngressClassParams",
        "metadata": {"name": name},
        "spec": {"scheme": "internet-facing", "group": {"name": group}},
    }
    of_class = ingress_class(name, "eks.amazonaws.com/alb", name)
    with applied(kind_of("eks.amazonaws.com", "v1", "IngressClassParams")), applied(params), applied(of_class):
        stack = site.stack(ADMINISTRATOR, **settings | {"ingressClass": name, "loadBalancerGroup": None})
        refused = stack.preview_text()
        assert f"loadBalancerGroup: must be the group of IngressClass {name}" in refused.text
        stack.set(loadBalancerGroup=group)
        with auto_mode(install, group) as end, life(site, stack, end) as outputs:
            ours, twin = install.get("ingress", "connect-ingress"), install.get("ingress", "twin")
            assert ours["spec"]["ingressClassName"] == name
            assert outputs["loadBalancerHostname"] == twin["status"]["loadBalancer"]["ingress"][0]["hostname"]
            assert f"*.{install.host} A" in site.zones.records("public")
