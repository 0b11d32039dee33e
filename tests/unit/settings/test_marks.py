"""Each mark of a declaration takes effect, or is refused when the model is loaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, SecretStr, create_model

from settings.fields import FIELDS, marks
from settings.marks import (
    COMPUTED,
    Derived,
    Only,
    Required,
    Since,
    TowerYml,
    Words,
    connect,
    platform,
    proxy,
    server,
    spaced,
)
from settings.model.declarations import DeclarationError, check
from settings.model.section import ByTarget, Section
from settings.parsing import parse_settings
from settings.targets import TARGETS
from settings.types import pods, text
from tests.compose_bundle import STACK as COMPOSE

ROOT = Path(__file__).parents[3]
KUBERNETES = {
    "platformUrl": "https://example.com",
    "platformVersion": "26.1",
    "connectVersion": "0.12.0",
    "namespace": "platform-stage",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}
SECRETS = "which holds no secrets; only proxy(...), server(...) and connect(...) take them"


def declared(kind: Any, *also: Any, **field: Any) -> tuple[Any, Any]:
    usual = {"default": None, "description": "How long.", "examples": ["5m"]}
    parts = (kind, *also)
    return Annotated[parts] if also else kind, Field(**{**usual, **field})


def said(**fields: tuple[Any, Any]) -> list[str]:
    model = create_model("Probe", __base__=Section, **fields)  # type: ignore[call-overload]
    try:
        check(model)
    except DeclarationError as error:
        return str(error).split("\n")
    return []


@pytest.mark.parametrize(
    "declaration",
    [
        declared(text.Duration | None, platform("TOWER_GRACE"), Since(platform="26.2")),
        declared(text.Texts, proxy("CONNECT_GRACE", spaced), Since(connect="0.12.0"), Derived("none"), default=()),
        declared(int | float | bool | Literal["all"] | None, connect("CONNECT_GRACE")),
        declared(SecretStr | None, server("CONNECT_GRACE"), examples=None),
        declared(pods.SecretKeyReference | None, server("CONNECT_GRACE"), Only("kubernetes")),
        declared(dict[str, str], proxy("CONNECT_GRACE", json.dumps), default={}),
        declared(dict[str, str], proxy("CONNECT_GRACE", COMPUTED), default={}),
        declared(text.Duration | None, TowerYml("tower.idle-grace")),
        declared(int | None, Only("compose"), Required("compose")),
        declared(str, Required("kubernetes"), default="", default_factory=None),
        (
            Annotated[str, Required("kubernetes")],
            Field(default_factory=ByTarget("", {"compose": "1m"}), description="How long.", examples=["5m"]),
        ),
    ],
)
def test_a_mark_that_takes_effect_is_taken(declaration: tuple[Any, Any]) -> None:
    assert said(idle_grace=declaration) == []


@pytest.mark.parametrize(
    ("declaration", "problem"),
    [
        (
            declared(SecretStr | None, platform("TOWER_KEY"), examples=None),
            "the variable TOWER_KEY would not be set: backend and cron read variables from a ConfigMap, " + SECRETS,
        ),
        (
            declared(pods.SecretKeyReference | None, platform("TOWER_KEY"), Only("kubernetes")),
            "the variable TOWER_KEY would not be set: backend and cron read variables from a ConfigMap, " + SECRETS,
        ),
        (
            declared(SecretStr | None, proxy("CONNECT_KEY", COMPUTED), examples=None),
            "the variable CONNECT_KEY holds the secret as it is; leave out what makes its value",
        ),
        (
            declared(pods.SecretKeyReference | None, proxy("CONNECT_KEY")),
            "the variable CONNECT_KEY comes from a Secret of Kubernetes; add Only(KUBERNETES)",
        ),
        (
            declared(Annotated[SecretStr, Field(min_length=1)] | None, proxy("CONNECT_KEY")),
            "holds a secret in a type that isn't told apart from plain text; write SecretStr | None",
        ),
        (
            declared(dict[str, str], proxy("CONNECT_MAP"), default={}),
            (
                "the variable CONNECT_MAP would hold Python's form of a map; "
                "add a function that makes its text of the value, or COMPUTED"
            ),
        ),
        (
            declared(pods.Mounts, proxy("CONNECT_MAP"), default=()),
            (
                "the variable CONNECT_MAP would hold Python's form of a map; "
                "add a function that makes its text of the value, or COMPUTED"
            ),
        ),
        (
            declared(dict[str, str], TowerYml("tower.idle-grace"), default={}),
            "the entry tower.idle-grace can't be made of this type; add is_computed=True, and make it by hand",
        ),
        (
            declared(str | None, TowerYml("tower.grace")),
            "the entry tower.grace must have the setting's name at its end, idle-grace, or the setting grace",
        ),
        (
            declared(int, Required("compose"), default=0),
            (
                "Required(COMPOSE) has no effect beside a default, 0; "
                "write default=None, or ByTarget(...) where other targets have one"
            ),
        ),
        (
            (
                Annotated[str, Required("compose")],
                Field(default_factory=lambda data: "1m", description="How long.", examples=["5m"]),
            ),
            (
                "Required(COMPOSE) has no effect beside a default, one that is derived; "
                "write default=None, or ByTarget(...) where other targets have one"
            ),
        ),
        (
            declared(int | None, Only("kubernetes"), Required("compose")),
            "Required(COMPOSE) has no effect beside Only(KUBERNETES); leave one of them out",
        ),
        (
            (Annotated[int, Only("compose")], Field(description="How long.", examples=[5])),
            (
                "Only(COMPOSE) has no effect without a default: the other targets would ask for it, too; "
                "write default=None, and Required(COMPOSE) beside it"
            ),
        ),
        (
            declared(int | None, Only(*TARGETS)),
            f"Only({', '.join(TARGETS).upper()}) has no effect: it names every target; leave it out",
        ),
        (
            declared(int | None, Only("compose", "nowhere")),
            f"Only(COMPOSE, NOWHERE) names no target; write one of {', '.join(TARGETS)}",
        ),
        (
            declared(int | None, Only("nowhere")),
            f"Only(NOWHERE) names no target; write one of {', '.join(TARGETS)}",
        ),
        (
            declared(int | None, Required("compose"), Since(platform="26.2")),
            "must be written, and an older release would refuse it for Since(...); give it a default",
        ),
        (
            declared(int | None, Required("compose"), Derived("3")),
            "must be written, and Derived(...) tells of a default; leave out Derived(...)",
        ),
        (
            declared(int | None, Since()),
            "Since() has no effect without a release; write Since(platform=...), Since(connect=...) or both",
        ),
        (
            declared(int | None, Since(connect="0.8")),
            'Since(connect="0.8") has no effect: 0.8.0 is the oldest that is supported; leave it out',
        ),
        (
            declared(int | None, Since(platform="26")),
            'Since(platform="26") must be a version: two or three numbers with dots between, for example 25.3.3',
        ),
        (
            declared(int | None, Since(platform="26.1"), Since(connect="0.12.0")),
            "has 2 marks Since(...), and only the first would have an effect; leave one",
        ),
        (
            declared(Annotated[int, platform("TOWER_GRACE")] | None),
            (
                "the mark of TOWER_GRACE has no effect within the type; "
                "put it beside the type: Annotated[<type> | None, <mark>]"
            ),
        ),
        (
            declared(int | None, description=None),
            "has no description; add description=..., a sentence",
        ),
        (
            declared(int | None, examples=None),
            "must have one example, other than the default, for documents and tests; add examples=[...]",
        ),
    ],
)
def test_a_mark_without_effect_is_refused_with_the_setting_and_what_to_write(
    declaration: tuple[Any, Any], problem: str
) -> None:
    assert said(idle_grace=declaration) == [f"idleGrace: {problem}"]


def test_two_settings_do_not_become_the_same_variable_and_all_problems_come_at_once() -> None:
    assert said(
        first=declared(int | None, proxy("CONNECT_GRACE")),
        second=declared(int | None, server("CONNECT_GRACE")),
        third=declared(int | None, server("CONNECT_GRACE", COMPUTED)),
        fourth=declared(int | None, Since()),
    ) == [
        "fourth: Since() has no effect without a release; write Since(platform=...), Since(connect=...) or both",
        "second: the variable CONNECT_GRACE is that of first; write another, or COMPUTED",
    ]


@pytest.mark.parametrize(("key", "word"), [(key, mark.word) for key in FIELDS for mark in marks(key, Words)])
def test_a_word_that_may_stand_in_the_place_of_a_number_is_read(key: str, word: str) -> None:
    parse_settings({**KUBERNETES, key: word})


PROBES = """
    grace_there: Annotated[text.Duration, connect("CONNECT_GRACE_THERE"), Only(COMPOSE)] = Field(
        default="5m", description="How long.", examples=["1m"]
    )
    grace_here: Annotated[text.Duration, connect("CONNECT_GRACE_HERE"), Only(KUBERNETES)] = Field(
        default="5m", description="How long.", examples=["1m"]
    )
    grace_soon: Annotated[text.Duration, server("CONNECT_GRACE_SOON"), Since(connect="0.14.0")] = Field(
        default="5m", description="How long.", examples=["1m"]
    )
    grace_soon_of_platform: Annotated[
        text.Duration, platform("TOWER_GRACE_SOON"), TowerYml("tower.grace-soon-of-platform"), Since(platform="26.2")
    ] = Field(default="5m", description="How long.", examples=["1m"])
    key_of_proxy: Annotated[
        pods.SecretKeyReference | None, MapInText, proxy("CONNECT_KEY_OF_PROXY"), Only(KUBERNETES)
    ] = Field(default=None, description="A key.", examples=[{"name": "acme", "key": "key"}])
    key_of_server: Annotated[
        pods.SecretKeyReference | None, MapInText, server("CONNECT_KEY_OF_SERVER"), Only(KUBERNETES)
    ] = Field(default=None, description="A key.", examples=[{"name": "acme", "key": "key"}])
    needed: Annotated[int | None, proxy("CONNECT_NEEDED"), Required(COMPOSE)] = Field(
        default=None, description="A number.", examples=[3]
    )
    needed_secret: Annotated[SecretStr | None, proxy("CONNECT_NEEDED_SECRET"), Required(COMPOSE)] = Field(
        default=None, description="A secret."
    )
