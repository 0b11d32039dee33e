"""A key and a token that Platform's OIDC provider has already are kept, or replaced on request; never silently."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from live.ownership import labels_of_stack
from testbed.pki import rsa_private_key

from .conftest import APPS, CORE, FakeApi, named, secret
from .test_effective_environment import container, refused, survey

PATH = "TOWER_OIDC_PEM_PATH"
TOKEN = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"
REPLACE = (
    "or let the stack replace it, for every client that has it: pulumi config set --path 'takeOver[0]' Deployment/cron "
    "and pulumi config set --path 'takeOver[1]' Deployment/backend"
)
BOTH = ["Deployment/cron", "Deployment/backend"]


def set_in_config_map(api: FakeApi, **values: str) -> None:
    api.lists[f"{CORE}/configmaps"][0]["data"] |= values


def mounted(api: FakeApi, volume: dict[str, Any], **mount: Any) -> None:
    """Mounts a volume into backend and cron, as Platform's owner did."""
    for deployment in api.lists[f"{APPS}/deployments"][:2]:
        pod = deployment["spec"]["template"]["spec"]
        pod["volumes"] = [*pod["volumes"], {"name": "oidc", **volume}]
        first = pod["containers"][0]
        first["volumeMounts"] = [*first["volumeMounts"], {"name": "oidc", "mountPath": "/etc/oidc", **mount}]


