"""Where a load balancer goes: subnets that are named, or tagged for its scheme, one in each zone."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.loadbalancer.settings import ModelError
from testbed.loadbalancer.stack import Subnet

_ROLE_TAGS = {"internet-facing": "kubernetes.io/role/elb", "internal": "kubernetes.io/role/internal-elb"}
_MINIMUM = 2


def choose_subnets(named: Sequence[str], scheme: str, subnets: Sequence[Subnet], cluster_name: str) -> list[Subnet]:
    """At least two subnets, sorted by id.

    Args:
        named: ids or Name tags from the annotation; empty to discover them by the tag of ``scheme``.
        scheme: ``internet-facing`` or ``internal``.
        subnets: all there are.
        cluster_name: a subnet tagged for other clusters only is passed over.

    Raises:
        ModelError: one isn't there, two share a zone, or there are fewer than two.
    """
    if named:
        chosen = [_named(name, subnets) for name in named]
        _refuse_shared_zone(chosen)
    else:
        chosen = _discover(_ROLE_TAGS[scheme], subnets, cluster_name)
    if len(chosen) < _MINIMUM:
        prefix = "" if named else "couldn't auto-discover subnets: "
        raise ModelError(f"{prefix}subnets count less than minimal required count: {len(chosen)} < {_MINIMUM}")
    return sorted(chosen, key=lambda subnet: subnet.id)


def _named(name: str, subnets: Sequence[Subnet]) -> Subnet:
    for subnet in subnets:
        if name in (subnet.id, subnet.tags.get("Name")):
            return subnet
    kind = "subnet ID not found" if name.startswith("subnet-") else "subnet with Name tag not found"
    raise ModelError(f"{kind}: {name}")


def _refuse_shared_zone(subnets: Sequence[Subnet]) -> None:
    first_in: dict[str, Subnet] = {}
    for subnet in subnets:
        first = first_in.setdefault(subnet.zone, subnet)
        if first is not subnet:
            raise ModelError(f"multiple subnets in same Availability Zone {subnet.zone}: [{first.id} {subnet.id}]")


def _discover(role_tag: str, subnets: Sequence[Subnet], cluster_name: str) -> list[Subnet]:
    tagged = [subnet for subnet in subnets if subnet.tags.get(role_tag) in ("", "1")]
    eligible = [subnet for subnet in tagged if _of_cluster(subnet, cluster_name)]
    if not eligible:
        raise ModelError(
            f"couldn't auto-discover subnets: unable to resolve at least one subnet. Evaluated {len(tagged)} subnets:"
            f" {len(tagged)} are tagged for other clusters, and 0 have insufficient available IP addresses"
        )
    by_zone: dict[str, Subnet] = {}
    for subnet in sorted(eligible, key=lambda subnet: subnet.id):
        by_zone.setdefault(subnet.zone, subnet)
    return list(by_zone.values())


def _of_cluster(subnet: Subnet, cluster_name: str) -> bool:
    clusters = [key for key in subnet.tags if key.startswith("kubernetes.io/cluster/")]
    return not clusters or f"kubernetes.io/cluster/{cluster_name}" in clusters