"""
USE = """
import json, re, sys
from types import SimpleNamespace
from components import object_settings
from settings import environment
from settings.documents import project_config
from settings.errors import SettingsError
from settings.parsing import parse_settings

STACKS = json.load(sys.stdin)
PROBE = re.compile("GRACE|KEY_OF|NEEDED|grace")

def probes(entries):
    return {name: str(value) for name, value in entries.items() if PROBE.search(name)}

def written(stack, **changes):
    settings = parse_settings({**STACKS[stack], **changes}, {"neededSecret"})
    return {
        "proxy": probes(environment.proxy_environment(settings)),
        "server": probes(environment.server_environment(settings)),
        "platform": probes(environment.platform_environment(settings)),
        "tower.yml": probes(environment.tower_yml_entries(settings)),
    }

def refused():
    defaults = {key: each["default"] for key, each in project_config().items()}
    try:
        parse_settings({**defaults, **STACKS["compose"]})
    except SettingsError as error:
        return [str(problem) for problem in error.problems if "needed" in str(problem)]

def pods():
    keys = {"keyOfProxy": {"name": "a", "key": "b"}, "keyOfServer": {"name": "c", "key": "d"}}
    settings = parse_settings({**STACKS["kubernetes"], **keys})
    names = dict.fromkeys(["proxy_config_map_name", "server_config_map_name", "proxy_checksum", "server_checksum",
                           "token_secret_name", "ssh_secret_name", "credentials_secret_name"])
    configuration = SimpleNamespace(**names)
    args = object_settings.configuration_args(settings, pem="", token="", ssh_key=None)
    return {
        "proxy": probes(object_settings.proxy_args(settings, configuration).secrets),
        "server": probes(object_settings.server_args(settings, configuration).secrets),
        "read": sorted(args.existing_credentials),
        "plain": probes(args.proxy_environment) | probes(args.server_environment),
    }

