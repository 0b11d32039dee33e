"""The Platform that is found is the one that the stack is for."""

from __future__ import annotations

import pytest

from .conftest import APPS, CORE, FakeApi, deployment, named
from .test_effective_environment import container, refused, survey


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com/", "https://EXAMPLE.com:443", " https://example.com "]
)
def test_a_backend_with_the_url_of_the_stack_is_the_right_one(platform: FakeApi, url: str) -> None:
    platform.lists[f"{CORE}/configmaps"][0]["data"]["TOWER_SERVER_URL"] = url
    survey(platform)


@pytest.mark.parametrize(
    "url",
    [
        *("https://other.example.com", "https://example.com:8443"),
        # What cannot be read as a URL.
        *("https://example.com:port", "https://[example.com", "example.com"),
    ],
)
def test_a_backend_with_another_url_is_refused_with_both(platform: FakeApi, url: str) -> None:
    platform.lists[f"{CORE}/configmaps"][0]["data"]["TOWER_SERVER_URL"] = url
    assert refused(platform) == [
        (
            'platformUrl: "https://example.com" is not the URL of the Platform in namespace platform-stage: '
            f"TOWER_SERVER_URL of Deployment/backend is {url} (ConfigMap/tower-backend-cfg); write that URL in "
            "platformUrl, or the namespace of the right Platform in namespace"
        )
    ]


@pytest.mark.parametrize("url", ["http://example.com", "http://other.example.com:8000/"])
def test_a_backend_that_is_not_served_over_https_has_to_be_before(platform: FakeApi, url: str) -> None:
    platform.lists[f"{CORE}/configmaps"][0]["data"]["TOWER_SERVER_URL"] = url
    assert refused(platform) == [
        (
            'platformUrl: "https://example.com" is not the URL of the Platform in namespace platform-stage: '
            f"TOWER_SERVER_URL of Deployment/backend is {url} (ConfigMap/tower-backend-cfg); Studios needs a Platform "
            "that is served over https: once it is, change TOWER_SERVER_URL there to its https URL, and write the same "
            "in platformUrl, or the namespace of the right Platform in namespace"
        )
    ]


def test_a_url_in_a_secret_is_nothing_to_go_by(platform: FakeApi) -> None:
    reference = {"secretKeyRef": {"name": "tower-secrets", "key": "url"}}
    container(platform)["env"] = [{"name": "TOWER_SERVER_URL", "valueFrom": reference}]
    survey(platform)


def image(api: FakeApi, name: str) -> str:
    """Gives backend an image; returns what the survey warns of."""
    container(api)["image"] = name
    return "\n".join(survey(api).warnings)


@pytest.mark.parametrize("tag", ["v24.1.3", "24.1", "v24.1.0-RC2", "24.1.3_patched"])
def test_an_image_of_another_release_is_warned_of_with_both(platform: FakeApi, tag: str) -> None:
    assert image(platform, f"cr.seqera.io/private/nf-tower-enterprise/backend:{tag}") == (
        "platformVersion is 25.3, and Deployment/backend runs "
        f"cr.seqera.io/private/nf-tower-enterprise/backend:{tag}: Platform 24.1 may read other variables; if that "
        "image is right, write: pulumi config set platformVersion 24.1"
    )


@pytest.mark.parametrize(
    "name",
    [
        "cr.seqera.io/private/nf-tower-enterprise/backend:v25.3.3",
        "registry:5000/backend:25.3.0-patched",
        "registry:5000/backend",
        "backend:latest",
        "backend:2024.01.05",
        "backend:24",
        "backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ],
)
def test_an_image_of_that_release_or_of_none_is_not_warned_of(platform: FakeApi, name: str) -> None:
    assert image(platform, name) == ""


@pytest.mark.parametrize(
    ("version", "tag", "warns"),
    [
        ("25.3.3", "v25.3.0", True),
        ("25.3.3", "v25.3.2-patched", True),
        ("25.3.0", "v25.3.3", True),
        ("25.3.3", "v25.3.5", False),
        ("25.3.1", "v25.3.0", False),
        ("25.3.3", "v25.3", False),
        ("25.3", "v25.3.3", False),
    ],
)
def test_a_patch_release_is_warned_of_where_it_comes_with_something_else(
    platform: FakeApi, version: str, tag: str, warns: bool
) -> None:
    container(platform)["image"] = f"backend:{tag}"
    release = tag[1:].partition("-")[0]
    told = (
        f"platformVersion is {version}, and Deployment/backend runs backend:{tag}: Platform {release} may read other "
        f"variables; if that image is right, write: pulumi config set platformVersion {release}"
    )
    assert survey(platform, platformVersion=version).warnings == ((told,) if warns else ())


def test_a_cron_of_another_release_than_backend_is_warned_of(platform: FakeApi) -> None:
    container(platform, "cron")["image"] = "backend:v24.1.3"
    end = ": backend and cron have to be of one release; give both the image of the same"
    assert survey(platform).warnings == (f"Deployment/cron runs backend:v24.1.3, and platformVersion is 25.3{end}",)
    container(platform)["image"] = "backend:v25.3.1"
    told = f"Deployment/cron runs backend:v24.1.3, and Deployment/backend runs backend:v25.3.1{end}"
    assert survey(platform).warnings == (told,)
    container(platform, "cron")["image"] = "backend:v25.3.1"
    assert survey(platform).warnings == ()


def test_the_only_config_map_and_the_only_containers_need_no_name(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/configmaps"][0]["metadata"]["name"] = "release-platform-backend"
    platform.lists[f"{APPS}/deployments"] = [
        deployment("backend", "platform-backend", "release-platform-backend"),
        deployment("cron", "cron", "release-platform-backend"),
    ]
    found = survey(platform, backendConfigMap=None).settings
    assert (found.backend_container, found.cron_container) == ("platform-backend", "cron")
    assert (found.backend_config_map, found.cron_config_map) == ("release-platform-backend",) * 2


def test_one_of_several_containers_is_asked_for(platform: FakeApi) -> None:
    made = deployment("cron", "cron")
    made["spec"]["template"]["spec"]["containers"].append({"name": "istio-proxy"})
    platform.lists[f"{APPS}/deployments"][1] = made
    assert refused(platform)[0] == (
        'cronContainer: "backend" is not a container of Deployment cron; there are cron, istio-proxy: '
        "write the right one in cronContainer"
    )


def test_one_of_several_config_maps_is_asked_for(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/configmaps"].append(named("other-cfg"))
    container(platform)["envFrom"].append({"configMapRef": {"name": "other-cfg"}})
    (problem,) = refused(platform, backendConfigMap=None)
    assert problem == (
        'backendConfigMap: "platform-backend-cfg" is not the ConfigMap that backend reads: backend reads '
        "tower-backend-cfg, other-cfg; write: pulumi config set backendConfigMap tower-backend-cfg"
    )


def test_an_object_to_take_over_is_held_against_what_was_found(platform: FakeApi) -> None:
    survey(platform, backendConfigMap=None, takeOver=["ConfigMap/tower-backend-cfg"])
    (problem,) = refused(platform, backendConfigMap=None, takeOver=["ConfigMap/platform-backend-cfg"])
    assert problem.startswith(
        'takeOver[0]: "ConfigMap/platform-backend-cfg" is not changed by this stack; write one of'
    )
