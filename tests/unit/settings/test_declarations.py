"""A setting is one declaration: everything else follows from it."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from live.tower_yml_place import path_of, setting_of_entry
from settings.errors import SettingsError
from settings.fields import FIELDS, SECRET_KEYS, entry_names, since, targets_of
from settings.model import Settings
from settings.parsing import parse_settings
from settings.reference import becomes
from settings.releases import default_connect_version
from settings.rules.ssh import SSH_KEYS
from settings.versions import Version
from tests.unit.settings.test_all_settings import is_written_as_declared
from tests.unit.settings.test_golden_environment import row_of

ROOT = Path(__file__).parents[3]
STACKS = {
    "kubernetes": {
        "platformUrl": "https://example.com",
        "platformVersion": "26.1",
        "namespace": "platform-stage",
        "redisAddress": "redis:6379",
        "hostedZone": "example.com",
        "connectVersion": "0.12.0",
    },
    "compose": {
        "target": "compose",
        "platformUrl": "https://example.com",
        "platformVersion": "26.1",
        "hostedZone": "example.com",
        "instanceId": "i-0123456789abcdef0",
        "loadBalancer": "platform",
        "composeFolder": "/opt/seqera",
        "connectVersion": "0.12.0",
    },
}
POLICY: dict[str, object] = {"transferPolicy": (FIELDS["transferPolicy"].examples or [])[0]}
SSH: dict[str, object] = {"ssh": True}
#: What an example needs beside it, or instead of what the stack has.
BESIDE: dict[str, dict[str, object]] = {
    "platformVersion": {"connectVersion": None},
    "instanceTags": {"instanceId": None},
    "loadBalancerTags": {"loadBalancer": None},
    "hostedZoneId": {"hostedZone": None},
    "hostedZoneExternalId": {"hostedZoneRoleArn": "arn:aws:iam::444455556666:role/dns-editor"},
    "certificate": {"ingress": "none", "hostedZone": None},
    "redisTlsSkipVerify": {"redisTls": True},
    "redisTlsSecret": {"redisTls": True},
    "existingOidcSecretKey": {"existingOidcSecret": "platform-oidc-certs"},
    "existingTokenSecretKey": {"existingTokenSecret": "registration-token"},
    "loadBalancerGroupOrder": {"loadBalancerGroup": "platform"},
    "managementNamespace": {"managementPort": 9100},
    "telemetryFlushInterval": POLICY,
    "telemetryTtl": POLICY,
    "telemetryStreamEmitInterval": POLICY,
    "redisCaSecret": {"redisTls": True},
    "serviceMonitor": {"managementPort": 9100},
    **dict.fromkeys((key for key in SSH_KEYS), SSH),
    "extraMounts": {"extraVolumes": [{"name": "extra", "emptyDir": {}}]},
    "trustedProxyCidrs": {"eksCluster": "production"},
    "proxyReadinessPath": {"managementPort": 9100},
    "studioTemplates": {"connectVersion": "0.11.1"},
    "takeOver": {"backendConfigMap": "tower-backend-cfg"},
    "target": STACKS["compose"] | {"namespace": None, "redisAddress": None},
}
NEW = """
    frame_size: Annotated[int | None, proxy("CONNECT_FRAME_SIZE"), Since(connect="0.12.0"), Only(KUBERNETES)] = Field(
        default=None, ge=1, description="Bytes of a frame.", examples=[4096]
    )
"""
USE = """
import json
from settings.documents import configuration_page, project_config
from settings.environment import proxy_environment
from settings.errors import SettingsError
from settings.parsing import parse_settings
from settings.stack_schema import stack_schema

def said(**changes):
    try:
        return proxy_environment(parse_settings({**STACK, **changes}))["CONNECT_FRAME_SIZE"]
    except SettingsError as error:
        return error.text

