"""The command: arguments or variables, a table or JSON, and an exit code; whatever it meets, no traceback."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from pipeline.__main__ import main
from pipeline.verify.arguments import add_arguments
from pipeline.verify.inputs import Inputs, inputs_of
from pipeline.verify.secrets import Secrets
from testbed import paths
from tests.unit.pipeline.fake_pulumi import fake_pulumi

FAKE = """#!/bin/sh
case "$1" in
  config) echo '{"seqera-studios:platformUrl": {"value": "https://platform.example.com", "secret": false}}' ;;
  *) echo "error: the backend does not answer" >&2; exit 1 ;;
esac
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in list(os.environ):
        if name.startswith(("STUDIOS_", "TOWER_")):
            monkeypatch.delenv(name)
    return fake_pulumi(monkeypatch, tmp_path, FAKE)


def test_a_stack_whose_settings_are_wrong_is_one_broken_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "prod", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["stack"], told["holds"]) == ("prod", False)
    first, *others = told["checks"]
    assert first["state"] == "broken"
    assert first["finding"].startswith("the settings are wrong: ")
    assert {each["state"] for each in others} == {"not checked"}


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_stack_that_does_not_exist_is_one_line_with_what_to_do(
    words: list[str], monkeypatch: pytest.MonkeyPatch, environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.write_text("#!/bin/sh\necho \"error: no stack named 'prod' found\" >&2\nexit 255\n")
    monkeypatch.chdir(environment.parent)
    (environment.parent / "Pulumi.test.yaml").touch()
    assert main(["verify", "prod", *words]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error == (
        "verify: there is no stack prod; write one that has a file, STACK=test, or make it: "
        "`cp Pulumi.dev.yaml Pulumi.prod.yaml`, fill it in, and `pulumi stack init prod`\n"
    )


def test_a_backend_that_does_not_answer_is_a_row(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment.write_text(FAKE.replace("config)", "never)"))
    assert main(["verify", "prod"]) == 1
    out = capsys.readouterr().out
    assert "pulumi config: the backend does not answer" in " ".join(out.split())
    assert out.splitlines()[-1].startswith("Something does not hold: 0 hold, 1 do not, ")


def test_a_reader_that_goes_away_ends_it_without_a_traceback(environment: Path) -> None:
    words = [sys.executable, "-m", "pipeline", "verify", "prod"]
    with subprocess.Popen(
        words, cwd=paths.CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as verifying:
        assert verifying.stdout is not None
        assert verifying.stderr is not None
        verifying.stdout.close()
        error = verifying.stderr.read()
    assert (verifying.returncode, error) == (141, "")


def test_a_missing_pulumi_is_told(
    monkeypatch: pytest.MonkeyPatch, environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.unlink()
    monkeypatch.setenv("PATH", str(environment.parent))
    assert main(["verify", "prod"]) == 1
    assert "pulumi can't be run: No such file or directory" in capsys.readouterr().out


SECRET = "s3cr3t-of-the-user"


@pytest.mark.parametrize(
    ("words", "variables", "messages"),
    [
        (["--connect-to", "443:8443"], {}, ['--connect-to: "443:8443" must be HOST1:PORT1:HOST2:PORT2, for example']),
        (["--connect-to", ":443::99999"], {}, ['--connect-to: ":443::99999" must be HOST1:PORT1:HOST2:PORT2']),
        ([], {"STUDIOS_VERIFY_CONNECT_TO": ":443::8443 x"}, ['STUDIOS_VERIFY_CONNECT_TO: "x" must be HOST1:']),
        ([], {"STUDIOS_VERIFY_RESOLVER": "a:b"}, ['STUDIOS_VERIFY_RESOLVER: "a:b" must be ADDRESS[:PORT]']),
        (["--resolver", "foo"], {}, ['--resolver: "foo" must be ADDRESS[:PORT], for example 127.0.0.1:53']),
        (["--resolver", "1.2.3.4:99999"], {}, ['--resolver: "1.2.3.4:99999" must be ADDRESS[:PORT]']),
        (["--session", "wss://h:abc/x"], {}, ['--session: "wss://h:abc/x" must be wss://HOST[:PORT]/PATH']),
        (["--session", "foo"], {}, ['--session: "foo" must be wss://HOST[:PORT]/PATH']),
        (["--session", "wss://a.example/x?q=1 2"], {}, ['--session: "wss://a.example/x" must be wss://']),
        (["--session", f"ws://a.example/x?token={SECRET}"], {}, ['--session: "ws://a.example/x" must be wss://']),
        (
            [],
            {"STUDIOS_VERIFY_SESSION": f"wss://u:{SECRET}@/x?{SECRET}"},
            ['STUDIOS_VERIFY_SESSION: "wss:///x" must be'],
        ),
        (
            ["--ca-file", "/none.pem"],
            {},
            ['--ca-file: "/none.pem" must be a file with certificates, PEM, for example ca.pem: No such file'],
        ),
        (["--ca-file", __file__], {}, ["for example ca.pem: it has no certificates"]),
        (["--reconnect", "-1"], {}, ['--reconnect: "-1" must be whole seconds from 0 to 3600, for example 90']),
        (["--reconnect", "x"], {}, ['--reconnect: "x" must be whole seconds']),
        (["--workspace", "abc"], {}, ['--workspace: "abc" must be the number of a workspace, for example 8']),
        ([], {"TOWER_WORKSPACE_ID": "abc"}, ['TOWER_WORKSPACE_ID: "abc" must be the number of a workspace']),
        ([], {"TOWER_ACCESS_TOKEN": f"{SECRET}\n{SECRET}"}, ["TOWER_ACCESS_TOKEN: the value has a character"]),
        ([], {"TOWER_ACCESS_TOKEN": f"{SECRET}\u2013"}, ["TOWER_ACCESS_TOKEN: the value has a character"]),
        ([], {"STUDIOS_SESSION_COOKIE": f"a={SECRET}\r\nX: y"}, ["STUDIOS_SESSION_COOKIE: the value has a char"]),
        (
            ["--resolver", "foo", "--workspace", "abc"],
            {"TOWER_ACCESS_TOKEN": "a b"},
            ["--resolver: ", "--workspace: ", "TOWER_ACCESS_TOKEN: "],
        ),
    ],
)
def test_what_has_the_wrong_form_is_refused_all_at_once_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    variables: dict[str, str],
    messages: list[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["verify", "prod", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert SECRET not in told.err
    assert len(told.err.splitlines()) == len(messages)
    assert all(message in told.err for message in messages)


@pytest.mark.parametrize("stack", ["", "../x", "a/../b", ".", "a/b/c/d", "a b", "a\nb"])
def test_what_can_not_be_a_stack_s_name_is_refused(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", stack]) == 2
    assert capsys.readouterr().err == f'verify: stack: "{stack}" must be the name of a stack, for example prod\n'


@pytest.mark.parametrize("stack", ["prod", "acme/prod", "organization/seqera-studios/prod-1.eu_x"])
def test_a_name_with_or_without_organization_and_project_is_one(stack: str) -> None:
    assert main(["verify", stack]) == 1


def given(*words: str, **environment: str) -> Inputs:
    parser = argparse.ArgumentParser()
    add_arguments(parser, environment)
    inputs, problems = inputs_of(parser.parse_args(["prod", *words]), environment)
    assert problems == []
    return inputs


def test_space_around_a_token_and_a_cookie_is_left_out() -> None:
    options = given(TOWER_ACCESS_TOKEN=f" {SECRET}\n", STUDIOS_SESSION_COOKIE="a=b; c=d\n").options
    assert (options.token, options.cookie) == (SECRET, "a=b; c=d")
    assert given(TOWER_ACCESS_TOKEN="\n").options.token is None


@pytest.mark.parametrize("text", [SECRET, f"{SECRET}x", "two words"])
def test_no_row_shows_what_the_user_gives_in_confidence(text: str) -> None:
    quoted = text.replace(" ", "%20")
    options = given(
        "--session",
        f"wss://a.example.com/echo?token={quoted}",
        TOWER_ACCESS_TOKEN=text.replace(" ", "-"),
        STUDIOS_SESSION_COOKIE=f"auth={text.replace(' ', '_')}",
    ).options
    secrets = Secrets.of(options)
    for shown in (f"it said {options.token}", f"?token={quoted}", f"token is {unquote(quoted)}", f"{options.cookie}!"):
        hidden = secrets.hidden_in(shown)
        assert "***" in hidden
        assert all(each not in hidden for each in (options.token or "", quoted, unquote(quoted)))


def verifying(*words: str, **how: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipeline", "verify", "prod", *words]
    return subprocess.Popen(command, cwd=paths.CHECKOUT, stderr=subprocess.PIPE, text=True, **how)


@pytest.mark.parametrize("moment", ["while it is loaded", "while Pulumi is asked"])
def test_an_interrupt_ends_it_with_one_line_at_any_moment(environment: Path, moment: str) -> None:
    asked, variables = environment.parent / "asked", dict(os.environ)
    environment.write_text(f"#!/bin/sh\ntouch {asked}\nexec sleep 120\n")
    if moment == "while it is loaded":
        # In steps: Python handles a signal that comes right before a sleep only after it.
        slow = f"import pathlib, time\npathlib.Path({str(asked)!r}).touch()\nfor _ in range(12000): time.sleep(0.01)\n"
        (environment.parent / "argparse.py").write_text(slow)
        variables["PYTHONPATH"] = str(environment.parent)
    with verifying(stdout=subprocess.PIPE, env=variables) as running:
        deadline = time.monotonic() + 60
        while not asked.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
    assert (running.returncode, error) == (130, "\ninterrupted\n")


def test_settings_that_can_not_be_read_as_json_are_a_row(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment.write_text("#!/bin/sh\necho no json\n")
    assert main(["verify", "prod", "--json"]) == 1
    first = json.loads(capsys.readouterr().out)["checks"][0]
    assert (first["state"], first["finding"].partition(" at ")[0]) == ("broken", "JSONDecodeError")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_full_disk_is_told_and_no_traceback(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full, verifying(*words, stdout=full) as running:
        _, error = running.communicate(timeout=60)
    assert (running.returncode, error) == (1, "verify: the result can't be written: No space left on device\n")


def test_help_describes_the_command_its_argument_and_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Checks a deployed stack from outside" in text
    assert "stack the stack's name, for example prod" in text
    for name in ("TOWER_ACCESS_TOKEN", "STUDIOS_SESSION_COOKIE", "STUDIOS_VERIFY_SESSION", "NO_COLOR"):
        assert name in text
