"""What AWS has around a Platform on EC2: the instance with its role, and an HTTPS load balancer before it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from testbed.emulator.client import client
from testbed.emulator.seed import ZONE
from testbed.pki import Authority

#: Where Seqera's docker-compose.yml publishes the frontend.
FRONTEND_PORT = 8000
INSTANCE_PATH = "/_testbed/managed-instance"


@dataclass(frozen=True)
class ComposePlatform:
    """The parts of one Platform, by their ids."""

    name: str
    instance_id: str
    instance_security_group: str
    role: str
    load_balancer_arn: str
    load_balancer_security_group: str
    listener_arn: str


def create(name: str, environment: Mapping[str, str]) -> ComposePlatform:
    """Makes a Platform of this name in the seeded network, serving ``https://<name>.example.com``.

    ``environment`` are the variables that lead to the emulator.
    """
    ec2 = client("ec2", environment)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["testbed-vpc"]}])["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]]
    groups = {
        part: ec2.create_security_group(GroupName=f"{name}-{part}", Description=part, VpcId=vpc)["GroupId"]
        for part in ("instance", "balancer")
    }
    role = _role(name, environment)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[0],
        SecurityGroupIds=[groups["instance"]],
        IamInstanceProfile={"Name": name},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
    )["Instances"][0]["InstanceId"]
    balancer, listener = _load_balancer(name, environment, subnets, groups["balancer"], vpc, instance)
    _point_host_at(f"{name}.{ZONE}", balancer, environment)
    return ComposePlatform(name, instance, groups["instance"], role, balancer, groups["balancer"], listener)


def remove(platform: ComposePlatform, environment: Mapping[str, str]) -> None:
    """Takes a Platform away again."""
    ec2, elb = client("ec2", environment), client("elbv2", environment)
    elb.delete_load_balancer(LoadBalancerArn=platform.load_balancer_arn)
    for group in elb.describe_target_groups(Names=[f"{platform.name}-frontend"])["TargetGroups"]:
        elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    ec2.terminate_instances(InstanceIds=[platform.instance_id])


def connect(
    instance_id: str, environment: Mapping[str, str], shell: Mapping[str, str], enter: Sequence[str] = ()
) -> None:
    """Brings the instance's agent online.

    Args:
        instance_id: the instance.
        environment: the variables that lead to the emulator.
        shell: those that its scripts have.
        enter: the command line that leads onto the machine, to be followed by the shell's; empty for this host.
    """
    _tell("PUT", environment, {"instance_id": instance_id, "environment": dict(shell), "enter": list(enter)})


def disconnect(instance_id: str, environment: Mapping[str, str]) -> None:
    """Takes the agent offline."""
    _tell("DELETE", environment, {"instance_id": instance_id})


def role_environment(platform: ComposePlatform, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a shell on the instance: those that lead to the emulator, as the instance's role."""
    iam, sts = client("iam", environment), client("sts", environment)
    role = iam.get_role(RoleName=platform.role)["Role"]["Arn"]
    given = sts.assume_role(RoleArn=role, RoleSessionName=platform.instance_id)["Credentials"]
    return {
        **environment,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def import_certificate(hosts: list[str], environment: Mapping[str, str]) -> str:
    """The ARN of a certificate for these hosts, of an authority that only the testbed knows."""
    with TemporaryDirectory() as folder:
        pair = Authority(Path(folder)).server("platform", hosts)
        made = client("acm", environment).import_certificate(
            Certificate=pair.certificate.read_bytes(), PrivateKey=pair.key.read_bytes()
        )
    return str(made["CertificateArn"])


def _tell(method: str, environment: Mapping[str, str], body: Mapping[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 (the URL is the emulator's)
        f"{environment['AWS_ENDPOINT_URL']}{INSTANCE_PATH}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 (the URL is the emulator's)
        pass


def _role(name: str, environment: Mapping[str, str]) -> str:
    iam = client("iam", environment)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name


def find(name: str, environment: Mapping[str, str]) -> ComposePlatform | None:
    """The Platform of this name that :func:`create` made, or None."""
    ec2, elb = client("ec2", environment), client("elbv2", environment)
    wanted = [{"Name": "tag:Name", "Values": [name]}, {"Name": "instance-state-name", "Values": ["running"]}]
    reservations = ec2.describe_instances(Filters=wanted)["Reservations"]
    if not reservations:
        return None
    instance = reservations[0]["Instances"][0]
    balancer = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]
    arn = balancer["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]["ListenerArn"]
    group = instance["SecurityGroups"][0]["GroupId"]
    return ComposePlatform(name, instance["InstanceId"], group, name, arn, balancer["SecurityGroups"][0], listener)


def _load_balancer(
    name: str, environment: Mapping[str, str], subnets: list[str], group: str, vpc: str, instance: str
) -> tuple[str, str]:
    elb = client("elbv2", environment)
    balancer = elb.create_load_balancer(Name=name, Subnets=subnets, SecurityGroups=[group], Scheme="internet-facing")[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    certificate = import_certificate([f"{name}.{ZONE}"], environment)
    frontend = elb.create_target_group(
        Name=f"{name}-frontend", Protocol="HTTP", Port=FRONTEND_PORT, VpcId=vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=frontend, Targets=[{"Id": instance, "Port": FRONTEND_PORT}])
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": frontend}],
    )["Listeners"][0]["ListenerArn"]
    return balancer, listener


def _point_host_at(host: str, balancer: str, environment: Mapping[str, str]) -> None:
    """Makes the record of Platform's host, as its owner did."""
    elb, route53 = client("elbv2", environment), client("route53", environment)
    about = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]
    zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
    zone = next(each["Id"] for each in zones if each["Name"] == f"{ZONE}.")
    target = {
        "HostedZoneId": about["CanonicalHostedZoneId"],
        "DNSName": about["DNSName"],
        "EvaluateTargetHealth": True,
    }
    record = {"Name": host, "Type": "A", "AliasTarget": target}
    route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    )
