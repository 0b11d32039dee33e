"""A Compose stack of an earlier release: an update by this one changes only what is delivered to the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from testbed.compose import network
from testbed.emulator import client as emulator
from tests.engine.compose_install import ZONE
from tests.engine.stack import Stack
from tests.engine.test_upgrade import imported
from tests.upgrade.earlier import NAME, RELEASES, Earlier

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_compose_stack")]

#: The script on the host and the files for it are this release's; it runs again, and the report waits for it.
DELIVERED = {
    "studios-delivery-script": "update",
    "studios-delivery-bundle": "replace",
    "studios-delivery-association": "update",
    "studios-delivery-report": "update",
}


@pytest.fixture(scope="module", params=RELEASES)
def stack(
    request: pytest.FixtureRequest,
    environment: dict[str, str],
    one_compose_stack: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The stack, imported beside an instance and a load balancer; what it has made there is only in its state."""
    platform = network.create(NAME, environment)
    certificate = network.import_certificate([f"{NAME}.{ZONE}", f"*.{NAME}.{ZONE}"], environment)
    # Its provider looks in each preview whether the listener still has it.
    emulator.client("elbv2", environment).add_listener_certificates(
        ListenerArn=platform.listener_arn, Certificates=[{"CertificateArn": certificate}]
    )
    described = emulator.client("ec2", environment).describe_instances(InstanceIds=[platform.instance_id])
    zones = emulator.client("route53", environment).list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
    identities = {
        **asdict(platform),
        "vpc": described["Reservations"][0]["Instances"][0]["VpcId"],
        "zone": zones[0]["Id"].removeprefix("/hostedzone/"),
        "certificate": certificate,
        "folder": "/home/ec2-user/seqera",
    }
    made = imported(Earlier(request.param, "compose"), identities, environment, tmp_path_factory.mktemp("stack"))
    try:
        yield made
    finally:
        made.remove()
        network.remove(platform, environment)


def test_a_preview_changes_what_is_delivered_and_nothing_else(stack: Stack) -> None:
    assert stack.preview().changes == DELIVERED
