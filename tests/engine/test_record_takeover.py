"""A wildcard record of an earlier setup is taken over by an `up`, and is back after `destroy`, on the engine."""

from __future__ import annotations

import pytest

from tests.engine.conftest import NewInstall, NewStack

pytestmark = pytest.mark.slow

OLD = "old-lb.us-east-1.elb.amazonaws.com"


def test_a_wildcard_record_of_an_earlier_setup_is_taken_over_and_comes_back(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install("takeover")
    name = f"*.{install.host}"
    record = {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": OLD}]}
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    install.client("route53").change_resource_record_sets(HostedZoneId=install.zone_id, ChangeBatch=change)
    before = {key: found for key, found in install.records().items() if key.startswith("*")}
    assert list(before) == [f"{name} CNAME"]

    stack = new_stack(install, drainSeconds=0, sessionRecord="takeOver")
    assert stack.preview().changes["studios-record-as-found"] == "create"
    stack.up().ok()
    (taken,) = (found for key, found in install.records().items() if key.startswith("*"))
    balancer = stack.outputs()["loadBalancerHostname"]
    assert (taken["Type"], taken["AliasTarget"]["DNSName"].rstrip(".").lower()) == ("A", balancer.lower())
    assert stack.preview("--expect-no-changes").changes == {}

    stack.destroy().ok()
    assert {key: found for key, found in install.records().items() if key.startswith("*")} == before
