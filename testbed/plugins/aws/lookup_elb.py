"""``aws:lb``: lookups of load balancers, listeners and their hosted zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from testbed.emulator import hosted_zones
from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, Lookup
from testbed.plugins.aws.security_group import single
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties, ProviderError


class GetLoadBalancer(Lookup):
    """``aws.lb.get_load_balancer``."""

    qualified_name = "aws:lb/getLoadBalancer:getLoadBalancer"
    title = "ELBv2 Load Balancer"
    arguments: ClassVar[Arguments] = {"arn": Argument("string"), "name": Argument("string"), "tags": Argument("map")}

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Exactly one."""
        found = [
            balancer
            for balancer in self._candidates(aws, args)
            if (args.get("tags") or {}).items() <= _tags(aws, balancer["LoadBalancerArn"]).items()
        ]
        if len(found) != 1:
            raise ProviderError(f"Search returned {len(found)} results, please revise so only one is returned")
        return self._answer(aws, found[0])

    @staticmethod
    def _candidates(aws: Aws, args: Properties) -> list[dict[str, Any]]:
        by: dict[str, Any] = {}
        if args.get("arn"):
            by["LoadBalancerArns"] = [args["arn"]]
        elif args.get("name"):
            by["Names"] = [args["name"]]
        try:
            pages = aws.client("elbv2").get_paginator("describe_load_balancers").paginate(**by)
            return [balancer for page in pages for balancer in page["LoadBalancers"]]
        except ClientError as error:
            if code_of(error) == "LoadBalancerNotFound":
                return []
            raise

    @staticmethod
    def _answer(aws: Aws, found: Mapping[str, Any]) -> Properties:
        arn = found["LoadBalancerArn"]
        answer = aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        attributes = tagging.to_dict(answer)

        def flag(key: str) -> bool:
            return attributes.get(key) == "true"

        def logs(kind: str) -> Properties:
            return {
                "bucket": attributes.get(f"{kind}.s3.bucket", ""),
                "enabled": flag(f"{kind}.s3.enabled"),
                "prefix": attributes.get(f"{kind}.s3.prefix", ""),
            }

        return {
            "id": arn,
            "arn": arn,
            "arnSuffix": arn.split(":loadbalancer/", 1)[-1],
            "accessLogs": logs("access_logs"),
            "clientKeepAlive": int(attributes.get("client_keep_alive.seconds", 3600)),
            "connectionLogs": [logs("connection_logs")],
            "customerOwnedIpv4Pool": found.get("CustomerOwnedIpv4Pool", ""),
            "desyncMitigationMode": attributes.get("routing.http.desync_mitigation_mode", ""),
            "dnsName": found["DNSName"],
            "dnsRecordClientRoutingPolicy": attributes.get("dns_record.client_routing_policy", ""),
            "dropInvalidHeaderFields": flag("routing.http.drop_invalid_header_fields.enabled"),
            "enableCrossZoneLoadBalancing": flag("load_balancing.cross_zone.enabled"),
            "enableDeletionProtection": flag("deletion_protection.enabled"),
            "enableHttp2": flag("routing.http2.enabled"),
            "enablePrefixForIpv6SourceNat": found.get("EnablePrefixForIpv6SourceNat", ""),
            "enableTlsVersionAndCipherSuiteHeaders": flag("routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
            "enableWafFailOpen": flag("waf.fail_open.enabled"),
            "enableXffClientPort": flag("routing.http.xff_client_port.enabled"),
            "enableZonalShift": flag("zonal_shift.config.enabled"),
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": found.get(
                "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", ""
            ),
            "healthCheckLogs": [logs("health_check_logs")],
            "idleTimeout": int(attributes.get("idle_timeout.timeout_seconds", 60)),
            "internal": found.get("Scheme") == "internal",
            "ipAddressType": found.get("IpAddressType", ""),
            "ipamPools": [],
            "loadBalancerType": found["Type"],
            "name": found["LoadBalancerName"],
            "preserveHostHeader": flag("routing.http.preserve_host_header.enabled"),
            "secondaryIpsAutoAssignedPerSubnet": int(attributes.get("secondary_ips.auto_assigned.per_subnet", 0)),
            "securityGroups": found.get("SecurityGroups") or [],
            "subnetMappings": [
                {
                    "allocationId": "",
                    "ipv6Address": "",
                    "outpostId": zone.get("OutpostId", ""),
                    "privateIpv4Address": "",
                    "subnetId": zone["SubnetId"],
                }
                for zone in found["AvailabilityZones"]
            ],
            "subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]],
            "tags": _tags(aws, arn),
            "vpcId": found.get("VpcId", ""),
            "xffHeaderProcessingMode": attributes.get("routing.http.xff_header_processing.mode", ""),
            "zoneId": found["CanonicalHostedZoneId"],
        }


