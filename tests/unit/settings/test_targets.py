"""A stack is for Kubernetes or for Docker Compose, and its settings are those of one of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from settings.errors import SettingsError
from settings.fields import FIELDS, WITHOUT_FIXED_DEFAULT, applies
from settings.parsing import parse_settings
from settings.targets import TARGETS
from tests.compose_bundle import STACK as COMPOSE

KUBERNETES = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}


def problems(values: dict[str, object]) -> list[str]:
    try:
        parse_settings({key: value for key, value in values.items() if value is not None})
    except SettingsError as error:
        return [str(problem).removeprefix("seqera-studios:") for problem in error.problems]
    return []


def test_a_stack_that_says_nothing_is_for_kubernetes() -> None:
    settings = parse_settings(KUBERNETES)
    assert settings.target == "kubernetes"
    assert settings.proxy_port == 8081


def test_defaults_on_compose_are_the_guides() -> None:
    settings = parse_settings(COMPOSE)
    assert settings.redis_address == "redis:6379"
    assert settings.proxy_port == 9090
    assert settings.compose_override == "docker-compose.override.yml"
    assert parse_settings({**COMPOSE, "composeFile": "compose.yaml"}).compose_override == "compose.override.yaml"


@pytest.mark.parametrize(("key", "value"), [("namespace", "x"), ("proxyReplicas", 3), ("eksCluster", "c")])
def test_a_key_of_kubernetes_is_refused_on_compose(key: str, value: object) -> None:
    (problem, *_) = problems({**COMPOSE, key: value})
    assert problem.startswith(f"{key}: ")
    assert problem.endswith("is for target kubernetes, and target is compose; remove it")


def test_on_compose_the_owners_files_are_taken_over_and_nothing_of_kubernetes() -> None:
    assert problems({**COMPOSE, "takeOver": ["tower.yml", "tower.env"]}) == []
    (problem,) = problems({**COMPOSE, "takeOver": ["ConfigMap/a"]})
    assert 'takeOver[0]: "ConfigMap/a" is not changed by this stack; write one of tower.yml, tower.env' in problem


def test_key_and_token_that_are_kept_are_not_rotated_here() -> None:
    found = problems({**COMPOSE, "existingOidc": True, "rsaRotation": "2", "tokenRotation": "2"})
    assert len(found) == 2
    for key, each in zip(("rsaRotation", "tokenRotation"), found, strict=True):
        assert each.endswith(
            f'{key}: "2" has no effect on the key and token that Platform has, which existingOidc keeps: '
            f"`pulumi config rm {key}`; to rotate, change them in Platform, then run `pulumi up`"
        )


@pytest.mark.parametrize(
    ("key", "value"), [("composeFolder", "/x"), ("instanceTags", {"Name": "x"}), ("delivery", "files")]
)
def test_a_key_of_compose_is_refused_on_kubernetes(key: str, value: object) -> None:
    (problem,) = problems({**KUBERNETES, key: value})
    assert problem.startswith(f"{key}: ")
    assert problem.endswith("is for target compose, and target is kubernetes; remove it")


def test_what_the_engine_hands_over_for_the_other_target_is_not_taken_for_written() -> None:
    defaults = {
        key: "" if key in WITHOUT_FIXED_DEFAULT else field.default
        for key, field in FIELDS.items()
        if not applies(key, "compose")
    }
    assert problems({**COMPOSE, **defaults}) == []


def test_a_key_that_only_one_target_needs_is_asked_for_with_an_example() -> None:
    assert problems({**COMPOSE, "composeFolder": None}) == [
        "composeFolder: is not set; write: pulumi config set composeFolder /home/ec2-user/seqera"
    ]
    assert problems({**KUBERNETES, "namespace": None, "redisAddress": None}) == [
        "namespace: is not set; write: pulumi config set namespace platform-stage",
        "redisAddress: is not set; write: pulumi config set redisAddress redis:6379",
    ]


def test_instance_and_load_balancer_are_named_once() -> None:
    assert problems({**COMPOSE, "instanceId": None, "loadBalancer": None}) == [
        "instanceId: is not set, and instanceTags neither; write: pulumi config set instanceId i-0123456789abcdef0",
        "loadBalancer: is not set, and loadBalancerTags neither; write: pulumi config set loadBalancer platform",
    ]
    assert problems({**COMPOSE, "instanceTags": {"Name": "x"}, "loadBalancerTags": {"Name": "x"}}) == [
        'instanceId: "i-0123456789abcdef0" names the EC2 instance a second time; remove it or instanceTags',
        'loadBalancer: "platform" names the load balancer a second time; remove it or loadBalancerTags',
    ]


def test_a_listener_is_named_once_or_not_at_all() -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/platform/1/2"
    assert parse_settings({**COMPOSE, "listenerTags": '{"Name": "sessions"}'}).listener_tags == {"Name": "sessions"}
    assert problems({**COMPOSE, "listenerArn": arn}) == []
    assert problems({**COMPOSE, "listenerArn": arn, "listenerTags": {"Name": "x"}}) == [
        f'listenerArn: "{arn}" names the listener a second time; remove it or listenerTags'
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instanceId": "i-xyz"}, "must be the id of an EC2 instance"),
        ({"composeFolder": "relative"}, "must be an absolute path"),
        ({"composeFile": "sub/docker-compose.yml"}, "must be the name of a YAML file"),
        ({"loadBalancer": "arn:aws:elasticloadbalancing:x"}, "is neither name nor ARN"),
        ({"listenerArn": "x"}, "must be the ARN of a listener"),
        ({"proxyNetworks": []}, "is empty"),
        ({"composeOverride": "docker-compose.yml"}, "is composeFile as well"),
        ({"cronService": "backend"}, "is backendService as well"),
        ({"proxyName": "backend"}, "is a service of Platform as well"),
        ({"target": "nowhere"}, "is not one of the words it can be"),
    ],
)
def test_a_value_of_another_form_is_refused(changes: dict[str, object], words: str) -> None:
    (problem,) = problems({**COMPOSE, **changes})
    assert words in problem


ROW = """TARGETS: Mapping[str, Target] = {
    "nomad": Target("Nomad", "Nomad on EC2", "Studios beside a Platform on Nomad."),
"""
SETTINGS = """
    frame_size: Annotated[int | None, proxy("CONNECT_FRAME_SIZE"), Only(KUBERNETES, "nomad")] = Field(
        default=None, description="Bytes of a frame.", examples=[4096]
    )
    region_name: Annotated[str, Required(KUBERNETES), Required("nomad"), Only(KUBERNETES, "nomad")] = Field(
        default="", description="Where it runs.", examples=["global"]
    )
"""
USE = """
import json
from settings.documents import configuration_page, project_config, required_table
from settings.errors import SettingsError
from settings.parsing import parse_settings
from settings.reference import needs_of
from settings.stack_schema import stack_schema

def said(**changes):
    try:
        parse_settings({"platformUrl": "https://example.com", "platformVersion": "25.3", **changes})
    except SettingsError as error:
        return [str(problem).removeprefix("seqera-studios:") for problem in error.problems]
    return []

print(json.dumps({
    "right": said(target="nomad", regionName="global", frameSize=4096),
    "missing": said(target="nomad"),
    "of others": said(target="nomad", regionName="global", namespace="platform"),
    "elsewhere": said(**COMPOSE, frameSize=4096),
    "wrong": said(target="nowhere"),
    "page": [line for line in configuration_page().splitlines() if "frameSize" in line or "| `platformUrl" in line],
    "required": [line for line in required_table().splitlines() if "regionName" in line],
    "description": project_config()["target"]["description"],
    "needs": needs_of("frameSize"),
    "schema": json.loads(stack_schema())["properties"]["config"]["properties"]["seqera-studios:target"]["enum"],
}))
"""


def test_another_target_is_one_row_and_the_marks_of_its_settings(tmp_path: Path) -> None:
    folder = Path(__file__).parents[3]
    shutil.copytree(folder / "settings", tmp_path / "settings", ignore=shutil.ignore_patterns("__pycache__"))
    targets, module = tmp_path / "settings" / "targets.py", tmp_path / "settings" / "model" / "connect.py"
    targets.write_text(targets.read_text().replace("TARGETS: Mapping[str, Target] = {\n", ROW))
    marks = "from settings.marks import Required\nfrom settings.targets import KUBERNETES\n"
    module.write_text(
        module.read_text().replace("from settings.marks import", f"{marks}from settings.marks import") + SETTINGS
    )
    program = f"COMPOSE = {COMPOSE!r}\n{USE}"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (wrong, *_) = said.pop("wrong")
    *first, last = (f"'{name}'" for name in ["nomad", *TARGETS])
    assert wrong == f'target: "nowhere" is not one of the words it can be; write {", ".join(first)} or {last}'
    assert said == {
        "right": [],
        "missing": ["regionName: is not set; write: pulumi config set regionName global"],
        "of others": ['namespace: "platform" is for target kubernetes, and target is nomad; remove it'],
        "elsewhere": ["frameSize: 4096 is for target kubernetes and nomad, and target is compose; remove it"],
        "page": [
            (
                "| `platformUrl` | text | **required** | all |  | `PLATFORM_URL` (proxy) "
                "| Where users reach Platform: its `TOWER_SERVER_URL`, https. | `https://example.com` |"
            ),
            (
                "| `frameSize` | integer | none | Kubernetes and Nomad |  | `CONNECT_FRAME_SIZE` (proxy) "
                "| Bytes of a frame. | `4096` |"
            ),
        ],
        "required": ["| `regionName` | Nomad and Kubernetes | Where it runs. | `global` |"],
        "description": (
            "Where Platform runs: `nomad` for Nomad on EC2, "
            + ", ".join(f"`{name}` for {target.where}" for name, target in TARGETS.items())
            + "."
        ),
        "needs": "Kubernetes and Nomad",
        "schema": ["nomad", *TARGETS],
    }
