"""Each everyday change touches what it must, says what it replaces, and shows no secret, as a reviewer reads it."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from pipeline.changes import HOLDS_STATE, Change, changes_of
from pipeline.report import report
from testbed import paths
from tests.engine.changes import EVERYDAY, Everyday, table
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

DOCUMENT = paths.CHECKOUT / "docs" / "changes.md"
#: Set by `make changes`: the document is written instead of compared.
WRITE = "STUDIOS_WRITE_CHANGES"
PASSWORD = "s3cr3t-redis-password"
#: Each preview needs a core, and the machines that run this have two.
AT_ONCE = 2


@dataclass
class Previewed:
    """The previews of all changes, and every secret of the stack."""

    changes: Mapping[str, list[Change]]
    printed: Mapping[str, str]
    secrets: list[str]


def _copy(stack: Stack, folder: Path) -> Stack:
    """The same stack with a file of its own, so that two previews can have different settings at once."""
    copy = dataclasses.replace(stack, folder=folder, config=dict(stack.config))
    for name, entry in stack.program.items():
        (folder / name).symlink_to(entry)
    shutil.copy(stack.file, copy.file)
    return copy


def _preview(everyday: Everyday, install: Install, stack: Stack) -> str:
    before, text = dict(stack.config), stack.file.read_text()
    try:
        for key, value in everyday.secrets.items():
            stack.pulumi("config", "set", "--secret", key, "--stack", stack.name, stdin=value).ok()
        return stack.set(**everyday.settings(install)).pulumi("preview", "--stack", stack.name, "--json").ok().stdout
    finally:
        stack.config = before
        stack.file.write_text(text)


@pytest.fixture(scope="module")
def previewed(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Previewed:
    install = new_install("changes")
    stack = new_stack(install, secret={"redisPassword": PASSWORD})
    stack.up().ok()
    free: SimpleQueue[Stack] = SimpleQueue()
    for _ in range(AT_ONCE):
        free.put(_copy(stack, tmp_path_factory.mktemp("copy")))

    def run(everyday: Everyday) -> str:
        copy = free.get()
        try:
            return _preview(everyday, install, copy)
        finally:
            free.put(copy)

    staying = [each for each in EVERYDAY if not each.moves_platform]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        printed = dict(zip([each.title for each in staying], pool.map(run, staying), strict=True))
    for each in EVERYDAY:
        if each.moves_platform:
            url = {"data": {"TOWER_SERVER_URL": each.settings(install)["platformUrl"]}}
            install.kubectl("patch", "configmap", "tower-backend-cfg", "--type=merge", "--patch", json.dumps(url))
            printed[each.title] = run(each)
    pem = base64.b64decode(install.get("secret", "platform-oidc-certs")["data"]["oidc.pem"]).decode()
    return Previewed(
        changes={title: changes_of(json.loads(text)["steps"]) for title, text in printed.items()},
        printed=printed,
        secrets=[
            stack.outputs("--show-secrets")["registrationToken"],
            pem.splitlines()[1],
            PASSWORD,
            *(value for each in EVERYDAY for value in each.secrets.values()),
        ],
    )


@pytest.mark.parametrize("everyday", EVERYDAY, ids=lambda everyday: everyday.title)
def test_a_change_touches_exactly_what_it_must(previewed: Previewed, everyday: Everyday) -> None:
    touched = {change.name: change.operation for change in previewed.changes[everyday.title]}
    assert touched == everyday.touches


def test_whatever_holds_state_is_not_replaced_without_a_warning(previewed: Previewed) -> None:
    for title, changes in previewed.changes.items():
        replaced = [change.name for change in changes if change.operation == "replace" and change.type in HOLDS_STATE]
        warned = re.findall(r"^> ⚠️ `([^`]+)` is replaced", report(title, changes), re.MULTILINE)
        assert warned == replaced


def test_no_preview_shows_a_secret(previewed: Previewed) -> None:
    encoded = [base64.b64encode(secret.encode()).decode().rstrip("=") for secret in previewed.secrets]
    texts = [*previewed.printed.values(), *(report(title, changes) for title, changes in previewed.changes.items())]
    assert [secret for secret in [*previewed.secrets, *encoded] for text in texts if secret in text] == []


def test_the_table_in_the_documents_is_up_to_date(previewed: Previewed) -> None:
    text = DOCUMENT.read_text()
    wanted = re.sub(
        r"(<!-- changes table -->\n).*?(<!-- end of changes table -->)",
        lambda match: f"{match[1]}{table(previewed.changes)}\n{match[2]}",
        text,
        flags=re.DOTALL,
    )
    if WRITE in os.environ:
        DOCUMENT.write_text(wanted)
    assert text == wanted or WRITE in os.environ, "docs/changes.md is out of date; run: make changes"