class GetListener(Lookup):
    """``aws.lb.get_listener``: by ARN, or by load balancer and port."""

    qualified_name = "aws:lb/getListener:getListener"
    title = "ELBv2 Listener"
    arguments: ClassVar[Arguments] = {
        "arn": Argument("string"),
        "loadBalancerArn": Argument("string"),
        "port": Argument("int"),
        "tags": Argument("map"),
    }

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Exactly one."""
        if not args.get("arn") and not (args.get("loadBalancerArn") and args.get("port")):
            raise ProviderError("one of `arn,loadBalancerArn` must be specified, the latter with `port`")
        client = aws.client("elbv2")
        by = {"ListenerArns": [args["arn"]]} if args.get("arn") else {"LoadBalancerArn": args["loadBalancerArn"]}
        try:
            listeners = client.describe_listeners(**by)["Listeners"]
        except ClientError as error:
            if code_of(error) not in ("ListenerNotFound", "LoadBalancerNotFound"):
                raise
            listeners = []
        found = single("ELBv2 Listener", [item for item in listeners if args.get("port") in (None, item["Port"])])
        arn = found["ListenerArn"]
        return {
            "id": arn,
            "arn": arn,
            "alpnPolicy": next(iter(found.get("AlpnPolicy") or []), ""),
            "certificateArn": next((item["CertificateArn"] for item in found.get("Certificates") or []), ""),
            "defaultActions": [_default_action(index, item) for index, item in enumerate(found["DefaultActions"], 1)],
            "loadBalancerArn": found["LoadBalancerArn"],
            "mutualAuthentications": [],
            "port": found["Port"],
            "protocol": found["Protocol"],
            "sslPolicy": found.get("SslPolicy", "") if found["Protocol"] in ("HTTPS", "TLS") else "",
            "tags": _tags(aws, arn),
        }


class GetHostedZoneId(Lookup):
    """``aws.lb.get_hosted_zone_id``: needs no call."""

    qualified_name = "aws:lb/getHostedZoneId:getHostedZoneId"
    title = "ELBv2 Hosted Zone ID"
    arguments: ClassVar[Arguments] = {"loadBalancerType": Argument("string", default="application")}

    def find(self, aws: Aws, args: Properties) -> Properties:
        """The region's."""
        kind = args["loadBalancerType"]
        if kind not in ("application", "network"):
            raise ProviderError(f"expected load_balancer_type to be one of [application network], got {kind}")
        zone = hosted_zones.zone_id(aws.region, kind)
        if zone is None:
            raise ProviderError(f"unsupported AWS Region: {aws.region}")
        return {"id": zone, "loadBalancerType": kind}


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    answer = aws.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return aws.session.without_ignored(tagging.to_dict(answer[0]["Tags"] if answer else None))


def _default_action(index: int, action: Mapping[str, Any]) -> Properties:
    forward = action.get("ForwardConfig") or {}
    return {
        "type": action["Type"],
        "order": action.get("Order") or index,
        "targetGroupArn": action.get("TargetGroupArn", ""),
        "authenticateCognitos": [],
        "authenticateOidcs": [],
        "jwtValidations": [],
        "fixedResponses": [_camel(action["FixedResponseConfig"])] if "FixedResponseConfig" in action else [],
        "redirects": [_camel(action["RedirectConfig"])] if "RedirectConfig" in action else [],
        "forwards": [
            {
                "targetGroups": [
                    {"arn": group["TargetGroupArn"], "weight": group.get("Weight", 1)}
                    for group in forward.get("TargetGroups") or []
                ],
                "stickinesses": [],
            }
        ]
        if forward
        else [],
    }


def _camel(config: Mapping[str, Any]) -> Properties:
    return {key[0].lower() + key[1:]: value for key, value in config.items()}