page = configuration_page()
print(json.dumps({
    "set": said(frameSize=4096),
    "old": said(frameSize=4096, connectVersion="0.11.1"),
    "small": said(frameSize=0),
    "page": next(line for line in page.splitlines() if "frameSize" in line),
    "project": project_config()["frameSize"],
    "schema": json.loads(stack_schema())["properties"]["config"]["properties"]["seqera-studios:frameSize"],
}))
"""


def releases_for(key: str, stack: Mapping[str, object]) -> dict[str, object]:
    """The releases of a stack, or where a setting came with newer ones, those."""
    first = since(key)
    platform, connect = (Version.parse(str(stack[each])) for each in ("platformVersion", "connectVersion"))
    if first.platform is not None and Version.parse(first.platform) > platform:
        platform = Version.parse(first.platform)
        connect = default_connect_version(platform)
    if first.connect is not None:
        connect = max(connect, Version.parse(first.connect))
    return {"platformVersion": str(platform), "connectVersion": str(connect)}


@pytest.mark.parametrize("key", sorted(set(FIELDS) - SECRET_KEYS))
def test_each_setting_has_an_example_that_is_right_and_not_the_default(key: str) -> None:
    (example,) = FIELDS[key].examples or []
    base = STACKS[targets_of(key)[0]]
    stack = {**base, **releases_for(key, base), **BESIDE.get(key, {}), key: example}
    try:
        read = parse_settings({name: value for name, value in stack.items() if value is not None})
    except SettingsError as error:
        pytest.fail(f"correct the example of {key}, or add to BESIDE what it needs beside it: {error}")
    told = f"the example of {key} is its default; declare another one"
    assert read.model_dump(by_alias=True)[key] != FIELDS[key].default, told


def test_each_setting_that_no_mark_hands_over_is_read_by_what_deploys() -> None:
    folders = ("settings/model", "live", "survey", "components", "delivery")
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py")]
    source = "\n".join([*texts, (ROOT / "settings" / "environment.py").read_text(encoding="utf-8")])
    read = set(re.findall(r"(?:settings|self)\.(?=(\w+))|data\[\"(\w+)\"\]", source))
    names = {name for each in read for name in each}
    unread = [
        str(field.alias)
        for name, field in Settings.model_fields.items()
        if name not in names and not is_written_as_declared(str(field.alias))
    ]
    assert unread == [], (
        "no component reads these: mark the variable that each becomes, or hand it over in "
        "components/object_settings.py, components/studios_on_kubernetes.py or components/studios_on_compose.py"
    )


def test_a_new_setting_is_one_declaration_in_one_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "settings", tmp_path / "settings", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "settings" / "model" / "connect.py"
    module.write_text(module.read_text() + NEW)
    program = f"STACK = {STACKS['kubernetes']!r}\n{USE}"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    follows = json.loads(done.stdout)
    assert follows["set"] == "4096"
    assert follows["old"] == (
        "seqera-studios:frameSize: 4096 needs Connect 0.12.0 or newer, and connectVersion is 0.11.1; "
        "remove it, or write: pulumi config set connectVersion 0.12.0"
    )
    assert follows["small"] == "seqera-studios:frameSize: 0 is too small; write 1 or more"
    assert follows["page"] == (
        "| `frameSize` | integer | none | Kubernetes | Connect 0.12.0 | `CONNECT_FRAME_SIZE` (proxy) "
        "| Bytes of a frame. | `4096` |"
    )
    assert follows["project"] == {"description": "Bytes of a frame.", "default": ""}
    assert follows["schema"]["anyOf"][0] == {"type": "integer", "minimum": 1}
    assert follows["schema"]["description"] == "Bytes of a frame. Needs Kubernetes, Connect 0.12.0."


@pytest.mark.slow
@pytest.mark.parametrize(
    "declared",
    [
        "Annotated[text.Folder, proxy('CONNECT_FRAMES')] = Field(",
        "Annotated[text.Folder, Required(KUBERNETES), Required(COMPOSE), proxy('CONNECT_FRAMES')] = Field(default='',",
    ],
    ids=["without a default", "by marks"],
)
def test_the_documents_can_be_made_with_a_setting_that_every_target_needs(tmp_path: Path, declared: str) -> None:
    shutil.copytree(ROOT / "settings", tmp_path / "settings", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "settings" / "model" / "connect.py"
    setting = f"    frames: {declared} description='Folder of the frames.', examples=['/frames'])\n"
    module.write_text(module.read_text().replace("import COMPUTED, ", "import COMPUTED, Required, ") + setting)
    done = subprocess.run(
        [sys.executable, "-c", "from tests.docs import wanted_texts; print(*dict(wanted_texts()).values())"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "| `frames` | both | Folder of the frames. | `/frames` |" in done.stdout
    assert (
        "| `frames` | text | **required** | both |  | `CONNECT_FRAMES` (proxy) | Folder of the frames." in done.stdout
    )


def test_the_page_names_the_variables_that_each_setting_really_becomes() -> None:
    golden = YAML(typ="safe", pure=True).load(Path(__file__).with_name("golden_environment.yml").read_text())
    rows = {name.replace("_LAB_", "_<KEY>_"): row for name, row in golden["variables"].items()}
    template = "TOWER_DATA_STUDIO_TEMPLATES_<KEY>_"
    told = {(key, name) for key in FIELDS for name, _ in becomes(key)}
    of_template = {(key, name) for key, name in told if name.startswith(template)}
    assert of_template == {("studioTemplates", f"{template}…")}
    wanted = {(row["from"], name) for name, row in rows.items() if "from" in row and not name.startswith(template)}
    # Any variable may be passed on.
    wanted = {(key, name) for key, name in wanted if not key.endswith("ExtraEnv")}
    # A variable may depend on a second setting.
    second = {
        ("tunnelPort", "CONNECT_TUNNEL_URL"),
        ("readOnlyRootFilesystem", "XDG_CONFIG_HOME"),
        ("readOnlyRootFilesystem", "XDG_DATA_HOME"),
        ("redisCaSecret", "SSL_CERT_DIR"),
        ("redisPasswordSecret", "CONNECT_REDIS_PASSWORD"),
    }
    missing, left = told - of_template - wanted - second, (wanted | second) - told
    advice = [row_of(name) for _, name in sorted(missing)]
    advice += [f"{key} has no mark of {name}, which its row or `second` of this test has" for key, name in sorted(left)]
    assert not advice, "\n".join(advice)


#: Variables of Platform and of `make verify` that no setting becomes.
OF_NO_SETTING = {
    "TOWER_ACCESS_TOKEN": "what users of Platform's API give to make verify",
    "TOWER_WORKSPACE_ID": "likewise",
    "TOWER_SERVER_URL": "Platform's own",
    "CONNECT_TO": "the end of an option of make verify",
}


def test_outside_the_settings_no_module_spells_the_name_of_a_variable() -> None:
    folders = ("live", "survey", "components", "delivery", "package", "pipeline", "policy")
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for text in texts_of(path)
        for name in re.findall(r"(?<![A-Z_])(?:CONNECT|TOWER)_[A-Z0-9_]+", text)
        if name not in OF_NO_SETTING
    }
    assert found == set(), "take the name from settings: settings.fields.name_of_variable, or a constant there"


def texts_of(path: Path) -> Iterator[str]:
    """The texts in a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def test_an_entry_of_tower_yml_is_the_one_of_its_row_and_has_the_name_of_its_setting() -> None:
    golden = YAML(typ="safe", pure=True).load(Path(__file__).with_name("golden_environment.yml").read_text())
    rows = {row["from"]: name for name, row in golden["variables"].items() if row["set"] == ["tower.yml"]}
    declared = {key: entry for key in FIELDS for entry in entry_names(key)}
    advice = [row_of(entry) for key, entry in declared.items() if rows.get(key) != entry]
    assert declared == rows, "\n".join(advice)
    assert [setting_of_entry(path_of(entry)) for entry in declared.values()] == list(declared)
