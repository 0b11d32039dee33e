"""What exists already around a Platform that runs with Docker Compose: its EC2 instance and its load balancer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.remedies import Write
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.idle_timeout import check_idle_timeout
from survey.instance_rules import opened_already
from survey.inventory import Candidate, Inventory, Tags, instances_in, listed
from survey.listener_rules import survey_rules
from survey.ssh_balancer import SshBalancer, find_ssh_balancer

HTTPS_PORT = 443

_NOT_THERE = {
    "InvalidInstanceID.NotFound",
    "InvalidInstanceID.Malformed",
    "LoadBalancerNotFound",
    "ListenerNotFound",
    "NoSuchEntity",
    "ValidationError",
}
"""What AWS answers where it has nothing of that name, or nothing can have it."""

_T = TypeVar("_T")
Described = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ComposeSite:
    """The instance and the load balancer that Studios is put beside; nothing of it is ours.

    Args:
        instance_id: the EC2 instance.
        instance_security_group: the group of the instance that is opened.
        role: the role of the instance's profile; None if it is not needed.
        load_balancer_security_group: a group of the load balancer: traffic from it is let in.
        load_balancer_hostname: the load balancer's DNS name.
        vpc_id: where both are.
        listener_arn: the HTTPS listener.
        ssh_balancer: that of SSH; None where there is none.
        warnings: what the user should know and what stops nothing.
        first: what stands against a stack that has made nothing yet.
    """

    instance_id: str
    instance_security_group: str
    role: str | None
    load_balancer_security_group: str
    load_balancer_hostname: str
    vpc_id: str
    listener_arn: str
    ssh_balancer: SshBalancer | None = None
    warnings: tuple[str, ...] = ()
    first: tuple[Problem, ...] = ()


def find_site(settings: Settings, account: AwsAccount) -> ComposeSite:
    """Looks up what the settings name.

    Raises:
        SettingsError: with everything that is not there, or is not as it must be.
    """
    return _Survey(settings, account).site()


class _Survey:
    """The lookups of one stack, and the problems that they have found."""

    def __init__(self, settings: Settings, account: AwsAccount) -> None:
        self._settings = settings
        self._account = account
        self._place = f"{account.place} in {account.region}"
        self._inventory = Inventory(account)
        self._problems: list[Problem] = []
        self._warnings: list[str] = []

    def site(self) -> ComposeSite:
        instance, balancer = self._instance(), self._load_balancer()
        listener = self._listener(balancer) if balancer is not None else None
        first: list[Problem] = []
        if listener is not None:
            rules = survey_rules(self._settings, self._account, listener)
            self._problems += rules.problems
            first += rules.first
        ssh_balancer = find_ssh_balancer(self._settings, self._account, self._problems, first)
        group, role = "", None
        if instance is not None:
            group, role = self._security_group(instance), self._role(instance)
            if balancer is not None and instance.get("VpcId") not in (None, balancer["VpcId"]):
                self._wrong_vpc(instance, balancer)
        if self._problems or instance is None or balancer is None or listener is None:
            raise SettingsError(self._problems)
        source = sorted(balancer["SecurityGroups"])[0]
        first += opened_already(self._account, group, source, self._settings.proxy_port)
        return ComposeSite(
            instance_id=instance["InstanceId"],
            instance_security_group=group,
            role=role,
            load_balancer_security_group=source,
            load_balancer_hostname=balancer["DNSName"],
            vpc_id=balancer["VpcId"],
            listener_arn=listener,
            ssh_balancer=ssh_balancer,
            warnings=tuple(self._warnings),
            first=tuple(first),
        )

    def _wrong_vpc(self, instance: Described, balancer: Described) -> None:
        key, value = _named(self._settings.instance_id, self._settings.instance_tags, "instance", "instanceId")
        name, own, theirs = balancer["LoadBalancerName"], instance["VpcId"], balancer["VpcId"]
        message = f"is in {own}, and the load balancer {name} in {theirs}, where it reaches no other VPC's instances"
        self._wrong(key, value, f"{message}; write the instance that it serves, or a load balancer of {own}")

    def _instance(self) -> Described | None:
        settings = self._settings

        def look() -> list[Described]:
            name, tags = settings.instance_id, settings.instance_tags or {}
            filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
            running = {"Name": "instance-state-name", "Values": ["running"]}
            which = {"InstanceIds": [name]} if name else {"Filters": [*filters, running]}
            found = self._account.pages("ec2", "describe_instances", "Reservations", instances_in, **which)
            return [each for reservation in found for each in reservation]

        key, value = _named(settings.instance_id, settings.instance_tags, "instance", "instanceId")
        return self._only(key, value, look, self._inventory.instances, "running instance", settings.instance_tags)

    def _load_balancer(self) -> Described | None:
        name, tags = self._settings.load_balancer, self._settings.load_balancer_tags

        def look() -> list[Described]:
            which = {"LoadBalancerArns" if name.startswith("arn:") else "Names": [name]} if name else {}
            found = self._account.pages("elbv2", "describe_load_balancers", "LoadBalancers", _balancer, **which)
            if tags is None:
                return found
            have = self._inventory.tags_of(each["LoadBalancerArn"] for each in found)
            return [each for each in found if tags.items() <= have[each["LoadBalancerArn"]].items()]

        key, value = _named(name, tags, "loadBalancer", "loadBalancer")
        others = self._inventory.load_balancers
        balancer = self._only(key, value, look, others, "application load balancer", tags)
        if balancer is None:
            return None
        found = balancer["LoadBalancerName"]
        if balancer["Type"] != "application":
            self._wrong("loadBalancer", found, "is not an Application Load Balancer; write the name or ARN of one")
            return balancer
        check_idle_timeout(self._settings, self._account, balancer, self._problems, self._warnings)
        if not balancer.get("SecurityGroups"):
            self._wrong("loadBalancer", found, "has no security group, so that nothing can be let in from it")
        return balancer

    def _listener(self, balancer: Described) -> str | None:
        arn, tags = self._settings.listener_arn, self._settings.listener_tags
        balancer_arn, name = balancer["LoadBalancerArn"], balancer["LoadBalancerName"]

        def look() -> list[Candidate]:
            return self._inventory.listeners(balancer_arn)

        key, value = ("listenerArn", arn) if tags is None else ("listenerTags", tags)
        try:
            there = look()
            listeners = self._account.pages(
                "elbv2", "describe_listeners", "Listeners", _port, LoadBalancerArn=balancer_arn
            )
        except AwsError as error:
            unset = "" if value else f"is not set, and the listeners of the load balancer {name} "
            self._wrong(key, value, f"{unset}cannot be looked up: {error}")
            return None
        others = listed(lambda: there, "HTTPS listener", tags or ())
        if tags is not None:
            tagged = [each.name for each in there if each.has(tags)]
            if len(tagged) != 1:
                count = f"{len(tagged)} listeners" if tagged else "no listener"
                self._wrong(key, tags, f"are on {count} of the load balancer {name}{others}")
                return None
            return tagged[0]
        if arn is not None:
            if arn not in [each.name for each in there]:
                self._wrong(key, arn, f"is not an HTTPS listener of the load balancer {name}{others}")
            return arn
        found = [(each, protocol) for each, port, protocol in listeners if port == HTTPS_PORT]
        if found and found[0][1] == "HTTPS":
            return found[0][0]
        wrong = "is not an HTTPS listener" if found else "does not exist"
        message = f"is not set, and the listener of the load balancer {name} at port {HTTPS_PORT} {wrong}{others}"
        self._wrong("listenerArn", None, message)
        return None

    def _security_group(self, instance: Described) -> str:
        groups = sorted(each["GroupId"] for each in instance.get("SecurityGroups") or [])
        wanted = self._settings.instance_security_group
        if wanted is not None and wanted not in groups:
            self._wrong("instanceSecurityGroup", wanted, f"is not of the instance, which has {', '.join(groups)}")
        if wanted is None and len(groups) != 1:
            self._wrong(
                "instanceSecurityGroup",
                None,
                f"is not set, and {instance['InstanceId']} has {', '.join(groups) or 'none'}; write the one to open: "
                f"{Write('instanceSecurityGroup', groups[0] if groups else 'sg-…')}",
            )
        return wanted or (groups[0] if groups else "")

    def _role(self, instance: Described) -> str | None:
        if self._settings.delivery != "ssm":
            return None
        name, state = instance["InstanceId"], instance["State"]["Name"]
        if state in ("shutting-down", "terminated"):
            self._wrong("instanceId", name, f"is {state}; write the instance that Platform runs on now")
            return None
        if state != "running":
            self._wrong("instanceId", name, f"is {state}; start the instance")
        profile = instance.get("IamInstanceProfile")
        if not profile:
            self._wrong(
                "instanceId",
                name,
                "has no instance profile, so that Systems Manager does not reach it; give it one with a role "
                f"that has the policy AmazonSSMManagedInstanceCore, or write: {Write('delivery', 'files')}",
            )
            return None
        if not self._settings.attach_instance_policy:
            return None
        profile_name = profile["Arn"].rpartition("/")[2]
        try:
            role = self._account.call("iam", "get_instance_profile", _role_in, InstanceProfileName=profile_name)
        except AwsError as error:
            self._wrong(
                "instanceId", name, f"has the instance profile {profile_name}, which cannot be looked up: {error}"
            )
            return None
        if role is None:
            self._wrong(
                "instanceId",
                name,
                f"has the instance profile {profile_name} without a role, so that Systems Manager does not reach it; "
                "add one that has the policy AmazonSSMManagedInstanceCore",
            )
        return role

    def _only(
        self,
        key: str,
        value: object,
        look: Callable[[], list[_T]],
        others: Callable[[], list[Candidate]],
        what: str,
        tags: Tags | None,
    ) -> _T | None:
        """The one that a setting names."""
        try:
            found = look()
        except AwsError as error:
            if error.code not in _NOT_THERE:
                self._wrong(key, value, f"cannot be looked up: {error}")
                return None
            found = []
        if len(found) == 1:
            return found[0]
        if tags is None:
            message = f"is not in {self._place}"
        else:
            message = f"are on {len(found)} {what}s" if found else f"are on no {what} of {self._place}"
        self._wrong(key, value, f"{message}{listed(others, what, tags or ())}")
        return None

    def _wrong(self, key: str, value: object, message: str) -> None:
        self._problems.append(Problem(key, value, message))


def _named(name: str | None, tags: Tags | None, what: str, by_name: str) -> tuple[str, object]:
    return (f"{what}Tags", tags) if name is None else (by_name, name)


def _balancer(described: Described) -> Described:
    needed = ("LoadBalancerArn", "LoadBalancerName", "Type", "VpcId")
    # A gateway load balancer, which may be among all of an account, has no name in DNS.
    return {"DNSName": "", **described, **{key: described[key] for key in needed}}


def _port(described: Described) -> tuple[str, int, str]:
    return described["ListenerArn"], described["Port"], described["Protocol"]


def _role_in(answer: Described) -> str | None:
    roles = answer["InstanceProfile"]["Roles"]
    return str(roles[0]["RoleName"]) if roles else None
