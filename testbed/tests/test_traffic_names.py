"""The DNS of the testbed: answered as RFC 1034 and 4592 say, from the records that Route 53 has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from testbed.traffic.account import Zone
from testbed.traffic.dns_server import DnsServer
from testbed.traffic.names import NO_SUCH_NAME, Answer, Names, name_servers

BALANCER = "k8s-studios-1.us-east-1.elb.amazonaws.com"
SOA = "ns-1.awsdns-1.org. hostmaster.example. 1 7200 900 1209600 86400"


def records(name: str, type_: str, *values: str) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": 300, "ResourceRecords": [{"Value": value} for value in values]}


def alias(name: str, target: str, type_: str = "A") -> dict[str, Any]:
    return {"Name": name, "Type": type_, "AliasTarget": {"DNSName": target, "HostedZoneId": "Z1"}}


def zone(name: str, *sets: dict[str, Any], server: str = "ns-1.awsdns-1.org.") -> Zone:
    return Zone(name, (records(name, "NS", server), records(name, "SOA", SOA), *sets))


def outside(name: str) -> list[str] | None:
    return {f"{BALANCER}.": ["127.7.255.10"], "elsewhere.test.": []}.get(name)


PLATFORM = zone(
    "example.com.",
    alias("example.com.", f"{BALANCER}."),
    alias("\\052.example.com.", f"dualstack.{BALANCER}."),
    alias("connect.example.com.", f"{BALANCER}."),
    alias("connect.example.com.", f"{BALANCER}.", "AAAA"),
    alias("twin.example.com.", "connect.example.com."),
    records("www.example.com.", "CNAME", "connect.example.com."),
    records("away.example.com.", "CNAME", "nowhere.test"),
    records("loop.example.com.", "CNAME", "loop.example.com"),
    records("a.deep.example.com.", "TXT", '"one" "two"'),
    records("*.wild.example.com.", "A", "127.7.0.1"),
)


def of(name: str, type_: str = "A", *zones: Zone) -> Answer:
    return Names(zones or (PLATFORM,), outside).answer(name, type_)


def values(answer: Answer) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.name, each.type, each.values) for each in answer.records]


def test_an_alias_answers_with_the_addresses_of_its_load_balancer_under_its_own_name() -> None:
    assert values(of("Connect.Example.com")) == [("connect.example.com.", "A", ("127.7.255.10",))]


def test_an_alias_of_an_alias_answers_with_the_same_addresses() -> None:
    assert values(of("twin.example.com")) == [("twin.example.com.", "A", ("127.7.255.10",))]


def test_a_load_balancer_has_no_ipv6_address() -> None:
    answer = of("connect.example.com", "AAAA")
    assert (answer.code, answer.records, [each.type for each in answer.authority]) == ("NOERROR", [], ["SOA"])


def test_a_cname_is_followed() -> None:
    assert values(of("www.example.com")) == [
        ("www.example.com.", "CNAME", ("connect.example.com.",)),
        ("connect.example.com.", "A", ("127.7.255.10",)),
    ]


def test_a_cname_that_is_asked_for_is_not_followed() -> None:
    assert values(of("www.example.com", "CNAME")) == [("www.example.com.", "CNAME", ("connect.example.com.",))]


def test_a_cname_to_a_name_that_does_not_exist_says_so() -> None:
    answer = of("away.example.com")
    assert answer.code == NO_SUCH_NAME
    assert values(answer) == [("away.example.com.", "CNAME", ("nowhere.test.",))]


def test_a_cname_that_leads_to_itself_ends() -> None:
    assert len(of("loop.example.com").records) == 8


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a1b2c3.wild.example.com", ("127.7.0.1",)),
        ("a.b.wild.example.com", ("127.7.0.1",)),
    ],
)
def test_a_wildcard_stands_for_any_number_of_labels(name: str, found: tuple[str, ...]) -> None:
    assert values(of(name)) == [(f"{name}.", "A", found)]


def test_a_wildcard_does_not_stand_for_a_name_that_exists() -> None:
    answer = of("connect.example.com", "TXT")
    assert (answer.code, answer.records) == ("NOERROR", [])


def test_a_name_that_only_has_names_below_it_exists() -> None:
    answer = of("deep.example.com")
    assert (answer.code, answer.records) == ("NOERROR", [])


def test_a_wildcard_above_the_closest_name_that_exists_is_not_asked() -> None:
    assert of("b.deep.example.com").code == NO_SUCH_NAME


def test_a_name_that_does_not_exist_is_told_with_the_zones_soa() -> None:
    answer = of("a.connect.example.com")
    assert (answer.code, answer.authority[0].values) == (NO_SUCH_NAME, (SOA,))


def test_a_name_in_no_zone_does_not_exist() -> None:
    assert of("example.org").code == NO_SUCH_NAME


def test_a_load_balancer_is_found_by_its_own_name() -> None:
    assert values(of(BALANCER)) == [(f"{BALANCER}.", "A", ("127.7.255.10",))]


def test_a_zone_below_another_one_is_reached_only_where_it_is_delegated() -> None:
    child = zone(
        "studios.example.com.", records("a.studios.example.com.", "A", "127.7.0.2"), server="ns-2.awsdns-2.org."
    )
    parent = zone("example.com.", records("studios.example.com.", "NS", "ns-2.awsdns-2.org."))
    assert of("a.studios.example.com", "A", zone("example.com."), child).code == NO_SUCH_NAME
    assert values(of("a.studios.example.com", "A", parent, child)) == [("a.studios.example.com.", "A", ("127.7.0.2",))]


def test_the_servers_of_all_zones_are_known() -> None:
    assert name_servers([PLATFORM, zone("example.org.", server="NS-9.awsdns-9.net")]) == {
        "ns-1.awsdns-1.org.",
        "ns-9.awsdns-9.net.",
    }


@pytest.fixture
def server() -> Iterator[DnsServer]:
    server = DnsServer("127.0.0.1", 0, Names([PLATFORM], outside).answer)
    yield server
    server.close()


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
def test_the_server_answers_over_udp_and_tcp(server: DnsServer, ask: Any) -> None:
    query = dns.message.make_query("connect.example.com.", "A")
    response = ask(query, "127.0.0.1", port=server.port, timeout=5)
    assert [rrset.to_text() for rrset in response.answer] == ["connect.example.com. 60 IN A 127.7.255.10"]
    assert response.flags & dns.flags.AA


def test_the_server_quotes_texts_as_route_53_keeps_them(server: DnsServer) -> None:
    query = dns.message.make_query("a.deep.example.com.", "TXT")
    response = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5)
    assert response.answer[0].to_text() == 'a.deep.example.com. 300 IN TXT "one" "two"'


def test_a_question_that_can_not_be_answered_is_a_failure_of_the_server() -> None:
    def fail(name: str, type_: str) -> Answer:
        raise LookupError(name)

    server = DnsServer("127.0.0.1", 0, fail)
    try:
        query = dns.message.make_query("connect.example.com.", "A")
        response = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5)
    finally:
        server.close()
    assert response.rcode() == dns.rcode.SERVFAIL
