"""Which stacks are delivered, what a reviewer reads about a preview, and the one comment of a stack."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import main
from pipeline.changes import Change, changes_of
from pipeline.comment import PullRequest, marker
from pipeline.report import failure, listed, plain, report
from pipeline.stacks import NOT_DELIVERED, missing, stacks_in, table
from testbed import paths

URN = "urn:pulumi:prod::seqera-studios::"


def test_each_stack_with_a_file_is_delivered_but_those_that_come_with_the_program(tmp_path: Path) -> None:
    own = [f"Pulumi.{stack}.yaml" for stack in NOT_DELIVERED]
    assert [name for name in own if not (paths.CHECKOUT / name).exists()] == []
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.acme-eu.yaml", *own):
        (tmp_path / name).touch()
    assert stacks_in(tmp_path) == ["acme-eu", "prod"]


def test_a_fresh_clone_has_no_stack_to_deliver() -> None:
    came_with_it = {path.name.split(".")[1] for path in paths.CHECKOUT.glob("Pulumi.*.yaml")}
    assert came_with_it >= NOT_DELIVERED
    document = (paths.CHECKOUT / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert [name for name in NOT_DELIVERED if f"`{name}`" not in document] == []
    # The files that git knows: a developer may have stacks of their own.
    listed = subprocess.run(
        ["git", "ls-files", "Pulumi.*.yaml"], cwd=paths.CHECKOUT, capture_output=True, text=True, check=True
    )
    assert {name.split(".")[1] for name in listed.stdout.split()} == NOT_DELIVERED


def test_a_reader_gets_a_table_of_the_stacks_and_a_program_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["stacks"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    (tmp_path / "Pulumi.prod.yaml").write_text(
        'config:\n  seqera-studios:namespace: "platform"  # theirs\n  seqera-studios:platformVersion: "25.3"\n'
    )
    (tmp_path / "Pulumi.acme-eu.yaml").write_text(
        "config:\n  seqera-studios:target: compose\n  seqera-studios:composeFolder: /home/ec2-user/seqera\n"
    )
    assert main(["stacks"]) == 0
    assert json.loads(capsys.readouterr().out) == ["acme-eu", "prod"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["stacks"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "stack    target      namespace or folder    Platform",
        "acme-eu  compose     /home/ec2-user/seqera  not set",
        "prod     kubernetes  platform               25.3",
    ]


def test_a_folder_without_stacks_says_how_to_make_one(tmp_path: Path) -> None:
    assert table(tmp_path, []).startswith("No stack has a file yet. `cp Pulumi.dev.yaml Pulumi.prod.yaml`")


def test_drift_that_stops_at_the_settings_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    message = "error: seqera-studios:namespace: is not set; write: pulumi config set namespace platform-stage"
    document = json.dumps({"diagnostics": [{"severity": "error", "message": message}]})
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{document}'\nexit 255\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert main(["drift", "prod"]) == 255
    error = capfd.readouterr().err
    assert error.startswith(message)
    assert "Nothing was compared: the program stops at these settings." in error
    assert "\n  make drift STACK=prod\n" in error
    assert error.endswith("\n  pulumi refresh --preview-only --stack prod\n")


@pytest.mark.parametrize("name", ["Pulumi.$(shell id).yaml", "Pulumi.a b.yaml", "Pulumi.a;b.yaml"])
def test_a_file_whose_name_means_something_to_a_shell_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match="rename the file"):
        stacks_in(tmp_path)


def test_a_stack_that_does_not_exist_is_told_with_those_that_have_a_file_and_the_commands(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.local.yaml").touch()
    init = "`pulumi stack init nope`"
    copy = f"make it: `cp Pulumi.dev.yaml Pulumi.nope.yaml`, fill it in, and {init}"
    assert missing("nope", tmp_path) == f"there is no stack nope; to {copy}"
    for name in ("prod", "test"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    named = "there is no stack nope; write one that has a file, STACK=prod or STACK=test, or"
    assert missing("nope", tmp_path) == f"{named} {copy}"
    (tmp_path / "Pulumi.nope.yaml").touch()
    assert missing("nope", tmp_path) == f"{named} make it: {init}"


@pytest.mark.parametrize(
    "words",
    [
        ["preview", "nope", "report.md"],
        ["up", "nope"],
        ["drift", "nope"],
        ["destroy", "nope"],
        ["recover", "nope", "up"],
    ],
)
def test_each_command_on_a_stack_that_does_not_exist_says_what_to_do(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho \"error: no stack named 'nope' found\" >&2\nexit 255\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("pipeline.recover.processes", lambda: "")
    monkeypatch.chdir(tmp_path)
    assert main(words) == 255
    out, error = capfd.readouterr()
    assert error == f"error: no stack named 'nope' found\n{missing('nope', tmp_path)}\n"
    assert out == ""


def _step(operation: str, name: str, kind: str, before: Any = None, after: Any = None, *paths: str) -> dict[str, Any]:
    return {
        "op": operation,
        "urn": f"{URN}{kind}::{name}",
        "oldState": {"type": kind, "inputs": before},
        "newState": {"type": kind, "inputs": after},
        "detailedDiff": {path: {"kind": "update"} for path in paths},
    }


def test_a_change_tells_values_that_fit_a_line_and_no_others() -> None:
    before = {"replicas": 1, "text": "a\nb", "key": "[secret]", "list": [{"image": "a:1"}], "map": {"x.y/z": "1"}}
    after = {"replicas": 2, "text": "a\nc", "key": "[secret]", "list": [{"image": "a:2"}], "map": {"x.y/z": "2"}}
    paths = ("replicas", "text", "key", "list[0].image", 'map["x.y/z"]', "added")
    step = _step("update", "proxy", "kubernetes:apps/v1:Deployment", before, {**after, "added": True}, *paths)
    (change,) = changes_of([step, _step("same", "other", "a:b:C")])
    assert change.properties == {
        "added": ("", "true"),
        "key": ("[secret]", "[secret]"),
        "list[0].image": ("a:1", "a:2"),
        'map["x.y/z"]': ("1", "2"),
        "replicas": ("1", "2"),
        "text": ("a longer value", "a longer value"),
    }
    assert "<br>`key`<br>" in report("prod", [change])


def test_a_value_that_is_not_shown_is_not_taken_for_none() -> None:
    before = {"long": "x" * 81, "key": "[secret]", "empty": "", "list": [1], "unset": None}
    after = {"long": "y", "key": "plain", "empty": "z", "list": [], "unset": 0}
    (change,) = changes_of([_step("update", "a", "x:y:Z", before, after, "long", "key", "empty", "unset", "list")])
    assert report("prod", [change]).splitlines()[-1] == (
        '| update | `a` | `x:y:Z` | `empty`: `""` → `z`<br>`key`: [secret] → `plain`<br>`list`<br>'
        "`long`: a longer value → `y`<br>`unset`: none → `0` |"
    )
    assert "a (x:y:Z): key [secret] → plain" in listed([change])


def test_a_replacement_of_which_the_inputs_tell_nothing_tells_its_reason() -> None:
    step = {**_step("replace", "a", "x:y:Z", {"b": 1}, {"b": 1}), "replaceReasons": ["provider"]}
    (change,) = changes_of([step])
    assert report("prod", [change]).splitlines()[-1] == "| replace | `a` | `x:y:Z` | `provider` |"
    assert listed([change]) == "a (x:y:Z): provider"


def test_a_replacement_is_one_change_and_warns_if_it_holds_state() -> None:
    kind = "tls:index/privateKey:PrivateKey"
    steps = [_step(op, "key", kind) for op in ("create-replacement", "replace", "delete-replaced")]
    (change,) = changes_of(steps)
    assert change.operation == "replace"
    assert "> ⚠️ `key` is replaced: a new RSA key" in report("prod", [change])


def test_a_report_counts_and_lists_what_changes() -> None:
    changes = [
        Change("proxy", "kubernetes:apps/v1:Deployment", "update", {"spec.replicas": ("1", "2"), "a|`b`": ("", "")}),
        Change("record", "aws:route53/record:Record", "create", {}),
    ]
    assert report("prod", changes).splitlines() == [
        "### `prod`: 1 created, 1 updated",
        "",
        "| operation | resource | type | what changes |",
        "|-|-|-|-|",
        "| update | `proxy` | `kubernetes:apps/v1:Deployment` | `spec.replicas`: `1` → `2`<br>`a\\|'b'` |",
        "| create | `record` | `aws:route53:Record` |  |",
    ]


def test_an_update_of_which_a_provider_gives_no_details_tells_the_inputs_that_differ() -> None:
    before = {"timeout": 600, "deep": {"a/b": "1", "same": 2}, "key": "[secret]", "__provider": "code"}
    after = {"timeout": 700, "deep": {"a/b": "2", "same": 2}, "key": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
    (change,) = changes_of([_step("update", "edits", "pulumi-python:dynamic/studios:PlatformEdits", before, after)])
    assert change.properties == {
        'deep["a/b"]': ("1", "2"),
        "key": ("[secret]", "known only then"),
        "timeout": ("600", "700"),
    }


def test_an_update_of_which_nothing_is_known_has_no_empty_cell() -> None:
    (change,) = changes_of([_step("update", "found", "studios:index:PlatformAsFound", {"a": 1}, {"a": 1})])
    assert report("prod", [change]).splitlines()[-1].endswith("| what was changed outside of the stack |")
    assert listed([change]) == "found (studios:index:PlatformAsFound): what was changed outside of the stack"


WORDS = "tower.yml: allowed-workspaces null → []; cron, then backend restart"


def test_what_is_said_of_a_component_tells_of_the_last_of_its_changes() -> None:
    kind, parent = "studios:index:PlatformEdits", f"{URN}studios:index:PlatformIntegration::platform"
    steps = [_step("update", name, kind, {"a": 1}, {"a": 2}) for name in ("as-found", "edits")]
    for step in steps:
        step["newState"]["parent"] = parent
    said = [
        {"urn": parent, "message": f"{WORDS}\n", "severity": "info"},
        {"urn": parent, "message": "resource plugin is old", "severity": "warning"},
        {"message": "for the stack", "severity": "info"},
    ]
    record, edits = changes_of(steps, said)
    assert (record.words, edits.words) == ("", WORDS)
    assert report("prod", [edits]).splitlines()[-1] == f"| update | `edits` | `{kind}` | `{WORDS}` |"


def test_drift_is_listed_by_what_runs_and_what_the_program_says() -> None:
    changes = [
        Change("as-found", "studios:index:PlatformAsFound", "update", {"dropped": ("", "")}),
        Change("edits", "studios:index:PlatformEdits", "update", {}, WORDS),
        Change("proxy", "kubernetes:apps/v1:Deployment", "update", {"spec.replicas": ("1", "2"), "spec.x": ("", "")}),
        Change("budget", "kubernetes:policy/v1:PodDisruptionBudget", "create", {}),
        Change("record", "aws:route53/record:Record", "delete", {}),
    ]
    assert listed(changes).splitlines() == [
        WORDS,
        "proxy (kubernetes:apps/v1:Deployment): spec.replicas 1 → 2",
        "proxy (kubernetes:apps/v1:Deployment): spec.x",
        "budget (kubernetes:policy/v1:PodDisruptionBudget) does not exist",
        "record (aws:route53:Record) is no longer in the program",
    ]


def test_what_a_change_does_on_a_docker_compose_host_is_said_in_words() -> None:
    secret, before = "aws:secretsmanager/secretVersion:SecretVersion", {"secretString": "[secret]"}
    step = _step("replace", "bundle", secret, before, {"secretString": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"})
    report_of_dynamic = "pulumi-python:dynamic/studios:InstallationReport"
    changes = changes_of([step, _step("update", "report", report_of_dynamic, {"trigger": "1"}, {"trigger": "2"})])
    files = (
        "the files for the instance, which are secret: containers that read what changes are replaced there, cron "
        "before backend"
    )
    told = "waits until the script has run, and tells what it says"
    assert report("prod", changes).splitlines()[-2:] == [
        f"| replace | `bundle` | `aws:secretsmanager:SecretVersion` | `secretString`<br>{files} |",
        f"| update | `report` | `{report_of_dynamic}` | `trigger`: `1` → `2`<br>{told} |",
    ]
    assert plain("prod", changes).splitlines()[1:] == [
        "  replace bundle (aws:secretsmanager:SecretVersion)",
        f"          {files}",
        f"  update  report ({report_of_dynamic}): trigger 1 → 2",
        f"          {told}",
    ]
    # Of what drifts, only what differs is of interest.
    assert files not in listed(changes)


def test_a_terminal_gets_a_preview_without_markdown() -> None:
    changes = [
        Change("key", "tls:index/privateKey:PrivateKey", "replace", {"rsaBits": ("2048", "4096")}),
        Change("proxy", "kubernetes:apps/v1:Deployment", "update", {"spec.replicas": ("1", "2"), "spec.x": ("", "")}),
        Change("edits", "studios:index:PlatformEdits", "update", {}, WORDS),
        Change("record", "aws:route53/record:Record", "create", {}),
    ]
    assert plain("prod", changes).splitlines() == [
        "prod: 1 created, 1 replaced, 2 updated",
        "  replace key (tls:PrivateKey)",
        "          ⚠ a new RSA key: all users log in to their sessions again",
        "  update  proxy (kubernetes:apps/v1:Deployment): spec.replicas 1 → 2",
        "          proxy (kubernetes:apps/v1:Deployment): spec.x",
        f"  update  {WORDS}",
        "  create  record (aws:route53:Record)",
    ]
    assert plain("prod", []) == "prod: nothing changes"


def test_a_report_on_nothing_says_so() -> None:
    assert report("prod", []) == "### `prod`: nothing changes\n"


def test_a_failure_shows_what_was_printed_and_fits_a_comment() -> None:
    assert "\nerror: no\n" in failure("prod", "error: no\n")
    text = failure("prod", "x" * 100_000)
    assert len(text) < 65_536
    assert text.count("``````") == 2


def test_what_was_printed_cannot_end_the_block_that_it_is_shown_in() -> None:
    lines = failure("prod", "before\n````````\n@everyone\n").splitlines()
    assert lines[2:] == ["`````````text", "before", "````````", "@everyone", "`````````"]


class _GitHub(BaseHTTPRequestHandler):
    """The comments of a pull request, as GitHub's API has them."""

    comments: list[dict[str, Any]]
    calls: list[str]

    def do_GET(self) -> None:
        page = int(self.path.rsplit("=", 1)[1])
        self._answer(self.comments[(page - 1) * 100 : page * 100])

    def do_POST(self) -> None:
        self.comments.append({"id": len(self.comments), "user": {"type": "Bot"}, "html_url": "url", **self._body()})
        self._answer(self.comments[-1])

    def do_PATCH(self) -> None:
        comment = self.comments[int(self.path.rsplit("/", 1)[1])]
        comment.update(self._body())
        self._answer(comment)

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _answer(self, value: object) -> None:
        self.calls.append(f"{self.command} {self.path} {self.headers['Authorization']}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def github() -> Iterator[tuple[type[_GitHub], PullRequest]]:
    class Handler(_GitHub):
        comments: list[dict[str, Any]] = []  # noqa: RUF012 (the server makes a handler a request)
        calls: list[str] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield Handler, PullRequest(f"http://127.0.0.1:{server.server_port}", "owner/name", 7, "t0ken")
    server.shutdown()
    server.server_close()


def test_a_stack_has_one_comment_which_is_updated(github: tuple[type[_GitHub], PullRequest]) -> None:
    server, pull_request = github
    assert pull_request.comment("prod", "first") == "url"
    pull_request.comment("test", "other")
    pull_request.comment("prod", "second")
    assert [comment["body"] for comment in server.comments] == [f"{marker('prod')}\nsecond", f"{marker('test')}\nother"]
    assert server.calls[0] == "GET /repos/owner/name/issues/7/comments?per_page=100&page=1 Bearer t0ken"


def test_the_comment_is_found_among_many_and_a_persons_is_never_touched(
    github: tuple[type[_GitHub], PullRequest],
) -> None:
    server, pull_request = github
    persons = {"user": {"type": "User"}, "html_url": "url", "body": f"{marker('prod')}\nmine"}
    server.comments += [{"id": number, **persons} for number in range(150)]
    pull_request.comment("prod", "first")
    pull_request.comment("prod", "second")
    assert len(server.comments) == 151
    assert server.comments[150]["body"].endswith("second")
    assert {comment["body"] for comment in server.comments[:150]} == {persons["body"]}
