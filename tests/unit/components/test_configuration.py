from typing import Any

from components.checksum import keyed_checksum
from components.configuration import StudiosConfiguration, StudiosConfigurationArgs
from tests.unit.components.mocks import Recording, run

BASE: dict[str, object] = {
    "namespace": "platform-stage",
    "pem_secret": "platform-oidc-certs",
    "pem_key": "oidc.pem",
    "pem": "the pem",
    "token_secret": "connect-token",
    "token_key": "token",
    "token": "the token",
    "credentials_secret": "connect-server-credentials",
    "proxy_config_map": "connect-proxy",
    "server_config_map": "connect-server",
    "proxy_environment": {"B": "2", "A": "1"},
    "server_environment": {"C": "3"},
}
REDIS = {
    "proxy_credentials": {"CONNECT_REDIS_PASSWORD": "redis"},
    "server_credentials": {"CONNECT_REDIS_PASSWORD": "redis"},
}


def configuration(**changes: object) -> Recording:
    args = StudiosConfigurationArgs(**(BASE | changes))  # type: ignore[arg-type]

    def program() -> None:
        StudiosConfiguration("studios", args)

    return run(program)


def checksums(**changes: object) -> tuple[str, str]:
    outputs = configuration(**changes)["studios"].outputs
    return outputs["proxy_checksum"], outputs["server_checksum"]


def test_key_and_token_have_a_secret_each_and_no_other_is_made() -> None:
    recording = configuration()
    secrets = {
        asked.inputs["metadata"]["name"]: asked.inputs["stringData"]
        for asked in recording.resources.values()
        if asked.type == "kubernetes:core/v1:Secret"
    }
    assert secrets == {"platform-oidc-certs": {"oidc.pem": "the pem"}, "connect-token": {"token": "the token"}}


def test_every_secret_is_sealed_before_it_reaches_the_provider() -> None:
    recording = configuration(**REDIS)
    for name in ("studios-pem", "studios-token", "studios-credentials"):
        assert recording[name].secrets == {"stringData"}


def test_the_redis_password_lies_in_one_secret_for_proxy_and_server() -> None:
    recording = configuration(**REDIS)
    assert recording["studios-credentials"].inputs["metadata"]["name"] == "connect-server-credentials"
    assert recording["studios-credentials"].inputs["stringData"] == {"CONNECT_REDIS_PASSWORD": "redis"}
    assert recording["studios"].outputs["credentials_secret_name"] == "connect-server-credentials"


def test_each_workload_has_a_config_map_with_its_own_variables() -> None:
    recording = configuration()
    assert recording["studios-proxy"].inputs["metadata"]["name"] == "connect-proxy"
    assert recording["studios-proxy"].inputs["data"] == {"A": "1", "B": "2"}
    assert recording["studios-server"].inputs["metadata"]["name"] == "connect-server"
    assert recording["studios-server"].inputs["data"] == {"C": "3"}


def test_all_children_belong_to_the_component() -> None:
    assert configuration(**REDIS).parents == {
        "studios": "",
        "studios-checksum-key": "studios",
        "studios-pem": "studios",
        "studios-token": "studios",
        "studios-credentials": "studios",
        "studios-proxy": "studios",
        "studios-server": "studios",
    }


def test_a_new_token_restarts_the_proxy_alone() -> None:
    (proxy, server), (new_proxy, new_server) = checksums(), checksums(token="another token")
    assert (new_proxy != proxy, new_server != server) == (True, False)


def test_a_new_key_restarts_neither_proxy_nor_server() -> None:
    assert checksums(pem="another pem") == checksums()


def test_a_new_variable_restarts_those_who_read_it() -> None:
    (proxy, server), (new_proxy, new_server) = checksums(), checksums(server_environment={"C": "4"})
    assert (new_proxy != proxy, new_server != server) == (False, True)


def test_a_new_redis_password_restarts_both() -> None:
    other = {key: {"CONNECT_REDIS_PASSWORD": "another"} for key in REDIS}
    before, after = checksums(**REDIS), checksums(**other)
    assert (before[0] != after[0], before[1] != after[1]) == (True, True)


def test_a_new_variable_key_or_token_restarts_platform_and_a_new_password_does_not() -> None:
    def checksum(changes: dict[str, Any] | None = None, url: str = "https://connect.example.com") -> str:
        found: list[str] = []

        def program() -> None:
            made = StudiosConfiguration("studios", StudiosConfigurationArgs(**{**BASE, **(changes or {})}))
            made.platform_checksum({"TOWER_DATA_STUDIO_CONNECT_URL": url}).apply(found.append)

        run(program)
        (only,) = found
        return only

    read = {"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com", "pem": "the pem", "token": "the token"}
    assert checksum() == checksum(REDIS) == keyed_checksum("result-of-studios-checksum-key", read)
    others = [checksum(url="https://other.example.com"), checksum({"pem": "another"}), checksum({"token": "another"})]
    assert len({checksum(), *others}) == 4


def test_checksums_are_plain_and_their_key_is_secret() -> None:
    assert configuration(**REDIS)["studios"].output_secrets == {"checksum_key"}