def with_secret(api: FakeApi, name: str, **values: str) -> None:
    made = secret(name, *values)
    made["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    api.lists[f"{CORE}/secrets"].append(made)


def test_a_token_in_a_config_map_is_not_replaced_silently(platform: FakeApi) -> None:
    set_in_config_map(platform, **{TOKEN: "hunter2"})
    assert refused(platform) == [
        (
            f"existingTokenSecret: {TOKEN} of Deployment/cron and Deployment/backend is set already, by "
            f"ConfigMap/tower-backend-cfg (key {TOKEN}), and clients of Platform's OIDC provider may rely on it; keep "
            f"it: put it into a Secret as well, and write the name in existingTokenSecret; {REPLACE}"
        )
    ]
    survey(platform, takeOver=BOTH)


def test_the_token_of_a_config_map_is_kept_by_a_secret_that_has_the_same(platform: FakeApi) -> None:
    set_in_config_map(platform, **{TOKEN: "hunter2"})
    with_secret(platform, "same", token="hunter2")
    with_secret(platform, "another", token="hunter3")
    survey(platform, existingTokenSecret="same")
    (problem,) = refused(platform, existingTokenSecret="another")
    assert "; keep it: put the same into key token of Secret/another, which has another; or let the " in problem
    assert "hunter" not in problem


def test_a_token_of_a_secret_is_kept_by_its_name_and_key(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"].pop()
    with_secret(platform, "tower-secrets", **{TOKEN: "hunter2"})
    assert refused(platform) == [
        (
            f"existingTokenSecret: {TOKEN} of Deployment/cron and Deployment/backend is set already, by "
            f"Secret/tower-secrets (key {TOKEN}), and clients of Platform's OIDC provider may rely on it; keep it: "
            "pulumi config set --plaintext existingTokenSecret tower-secrets and pulumi config set --plaintext "
            f"existingTokenSecretKey {TOKEN}; {REPLACE}"
        )
    ]
    survey(platform, existingTokenSecret="tower-secrets", existingTokenSecretKey=TOKEN)


def test_a_prefix_is_not_part_of_the_key(platform: FakeApi) -> None:
    with_secret(platform, "prefixed", TOKEN="hunter2")
    source = {"prefix": TOKEN.removesuffix("TOKEN"), "secretRef": {"name": "prefixed"}}
    container(platform)["envFrom"].append(source)
    (problem,) = refused(platform)
    assert f"{TOKEN} of Deployment/backend is set already, by Secret/prefixed (key TOKEN), and" in problem
    survey(platform, existingTokenSecret="prefixed", existingTokenSecretKey="TOKEN")


def test_each_deployment_has_a_place_in_take_over_beside_other_conflicts(platform: FakeApi) -> None:
    set_in_config_map(platform, **{TOKEN: "hunter2", "TOWER_DATA_STUDIO_CONNECT_URL": "https://old.example.com"})
    url, token = refused(platform)
    assert url.endswith("pulumi config set --path 'takeOver[0]' ConfigMap/tower-backend-cfg")
    assert token.endswith(
        "pulumi config set --path 'takeOver[1]' Deployment/cron and "
        "pulumi config set --path 'takeOver[2]' Deployment/backend"
    )


def test_taking_over_one_deployment_leaves_the_other(platform: FakeApi) -> None:
    set_in_config_map(platform, **{TOKEN: "hunter2"})
    (problem,) = refused(platform, takeOver=["Deployment/cron"])
    assert f"{TOKEN} of Deployment/backend is set already" in problem
    assert problem.endswith(": pulumi config set --path 'takeOver[1]' Deployment/backend")


@pytest.mark.parametrize(
    ("volume", "mount", "key"),
    [
        ({"secret": {"secretName": "keys"}}, {}, "private.pem"),
        ({"secret": {"secretName": "keys"}}, {"mountPath": "/etc/oidc/"}, "private.pem"),
        ({"secret": {"secretName": "keys", "items": [{"key": "tls", "path": "private.pem"}]}}, {}, "tls"),
        (
            {"secret": {"secretName": "keys"}},
            {"mountPath": "/etc/oidc/private.pem", "subPath": "tls"},
            "tls",
        ),
        ({"projected": {"sources": [{"secret": {"name": "keys"}}]}}, {}, "private.pem"),
    ],
)
def test_the_key_at_another_path_is_kept_by_its_secret(
    platform: FakeApi, volume: dict[str, Any], mount: dict[str, str], key: str
) -> None:
    set_in_config_map(platform, **{PATH: "/etc/oidc/private.pem"})
    mounted(platform, volume, **mount)
    with_secret(platform, "keys", **{key: rsa_private_key()})
    assert refused(platform) == [
        (
            f"existingOidcSecret: {PATH} of Deployment/cron and Deployment/backend is set already, by "
            f"ConfigMap/tower-backend-cfg (key {PATH}), and clients of Platform's OIDC provider may rely on it; keep "
            "it: pulumi config set --plaintext existingOidcSecret keys and pulumi config set --plaintext "
            f"existingOidcSecretKey {key}; {REPLACE}"
        )
    ]
    survey(platform, existingOidcSecret="keys", existingOidcSecretKey=key)
    survey(platform, takeOver=BOTH)


def test_another_existing_key_than_the_mounted_one_is_refused(platform: FakeApi) -> None:
    set_in_config_map(platform, **{PATH: "/etc/oidc/oidc.pem"})
    mounted(platform, {"secret": {"secretName": "keys"}})
    with_secret(platform, "keys", **{"oidc.pem": rsa_private_key()})
    with_secret(platform, "others", **{"oidc.pem": rsa_private_key()})
    (problem,) = refused(platform, existingOidcSecret="others")
    assert "keep it: pulumi config set --plaintext existingOidcSecret keys; or let" in problem
    survey(platform, existingOidcSecret="keys")


def test_a_key_that_is_in_none_of_the_secrets_needs_one(platform: FakeApi) -> None:
    set_in_config_map(platform, **{PATH: "/etc/oidc/private.pem"})
    mounted(platform, {"persistentVolumeClaim": {"claimName": "keys"}})
    (problem,) = refused(platform)
    assert "; keep it: put the key into a Secret, and write the name in existingOidcSecret; or let" in problem
    with_secret(platform, "copied", **{"oidc.pem": rsa_private_key()})
    survey(platform, existingOidcSecret="copied")


def test_an_option_of_java_that_would_win_has_to_go(platform: FakeApi) -> None:
    container(platform)["args"] = ["-Dtower.oidc.pem-path=/etc/oidc/private.pem"]
    assert refused(platform, takeOver=BOTH) == [
        (
            f"existingOidcSecret: {PATH} of Deployment/backend is set already, by the option -Dtower.oidc.pem-path in "
            "args of the container, which wins over what this stack sets; remove it there"
        )
    ]


@pytest.mark.parametrize("values", [{TOKEN: "", PATH: ""}, {PATH: "/data/certs/oidc.pem"}])
def test_nothing_is_in_use_where_the_value_is_empty_or_the_same(platform: FakeApi, values: dict[str, str]) -> None:
    set_in_config_map(platform, **values)
    survey(platform)


def test_a_stack_that_is_there_has_been_asked_before(platform: FakeApi) -> None:
    set_in_config_map(platform, **{TOKEN: "hunter2"})
    own = named("connect-proxy")
    own["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{CORE}/services"].append(own)
    survey(platform)
