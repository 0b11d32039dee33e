"""The files that Platform reads are mounted where it reads them, and the key hides none of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from testbed.pki import rsa_private_key

from .conftest import APPS, CORE, FakeApi, secret
from .test_effective_environment import container, refused, survey


def pod(api: FakeApi, position: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = api.lists[f"{APPS}/deployments"][position]["spec"]["template"]["spec"]
    return found


def mounted(api: FakeApi, volume: dict[str, Any], **mount: str) -> None:
    """Gives backend this volume and mount in the place of its tower.yml."""
    pod(api)["volumes"] = [{"name": "config-volume", **volume}]
    container(api)["volumeMounts"] = [{"name": "config-volume", **mount}]


SEEN: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"configMap": {"name": "tower-yml"}}, {"mountPath": "/tower.yml", "subPath": "tower.yml"}),
    ({"configMap": {"name": "tower-yml"}}, {"mountPath": "/etc/tower"}),
    (
        {"configMap": {"name": "tower-yml", "items": [{"key": "tower.yml", "path": "t.yml"}]}},
        {"mountPath": "/tower.yml", "subPath": "t.yml"},
    ),
    (
        {"projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "tower-yml"}}]}},
        {"mountPath": "/etc/tower"},
    ),
    (
        {"configMap": {"name": "tower-yml", "items": [{"key": "tower.yml", "path": "conf/tower.yml"}]}},
        {"mountPath": "/conf", "subPath": "conf"},
    ),
]


@pytest.mark.parametrize(("volume", "mount"), SEEN)
def test_a_tower_yml_that_backend_sees_is_accepted(
    platform: FakeApi, volume: dict[str, Any], mount: dict[str, str]
) -> None:
    mounted(platform, volume, **mount)
    survey(platform)


def test_a_tower_yml_of_another_config_map_is_refused_with_what_is_mounted(platform: FakeApi) -> None:
    mounted(platform, {"configMap": {"name": "live-yml"}}, mountPath="/tower.yml", subPath="tower.yml")
    assert refused(platform) == [
        (
            'towerYmlConfigMap: "tower-yml" is not mounted in container backend of Deployment backend, so that '
            "Platform does not read it; it mounts ConfigMap live-yml (key tower.yml) at /tower.yml: write the right "
            "one in towerYmlConfigMap"
        )
    ]
    survey(platform, platformVersion="26.1")


def test_another_key_of_the_config_map_is_refused(platform: FakeApi) -> None:
    mounted(platform, {"configMap": {"name": "tower-yml"}}, mountPath="/tower.yml", subPath="live.yml")
    (problem,) = refused(platform)
    assert problem == (
        'towerYmlKey: "tower.yml" is not mounted in container backend of Deployment backend; it mounts ConfigMap '
        "tower-yml (key live.yml) at /tower.yml: write the right one in towerYmlKey"
    )


def test_a_tower_yml_that_nothing_mounts_is_refused(platform: FakeApi) -> None:
    container(platform)["volumeMounts"] = []
    (problem,) = refused(platform)
    assert "so that Platform does not read it; it mounts none: write the right one in towerYmlConfigMap" in problem


@pytest.mark.parametrize(
    ("volume", "source"),
    [
        ({"secret": {"secretName": "yml"}}, "Secret yml (key tower.yml)"),
        ({"projected": {"sources": [{"secret": {"name": "yml"}}]}}, "Secret yml (key tower.yml)"),
        ({"persistentVolumeClaim": {"claimName": "yml"}}, "volume config-volume (persistentVolumeClaim)"),
    ],
)
def test_a_tower_yml_from_elsewhere_is_named(platform: FakeApi, volume: dict[str, Any], source: str) -> None:
    mounted(platform, volume, mountPath="/tower.yml", subPath="tower.yml")
    (problem,) = refused(platform)
    assert problem.endswith(
        f"it mounts {source} at /tower.yml: write the right one in towerYmlConfigMap, after you have mounted it from a "
        "ConfigMap"
    )


def test_another_file_in_the_place_that_platform_reads_hides_ours(platform: FakeApi) -> None:
    pod(platform)["volumes"] = [
        {"name": "live", "configMap": {"name": "live-yml"}},
        {"name": "ours", "configMap": {"name": "tower-yml"}},
    ]
    container(platform)["volumeMounts"] = [
        {"name": "live", "mountPath": "/tower.yml", "subPath": "tower.yml"},
        {"name": "ours", "mountPath": "/etc/tower"},
    ]
    assert refused(platform) == [
        (
            'towerYmlConfigMap: "tower-yml" is mounted in container backend of Deployment backend, but Platform reads '
            "/tower.yml, and that is ConfigMap live-yml (key tower.yml) there: write the right one in towerYmlConfigMap"
        )
    ]


@pytest.mark.parametrize(
    ("volume", "mounts"),
    [
        ({"configMap": {"name": "cron-yml"}}, "ConfigMap cron-yml (key tower.yml) at /tower.yml"),
        ({"secret": {"secretName": "yml"}}, "Secret yml (key tower.yml) at /tower.yml"),
        (None, "none"),
    ],
)
def test_a_cron_that_reads_another_tower_yml_than_backend_is_refused(
    platform: FakeApi, volume: dict[str, Any] | None, mounts: str
) -> None:
    if volume is None:
        container(platform, "cron")["volumeMounts"] = []
    else:
        pod(platform, 1)["volumes"] = [{"name": "config-volume", **volume}]
    assert refused(platform) == [
        (
            'towerYmlConfigMap: "tower-yml" is what backend reads, and container backend of Deployment cron does not: '
            f"it mounts {mounts}; mount key tower.yml of ConfigMap tower-yml there as in backend"
        )
    ]
    survey(platform, platformVersion="26.1")


def test_a_stack_that_runs_beside_a_cron_without_tower_yml_goes_on(platform: FakeApi) -> None:
    container(platform, "cron")["volumeMounts"] = []
    platform.lists[f"{CORE}/configmaps"][0]["metadata"]["managedFields"] = [{"manager": "studios-local"}]
    survey(platform)


@pytest.mark.parametrize(
    "volume",
    [
        {"configMap": {"name": "tower-yml"}},
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"emptyDir": {}},
    ],
)
def test_a_volume_of_platforms_own_is_not_offered_to_be_replaced(platform: FakeApi, volume: dict[str, Any]) -> None:
    (kind,) = volume
    pod(platform)["volumes"].append({"name": "own", **volume})
    assert refused(platform, certVolume="own") == [
        (
            f'certVolume: "own" is a volume of Platform\'s own in Deployment/backend ({kind}); write another name in '
            "certVolume"
        )
    ]


def test_the_volume_of_tower_yml_is_told_for_both_deployments(platform: FakeApi) -> None:
    problems = refused(platform, certVolume="config-volume")
    assert [problem.partition(" in ")[2] for problem in problems] == [
        "Deployment/cron (configMap); write another name in certVolume",
        "Deployment/backend (configMap); write another name in certVolume",
    ]


def test_a_secret_that_is_mounted_elsewhere_is_platforms_own(platform: FakeApi) -> None:
    pod(platform)["volumes"].append({"name": "tls", "secret": {"secretName": "platform-tls"}})
    container(platform)["volumeMounts"].append({"name": "tls", "mountPath": "/etc/tls"})
    (problem,) = refused(platform, certVolume="tls")
    assert problem.startswith('certVolume: "tls" is a volume of Platform\'s own in Deployment/backend (secret)')


def test_the_volume_of_an_earlier_manual_setup_may_be_taken_over(platform: FakeApi) -> None:
    pod(platform)["volumes"].append({"name": "cert-volume", "secret": {"secretName": "old"}})
    container(platform)["volumeMounts"].append({"name": "cert-volume", "mountPath": "/data/certs"})
    (problem,) = refused(platform)
    assert problem.endswith("pulumi config set --path 'takeOver[0]' Deployment/backend")


@pytest.mark.parametrize(
    ("path", "mount", "says"),
    [
        ("/data/certs/oidc.pem", "/data", "lies below /data, where Deployment/backend mounts the volume data"),
        (
            "/data/certs/oidc.pem",
            "/data/certs/ca",
            "lies in a folder in which Deployment/backend mounts the volume data",
        ),
        ("/data/certs/oidc.pem", "/data/certs/oidc.pem", "lies in a folder in which Deployment/backend mounts"),
        ("/data/certs/oidc.pem", "/data/certs", "lies in /data/certs, where Deployment/backend mounts the volume data"),
    ],
)
def test_a_key_in_the_way_of_a_mount_needs_another_path(platform: FakeApi, path: str, mount: str, says: str) -> None:
    pod(platform)["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": "data"}})
    container(platform)["volumeMounts"].append({"name": "data", "mountPath": mount})
    (problem,) = refused(platform, pemPath=path)
    assert problem.startswith(f'pemPath: "{path}" {says}')
    assert problem.endswith("; write another path in pemPath")
    assert "takeOver" not in problem
    survey(platform, pemPath="/etc/studios/oidc.pem")


def test_a_key_that_this_stack_has_mounted_already_stays_where_it_is(platform: FakeApi) -> None:
    pod(platform)["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": "data"}})
    container(platform)["volumeMounts"].append({"name": "data", "mountPath": "/data"})
    fields: dict[str, Any] = {"f:volumeMounts": {'k:{"mountPath":"/data/certs"}': {"f:name": {}}}}
    within: dict[str, Any] = {"f:containers": {'k:{"name":"backend"}': fields}}
    owned = {"f:spec": {"f:template": {"f:spec": within}}}
    metadata = platform.lists[f"{APPS}/deployments"][0]["metadata"]
    metadata["managedFields"] = [{"manager": "studios-local", "operation": "Apply", "fieldsV1": owned}]
    survey(platform)


@pytest.mark.parametrize("before", ["/data", "/etc"])
def test_a_key_that_this_stack_has_mounted_elsewhere_moves_to_its_new_path(platform: FakeApi, before: str) -> None:
    pod(platform)["volumes"].append({"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs"}})
    container(platform)["volumeMounts"].append({"name": "cert-volume", "mountPath": before})
    owned: dict[str, Any] = {
        "f:spec": {"f:template": {"f:spec": {"f:volumes": {'k:{"name":"cert-volume"}': {"f:name": {}}}}}}
    }
    metadata = platform.lists[f"{APPS}/deployments"][0]["metadata"]
    metadata["managedFields"] = [{"manager": "studios-local", "operation": "Apply", "fieldsV1": owned}]
    survey(platform)
    # Platform's owner has taken the volume on in the meantime.
    metadata["managedFields"].append({"manager": "kubectl", "operation": "Apply", "fieldsV1": owned})
    assert refused(platform)


def test_nothing_of_it_concerns_other_containers(platform: FakeApi) -> None:
    pod(platform)["containers"].append({"name": "x", "volumeMounts": [{"name": "y", "mountPath": "/data"}]})
    survey(platform)


def with_volume(api: FakeApi, *items: dict[str, Any], **mount: str) -> None:
    """The Secret of the stack's key in the volume, mounted at its folder by backend only."""
    api.lists[f"{CORE}/secrets"].append(existing_key())
    given = {"items": [*items]} if items else {}
    volume = {"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs", "optional": True, **given}}
    pod(api)["volumes"].append(volume)
    container(api)["volumeMounts"].append({"name": "cert-volume", "mountPath": "/data/certs", **mount})


