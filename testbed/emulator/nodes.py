"""The EC2 instances that a cluster's nodes run on: with the ids that the nodes tell, which EC2's API can't choose.

Whoever routes to pods, as the AWS Load Balancer Controller does, looks for the network interface that a pod's address
belongs to, and lets traffic through its security group.
"""

from __future__ import annotations

from typing import Final

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import EC2Backend, ec2_backends

_INSTANCE_TYPE: Final = "m6i.12xlarge"


def ensure(region: str, instance_id: str, subnet: str, group: str, pods: str) -> None:
    """Makes the instance unless it exists.

    Args:
        region: where it is.
        instance_id: the last part of the node's providerID.
        subnet: the id of the subnet that it is in.
        group: the id of its security group.
        pods: the network of the pods' addresses, as CIDR.
    """
    backend: EC2Backend = ec2_backends[DEFAULT_ACCOUNT_ID][region]
    if any(instance.id == instance_id for instance in backend.all_instances()):
        return
    reservation = backend.run_instances(
        "ami-12c6146b",
        1,
        None,
        [],
        security_group_ids=[group],
        subnet_id=subnet,
        instance_type=_INSTANCE_TYPE,
        is_instance_type_default=False,
        region_name=region,
    )
    instance = reservation.instances[0]
    instance.id = instance_id
    for interface in instance.nics.values():
        interface.ipv4_prefixes = [{"Ipv4Prefix": pods}]
