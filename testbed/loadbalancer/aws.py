"""Makes AWS have what a :class:`~testbed.loadbalancer.stack.Stack` says, changing only what differs.

What belongs to a group is found by its tags, so that nothing has to be remembered between two runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from testbed.loadbalancer import requests
from testbed.loadbalancer.account import tags_of
from testbed.loadbalancer.stack import CLUSTER_TAG, STACK_TAG, Listener, LoadBalancer, Rule, Stack, Tags, TargetGroup

log = logging.getLogger(__name__)
_DESCRIBE_TAGS_LIMIT = 20


class Deployer:
    """Applies and removes stacks of one cluster; ``client`` makes boto3 clients by service name."""

    def __init__(self, client: Callable[[str], Any], cluster_name: str) -> None:
        self._elb = client("elbv2")
        self._ec2 = client("ec2")
        self._cluster_name = cluster_name

    def apply(self, stack: Stack) -> str:
        """Creates, changes and removes until the stack is there; returns the load balancer's hostname."""
        existing = self._owned_load_balancers(stack.id)
        for arn, balancer in existing.items():
            if not _is_same(balancer, stack.load_balancer):
                self._delete_load_balancer(arn)
        security_groups = stack.load_balancer.security_groups or (self._apply_security_group(stack),)
        wanted = replace(stack.load_balancer, security_groups=security_groups)
        arn, hostname = self._apply_load_balancer(wanted, existing)
        target_groups = {group.name: self._apply_target_group(group, stack) for group in stack.target_groups}
        self._apply_listeners(arn, stack.listeners, target_groups)
        self._delete_target_groups(stack.id, keep=target_groups.values())
        if stack.security_group is None:
            self._delete_security_groups(stack.id)
        return hostname

    def remove(self, stack_id: str) -> None:
        """Takes away all that the stack of that id ever made."""
        for arn in self._owned_load_balancers(stack_id):
            self._delete_load_balancer(arn)
        self._delete_target_groups(stack_id, keep=())
        self._delete_security_groups(stack_id)

    # Load balancers

    def _owned_load_balancers(self, stack_id: str) -> dict[str, Any]:
        balancers = self._pages("describe_load_balancers", "LoadBalancers")
        return self._owned({balancer["LoadBalancerArn"]: balancer for balancer in balancers}, stack_id)

    def _apply_load_balancer(self, wanted: LoadBalancer, existing: Mapping[str, Any]) -> tuple[str, str]:
        balancer = next((item for item in existing.values() if _is_same(item, wanted)), None)
        if balancer is None:
            log.info("creating load balancer %s", wanted.name)
            created = self._elb.create_load_balancer(**requests.load_balancer(wanted))
            balancer = created["LoadBalancers"][0]
        arn = balancer["LoadBalancerArn"]
        if set(balancer.get("SecurityGroups", [])) != set(wanted.security_groups):
            self._elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=list(wanted.security_groups))
        if {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} != set(wanted.subnets):
            self._elb.set_subnets(LoadBalancerArn=arn, Subnets=list(wanted.subnets))
        if balancer.get("IpAddressType", "ipv4") != wanted.ip_address_type:
            self._elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=wanted.ip_address_type)
        actual = self._elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        if changed := requests.attributes(wanted.attributes, actual):
            self._elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=changed)
        self._apply_tags(arn, wanted.tags)
        # The controller publishes it so, and Kubernetes takes no capitals in a hostname.
        return arn, balancer["DNSName"].lower()

    def _delete_load_balancer(self, arn: str) -> None:
        log.info("deleting load balancer %s", arn)
        # Once its Ingresses are gone, the controller takes no notice of a deletion protection.
        unprotected = [{"Key": "deletion_protection.enabled", "Value": "false"}]
        self._elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=unprotected)
        for listener in self._pages("describe_listeners", "Listeners", LoadBalancerArn=arn):
            self._elb.delete_listener(ListenerArn=listener["ListenerArn"])
        self._elb.delete_load_balancer(LoadBalancerArn=arn)

    # Target groups

    def _apply_target_group(self, wanted: TargetGroup, stack: Stack) -> str:
        groups = self._pages("describe_target_groups", "TargetGroups")
        group = next((item for item in groups if item["TargetGroupName"] == wanted.name), None)
        if group is None:
            created = self._elb.create_target_group(**requests.target_group(wanted, stack.vpc_id))
            group = created["TargetGroups"][0]
        arn = str(group["TargetGroupArn"])
        if not requests.includes(group, health_check := requests.health_check(wanted)):
            self._elb.modify_target_group(TargetGroupArn=arn, **health_check)
        actual = self._elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        if changed := requests.attributes(wanted.attributes, actual):
            self._elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=changed)
        self._apply_tags(arn, wanted.tags)
        self._apply_targets(arn, wanted.targets)
        return arn

    def _apply_targets(self, arn: str, wanted: frozenset[tuple[str, int]]) -> None:
        described = self._elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        actual = {(item["Target"]["Id"], int(item["Target"]["Port"])) for item in described}
        if gone := actual - wanted:
            self._elb.deregister_targets(TargetGroupArn=arn, Targets=requests.targets(gone))
        if new := wanted - actual:
            self._elb.register_targets(TargetGroupArn=arn, Targets=requests.targets(new))

    def _delete_target_groups(self, stack_id: str, keep: Iterable[str]) -> None:
        groups = self._pages("describe_target_groups", "TargetGroups")
        for arn in self._owned({group["TargetGroupArn"]: group for group in groups}, stack_id):
            if arn not in keep:
                self._elb.delete_target_group(TargetGroupArn=arn)

    # Listeners and rules

    def _apply_listeners(self, balancer: str, wanted: Sequence[Listener], target_groups: Mapping[str, str]) -> None:
        described = self._pages("describe_listeners", "Listeners", LoadBalancerArn=balancer)
        existing = {int(listener["Port"]): listener for listener in described}
        for port in existing.keys() - {listener.port for listener in wanted}:
            self._elb.delete_listener(ListenerArn=existing[port]["ListenerArn"])
        for listener in wanted:
            body = requests.listener(listener, target_groups)
            actual = existing.get(listener.port)
            if actual is None:
                tags = requests.tags(listener.tags)
                created = self._elb.create_listener(LoadBalancerArn=balancer, Tags=tags, **body)
                actual = created["Listeners"][0]
            elif not requests.includes(actual, body):
                self._elb.modify_listener(ListenerArn=actual["ListenerArn"], **body)
            arn = actual["ListenerArn"]
            self._apply_tags(arn, listener.tags)
            self._apply_certificates(arn, listener.certificates)
            self._apply_rules(arn, listener.rules, target_groups)

    def _apply_certificates(self, listener: str, certificates: Sequence[str]) -> None:
        """Those beside the default one, which is part of the listener itself."""
        described = self._elb.describe_listener_certificates(ListenerArn=listener)["Certificates"]
        actual = {item["CertificateArn"] for item in described}
        if new := [arn for arn in certificates[1:] if arn not in actual]:
            self._elb.add_listener_certificates(ListenerArn=listener, Certificates=requests.certificates(new))
        if gone := sorted(actual - set(certificates)):
            self._elb.remove_listener_certificates(ListenerArn=listener, Certificates=requests.certificates(gone))

    def _apply_rules(self, listener: str, wanted: Sequence[Rule], target_groups: Mapping[str, str]) -> None:
        described = self._elb.describe_rules(ListenerArn=listener)["Rules"]
        existing = {int(rule["Priority"]): rule for rule in described if rule["Priority"] != "default"}
        for priority in existing.keys() - {rule.priority for rule in wanted}:
            self._elb.delete_rule(RuleArn=existing[priority]["RuleArn"])
        for rule in wanted:
            body = requests.rule(rule, target_groups)
            actual = existing.get(rule.priority)
            if actual is None:
                tags = requests.tags(rule.tags)
                self._elb.create_rule(ListenerArn=listener, Priority=rule.priority, Tags=tags, **body)
                continue
            if not requests.same_rule(actual, body):
                self._elb.modify_rule(RuleArn=actual["RuleArn"], **body)
            self._apply_tags(actual["RuleArn"], rule.tags)

    # The security group that the controller makes

    def _owned_security_groups(self, stack_id: str) -> list[Any]:
        tags = {CLUSTER_TAG: self._cluster_name, STACK_TAG: stack_id}
        filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        return list(self._ec2.describe_security_groups(Filters=filters)["SecurityGroups"])

    def _apply_security_group(self, stack: Stack) -> str:
        wanted = stack.security_group
        if wanted is None:
            raise ValueError("a stack without security groups of its own must name some")
        existing = self._owned_security_groups(stack.id)
        actual = existing[0]["IpPermissions"] if existing else []
        if existing:
            group_id = str(existing[0]["GroupId"])
        else:
            created = self._ec2.create_security_group(**requests.security_group(wanted, stack.vpc_id))
            group_id = str(created["GroupId"])
        if gone := requests.inbound(actual) - wanted.inbound:
            self._ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=requests.permissions(gone))
        if new := wanted.inbound - requests.inbound(actual):
            self._ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=requests.permissions(new))
        return group_id

    def _delete_security_groups(self, stack_id: str) -> None:
        for group in self._owned_security_groups(stack_id):
            self._ec2.delete_security_group(GroupId=group["GroupId"])

    # Tags, and what they say

    def _pages(self, operation: str, key: str, **arguments: Any) -> list[Any]:
        pages = self._elb.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]

    def _owned(self, resources: Mapping[str, Any], stack_id: str) -> dict[str, Any]:
        owned = {}
        arns = iter(resources)
        while chunk := list(islice(arns, _DESCRIBE_TAGS_LIMIT)):
            for description in self._elb.describe_tags(ResourceArns=chunk)["TagDescriptions"]:
                tags = tags_of(description)
                if (tags.get(CLUSTER_TAG), tags.get(STACK_TAG)) == (self._cluster_name, stack_id):
                    owned[description["ResourceArn"]] = resources[description["ResourceArn"]]
        return owned

    def _apply_tags(self, arn: str, wanted: Tags) -> None:
        actual = tags_of(self._elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0])
        if changed := {key: value for key, value in wanted.items() if actual.get(key) != value}:
            self._elb.add_tags(ResourceArns=[arn], Tags=requests.tags(changed))
        if gone := sorted(actual.keys() - wanted.keys()):
            self._elb.remove_tags(ResourceArns=[arn], TagKeys=gone)


def _is_same(actual: Mapping[str, Any], wanted: LoadBalancer) -> bool:
    """Neither name nor scheme of a load balancer can be changed: with another one it is another load balancer."""
    return bool(actual["LoadBalancerName"] == wanted.name and actual["Scheme"] == wanted.scheme)
