"""What does not fit is found before a file is written or a container is touched."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from testbed import paths
from testbed.compose.host import FILES
from testbed.docker.site import ONLY_IN_THE_REGISTRY, Site
from tests.compose_bundle import TOKEN
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.test_owners_way import OWN, edit, others, refused

pytestmark = pytest.mark.docker

#: Of a plugin that says what Docker asks of each.
OLD_COMPOSE = """
case " $* " in
*docker-cli-plugin-metadata*) echo '{"SchemaVersion": "0.1.0", "Vendor": "x", "Version": "2.17.3"}' ;;
*) echo 2.17.3 ;;
esac
"""


@pytest.mark.slow
def test_a_folder_data_studios_of_the_owner_stays_as_it_is(studios: Callable[..., Studios]) -> None:
    installed = studios(files={"data-studios/kept": "by hand\n"})
    theirs = installed.platform.folder / "data-studios"
    assert f"{theirs} exists and is not of this deployment; move it away" in refused(installed)
    ok(installed.uninstall())
    assert (theirs / "kept").read_text() == "by hand\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", [OWN, ".studios/own.txt", ".studios/new/own.txt", ".studios/files/own.txt"])
def test_a_file_of_our_names_is_not_overwritten(studios: Callable[..., Studios], name: str) -> None:
    installed = studios(files={name: "services: {}\n"})
    before = installed.platform.snapshot()
    assert "is not of this deployment" in refused(installed, {"composeOverride": OWN})
    ok(installed.uninstall())
    assert installed.platform.snapshot() == before


@pytest.mark.slow
@pytest.mark.parametrize("address", ["AF_INET;('',9090)", "AF_INET6;('::1',9090)", "AF_INET6;('::',9090)"])
def test_a_port_that_a_program_of_the_host_has_is_named(studios: Callable[..., Studios], address: str) -> None:
    installed = studios()
    machine = installed.platform.machine
    family, _, where = address.partition(";")
    only = "" if family == "AF_INET" else "s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,1);"
    # Connections of a test before this one may not be forgotten yet.
    again = "s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);"
    opened = f"s=socket.socket(socket.{family});{only}{again}s.bind({where});s.listen()"
    script = f"import socket,time;{opened};time.sleep(600)"
    machine.run(["sh", "-c", f'python3 -c "{script}" >/dev/null 2>&1 & echo $! >/run/taken; sleep 1'])
    try:
        assert "port 9090 is taken by another program on this host; write another one in proxyPort" in refused(
            installed
        )
    finally:
        machine.run(["sh", "-c", "kill $(cat /run/taken)"])
    ok(installed.install())


@pytest.mark.slow
def test_a_port_that_another_container_has_is_named_with_its_setting(studios: Callable[..., Studios]) -> None:
    installed = studios()
    machine = installed.platform.machine
    words = ["run", "--detach", "--name", "other", "--publish", "9090:80", "--publish", "2222:81", "mysql:8.0"]
    machine.docker(*words[:1], "--env", "MYSQL_ALLOW_EMPTY_PASSWORD=yes", *words[1:])
    try:
        said = refused(installed, {"ssh": True, "platformVersion": "26.1"})
        assert "port 9090 is taken by the container other; write another one in proxyPort" in said
        assert "port 2222 is taken by the container other; write another one in sshPort" in said
    finally:
        machine.docker("rm", "--force", "other")


def test_an_image_that_cannot_be_pulled_is_named_with_where_to_log_in(
    studios: Callable[..., Studios], docker_site: Site
) -> None:
    installed = studios()
    changes = {"connectVersion": ONLY_IN_THE_REGISTRY, "platformVersion": "25.2"}
    said = refused(installed, changes)
    assert (
        f"the image cr.seqera.io/enterprise/studios/proxy:{ONLY_IN_THE_REGISTRY} of connect-proxy cannot be pulled"
        in said
    )
    assert "docker login cr.seqera.io" in said
    assert "/root/.docker/config.json" in said
    assert "dockerConfig" in said
    assert len(said) < 2000
    docker_site.log_in()
    try:
        said = refused(installed, {**changes, "connectVersion": "0.8.9"})
        assert "proxy:0.8.9 of connect-proxy cannot be pulled" in said
        assert "Write a release that the registry has in connectVersion" in said
        assert "docker login" not in said
        ok(installed.install(changes))
    finally:
        installed.platform.machine.run(["rm", "-rf", "/root/.docker/config.json"])
    assert installed.platform.containers()["connect-proxy"].image.endswith(f":{ONLY_IN_THE_REGISTRY}")


@pytest.mark.slow
def test_a_daemon_that_does_not_answer_is_named(studios: Callable[..., Studios]) -> None:
    installed = studios()
    installed.environment = {"DOCKER_HOST": "unix:///run/nothing.sock"}
    files = installed.platform.snapshot()
    finished = installed.install()
    assert finished.returncode == 1
    assert "docker" in finished.stderr
    assert installed.platform.snapshot() == files


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (OLD_COMPOSE, "root's Docker Compose is 2.17.3; install 2.24.0 or newer"),
        ("exit 1", "root has no docker compose"),
    ],
)
def test_a_docker_compose_that_is_missing_or_too_old_is_named(
    studios: Callable[..., Studios], tmp_path: Path, script: str, words: str
) -> None:
    installed = studios()
    plugin = tmp_path / "docker-config" / "cli-plugins" / "docker-compose"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(f"#!/bin/sh\n{script}\n")
    plugin.chmod(0o755)
    assert words in refused(installed, {"dockerConfig": str(plugin.parents[1])})


@pytest.mark.slow
def test_a_user_who_could_not_read_the_key_is_named(studios: Callable[..., Studios]) -> None:
    override = "services:\n  backend: {user: '1000'}\n  cron: {user: '1000'}\n"
    installed = studios(files={"docker-compose.override.yml": override})
    said = refused(installed, {"composeOverride": OWN})
    assert "cron runs as user 1000, which could not read the RSA key of user 101; write containerUid: 1000" in said
    ok(installed.install({"composeOverride": OWN, "containerUid": 1000}))


@pytest.mark.slow
def test_a_platform_that_does_not_run_is_not_started(studios: Callable[..., Studios]) -> None:
    installed = studios()
    installed.platform.compose("stop", "backend")
    said = refused(installed)
    assert (
        "backend does not run: it is exited; bring it up first (docker start seqera-backend-1), and try again" in said
    )
    installed.platform.machine.docker("start", "seqera-backend-1")
    installed.platform.wait_until_healthy("backend")
    ok(installed.install())
    ok(installed.uninstall())
    installed.platform.compose("down")
    assert "no container of cron or backend was started from" in refused(installed)
    assert installed.platform.containers() == {}


@pytest.mark.slow
def test_variables_that_environment_of_a_service_sets_are_named_with_their_place(
    studios: Callable[..., Studios],
) -> None:
    installed = studios(start=False)
    names = ("EXPLORER_ENABLED=false", "STUDIO_LIST_MAX_ALLOWED=7", "STUDIO_ALLOWED_WORKSPACES")
    theirs = "".join(f"      - TOWER_DATA_{name}\n" for name in names)
    edit(installed.platform, ("prod,redis,ha\n", f"prod,redis,ha\n{theirs}"))
    installed.platform.up()
    said = refused(installed, {"platformVersion": "26.1", "listMaxAllowed": 9, "allowedWorkspaces": "none"})
    path = installed.platform.folder / "docker-compose.yml"
    lines = (installed.platform.folder / "docker-compose.yml").read_text().splitlines()
    number = lines.index("      - TOWER_DATA_EXPLORER_ENABLED=false") + 1
    assert f"TOWER_DATA_EXPLORER_ENABLED of backend (line {number} of {path})" in said
    assert f"TOWER_DATA_STUDIO_LIST_MAX_ALLOWED of backend (line {number + 1} of {path})" in said
    # Without a value, the container is without it, whatever the files of variables say.
    assert f"TOWER_DATA_STUDIO_ALLOWED_WORKSPACES of backend (line {number + 2} of {path})" in said
    assert "of cron" not in said


def test_a_key_and_a_token_in_use_are_kept_or_replaced_when_told_so(studios: Callable[..., Studios], pem: str) -> None:
    tower = (
        "TOWER_SERVER_URL=https://example.com\nTOWER_JWT_SECRET=0123456789abcdef0123456789abcdef0123456789abcdef\n"
        "TOWER_CRYPTO_SECRETKEY=fedcba9876543210\nTOWER_REDIS_URL=redis://redis:6379\n"
        "TOWER_OIDC_PEM_PATH=/wif.pem\nTOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN=of-$$other-clients\n"
    )
    wif = "services:\n  backend: &wif\n    volumes: [./wif.pem:/wif.pem:ro]\n  cron: *wif\n"
    installed = studios(files={"tower.env": tower, "wif.pem": pem, "docker-compose.override.yml": wif})
    kept = others(installed.platform)
    said = refused(installed, {"composeOverride": OWN})
    assert "Platform's OIDC provider is in use already: TOWER_OIDC_PEM_PATH (line 5 of" in said
    assert "existingOidc: true" in said
    assert "takeOver: [tower.env]" in said
    assert "of-" not in said
    ok(installed.install({"composeOverride": OWN, "existingOidc": True}))
    running = installed.platform.containers()
    assert running["backend"].environment["TOWER_OIDC_PEM_PATH"] == "/wif.pem"
    token = running["backend"].environment["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"]
    assert token.startswith("of-")
    assert running["connect-proxy"].environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] == token
    assert "/data-studios-rsa.pem" not in running["backend"].mounts
    assert "nothing has changed" in ok(installed.install({"composeOverride": OWN, "existingOidc": True}))
    ok(installed.uninstall())
    ok(installed.install({"composeOverride": OWN, "takeOver": ["tower.env"]}))
    running = installed.platform.containers()
    assert running["backend"].environment["TOWER_OIDC_PEM_PATH"] == "/data-studios-rsa.pem"
    assert running["backend"].environment["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"] == TOKEN
    assert others(installed.platform) == kept


@pytest.mark.slow
def test_a_service_connect_proxy_of_the_owner_is_named(studios: Callable[..., Studios]) -> None:
    theirs = "services:\n  connect-proxy:\n    image: mysql:8.0\n    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}\n"
    installed = studios(files={"docker-compose.override.yml": theirs})
    said = refused(installed, {"composeOverride": OWN})
    assert "has a service connect-proxy already; take it out there and remove its container" in said
    assert "(docker rm --force seqera-connect-proxy-1)" in said
    ok(installed.install({"composeOverride": OWN, "proxyName": "studios-proxy"}))
    assert "studios-proxy" in installed.platform.containers()


@pytest.mark.slow
def test_the_stack_for_the_terraform_installer_works_beside_its_files(studios: Callable[..., Studios]) -> None:
    example = YAML(typ="safe").load(paths.CHECKOUT / "examples" / "stacks" / "terraform-installer.yaml")["config"]
    prefix = "seqera-studios:"
    stack = {key.removeprefix(prefix): value for key, value in example.items() if key.startswith(prefix)}
    # The instance, the load balancer and the folder are the test's.
    stack = {key: stack[key] for key in stack if key not in ("instanceTags", "loadBalancerTags", "composeFolder")}
    stack |= {"platformUrl": "https://example.com", "hostedZone": "example.com"}
    its_own = {"data-studios.env": "OF=installer\n", "data-studios-rsa.pem": "of the installer\n"}
    installed = studios(owner="ec2-user", start=False, files=its_own)
    platform = installed.platform
    text = (platform.folder / "tower.yml").read_text()
    target = platform.folder / "target" / "tower_config"
    target.mkdir(parents=True)
    for name in ("tower.yml", "tower.env"):
        (platform.folder / name).rename(target / name)
    edit(
        platform,
        ("$PWD/tower.yml:", "$PWD/target/tower_config/tower.yml:"),
        ("      - tower.env", "      - target/tower_config/tower.env"),
    )
    platform.up()
    before, kept = platform.snapshot(), others(platform)
    # From 26.1 on the workspaces are a variable; before, they are in the tower.yml that is really mounted.
    ok(installed.install(stack))
    assert (target / "tower.yml").read_text() == text
    assert installed.install({**stack, "platformVersion": "25.3", "allowedWorkspaces": [7]}).returncode == 0
    assert "allowed-workspaces: [7]" in (target / "tower.yml").read_text()
    assert not (platform.folder / "tower.yml").exists()
    assert "workspaces with Studios: 7" in platform.logs("backend").replace("[7]", "7")
    assert others(platform) == kept
    for name, content in its_own.items():
        assert (platform.folder / name).read_text() == content
    ok(installed.uninstall())
    assert others(platform) == kept
    assert platform.snapshot() == before


@pytest.mark.slow
def test_a_tower_yml_that_is_a_config_is_edited(studios: Callable[..., Studios]) -> None:
    installed = studios(start=False)
    platform = installed.platform
    path = platform.folder / "docker-compose.yml"
    volume = "    volumes:\n      - $PWD/tower.yml:/tower.yml\n"
    text = path.read_text().replace(volume, "    configs: [{source: tower, target: /tower.yml}]\n")
    path.write_text(f"{text}configs:\n  tower: {{file: ./tower.yml}}\n")
    platform.up()
    before = platform.snapshot()
    ok(installed.install({"allowedWorkspaces": [7]}))
    assert "workspaces with Studios: 7" in platform.logs("backend").replace("[7]", "7")
    assert ok(installed.install({"allowedWorkspaces": [7]})) == "studios: nothing has changed\n"
    ok(installed.uninstall())
    assert platform.snapshot() == before


@pytest.mark.slow
def test_workspaces_that_somebody_else_set_are_kept_or_replaced_when_told_so(
    studios: Callable[..., Studios],
) -> None:
    theirs = "tower:\n  data-studio:\n    allowed-workspaces: [1, 2]\n"
    installed = studios(files={"tower.yml": theirs})
    said = refused(installed)
    assert f"tower.data-studio.allowed-workspaces in {installed.platform.folder}/tower.yml is [1, 2]" in said
    assert "write the same in allowedWorkspaces, or take it over: takeOver: [tower.yml]" in said
    ok(installed.install({"allowedWorkspaces": [1, 2]}))
    ok(installed.install({"allowedWorkspaces": [3]}))
    ok(installed.uninstall())
    assert (installed.platform.folder / "tower.yml").read_text() == theirs
    ok(installed.install({"takeOver": ["tower.yml"]}))
    assert "allowed-workspaces: null" in (installed.platform.folder / "tower.yml").read_text()
    ok(installed.uninstall())
    assert (installed.platform.folder / "tower.yml").read_text() == theirs


@pytest.mark.slow
def test_the_files_for_containers_have_owner_and_mode_of_tower_env(studios: Callable[..., Studios]) -> None:
    installed = studios(owner="ec2-user")
    (installed.platform.folder / "tower.env").chmod(0o640)
    ok(installed.install())
    files = installed.platform.folder / ".studios" / "files"
    for name in ("data-studios.env", "tower-studios.env"):
        about = (files / name).stat()
        assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (1000, 1000, 0o640)
    key = (files / "data-studios-rsa.pem").stat()
    assert (key.st_uid, stat.S_IMODE(key.st_mode)) == (101, 0o600)
    assert set(installed.platform.containers()) > OURS


def test_all_that_is_wrong_is_told_at_once(studios: Callable[..., Studios]) -> None:
    tower = (FILES / "tower.env").read_text() + "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN=of-other-clients\n"
    theirs = """\
