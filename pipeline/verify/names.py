"""DNS: do the names lead to the load balancer?"""

from __future__ import annotations

from typing import Any

from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good
from pipeline.verify.network import TIMEOUT, first_line

_DNS_PORT = 53


def stack_is_deployed(deployment: Deployment) -> Finding:
    """The stack has outputs and settings that can be read."""
    settings = deployment.settings
    url = deployment.connect_url
    return good(f"{settings.target}, Connect {deployment.output('connectVersion')} at {url}")


def zone_has_record(deployment: Deployment) -> Finding:
    """The servers of the zone itself have records that lead to the load balancer."""
    wanted = _addresses_of_balancer(deployment)
    zone, servers = _servers(deployment)
    for host in deployment.hosts:
        found = _ask(deployment, servers, host)
        if found is None:
            # Nothing is wrong with the record by that: what the resolver finds still counts.
            return bad(
                f"the servers of {zone} do not answer here", "let port 53 out, or run this elsewhere", stops=False
            )
        if not found & (wanted or found):
            return _elsewhere(deployment, host, found, wanted, f"the servers of {zone}")
    return good(f"{zone} has {' and '.join(deployment.hosts)}")


def resolver_finds_record(deployment: Deployment) -> Finding:
    """The resolver of this machine finds the same."""
    wanted = _addresses_of_balancer(deployment)
    for host in deployment.hosts:
        found = set(deployment.network.addresses(host))
        # A load balancer has more addresses than one answer holds, and they change as it grows.
        if not found & (wanted or found):
            return _elsewhere(deployment, host, found, wanted, "the resolver")
    return good(f"leads to {', '.join(sorted(wanted))}" if wanted else "leads to your route")


def _addresses_of_balancer(deployment: Deployment) -> set[str]:
    """The addresses of the load balancer; none where the route is the user's, and the stack knows no load balancer."""
    hostname = deployment.output("loadBalancerHostname")
    return set(deployment.network.addresses(hostname)) if hostname else set()


def _elsewhere(deployment: Deployment, host: str, found: set[str], wanted: set[str], asked: str) -> Finding:
    hostname = deployment.output("loadBalancerHostname")
    if not found:
        return bad(f"{asked}: no address for {host}", f"make a record for it that leads to {hostname or 'your route'}")
    return bad(
        f"{host} leads to {', '.join(sorted(found))}, and the load balancer is at {', '.join(sorted(wanted))}",
        f"correct the record: it must lead to {hostname}",
    )


def _servers(deployment: Deployment) -> tuple[str, list[str]]:
    """The zone that has the proxy's host, and the addresses of its servers."""
    import dns.exception
    import dns.resolver

    try:
        resolver = deployment.network.dns_resolver()
        resolver.lifetime = TIMEOUT
        zone = dns.resolver.zone_for_name(deployment.connect_host, resolver=resolver).to_text(omit_final_dot=True)
        names = sorted(each.target.to_text(omit_final_dot=True) for each in resolver.resolve(zone, "NS"))
    except (dns.exception.Timeout, dns.resolver.NoNameservers) as error:
        raise deployment.network.unanswered(error) from None
    except dns.exception.DNSException as error:
        raise CannotAskError(
            f"the zone of {deployment.connect_host} is not found: {first_line(error)}",
            "delegate the zone to its servers, at your registrar or in the zone above",
        ) from None
    return zone, [address for name in names[:2] for address in deployment.network.addresses(name)]


def _ask(deployment: Deployment, servers: list[str], host: str) -> set[str] | None:
    """The addresses of a host by the first of the servers that answers; None if none does."""
    import dns.exception
    import dns.message
    import dns.query

    for server in servers:
        address, port = deployment.network.place(server, _DNS_PORT)
        query = dns.message.make_query(host, "A")
        try:
            response, _ = dns.query.udp_with_fallback(query, address, port=port, timeout=TIMEOUT / 2)
        except (dns.exception.DNSException, OSError):
            continue
        return _addresses(deployment, response)
    return None


def _addresses(deployment: Deployment, response: Any) -> set[str]:
    import dns.rdatatype

    found = {item.address for rrset in response.answer if rrset.rdtype == dns.rdatatype.A for item in rrset}
    chained = [item for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME for item in rrset]
    if not found and chained:
        # The load balancer's own name lies in another zone: a resolver goes on to that zone's servers.
        return set(deployment.network.addresses(chained[-1].target.to_text(omit_final_dot=True)))
    return found