def existing_key() -> dict[str, Any]:
    made = secret("platform-oidc-certs", "oidc.pem")
    made["data"] = {"oidc.pem": base64.b64encode(rsa_private_key().encode()).decode()}
    return made


LACKS = (
    'certVolume: "cert-volume" is a volume of Secret/platform-oidc-certs in Deployment/backend, without the key '
    "oidc.pem as the file {0}, so that Platform would not find /data/certs/{0}; {1}"
)
ELSEWHERE = "write another name in certVolume, and a path in another folder in pemPath"
RENAMED: dict[str, object] = {"key": "oidc.pem", "path": "private.pem"}
WITH_MODE: dict[str, object] = {"key": "oidc.pem", "path": "oidc.pem", "mode": 256}


@pytest.mark.parametrize("taken", [[], ["Deployment/backend"]])
def test_a_volume_that_has_the_key_as_another_file_names_the_path(platform: FakeApi, taken: list[str]) -> None:
    with_volume(platform, RENAMED)
    at_file = "write: pulumi config set pemPath /data/certs/private.pem"
    assert refused(platform, existingOidcSecret="platform-oidc-certs", takeOver=taken) == [
        LACKS.format("oidc.pem", at_file)
    ]
    survey(platform, existingOidcSecret="platform-oidc-certs", pemPath="/data/certs/private.pem")


