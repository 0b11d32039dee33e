"""A program of Python on an EC2 instance, which Systems Manager runs there. It only reads.

That takes the rights ``ssm:SendCommand``, on the instance and on AWS's own document AWS-RunShellScript, and
``ssm:GetCommandInvocation``.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from typing import Any, Final

DOCUMENT: Final = "AWS-RunShellScript"
_SECONDS, _PAUSE = 60.0, 0.5
_WAITS: Final = ("Pending", "InProgress", "Delayed")


class NoAnswerError(Exception):
    """The instance has not answered in time; the message says how long that was."""


class ProgramError(Exception):
    """The program failed; the message is its last line."""


def run_python(ssm: Any, instance_id: str, program: str, *arguments: str) -> str:
    """What a program prints.

    Args:
        ssm: the client.
        instance_id: of the instance.
        program: for any Python 3.
        arguments: of the program.

    Raises:
        NoAnswerError: the instance does not answer in time.
        ProgramError: the program failed.
        BotoCoreError, ClientError: Systems Manager can't be asked.
    """
    command = shlex.join(["python3", "-c", program, *arguments])
    sent = ssm.send_command(DocumentName=DOCUMENT, InstanceIds=[instance_id], Parameters={"commands": [command]})
    deadline = time.monotonic() + _SECONDS
    while (found := _invocation(ssm, sent["Command"]["CommandId"], instance_id))["Status"] in _WAITS:
        if time.monotonic() > deadline:
            raise NoAnswerError(f"has not answered Systems Manager in {_SECONDS:.0f} s")
        time.sleep(_PAUSE)
    if found["Status"] != "Success":
        said = (found.get("StandardErrorContent") or "").strip().splitlines()
        raise ProgramError(said[-1] if said else found["Status"])
    return str(found["StandardOutputContent"])


def _invocation(ssm: Any, command: str, instance_id: str) -> Mapping[str, str]:
    """The invocation, which is not known in the first moments after the command was sent."""
    from botocore.exceptions import ClientError

    try:
        found: Mapping[str, str] = ssm.get_command_invocation(CommandId=command, InstanceId=instance_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvocationDoesNotExist":
            raise
        return {"Status": "Pending"}
    return found
