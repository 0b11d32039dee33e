"""The very objects that Seqera's Helm chart makes: from the first preview, which asks for names, to what is left."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed.cluster import kubectl
from testbed.pki import rsa_private_key
from tests.engine.conftest import NewStack
from tests.engine.install import Install
from tests.engine.test_shapes import container, key_file, secret_value, seen

pytestmark = pytest.mark.slow

TOKEN = "tokenThatTheChartHasGenerated123"
BACKEND, CRON, SHARED = (f"acme-platform-{name}" for name in ("backend", "cron", "shared-backend-cron"))
TOKEN_KEY = "OIDC_CLIENT_REGISTRATION_TOKEN"
PLATFORM_TOKEN = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"
ENTRY = "  data-studio:\n    allowed-workspaces: null\n"

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: acme-platform-{part}
  annotations: {{meta.helm.sh/release-name: acme-platform}}
spec:
  selector: {{matchLabels: {{app: acme-{part}}}}}
  template:
    metadata: {{labels: {{app: acme-{part}}}}}
    spec:
      containers:
      - name: {part}
        image: cr.seqera.io/private/nf-tower-enterprise/backend:v{release}
        envFrom:
        - configMapRef: {{name: acme-platform-{part}}}
        - configMapRef: {{name: acme-platform-shared-backend-cron}}
        env: {env}
        volumeMounts:
        - {{name: config-volume, mountPath: /tower.yml, subPath: tower.yml}}
        - {{name: connect-cert-volume, mountPath: /data/certs}}
      volumes:
      - {{name: config-volume, configMap: {{name: acme-platform-tower-yml}}}}
      - {{name: connect-cert-volume, secret: {{secretName: acme-platform-backend}}}}
"""
REST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: acme-platform-backend}
data: {TOWER_DATA_EXPLORER_ENABLED: "true"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: acme-platform-cron}
data: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: acme-platform-shared-backend-cron}
data: {TOWER_OIDC_PEM_PATH: /data/certs/oidc.pem}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: acme-platform-tower-yml}
data: {}
---
apiVersion: v1
kind: Secret
metadata: {name: acme-platform-backend}
data: {}
---
apiVersion: v1
kind: Service
metadata: {name: acme-platform-backend}
spec:
  selector: {app: acme-backend}
  ports: [{port: 8080}]
"""


def objects_of_the_chart(release: str, tower_yml: str) -> list[dict[str, Any]]:
    """What the chart makes; cron has no token there, and the key has no public half."""
    reference = {"secretKeyRef": {"name": BACKEND, "key": TOKEN_KEY}}
    variables = {"backend": [{"name": PLATFORM_TOKEN, "valueFrom": reference}], "cron": []}
    texts = [DEPLOYMENT.format(part=part, env=json.dumps(env), release=release) for part, env in variables.items()]
    found = list(YAML(typ="safe", pure=True).load_all("---\n".join([REST, *texts])))
    values = {"oidc.pem": rsa_private_key(), TOKEN_KEY: TOKEN}
    data = {"Secret": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}
    for each in found:
        if each["metadata"]["name"] == "acme-platform-tower-yml":
            each["data"] = {"tower.yml": tower_yml}
        each.update({"data": data[each["kind"]]} if each["kind"] in data else {})
    return found


@pytest.fixture
def empty(environment: dict[str, str]) -> Iterator[Install]:
    """A namespace with the pull secret of none, and nothing of Platform's yet."""
    install = Install(f"chart-{secrets.token_hex(2)}", environment)
    kubectl("create", "namespace", install.namespace)
    yield install
    install.remove()


def made_by_helm(install: Install, release: str, tower_yml: str) -> dict[str, Any]:
    """Applies the chart's objects under Helm's manager; returns all that there is then."""
    objects = {"apiVersion": "v1", "kind": "List", "items": objects_of_the_chart(release, tower_yml)}
    install.kubectl("apply", "--field-manager=helm", "-f", "-", stdin=json.dumps(objects))
    install.kubectl("wait", "--for=condition=Available", "--timeout=60s", f"deployment/{BACKEND}", f"deployment/{CRON}")
    return install.objects()


OF_THE_CASE: dict[str, Any] = {
    "redisAddress": "redis:6379",
    "imagePullSecrets": [],
    "backendConfigMap": BACKEND,
    "backendDeployment": BACKEND,
    "cronDeployment": CRON,
    "cronContainer": "cron",
    "towerYmlConfigMap": "acme-platform-tower-yml",
    "certVolume": "connect-cert-volume",
}


def test_the_token_and_the_key_of_the_chart_serve_studios_and_stay_as_they_are(
    empty: Install, new_stack: NewStack
) -> None:
    before = made_by_helm(empty, "26.1.0", "mail: {}\n")
    secret = {"existingTokenSecret": BACKEND, "existingOidcSecret": BACKEND}
    stack = new_stack(empty, **OF_THE_CASE | secret | {"platformVersion": "26.1"})
    asked = stack.preview_text()
    assert asked.code != 0
    assert (
        f'existingTokenSecret: "{BACKEND}" is a Secret without the key token; it has {TOKEN_KEY}, oidc.pem: '
        "add token to it, or write the right key in existingTokenSecretKey"
    ) in asked.text
    # Nothing says which of cron's two is meant.
    assert f"pulumi config set cronConfigMap {CRON}" in asked.text
    stack.set(existingTokenSecretKey=TOKEN_KEY, cronConfigMap=CRON)
    stack.preview_text().ok()
    assert empty.objects() == before

    stack.up().ok()
    variables = {each["name"]: each for each in container(empty, "connect-proxy")["env"]}
    assert secret_value(empty, variables["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"]) == TOKEN
    for deployment in (BACKEND, CRON):
        read = seen(empty, deployment)
        assert read[URL] == f"https://connect.{empty.host}"
        assert read[PLATFORM_TOKEN] == TOKEN
        assert key_file(empty, deployment, read["TOWER_OIDC_PEM_PATH"]).startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert empty.objects()[f"Secret/{BACKEND}"] == before[f"Secret/{BACKEND}"]
    assert {name for name in empty.names("secrets") if "token" in name or "oidc" in name} == set()
    assert stack.outputs()["publicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    assert TOKEN not in stack.state()
    assert stack.preview("--expect-no-changes").changes == {}

    stack.destroy().ok()
    assert empty.objects() == before


def test_the_entry_goes_into_the_document_of_tower_yml_that_has_the_part(empty: Install, new_stack: NewStack) -> None:
    text = "tower:\n  admin: {}\n---\nmail: {}\n"
    before = made_by_helm(empty, "25.3.3", text)
    taken = [f"Deployment/{BACKEND}", f"Deployment/{CRON}"]
    stack = new_stack(empty, **OF_THE_CASE | {"platformVersion": "25.3.3", "cronConfigMap": CRON, "takeOver": taken})
    stack.preview_text().ok()
    assert empty.objects() == before

    stack.up().ok()
    written = empty.get("configmap", "acme-platform-tower-yml")["data"]["tower.yml"]
    assert written == f"tower:\n{ENTRY}  admin: {{}}\n---\nmail: {{}}\n"
    variables = {each["name"]: each for each in container(empty, "connect-proxy")["env"]}
    token = secret_value(empty, variables["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"])
    for deployment in (BACKEND, CRON):
        assert seen(empty, deployment)[PLATFORM_TOKEN] == token != TOKEN
    assert stack.preview("--expect-no-changes").changes == {}

    stack.destroy().ok()
    assert empty.objects() == before