services:
  backend: {user: '1000', environment: {TOWER_DATA_EXPLORER_ENABLED: 'false'}}
  cron: {user: '1000'}
  connect-server:
    image: mysql:8.0
    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}
    ports: ['9090:80']
"""
    files = {"data-studios/kept": "by hand\n", "docker-compose.override.yml": theirs, "tower.env": tower}
    installed = studios(files={**files, "tower.yml": "tower: {data-studio: {allowed-workspaces: [1]}}\n"})
    said = refused(installed, {"platformVersion": "25.2", "connectVersion": "0.8.9"})
    assert said.startswith("studios: 10 problems:\n1. ")
    for words in (
        "docker-compose.override.yml exists and is not of this deployment; write another name in composeOverride",
        "data-studios exists and is not of this deployment",
        "has a service connect-server already",
        "cron runs as user 1000",
        f"TOWER_DATA_EXPLORER_ENABLED of backend (line 2 of {installed.platform.folder}/docker-compose.override.yml)",
        f"TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN (line 8 of {installed.platform.folder}/tower.env)",
        "port 9090 is taken by the container seqera-connect-server-1",
        "the image cr.seqera.io/enterprise/studios/proxy:0.8.9 of connect-proxy cannot be pulled",
        "the image cr.seqera.io/enterprise/studios/server:0.8.9 of connect-server cannot be pulled",
        "is [1], and this stack would set null",
    ):
        assert words in said, words
    assert "of-other-clients" not in said
    ok(installed.uninstall())
    assert (installed.platform.folder / "data-studios" / "kept").read_text() == "by hand\n"


@pytest.mark.slow
def test_a_variable_of_tower_env_that_this_stack_sets_otherwise_is_kept_or_replaced_when_told_so(
    studios: Callable[..., Studios],
) -> None:
    more = "export TOWER_DATA_EXPLORER_ENABLED=false\n"
    theirs = "services:\n  backend:\n    env_file: [more.env]\n"
    installed = studios(files={"more.env": more, "docker-compose.override.yml": theirs})
    said = refused(installed, {"composeOverride": OWN})
    assert f"TOWER_DATA_EXPLORER_ENABLED of backend (line 1 of {installed.platform.folder}/more.env)" in said
    assert "takeOver: [tower.env]" in said
    ok(installed.install({"composeOverride": OWN, "takeOver": ["tower.env"]}))
    assert installed.platform.containers()["backend"].environment["TOWER_DATA_EXPLORER_ENABLED"] == "true"
    ok(installed.install({"composeOverride": OWN}))
    ok(installed.uninstall())
    assert installed.platform.containers()["backend"].environment["TOWER_DATA_EXPLORER_ENABLED"] == "false"


@pytest.mark.slow
def test_workspaces_of_tower_env_are_not_widened_from_26_1_on(studios: Callable[..., Studios]) -> None:
    tower = (FILES / "tower.env").read_text() + "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES=1,2\n"
    installed = studios(files={"tower.env": tower})
    said = refused(installed, {"platformVersion": "26.1"})
    assert f"TOWER_DATA_STUDIO_ALLOWED_WORKSPACES of cron (line 8 of {installed.platform.folder}/tower.env)" in said
    assert "write the same in allowedWorkspaces" in said
    ok(installed.install({"platformVersion": "26.1", "allowedWorkspaces": [1, 2]}))


@pytest.mark.slow
def test_a_network_that_was_joined_by_hand_is_named_before_it_is_lost(studios: Callable[..., Studios]) -> None:
    installed = studios()
    machine = installed.platform.machine
    backend = "seqera-backend-1"
    machine.docker("network", "create", "monitoring")
    try:
        machine.docker("network", "connect", "monitoring", backend)
        said = refused(installed)
        assert f"{backend} has joined the network monitoring by hand, and would lose it when it is replaced" in said
        assert f"(docker network disconnect monitoring {backend})" in said
        machine.docker("network", "disconnect", "monitoring", backend)
        ok(installed.install())
        machine.docker("network", "connect", "monitoring", backend)
        assert ok(installed.install()) == "studios: nothing has changed\n"
        assert "has joined the network monitoring by hand" in installed.uninstall().stderr
        machine.docker("network", "disconnect", "monitoring", backend)
        ok(installed.uninstall())
    finally:
        machine.docker("network", "disconnect", "--force", "monitoring", backend, check=False)
        machine.docker("network", "rm", "monitoring")


@pytest.mark.slow
def test_configs_and_secrets_that_a_dry_run_cannot_copy_are_no_obstacle(studios: Callable[..., Studios]) -> None:
    installed = studios(files={".env": "WORD=a b\n"})
    platform = installed.platform
    path = platform.folder / "docker-compose.yml"
    document = YAML().load(path.read_text())
    document["configs"] = {"one": {"content": "hello"}}
    document["secrets"] = {"two": {"environment": "WORD"}}
    for service in ("backend", "cron"):
        document["services"][service] |= {"configs": ["one"], "secrets": ["two"]}
    with path.open("w") as stream:
        YAML().dump(document, stream)
    platform.up()
    before, kept = platform.snapshot(), others(platform)
    ok(installed.install())
    assert ok(installed.install()) == "studios: nothing has changed\n"
    ok(installed.uninstall())
    assert platform.snapshot() == before
    assert others(platform) == kept


@pytest.mark.slow
def test_a_network_and_a_service_that_the_file_lacks_are_named_with_their_settings(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    said = refused(installed, {"serverNetworks": ["other"]})
    assert "Platform's compose file has no network other, which connect-server would join" in said
    assert "write those that it has in proxyNetworks and serverNetworks" in said
    said = refused(installed, {"cronService": "jobs"})
    assert "write that in backendService or cronService" in said
    assert "no such service" not in said
