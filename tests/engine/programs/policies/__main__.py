"""For each policy a resource that breaks it, named after it, and one beside it that keeps all of them."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import acm, vpc
from pulumi_kubernetes import apps, core, meta, networking
from pulumi_tls import PrivateKey

ALB = "alb.ingress.kubernetes.io"
RESTRICTED = core.v1.SecurityContextArgs(
    allow_privilege_escalation=False,
    run_as_non_root=True,
    capabilities=core.v1.CapabilitiesArgs(drop=["ALL"], add=["NET_BIND_SERVICE"]),
    seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
)


def config_map(name: str, data: Mapping[str, str]) -> None:
    """A ConfigMap."""
    core.v1.ConfigMap(name, metadata=meta.v1.ObjectMetaArgs(name=name), data=data)


def deployment(name: str, image: str, security: core.v1.SecurityContextArgs) -> None:
    """A Deployment of one container."""
    apps.v1.Deployment(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=name),
        spec=apps.v1.DeploymentSpecArgs(
            selector=meta.v1.LabelSelectorArgs(match_labels={"app": name}),
            template=core.v1.PodTemplateSpecArgs(
                metadata=meta.v1.ObjectMetaArgs(labels={"app": name}),
                spec=core.v1.PodSpecArgs(
                    containers=[core.v1.ContainerArgs(name="main", image=image, security_context=security)]
                ),
            ),
        ),
    )


def service(name: str, kind: str) -> None:
    """A Service of a type."""
    core.v1.Service(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=name),
        spec=core.v1.ServiceSpecArgs(
            type=kind, selector={"app": "main"}, ports=[core.v1.ServicePortArgs(port=80, target_port=8080)]
        ),
    )


def ingress(name: str, host: str, certificate: pulumi.Input[str], **changed: str) -> None:
    """An Ingress of the AWS Load Balancer Controller, with annotations changed."""
    annotations = {
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "load-balancer-attributes": "idle_timeout.timeout_seconds=301,routing.http2.enabled=false",
        **{key.replace("_", "-"): value for key, value in changed.items()},
    }
    networking.v1.Ingress(
        name,
        metadata=meta.v1.ObjectMetaArgs(
            name=name,
            annotations={
                f"{ALB}/certificate-arn": certificate,
                **{f"{ALB}/{key}": value for key, value in annotations.items()},
            },
        ),
        spec=networking.v1.IngressSpecArgs(
            ingress_class_name="alb",
            rules=[
                networking.v1.IngressRuleArgs(
                    host=host,
                    http=networking.v1.HTTPIngressRuleValueArgs(
                        paths=[
                            networking.v1.HTTPIngressPathArgs(
                                path="/",
                                path_type="Prefix",
                                backend=networking.v1.IngressBackendArgs(
                                    service=networking.v1.IngressServiceBackendArgs(
                                        name="main", port=networking.v1.ServiceBackendPortArgs(number=80)
                                    )
                                ),
                            )
                        ]
                    ),
                )
            ],
        ),
    )


def open_port(name: str, cidr: str) -> None:
    """A rule of a security group that is not a load balancer's."""
    vpc.SecurityGroupIngressRule(
        name, security_group_id="sg-0123456789abcdef0", ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4=cidr
    )


certificate = acm.Certificate(
    "certificate",
    domain_name="policies.example.com",
    subject_alternative_names=["*.policies.example.com"],
    validation_method="DNS",
)

config_map("no-plain-credentials", {"CONNECT_REDIS_PASSWORD": "hunter2"})
config_map("good-config-map", {"CONNECT_REDIS_PASSWORD_FILE": "/run/secrets/redis", "LOG_LEVEL": "INFO"})
ingress("tls-1-2-or-newer", "*.policies.example.com", certificate.arn, ssl_policy="ELBSecurityPolicy-2016-08")
ingress("long-idle-timeout", "*.policies.example.com", certificate.arn, load_balancer_attributes="a.b=c")
ingress("certificate-covers-host", "session.other.example.com", certificate.arn)
ingress("good-ingress", "*.policies.example.com", certificate.arn)
service("public-services", "LoadBalancer")
service("good-service", "NodePort")
open_port("no-open-security-group", "0.0.0.0/0")
open_port("good-security-group", "10.0.0.0/16")
deployment("restricted-pods", "registry.example.com/image:1.0", core.v1.SecurityContextArgs())
deployment("pinned-images", "registry.example.com:5000/image:latest", RESTRICTED)
deployment("good-deployment", "registry.example.com:5000/image:1.0", RESTRICTED)
PrivateKey("strong-rsa-key", algorithm="RSA", rsa_bits=1024, opts=pulumi.ResourceOptions(protect=True))
PrivateKey("protected-rsa-key", algorithm="RSA", rsa_bits=2048)
PrivateKey("good-key", algorithm="RSA", rsa_bits=2048, opts=pulumi.ResourceOptions(protect=True))
