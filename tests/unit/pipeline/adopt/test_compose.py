"""A Studios on Docker Compose: what is asked for on the instance, and what becomes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.adopt.compose_plan import Plan, plan_on_compose
from pipeline.adopt.found import NothingToAdoptError
from pipeline.adopt.host import SCRIPT, Host, Service, look
from pipeline.adopt.stack import AdoptionError
from pipeline.adopt.table import table
from pipeline.adopt.way import Way, find_way
from settings.errors import SettingsError
from settings.parsing import parse_settings
from tests.compose_bundle import STACK
from tests.unit.components.test_studios_on_compose import SITE

TOKEN, PASSWORD = "the-token-of-platform", "the-password-of-redis"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
RULE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/platform/1/2/3"
VALUES: dict[str, object] = {**STACK, "composeFolder": "/home/ec2-user"}
ENTRY = "tower:\n  data-studio:\n    allowed-workspaces: {}\n"


def service(name: str, image: str, hidden: tuple[str, ...] = (), **variables: str) -> Service:
    connect = name.startswith("connect")
    return Service(
        name=name,
        image=image,
        variables=variables,
        hidden=hidden,
        ports={"9090": 9090} if name == "connect-proxy" else {},
        networks=("backend", "frontend") if name == "connect-proxy" else ("backend",),
        same_token=("backend", "connect-proxy") if connect or name == "backend" else (),
    )


PROXY = service(
    "connect-proxy",
    "cr.seqera.io/enterprise/studios/proxy:0.12.0",
    ("CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN",),
    CONNECT_PROXY_URL="https://connect.example.com/",
    CONNECT_REDIS_ADDRESS="redis:6379",
    CONNECT_REDIS_DB="1",
)
#: Proxy and server read one file of variables.
SERVER = service("connect-server", "cr.seqera.io/enterprise/studios/server:0.12.0", PROXY.hidden, **PROXY.variables)
BACKEND = service(
    "backend",
    "cr.seqera.io/private/nf-tower-enterprise/backend:v25.3.0",
    ("TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN",),
    TOWER_OIDC_PEM_PATH="/data-studios-rsa.pem",
)
WAY = Way({RULE: ("arn:targetgroup",)}, (5,), CERTIFICATE)


def host(*services: Service, ports: tuple[int, ...] = (8000, 9090), workspaces: str | None) -> Host:
    return Host({each.name: each for each in services}, frozenset(ports), workspaces)


def planned(
    *services: Service,
    way: Way = WAY,
    record: str | None = "alias",
    workspaces: str | None = ENTRY.format("null"),
    **values: object,
) -> Plan:
    found = host(*(services or (PROXY, SERVER, BACKEND)), workspaces=workspaces)
    return plan_on_compose(found, {**VALUES, **values}, set(), way, record)


def fates(plan: Plan) -> dict[str, str]:
    return {row.what: row.fate for row in plan.rows}


def test_what_the_installer_makes_is_left_and_the_stacks_own_comes_beside_it_with_its_key_and_token() -> None:
    plan = planned()
    assert plan.settings == {
        "proxyName": "studios-proxy",
        "serverName": "studios-server",
        "proxyPort": 9091,
        "existingOidc": True,
        "certificateArn": CERTIFICATE,
        "connectUrl": "https://connect.example.com",
        "connectVersion": "0.12.0",
        "redisAddress": "redis:6379",
    }
    assert fates(plan) == {
        "service connect-proxy": "left",
        "service connect-server": "left",
        "RSA key and token": "left",
        "listener-rule 3": "left",
        "rule of the stack": "made",
        "certificate": "left",
        "record of the sessions": "taken",
        "workspaces with Studios": "left",
    }
    assert max(map(len, table(plan.rows))) <= 80


def test_once_more_it_says_the_same_and_writes_nothing() -> None:
    written = planned().settings
    assert planned(**written).settings == {}


def test_a_record_that_is_no_alias_stays_with_its_load_balancer() -> None:
    plan = planned(record="other")
    assert plan.settings["sessionRecord"] == "existing"
    assert fates(plan)["record of the sessions"] == "left"


def test_redis_and_templates_and_networks_are_kept() -> None:
    connect = {"CONNECT_PROXY_URL": "https://connect.example.com", "CONNECT_REDIS_ADDRESS": "cache:6379"}
    proxy = Service("connect-proxy", PROXY.image, connect, (), {}, ("studios",), ())
    templates = {"REPOSITORY": "acme.example.com/jupyter:1.0-0.12", "TOOL": "jupyter", "ICON": "jupyter"}
    templates |= {"STATUS": "recommended", "PORT": "8080"}
    variables = {f"TOWER_DATA_STUDIO_TEMPLATES_LAB_{key}": value for key, value in templates.items()}
    plan = planned(proxy, service("backend", "backend:v25.3.0", (), **variables))
    assert plan.settings["redisAddress"] == "cache:6379"
    assert plan.settings["redisDatabase"] == 0
    assert plan.settings["proxyNetworks"] == ["studios"]
    assert plan.settings["studioTemplates"]["LAB"]["repository"] == templates["REPOSITORY"]
    assert fates(plan)["RSA key and token"] == "made"
    assert "existingOidc" not in plan.settings


@pytest.mark.parametrize(
    ("entry", "value", "how"),
    [
        ("", "none", "none, since /home/ec2-user/tower.yml names none"),
        (ENTRY.format("[7]"), [7], "7, as /home/ec2-user/tower.yml has it"),
        (ENTRY.format("null"), None, "all, as /home/ec2-user/tower.yml has it"),
    ],
)
def test_the_workspaces_with_studios_stay_and_no_entry_means_none(entry: str, value: object, how: str) -> None:
    # The engine hands over the default.
    plan = planned(workspaces=entry, allowedWorkspaces="all")
    assert plan.settings.get("allowedWorkspaces") == value
    assert [row.how for row in plan.rows if row.what == "workspaces with Studios"] == [how]


def test_the_variable_of_the_workspaces_wins_over_tower_yml() -> None:
    variables = {**BACKEND.variables, "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES": "7,8"}
    backend = Service("backend", BACKEND.image, variables, BACKEND.hidden, {}, ("backend",), ("backend",))
    for entry in ("", None, ENTRY.format("null")):
        assert planned(PROXY, SERVER, backend, workspaces=entry).settings["allowedWorkspaces"] == [7, 8]


def test_workspaces_that_can_not_be_told_are_asked_for() -> None:
    with pytest.raises(SettingsError) as caught:
        planned(workspaces=None)
    assert str(caught.value) == (
        "seqera-studios:allowedWorkspaces: must say which workspaces have Studios, for example [1, 2] or none, since "
        "/home/ec2-user/tower.yml is not read or has the entry in another form than a line of its own; for all of "
        "them, write that in Platform"
    )
    assert "allowedWorkspaces" not in planned(workspaces=None, allowedWorkspaces="none").settings
    assert "allowedWorkspaces" not in planned(workspaces=None, platformVersion="26.1").settings


def test_another_token_of_the_proxy_is_told() -> None:
    backend = Service("backend", BACKEND.image, BACKEND.variables, BACKEND.hidden, {}, ("backend",), ("backend",))
    (row,) = (row for row in planned(PROXY, SERVER, backend).rows if row.what == "RSA key and token")
    assert row.how.endswith("connect-proxy had another token")


def test_a_rule_that_would_come_before_that_of_the_studios_that_serves_is_refused() -> None:
    with pytest.raises(AdoptionError, match="listenerRulePriority: 3 comes before the rule of the Studios that serves"):
        planned(listenerRulePriority=3)
    assert "proxyName" in planned(listenerRulePriority=7).settings


def test_a_password_of_redis_has_to_be_written_first() -> None:
    proxy = Service("connect-proxy", PROXY.image, PROXY.variables, ("CONNECT_REDIS_PASSWORD",), {}, (), ())
    with pytest.raises(AdoptionError, match="pulumi config set --secret redisPassword"):
        planned(proxy, BACKEND)


def test_a_host_without_a_proxy_has_nothing_to_adopt() -> None:
    with pytest.raises(NothingToAdoptError, match="no container has the variable CONNECT_PROXY_URL"):
        planned(BACKEND)
    other = Service("other-proxy", PROXY.image, PROXY.variables, (), {}, (), ())
    with pytest.raises(NothingToAdoptError, match="several connect-proxies: connect-proxy, other-proxy"):
        planned(PROXY, other, BACKEND)


def test_a_platform_under_another_name_is_asked_for() -> None:
    with pytest.raises(AdoptionError, match="no running service backend; start Platform, or write backendService"):
        planned(PROXY, SERVER)


def inspected(name: str, folder: Path, **variables: str) -> dict[str, Any]:
    label = "com.docker.compose"
    return {
        "Config": {
            "Image": f"{name}:1",
            "Env": [f"{key}={value}" for key, value in variables.items()],
            "Labels": {
                f"{label}.project": "seqera",
                f"{label}.service": name,
                f"{label}.project.working_dir": str(folder),
            },
        },
        "NetworkSettings": {"Ports": {"9090/tcp": [{"HostPort": "9090"}]}, "Networks": {"seqera_backend": {}}},
    }


def test_the_script_tells_which_secrets_are_set_and_never_what_they_are(tmp_path: Path) -> None:
    registration = {"CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN": TOKEN, "CONNECT_REDIS_PASSWORD": PASSWORD}
    containers = [
        inspected("connect-proxy", tmp_path, CONNECT_PROXY_URL="https://connect.example.com", **registration),
        inspected("backend", tmp_path, TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN=TOKEN, TOWER_JWT_SECRET=PASSWORD),
        inspected("elsewhere", tmp_path / "other"),
    ]
    (tmp_path / "answer.json").write_text(json.dumps(containers))
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n[ $1 = ps ] && echo a b c || cat {tmp_path}/answer.json\n")
    docker.chmod(0o755)
    said = answered(tmp_path)
    assert TOKEN not in said.stdout
    assert PASSWORD not in said.stdout
    found = look(Ssm(said.stdout), "i-1", str(tmp_path))
    assert set(found.services) == {"connect-proxy", "backend"}
    assert found.services["connect-proxy"] == Service(
        name="connect-proxy",
        image="connect-proxy:1",
        variables={"CONNECT_PROXY_URL": "https://connect.example.com"},
        hidden=("CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN", "CONNECT_REDIS_PASSWORD"),
        ports={"9090": 9090},
        networks=("backend",),
        same_token=("connect-proxy", "backend"),
    )
    assert found.ports == {9090}
    assert found.workspaces is None


def answered(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    return subprocess.run(command, env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, check=True)


SECRETS = f"mail:\n  smtp:\n    password: {PASSWORD}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SECRETS, ""),
        (f"{SECRETS}# allowed-workspaces: [1]\n", ""),
        (f"{SECRETS}tower:\n  data-studio:\n    ssh-allowed-workspaces: [1]\n", ""),
        (
            f"tower:  # ours\n  x: {PASSWORD}\n  data-studio:\n    allowed-workspaces: [1, 2]  # {PASSWORD}\n{SECRETS}",
            ENTRY.format("[1, 2]"),
        ),
        (f"{ENTRY.format('null')}{SECRETS}", ENTRY.format("null")),
        (
            f"{ENTRY.format('')}    - 1\n    # two\n    - 2\n{SECRETS}",
            f"{ENTRY.format('').replace(': ', ':')}    - 1\n    - 2\n",
        ),
        (ENTRY.format(f"[{PASSWORD}]"), None),
        (f"tower: {{data-studio: {{allowed-workspaces: [1], x: {PASSWORD}}}}}\n", None),
        (f"tower.data-studio.allowed-workspaces: [1]\n{SECRETS}", None),
        ("tower:\n  dataStudio:\n    allowedWorkspaces: [1]\n", None),
        (f"{ENTRY.format('[1]')}---\n{ENTRY.format('[2]')}", None),
    ],
)
def test_the_script_tells_of_tower_yml_only_what_leads_to_the_workspaces(
    tmp_path: Path, text: str, told: str | None
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\n[ $1 = ps ] || echo []\n")
    docker.chmod(0o755)
    (tmp_path / "tower.yml").write_text(text)
    said = answered(tmp_path)
    assert PASSWORD not in said.stdout
    assert json.loads(said.stdout)["workspaces"] == told


class Ssm:
    """Systems Manager, with one answer."""

    def __init__(self, stdout: str, status: str = "Success", stderr: str = "") -> None:
        self.answers = [
            {"Status": "InProgress"},
            {"Status": status, "StandardOutputContent": stdout, "StandardErrorContent": stderr},
        ]

    def send_command(self, **_: Any) -> dict[str, Any]:
        return {"Command": {"CommandId": "1"}}

    def get_command_invocation(self, **_: Any) -> dict[str, Any]:
        return self.answers.pop(0)


def test_an_instance_that_can_not_tell_is_named_with_the_reason() -> None:
    with pytest.raises(AdoptionError, match="i-1 could not tell what runs there: sh: 1: python3: not found"):
        look(Ssm("", "Failed", "sh: 1: python3: not found"), "i-1", "/home/ec2-user")


class Account:
    """AWS with a listener: three rules and two certificates."""

    def pages(self, _service: str, operation: str, _key: str, read: Any, **_: Any) -> list[Any]:
        def rule(arn: str, host: str, priority: str, action: dict[str, Any]) -> dict[str, Any]:
            conditions = [{"Field": "host-header", "HostHeaderConfig": {"Values": [host]}}]
            return {"RuleArn": arn, "Conditions": conditions, "Priority": priority, "Actions": [action]}

        weighted = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}]}}
        answers = {
            "describe_rules": [
                rule("of-platform", "example.com", "1", {"Type": "forward", "TargetGroupArn": "platform"}),
                rule("of-sessions", "*.example.com", "5", weighted),
                {"RuleArn": "default", "Conditions": [], "Priority": "default", "Actions": []},
            ],
            "describe_listener_certificates": [{"CertificateArn": "narrow"}, {"CertificateArn": "wide"}],
        }
        return [read(each) for each in answers[operation]]

    def call(self, _service: str, _operation: str, read: Any, **arguments: Any) -> Any:
        names = {"narrow": ["example.com"], "wide": ["example.com", "*.example.com"]}[arguments["CertificateArn"]]
        certificate = {"DomainName": names[0], "SubjectAlternativeNames": names, "Status": "ISSUED"}
        return read({"Certificate": certificate})


def test_the_rules_of_the_sessions_and_a_certificate_that_covers_them_are_found() -> None:
    account: Any = Account()
    assert find_way(account, SITE, parse_settings(VALUES)) == Way({"of-sessions": ("a",)}, (5,), "wide")
