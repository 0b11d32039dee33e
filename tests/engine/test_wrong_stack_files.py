"""Wrong stack files as their user meets them: refused by preview and up alike, in words, with nothing made.

What each kind of mistake says is held by tests/unit/settings/wrong_stacks.yml; these are a sample, through the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from settings.releases import PLATFORM_RELEASES
from tests.engine.stack import Stack
from tests.unit.settings.test_wrong_stack_files import HUGE, RIGHT, WRONG

pytestmark = pytest.mark.slow

SAMPLE = (
    "a misspelt key",
    "text for a number",
    "a text for a map",
    "broken JSON in a map",
    "a Platform that there never was",
    "a user in the URL",
    "a Cyrillic letter in the domain",
    "a zero-width space",
    "a zone that doesn't hold Platform",
    "a line break in a name",
    "an escape sequence in a text",
    "one Secret for key and token",
    "a setting that this Connect doesn't know",
    "a template with an unknown key",
)

#: What the engine itself refuses, and its words.
UNREADABLE = {
    "a tab": (
        "config:\n\tseqera-studios:namespace: platform-stage\n",
        "invalid YAML file: yaml: line 3: found character that cannot start any token",
    ),
    "a quote without an end": (
        'config:\n  seqera-studios:namespace: "platform\n',
        "invalid YAML file: yaml: line 3: found unexpected end of stream",
    ),
    "a conflict of two versions": (
        "config:\n<<<<<<< HEAD\n  seqera-studios:namespace: a\n=======\n  seqera-studios:namespace: b\n>>>>>>> b\n",
        "invalid YAML file: yaml: line 3: could not find expected ':'",
    ),
    "a list of settings": (
        "config:\n  - seqera-studios:namespace: platform-stage\n",
        "invalid YAML file: could not unmarshal map: yaml: unmarshal errors: line 2",
    ),
    "a list for a text": (
        "config:\n  seqera-studios:namespace:\n    - platform-stage\n",
        "Stack 'wrong' with configuration key 'namespace' must be of type 'string'",
    ),
    "a password that another passphrase has sealed": (
        "config:\n  seqera-studios:redisPassword:\n    secure: v1:bm90IG91cnMhISEh:bm90IG91cnMgZWl0aGVyLCBhdCBhbGw=\n",
        "validating stack config: cipher: message authentication failed",
    ),
}


@pytest.fixture(scope="module")
def stack(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack("wrong", tmp_path_factory.mktemp("wrong"), environment, {"aws:region": "us-east-1"}).create()
    yield made
    made.remove()


def refused(stack: Stack) -> list[str]:
    """What preview and up print, each in one line, after both were refused and have made nothing."""
    texts = []
    for finished in (stack.preview_text(), stack.up()):
        assert finished.code != 0
        assert "Traceback" not in finished.text
        assert "panic" not in finished.text
        texts.append(" ".join(finished.text.split()))
    return texts


def made(stack: Stack) -> list[str]:
    """What the state holds beside the stack itself."""
    return [urn for urn in stack.urns() if "pulumi:pulumi:Stack" not in urn]


# A case that is gone from the table is met when the tests are collected, which the unit tests do.
@pytest.mark.parametrize("wrong", [pytest.param(WRONG[case], id=case) for case in SAMPLE])
def test_a_wrong_setting_is_refused_before_any_resource(stack: Stack, wrong: dict[str, Any]) -> None:
    values = {**RIGHT, **wrong["stack"]}
    stack.config = {"aws:region": "us-east-1", **{key: value for key, value in values.items() if value is not None}}
    stack.write()
    for text in refused(stack):
        for line in wrong["says"]:
            said = line.replace("<releases>", ", ".join(PLATFORM_RELEASES))
            assert " ".join(f"seqera-studios:{said}".split()) in text
    assert made(stack) == []


@pytest.mark.parametrize("case", ["a number of 5000 digits", "a name of 100000 characters"])
def test_a_huge_value_is_refused_before_any_resource(stack: Stack, case: str) -> None:
    key, value, message = HUGE[case]
    stack.config = {"aws:region": "us-east-1", **RIGHT, key: value}
    stack.write()
    for text in refused(stack):
        assert f'seqera-studios:{key}: "{value[:50]}' in text
        assert f"… {message}" in text
        assert len(text) < 2000
    assert made(stack) == []


def test_a_password_in_plain_text_is_refused_and_not_shown(stack: Stack) -> None:
    stack.config = {"aws:region": "us-east-1", **RIGHT, "redisPassword": "S3cr3t-in-plain-text"}
    stack.write()
    for text in refused(stack):
        assert "redisPassword: is a secret in plain text; write: pulumi config set --secret redisPassword" in text
        assert "S3cr3t-in-plain-text" not in text
    assert made(stack) == []


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_the_engine_cannot_read_is_refused_in_its_words(stack: Stack, case: str) -> None:
    content, message = UNREADABLE[case]
    before = stack.file.read_text()
    salt = "".join(line for line in before.splitlines(keepends=True) if line.startswith("encryptionsalt"))
    stack.file.write_text(salt + content)
    try:
        for text in refused(stack):
            assert message in text
    finally:
        stack.file.write_text(before)
    assert made(stack) == []
