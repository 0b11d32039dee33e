"""Beside Connect: a StudiosServiceMonitor, tags of AWS, and the private CA that Platform gives to sessions."""

from __future__ import annotations

from typing import Any

import pytest

from settings.default_tags import TAGS, with_default_tags
from settings.errors import SettingsError
from settings.parsing import parse_settings
from tests.unit.components.test_studios_on_kubernetes import MINIMUM, backend_environment, studios

NEW: dict[str, Any] = {"platformVersion": "26.2"}


def test_a_service_monitor_finds_the_management_ports_of_both_services() -> None:
    recording = studios(**NEW, serviceMonitor=True, managementPort=9100)
    monitor = recording["studios-monitoring-monitor"]
    assert monitor.type == "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
    assert recording.parents["studios-monitoring-monitor"] == "studios-monitoring"
    selector = monitor.inputs["spec"]["selector"]
    assert selector["matchExpressions"] == [
        {"key": "app", "operator": "In", "values": ["connect-proxy", "connect-server"]}
    ]
    assert monitor.inputs["spec"]["endpoints"] == [{"port": "management", "path": "/metrics"}]
    for name in ("studios-proxy-service", "studios-server-service"):
        service = recording[name].inputs
        assert selector["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert {"name": "management", "port": 9100, "targetPort": "management", "protocol": "TCP"} in (
            service["spec"]["ports"]
        )


def test_a_service_monitor_reads_the_key_of_the_servers_port_from_its_secret() -> None:
    recording = studios(
        **NEW, serviceMonitor=True, managementPort=9100, managementAuthKey="a key", encrypted=("managementAuthKey",)
    )
    (endpoint,) = recording["studios-monitoring-monitor"].inputs["spec"]["endpoints"]
    key = {"name": "connect-server-credentials", "key": "CONNECT_MANAGEMENT_AUTH_KEY"}
    assert endpoint["authorization"] == {"type": "Bearer", "credentials": key}


def test_without_a_service_monitor_the_services_are_as_they_were() -> None:
    recording = studios(managementPort=9100)
    assert [port["name"] for port in recording["studios-proxy-service"].inputs["spec"]["ports"]] == ["http"]
    assert "studios-monitoring" not in recording.resources


def test_tags_of_the_provider_reach_both_load_balancers() -> None:
    settings = with_default_tags(parse_settings({**MINIMUM, **NEW, "ssh": True}), {"owner": "us", "cost-center": "7"})
    assert settings.ingress_annotations == {TAGS: "cost-center=7,owner=us"}
    recording = studios(**NEW, ssh=True, ingressAnnotations=settings.ingress_annotations)
    assert recording["studios-ingress-ingress"].inputs["metadata"]["annotations"][TAGS] == "cost-center=7,owner=us"
    annotations = recording["studios-ssh-service"].inputs["metadata"]["annotations"]
    name = "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags"
    assert annotations[name] == "cost-center=7,owner=us"


def test_tags_of_the_provider_stand_beside_those_of_the_annotation() -> None:
    settings = parse_settings({**MINIMUM, "ingressAnnotations": {TAGS: "team = research, owner=us"}})
    merged = with_default_tags(settings, {"owner": "us", "stage": "test"}).ingress_annotations
    assert merged == {TAGS: "owner=us,stage=test,team=research"}
    assert with_default_tags(settings, {}) is settings


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({"owner": "them"}, "owner=us.*must not contradict aws:defaultTags, owner=them"),
        ({"team": "a,b"}, "aws:defaultTags.*must have no comma"),
    ],
)
def test_tags_that_contradict_or_cannot_be_written_are_refused(tags: dict[str, str], says: str) -> None:
    settings = parse_settings({**MINIMUM, "ingressAnnotations": {TAGS: "owner=us"}})
    with pytest.raises(SettingsError, match=says):
        with_default_tags(settings, tags)


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("acme-ca", {"configMap": "acme-ca", "items": {"ca.crt": "ca.crt"}}),
        ({"secret": "acme", "key": "root.pem"}, {"secret": "acme", "items": {"root.pem": "ca.crt"}}),
    ],
)
def test_a_private_ca_is_mounted_in_backend_and_cron_from_26_2_on(given: object, source: dict[str, Any]) -> None:
    recording = studios(**NEW, caCertificate=given)
    assert backend_environment(recording)["TOWER_SSL_CUSTOM_CA_CERT_FILE"] == "/etc/studios-ca/ca.crt"
    edits = recording["studios-platform-edits"].inputs["edits"]
    for name in ("cron", "backend"):
        assert edits[f"Deployment/{name}"]["volume"]["studios-ca"] == source
        assert edits[f"Deployment/{name}"]["mount"]["/etc/studios-ca"] == "studios-ca"


def test_an_earlier_platform_gets_no_private_ca() -> None:
    recording = studios(platformVersion="26.1", caCertificate="acme-ca")
    edits = recording["studios-platform-edits"].inputs["edits"]
    assert "TOWER_SSL_CUSTOM_CA_CERT_FILE" not in backend_environment(recording)
    assert list(edits["Deployment/backend"]["volume"]) == ["cert-volume"]