needed = {"needed": 0, "neededSecret": "x"}
print(json.dumps({
    "kubernetes": written("kubernetes"),
    "compose": written("compose", **needed),
    "newer": written("kubernetes", platformVersion="26.2", connectVersion="0.14.0"),
    "server": written("kubernetes", serverVersion="0.14.0"),
    "refused": refused(),
    "pods": pods(),
}))
"""


@pytest.fixture(scope="module")
def effects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What settings that are declared for this test become, in a copy of the program."""
    folder = tmp_path_factory.mktemp("marks")
    shutil.copytree(ROOT / "settings", folder / "settings", ignore=shutil.ignore_patterns("__pycache__"))
    module = folder / "settings" / "model" / "connect.py"
    imports = "from settings.marks import Required, TowerYml, platform\nfrom settings.types import pods\n"
    source = module.read_text().replace("from settings.marks", f"{imports}from settings.marks", 1)
    module.write_text(source + PROBES)
    # What stands in the current folder comes first.
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=json.dumps({"kubernetes": KUBERNETES, "compose": COMPOSE}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_default_is_written_on_the_target_of_the_setting_only(effects: dict[str, Any]) -> None:
    here, there = {"CONNECT_GRACE_HERE": "5m"}, {"CONNECT_GRACE_THERE": "5m"}
    nothing: dict[str, str] = {}
    assert effects["kubernetes"] == {"proxy": here, "server": here, "platform": nothing, "tower.yml": nothing}
    assert effects["compose"] == {
        "proxy": {**there, "CONNECT_NEEDED": "0"},
        "server": there,
        "platform": nothing,
        "tower.yml": nothing,
    }


def test_a_default_is_written_from_the_first_releases_on_that_know_the_setting(effects: dict[str, Any]) -> None:
    here, soon = {"CONNECT_GRACE_HERE": "5m"}, {"CONNECT_GRACE_SOON": "5m"}
    assert effects["newer"] == {
        "proxy": here,
        "server": {**here, **soon},
        "platform": {"TOWER_GRACE_SOON": "5m"},
        "tower.yml": {"tower.grace-soon-of-platform": '"5m"'},
    }
    assert effects["server"] == {**effects["kubernetes"], "server": {**here, **soon}}


def test_a_required_setting_is_asked_for_though_the_engine_hands_over_its_default(effects: dict[str, Any]) -> None:
    assert effects["refused"] == [
        "seqera-studios:needed: is not set; write: pulumi config set needed 3",
        (
            "seqera-studios:neededSecret: is not set; "
            "write: pulumi config set --secret neededSecret (it asks for the value)"
        ),
    ]


def test_a_key_of_an_existing_secret_is_read_by_the_pods_that_the_mark_names(effects: dict[str, Any]) -> None:
    assert effects["pods"] == {
        "proxy": {"CONNECT_KEY_OF_PROXY": "SecretKey(secret='a', key='b')"},
        "server": {"CONNECT_KEY_OF_SERVER": "SecretKey(secret='c', key='d')"},
        "read": ["CONNECT_KEY_OF_PROXY", "CONNECT_KEY_OF_SERVER"],
        "plain": {"CONNECT_GRACE_HERE": "5m"},
    }