@pytest.mark.parametrize(
    "items",
    [
        [{"key": "tls.crt", "path": "oidc.pem"}],
        [RENAMED, {"key": "tls.crt", "path": "tls.crt"}],
        [{**RENAMED, "mode": 256}],
        [{"key": "oidc.pem", "path": "keys/oidc.pem"}],
    ],
)
def test_a_volume_without_the_file_of_the_key_is_left_to_platform(
    platform: FakeApi, items: list[dict[str, object]]
) -> None:
    with_volume(platform, *items)
    assert refused(platform, existingOidcSecret="platform-oidc-certs") == [LACKS.format("oidc.pem", ELSEWHERE)]
    elsewhere = {"certVolume": "studios-key", "pemPath": "/etc/studios/oidc.pem"}
    survey(platform, existingOidcSecret="platform-oidc-certs", **elsewhere)


@pytest.mark.parametrize("items", [[], [WITH_MODE], [WITH_MODE, RENAMED, {"key": "tls.crt", "path": "tls.crt"}]])
def test_a_volume_that_has_the_key_under_its_name_is_right_with_other_files_or_without(
    platform: FakeApi, items: list[dict[str, object]]
) -> None:
    with_volume(platform, *items)
    survey(platform, existingOidcSecret="platform-oidc-certs")


def test_a_volume_of_the_whole_secret_loses_no_file_to_another_name_of_the_key(platform: FakeApi) -> None:
    with_volume(platform)
    changed = {"existingOidcSecret": "platform-oidc-certs", "pemPath": "/data/certs/private.pem"}
    at_key = "write: pulumi config set pemPath /data/certs/oidc.pem"
    assert refused(platform, **changed) == [LACKS.format("private.pem", at_key)]
    survey(platform, **changed, takeOver=["Deployment/backend"])


def test_a_part_of_the_right_volume_at_the_folder_is_refused(platform: FakeApi) -> None:
    with_volume(platform, subPath="keys")
    assert refused(platform, existingOidcSecret="platform-oidc-certs") == [
        (
            'certVolume: "cert-volume" is a volume of Secret/platform-oidc-certs in Deployment/backend, mounted at '
            "/data/certs in part (subPath), so that Platform would not find /data/certs/oidc.pem; write another name "
            "in certVolume, and a path in another folder in pemPath"
        )
    ]
