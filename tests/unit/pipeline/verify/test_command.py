"""The command: arguments or variables, a table or JSON, and an exit code; whatever it meets, no traceback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main
from testbed import paths

FAKE = """#!/bin/sh
case "$1" in
  config) echo '{"seqera-studios:platformUrl": {"value": "https://platform.example.com", "secret": false}}' ;;
  *) echo "error: no stack named '$5' found" >&2; exit 1 ;;
esac
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in list(os.environ):
        if name.startswith(("STUDIOS_", "TOWER_")):
            monkeypatch.delenv(name)
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(FAKE)
    pulumi.chmod(pulumi.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return pulumi


def test_a_stack_whose_settings_are_wrong_is_one_broken_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "prod", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["stack"], told["holds"]) == ("prod", False)
    first, *others = told["checks"]
    assert first["state"] == "broken"
    assert first["finding"].startswith("the settings are wrong: ")
    assert {each["state"] for each in others} == {"not checked"}


def test_a_stack_that_does_not_exist_is_told_in_pulumi_s_words(
    monkeypatch: pytest.MonkeyPatch, environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.write_text(FAKE.replace("config)", "never)"))
    monkeypatch.chdir(environment.parent)
    (environment.parent / "Pulumi.test.yaml").touch()
    assert main(["verify", "prod"]) == 1
    out = capsys.readouterr().out
    assert "pulumi config: no stack named" in out
    assert "→ there is no stack prod; write one that has a file, STACK=test, or make it:" in " ".join(out.split())
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


@pytest.mark.parametrize(
    ("words", "variable", "message"),
    [
        (["--connect-to", "443:8443"], None, '"443:8443" must be of the form HOST1:PORT1:HOST2:PORT2'),
        ([], ("STUDIOS_VERIFY_CONNECT_TO", ":443::8443 x"), '"x" must be of the form HOST1:PORT1:HOST2:PORT2'),
        ([], ("STUDIOS_VERIFY_RESOLVER", "a:b"), '"a:b" must be of the form ADDRESS or ADDRESS:PORT'),
    ],
)
def test_an_argument_of_the_wrong_form_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    variable: tuple[str, str] | None,
    message: str,
) -> None:
    if variable:
        monkeypatch.setenv(*variable)
    assert main(["verify", "prod", *words]) == 2
    assert message in capsys.readouterr().err
