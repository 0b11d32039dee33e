"""Containers run, of the configured image, and stay up; or it is told which does not, and why."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline import on_instance
from pipeline.verify import containers
from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, good
from tests.unit.pipeline.verify.subject import COMPOSE_SETTINGS, deployment

PROXY, SERVER = ("cr.seqera.io/enterprise/studios/proxy:0.9.0", "cr.seqera.io/enterprise/studios/server:0.9.0")
LONG_AGO = "2026-11-01T10:00:00.123456789Z"


def container(service: str, **changed: Any) -> dict[str, Any]:
    images = {"connect-proxy": PROXY, "connect-server": SERVER}
    about = {"service": service, "image": images.get(service, "backend:1"), "status": "running", "health": ""}
    return {**about, "restarts": 0, "started": LONG_AGO, "code": 0, **changed}


ALL = {name: container(name) for name in ("connect-proxy", "connect-server", "backend", "cron", "db")}


class Ssm:
    """An instance that answers at its second asking."""

    def __init__(self, text: str = "", status: str = "Success", error: str | None = None) -> None:
        self.text, self.status, self.error, self.asked, self.sent = text, status, error, 0, ""

    def send_command(self, **given: Any) -> dict[str, Any]:
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "no"}}, "SendCommand")
        assert (given["DocumentName"], given["InstanceIds"]) == ("AWS-RunShellScript", ["i-0123456789abcdef0"])
        (self.sent,) = given["Parameters"]["commands"]
        return {"Command": {"CommandId": "c"}}

    def get_command_invocation(self, **_: Any) -> dict[str, str]:
        self.asked += 1
        if self.asked == 1:
            raise ClientError({"Error": {"Code": "InvocationDoesNotExist", "Message": ""}}, "GetCommandInvocation")
        said = {"StandardOutputContent": self.text, "StandardErrorContent": "first\nno docker here\n"}
        return {"Status": self.status, **said}


def found(monkeypatch: pytest.MonkeyPatch, ssm: Ssm, check: Any = containers.connect_containers) -> Finding:
    monkeypatch.setattr(on_instance, "_PAUSE", 0)
    monkeypatch.setattr(Deployment, "aws", lambda _self, _service: ssm)
    made = deployment(**COMPOSE_SETTINGS)
    made.outputs = {**made.outputs, "instanceId": "i-0123456789abcdef0"}
    finding: Finding = check(made)
    return finding


def lines(**changed: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in {**ALL, **changed}.values())


def test_running_containers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ssm = Ssm(lines())
    assert found(monkeypatch, ssm) == good("running: connect-proxy, connect-server; no restart in 10 min")
    assert "{{" not in ssm.sent, "Systems Manager reads two braces as a parameter"
    platform = found(monkeypatch, Ssm(lines()), containers.platform_containers)
    assert platform == good("running: cron, backend; no restart in 10 min")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"service": "gone"}, "/opt/seqera has no container of the service connect-proxy"),
        ({"status": "exited", "code": 3}, "connect-proxy is exited, exit code 3"),
        ({"status": "restarting", "code": 1}, "connect-proxy is restarting, exit code 1"),
        ({"health": "unhealthy"}, "connect-proxy is unhealthy"),
        ({"restarts": 1, "started": "just now"}, "connect-proxy restarted once, just now"),
        ({"restarts": 2, "started": "just now"}, "connect-proxy restarted 2 times, the last time just now"),
        ({"image": "mirror/proxy:1"}, f"connect-proxy runs mirror/proxy:1, and the settings say {PROXY}"),
    ],
)
def test_what_is_wrong_with_one_is_told(monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], text: str) -> None:
    if changed.get("started"):
        # Of the test's own time: it may be long after the tests were collected.
        changed = {**changed, "started": datetime.datetime.now(datetime.timezone.utc).isoformat()}
    finding = found(monkeypatch, Ssm(lines(**{"connect-proxy": {**container("connect-proxy"), **changed}})))
    assert (finding.holds, finding.text) == (False, text)


def test_an_old_restart_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, Ssm(lines(**{"connect-proxy": container("connect-proxy", restarts=9)}))).holds


@pytest.mark.parametrize(
    ("ssm", "text"),
    [
        (Ssm(error="InvalidInstanceId"), "Systems Manager can't ask i-0123456789abcdef0: "),
        (Ssm(status="Failed"), "docker can't be asked on i-0123456789abcdef0: no docker here"),
    ],
)
def test_an_instance_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, ssm: Ssm, text: str) -> None:
    with pytest.raises(CannotAskError) as caught:
        found(monkeypatch, ssm)
    assert str(caught.value).startswith(text)


def test_a_command_for_a_folder_with_spaces_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMPOSE_SETTINGS, "composeFolder", "/opt/my seqera")
    said = found(monkeypatch, Ssm(lines(**{"connect-proxy": container("connect-proxy", status="exited")})))
    assert said.mend == "cd '/opt/my seqera' && docker compose logs --tail 50 connect-proxy"
