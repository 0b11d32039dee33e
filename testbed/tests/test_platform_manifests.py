from __future__ import annotations

from typing import Any

import yaml

from testbed.annotations import is_known
from testbed.platform.install import manifests

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    (item["kind"], item["metadata"]["name"]): item
    for item in yaml.safe_load_all(manifests(CERTIFICATE, "platform-stage", "example.com"))
}


def test_the_install_has_the_names_of_the_published_templates() -> None:
    assert set(OBJECTS) == {
        ("Namespace", "platform-stage"),
        ("Secret", "cr.seqera.io"),
        ("ServiceAccount", "seqera-platform"),
        ("ConfigMap", "tower-backend-cfg"),
        ("ConfigMap", "tower-yml"),
        ("Secret", "tower-backend-secrets"),
        ("StatefulSet", "redis"),
        ("Service", "redis"),
        ("Deployment", "cron"),
        ("Deployment", "backend"),
        ("Deployment", "frontend"),
        ("Service", "backend"),
        ("Service", "backend-api"),
        ("Service", "frontend"),
        ("Ingress", "front-ingress"),
    }


def test_backend_and_cron_read_the_configuration_in_a_container_named_backend() -> None:
    for name in ("backend", "cron"):
        pod = OBJECTS["Deployment", name]["spec"]["template"]
        [container] = pod["spec"]["containers"]
        assert pod["metadata"]["labels"] == {"app": name}
        assert container["name"] == "backend"
        assert {"configMapRef": {"name": "tower-backend-cfg"}} in container["envFrom"]
        assert {"name": "config-volume", "mountPath": "/tower.yml", "subPath": "tower.yml"} in container["volumeMounts"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"] == {"path": "/health", "port": 8080}


def test_the_owner_has_not_configured_studios_yet() -> None:
    variables = OBJECTS["ConfigMap", "tower-backend-cfg"]["data"]
    assert [name for name in variables if "STUDIO" in name or "OIDC" in name or "EXPLORER" in name] == []
    tower = yaml.safe_load(OBJECTS["ConfigMap", "tower-yml"]["data"]["tower.yml"])["tower"]
    assert "data-studio" not in tower


def test_no_secret_stands_in_a_config_map() -> None:
    variables = OBJECTS["ConfigMap", "tower-backend-cfg"]["data"]
    assert [name for name in variables if name.endswith(("PASSWORD", "SECRET", "SECRETKEY", "LICENSE"))] == []


def test_the_ingress_has_annotations_that_the_controller_reads_and_a_host() -> None:
    ingress = OBJECTS["Ingress", "front-ingress"]
    annotations = ingress["metadata"]["annotations"]
    assert [name for name in annotations if not is_known(name)] == []
    assert annotations["alb.ingress.kubernetes.io/certificate-arn"] == CERTIFICATE
    assert "alb.ingress.kubernetes.io/group.name" not in annotations
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["example.com"]


def test_namespace_and_host_can_be_others() -> None:
    text = manifests(CERTIFICATE, "other", "p1.example.com")
    assert "${" not in text
    assert 'TOWER_SERVER_URL: "https://p1.example.com"' in text
    assert "    - host: p1.example.com\n" in text
