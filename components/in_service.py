"""Waiting for a load balancer to be in service: its name is known minutes before AWS lets clients in."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pulumi

from settings.errors import SettingsError
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.balancer import not_in_service

_PAUSE_SECONDS: Final = 0.5


class NotInServiceError(pulumi.RunError):
    """A load balancer is not in service in time."""


def pause_after(waited: float) -> float:
    """Seconds until the next look at AWS, after this many: AWS limits the rate of calls."""
    return max(_PAUSE_SECONDS, waited / 20)


def ends_in_service(hostname: pulumi.Output[str], account: AwsAccount | None, owner: str, seconds: float) -> None:
    """Lets an `up` end once the load balancer is in service. Nothing else waits for it: records are made meanwhile.

    Args:
        hostname: the load balancer's.
        account: where it is; None if it isn't known where to look, and nothing is waited for.
        owner: the object that has it, for a message: ``Service platform/connect-proxy-ssh``.
        seconds: the longest wait.
    """
    if account is None or pulumi.runtime.is_dry_run():
        return
    # Not the event loop's own threads: a hook of this program may have to wait for one of those.
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="in-service")

    async def wait(found: str) -> Any:
        await asyncio.get_running_loop().run_in_executor(thread, wait_until_in_service, account, found, owner, seconds)
        return found

    hostname.apply(wait)


def wait_until_in_service(account: AwsAccount, hostname: str, owner: str, seconds: float) -> None:
    """Returns once a load balancer is in service; warns where that can't be asked.

    Args:
        account: where it is.
        hostname: its name in DNS; nothing is waited for without one.
        owner: the object that has it, for a message.
        seconds: the longest wait.

    Raises:
        NotInServiceError: it isn't in time.
    """
    start = time.monotonic()
    try:
        while hostname and (missing := not_in_service(account, hostname)):
            waited = time.monotonic() - start
            if waited >= seconds:
                raise NotInServiceError(
                    f"the load balancer of {owner}, {hostname}, is not in service after {seconds:.0f} seconds: "
                    f"{missing}. Put that right and run pulumi up again: it goes on where it stopped"
                )
            time.sleep(pause_after(waited))
    except (AwsError, SettingsError) as error:
        # Not for a resource: such a message is sent later, and a program that fails has ended by then.
        pulumi.log.warn(f"whether the load balancer of {owner} is in service was not checked: {error}")
