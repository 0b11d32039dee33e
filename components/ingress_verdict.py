"""Waiting for the load balancer controller's verdict on a change of the Ingress, and for the effect of the change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import pulumi
from pulumi.output import Unknown

from components.in_service import pause_after
from live.fields import Object
from live.ingress import Before, LiveIngress, Verdict, hostname_of
from settings.errors import SettingsError
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.balancer import PROVISIONING, not_in_effect

Effect = Callable[[Object, str], list[str] | None]
"""What isn't in effect of an Ingress, by the hostname of its load balancer; None if that can't be known."""

_REFUSED_SECONDS: Final = 20
"""So long a complaint must stand before it is the verdict: one that passes by itself is gone by then."""
_SILENT_SECONDS: Final = 20
"""So long the controller may say nothing: the rate of its events is limited."""


class IngressRefusedError(pulumi.RunError):
    """The controller doesn't bring about what the Ingress asks for."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait, in seconds.

    Args:
        whole: for the controller to be done.
        refused: for a complaint to pass.
        silent: for an event, where all else is in order or can't be known.
    """

    whole: float
    refused: float = _REFUSED_SECONDS
    silent: float = _SILENT_SECONDS


class IngressVerdict:
    """Follows an Ingress through one run of the program.

    Args:
        ingress: which one.
        account: where its load balancer is; None if it isn't known where to look.
        patience: how long to wait.
    """

    def __init__(self, ingress: LiveIngress, account: AwsAccount | None, patience: Patience) -> None:
        self._ingress, self._account, self._patience = ingress, account, patience
        self._before: Before | None = None
        self._unchecked: str | None = None
        # Not the event loop's own threads: a hook of this program may have to wait for one of those.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ingress-verdict")

    def hook(self, name: str) -> pulumi.ResourceHook:
        """What to call before the Ingress is made or changed.

        Args:
            name: the hook's name, of which a stack has no two.
        """

        def look(args: pulumi.ResourceHookArgs) -> None:
            self._before = self._ingress.before({"metadata": {}, **(args.new_inputs or {})})

        return pulumi.ResourceHook(name, look)

    async def hostname(self, known: str, wanted: Object) -> Any:
        """The load balancer's hostname: after a move as soon as there is another, since the old one is gone by then.

        Args:
            known: the hostname that the provider has seen.
            wanted: the Ingress as it is to be.

        Raises:
            IngressRefusedError: the controller refuses the move, or has not made it in time.
        """
        work = self._foreseen if pulumi.runtime.is_dry_run() else self._current
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, known, wanted)

    async def confirmed(self, hostname: str) -> Any:
        """The hostname again, once the change of this run is in effect.

        Raises:
            IngressRefusedError: the controller refuses the change, or has not made it in time, or has made another
                load balancer than the one that the record leads to.
        """
        if pulumi.runtime.is_dry_run():
            return hostname
        try:
            settled = await asyncio.get_running_loop().run_in_executor(self._thread, self._settled, hostname)
            if settled != hostname:
                raise IngressRefusedError(_another(self._ingress, hostname, settled))
            return settled
        finally:
            if self._unchecked is not None:
                # Not for a resource: such a message is sent later, and a program that fails has ended by then.
                place = f"Ingress {self._ingress.namespace}/{self._ingress.name}"
                pulumi.log.warn(f"whether the load balancer is as {place} asks for was not checked: {self._unchecked}")

    def _foreseen(self, known: str, wanted: Object) -> Any:
        try:
            live = self._ingress.read()
        except SettingsError:
            return known
        if not known or (live is not None and self._ingress.leads_elsewhere(live, wanted) is not False):
            return Unknown()  # type: ignore[no-untyped-call]
        return (hostname_of(live) if live is not None else "") or known

    def _current(self, known: str, _wanted: Object) -> str:
        if self._before is not None and self._before.moves is not False:
            return wait_for_verdict(self._ingress, self._before, self._patience)
        try:
            live = self._ingress.read()
        except SettingsError:
            return known
        return (hostname_of(live) if live is not None else "") or known

    def _settled(self, known: str) -> str:
        if self._before is not None:
            return wait_for_verdict(self._ingress, self._before, self._patience, self._effect(warn=True))
        # Unchanged: but an earlier run may have ended before the controller was done.
        try:
            live = self._ingress.read()
        except SettingsError:
            return known
        hostname = hostname_of(live) if live is not None else ""
        effect = self._effect(warn=False)
        if live is not None and hostname and (missing := effect(live, hostname)):
            before = self._ingress.before(live)
            whole = self._patience.whole
            patience = replace(
                self._patience, whole=whole if missing == [PROVISIONING] else min(whole, 3 * self._patience.silent)
            )
            return wait_for_verdict(self._ingress, before, patience, effect)
        return hostname or known

    def _effect(self, *, warn: bool) -> Effect:
        def look(live: Object, hostname: str) -> list[str] | None:
            reason = "the AWS provider's account is not known here"
            if self._account is not None:
                try:
                    missing = not_in_effect(self._account, live, hostname)
                except (AwsError, SettingsError) as error:
                    reason = str(error)
                else:
                    self._unchecked = None
                    return missing
            if warn:
                self._unchecked = reason
            return None

        return look


def _seen(ingress: LiveIngress) -> tuple[dict[str, Any] | None, str]:
    """The Ingress as it is now, and its load balancer's hostname; None and nothing where it can't be read."""
    try:
        live = ingress.read()
    except SettingsError:
        return None, ""
    return live, hostname_of(live) if live is not None else ""


def wait_for_verdict(ingress: LiveIngress, before: Before, patience: Patience, effect: Effect | None = None) -> str:
    """Returns the hostname of the load balancer once it is as the Ingress asks for.

    Args:
        ingress: which one.
        before: what it was before the change.
        patience: how long to wait.
        effect: what isn't in effect yet; without it, another load balancer is all that is waited for, or, where the
            change may lead to none, that the controller is done.

    Raises:
        IngressRefusedError: the controller refuses it, or has not come to it in time.
    """
    start = time.monotonic()
    complained: float | None = None
    while True:
        now = time.monotonic()
        live, hostname = _seen(ingress)
        is_another = hostname != before.hostname
        is_there = live is not None and bool(hostname) and (is_another or not before.moves)
        if is_there and is_another and effect is None:
            return hostname
        verdict = ingress.verdict(before) if live is not None else Verdict()
        missing = effect(live, hostname) if live is not None and is_there and effect is not None else []
        is_late = now - start >= patience.silent
        if effect is None:
            # The controller may have been at work on what was before; and that it says nothing proves nothing.
            is_done = verdict.accepted and is_late
        else:
            is_done = not missing and (verdict.accepted or (is_late and not verdict.complaints))
        if is_there and is_done:
            return hostname
        complained = (complained or now) if verdict.complaints and not verdict.accepted else None
        refused = complained is not None and now - complained >= patience.refused
        if refused or now - start >= patience.whole:
            raise IngressRefusedError(refusal(ingress, verdict.complaints, missing or [], is_there=is_there))
        time.sleep(pause_after(now - start))


def _another(ingress: LiveIngress, known: str, now: str) -> str:
    place = f"Ingress {ingress.namespace}/{ingress.name}"
    return (
        f"{place} has got another load balancer, {now}, while this run led its record to {known}. "
        "Run pulumi up again: it leads there"
    )


def refusal(ingress: LiveIngress, said: Sequence[str], missing: Sequence[str], *, is_there: bool) -> str:
    """What to do about a change that the controller doesn't bring about."""
    lines = [f"Ingress {ingress.namespace}/{ingress.name} is changed, and its load balancer is not."]
    if said:
        lines += ["The load balancer controller says:", *(f"  {each}" for each in said)]
    if missing:
        lines += ["Not in effect:", *(f"  {each}" for each in missing)]
    if not said and not missing and not is_there:
        lines.append("It has no other load balancer yet.")
    if not said:
        lines.append(
            f"The controller gives no reason: kubectl -n {ingress.namespace} describe ingress {ingress.name}. Look "
            "whether it runs: kubectl get deployments -A | grep load-balancer"
        )
    return "\n".join([*lines, "Put that right and run pulumi up again: it goes on where it stopped"])
