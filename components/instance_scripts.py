"""What Systems Manager runs on the instance, as the engine sees it: that it went well, and that it is undone.

Why dynamic resources: an association runs the script when it is made and whenever it is changed, and nothing waits for
it but once, nor reads what it said; and nothing runs when an association is deleted. `InstanceCleanup` is made before
the association and deleted after it: that takes everything away again, also after an installation that failed.
`InstallationReport` comes after the association, waits for its run, and tells what the script had to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, UpdateResult

from components.own_resource import OwnProvider, OwnResource, aws_account
from survey.aws import AwsAccount, as_answered
from survey.aws_errors import AwsError

_PAUSE = 1.0
_LONGEST_PAUSE = 10.0
_FAILED = frozenset({"Failed", "TimedOut", "Cancelled", "Undeliverable", "Terminated", "DeliveryTimedOut"})
_TOLD = {"__provider", "platform", "made"}
_GONE = frozenset({"terminated", "shutting-down"})

_Result = TypeVar("_Result")


class ScriptError(RuntimeError):
    """The script failed, or did not run; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class InstanceCleanupArgs:
    """The arguments of :class:`InstanceCleanup`.

    Args:
        instance_id: the EC2 instance.
        document: the document with the ``action`` ``uninstall``.
        folder: the folder with docker-compose.yml.
        region, profile: of AWS; no profile for the credentials of the environment.
        timeout: seconds that it may take.
    """

    instance_id: str
    document: pulumi.Input[str]
    folder: str
    region: pulumi.Input[str]
    profile: str | None
    timeout: int


@dataclass(frozen=True, kw_only=True)
class InstallationReportArgs:
    """The arguments of :class:`InstallationReport`.

    Args:
        association: the id of the association.
        trigger: changes whenever the association runs again.
        instance_id, region, profile, timeout: as for :class:`InstanceCleanup`.
        platform, made: what Platform reads of this delivery, so that the next one can be told from it.
    """

    association: pulumi.Input[str]
    trigger: pulumi.Input[str]
    instance_id: str
    region: pulumi.Input[str]
    profile: str | None
    timeout: int
    platform: pulumi.Input[str]
    made: Mapping[str, pulumi.Input[str]]


class InstanceCleanup(OwnResource, module="studios", name="InstanceCleanup"):
    """Takes Studios away from the instance when it is deleted; one for another instance or folder is another one."""

    def __init__(self, name: str, args: InstanceCleanupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(InstanceCleanupProvider(), name, {**vars(args), "profile": args.profile or ""}, opts)


class InstallationReport(OwnResource, module="studios", name="InstallationReport"):
    """Is there once the association has run with success."""

    def __init__(self, name: str, args: InstallationReportArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(InstallationReportProvider(), name, {**vars(args), "profile": args.profile or ""}, opts)


class InstanceCleanupProvider(OwnProvider):
    """Does nothing until the end."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Another instance or folder: what is in the old one is taken away first."""
        replaces = [key for key in ("instance_id", "folder") if _olds[key] != _news[key]]
        changed = any(_olds[key] != _news[key] for key in ("document", "region", "profile", "timeout"))
        return DiffResult(changes=changed or bool(replaces), replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """There is nothing to do yet."""
        return CreateResult(f"{props['instance_id']}{props['folder']}", props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Remembers the new way."""
        return UpdateResult(_news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Runs the script's uninstall on the instance, if there is still one.

        Raises:
            ScriptError: it failed, or the instance does not answer.
        """
        account, instance = _account(_props), _props["instance_id"]
        try:
            command = account.call(
                "ssm",
                "send_command",
                _command,
                DocumentName=_props["document"],
                InstanceIds=[instance],
                Parameters={"action": ["uninstall"], "folder": [_props["folder"]]},
                Comment="Takes Studios away",
            )
        except AwsError as error:
            if error.code != "InvalidInstanceId":
                raise
            if _is_gone(account, instance):
                return
            raise ScriptError(
                f"{instance} does not answer to Systems Manager, so Studios cannot be removed from it; start the "
                "instance and its agent, and try again"
            ) from None

        def ended() -> Mapping[str, Any] | None:
            found = _invocation(account, command, instance)
            return found if found.get("Status") in {"Success", *_FAILED} else None

        found = _wait(ended, float(_props["timeout"]), f"the script on {instance}")
        if found["Status"] != "Success":
            raise ScriptError(_said(instance, found))


class InstallationReportProvider(OwnProvider):
    """Polls the association until it has run; raises with the output of the script if it failed."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Whether the association has run again; what it has delivered is among what triggers that."""
        return DiffResult(changes=any(_olds[key] != _news[key] for key in _news.keys() - _TOLD))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Waits for the association's run; one that failed earlier is tried once more.

        Raises:
            ScriptError: the script failed; the message is what it said.
        """
        _report(props)
        return CreateResult(str(props["association"]), props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Waits for the association's next run.

        Raises:
            ScriptError: the script failed; the message is what it said.
        """
        _report(_news)
        return UpdateResult(_news)


def _report(props: dict[str, Any]) -> None:
    account, association, timeout = _account(props), props["association"], float(props["timeout"])
    what = f"the association's run on {props['instance_id']}"
    version = account.call("ssm", "describe_association", _version, AssociationId=association)

    def executions() -> list[dict[str, Any]]:
        runs = account.pages(
            "ssm", "describe_association_executions", "AssociationExecutions", _execution, AssociationId=association
        )
        current = [each for each in runs if each.get("AssociationVersion") == version]
        return sorted(current, key=lambda each: each["CreatedTime"], reverse=True)

    def ended(known: frozenset[str] = frozenset()) -> dict[str, Any] | None:
        last = next((each for each in executions() if each["ExecutionId"] not in known), None)
        return last if last is not None and last.get("Status") in {"Success", *_FAILED} else None

    last = _wait(ended, timeout, what)
    if last["Status"] != "Success":
        # It may have failed in an earlier `up`, for a reason that is mended by now; it runs again only when changed.
        known = frozenset(each["ExecutionId"] for each in executions())
        account.call("ssm", "start_associations_once", as_answered, AssociationIds=[association])
        last = _wait(lambda: ended(known), timeout, what)
    if last["Status"] != "Success":
        commands = account.pages(
            "ssm",
            "describe_association_execution_targets",
            "AssociationExecutionTargets",
            _command_of_target,
            AssociationId=association,
            ExecutionId=last["ExecutionId"],
        )
        command = next(iter(commands), None)
        said = _invocation(account, command, props["instance_id"]) if command else {}
        raise ScriptError(_said(props["instance_id"], said))


def _account(props: dict[str, Any]) -> AwsAccount:
    return aws_account(profile=props["profile"], region=props["region"])


def _command(answer: Mapping[str, Any]) -> str:
    return str(answer["Command"]["CommandId"])


def _version(answer: Mapping[str, Any]) -> str:
    return str(answer["AssociationDescription"]["AssociationVersion"])


def _execution(described: Mapping[str, Any]) -> dict[str, Any]:
    return {**described, **{key: described[key] for key in ("ExecutionId", "CreatedTime")}}


def _command_of_target(described: Mapping[str, Any]) -> str | None:
    return (described.get("OutputSource") or {}).get("OutputSourceId")


def _invocation(account: AwsAccount, command: str, instance: str) -> Mapping[str, Any]:
    try:
        return account.call("ssm", "get_command_invocation", as_answered, CommandId=command, InstanceId=instance)
    except AwsError as error:
        if error.code == "InvocationDoesNotExist":
            return {}
        raise


def _said(instance: str, found: Mapping[str, Any]) -> str:
    text = str(found.get("StandardErrorContent") or found.get("StatusDetails") or "nothing").strip()
    return f"the script on {instance} failed, and said: {text}"


def _is_gone(account: AwsAccount, instance: str) -> bool:
    try:
        states = account.pages("ec2", "describe_instances", "Reservations", _states, InstanceIds=[instance])
    except AwsError as error:
        if error.code.startswith("InvalidInstanceID"):
            return True
        raise
    return all(state in _GONE for each in states for state in each)


def _states(reservation: Mapping[str, Any]) -> list[str]:
    return [each["State"]["Name"] for each in reservation["Instances"]]


def _wait(look: Callable[[], _Result | None], timeout: float, what: str) -> _Result:
    pause, deadline = _PAUSE, time.monotonic() + timeout
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise ScriptError(f"{what} has not ended after {timeout:.0f} s; is its agent online?")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return found
