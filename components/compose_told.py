"""What changes in a Platform that runs with Docker Compose, told in words before a preview or an update changes it.

A preview can't read the host, so the words go by what the stack has delivered last, as its state has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from components.checksum import keyed_checksum
from components.error_hooks import said_before
from delivery.bundle import platform_variables
from live.difference import MASKED, UNSET, in_words, shown
from settings.environment import tower_yml_entries
from settings.host_names import PEM, PLATFORM_ENV, PLATFORM_TOKEN_VARIABLE
from settings.model import Settings
from settings.model.ssh import FINGERPRINT_VARIABLE

TOWER_YML: Final = "tower.yml"
AS_FOUND: Final = "as found"
"""How an entry of tower.yml is shown that the stack has not set: only the host knows it."""
RESTORED: Final = "restored"


@dataclass(frozen=True)
class ReadByPlatform:
    """What backend and cron read of a delivery.

    Args:
        text: the variables and the entries of tower.yml, as JSON; secret.
        made: by variable or file, what only the deployment knows: a fingerprint, or a secret's checksum.
        services: cron and backend, in the order in which they restart.
    """

    text: pulumi.Input[str]
    made: Mapping[str, pulumi.Input[str]]
    services: tuple[str, str]

    @classmethod
    def of(
        cls, settings: Settings, pem: pulumi.Input[str], token: pulumi.Input[str], fingerprint: pulumi.Input[str] | None
    ) -> ReadByPlatform:
        """Of a stack's settings, its RSA key and token, and with SSH the fingerprint of its host key."""
        files = {PLATFORM_ENV: platform_variables(settings), TOWER_YML: tower_yml_entries(settings)}
        made: dict[str, pulumi.Input[str]] = {}
        if not settings.existing_oidc:
            made |= {PLATFORM_TOKEN_VARIABLE: _checksum(token), PEM: _checksum(pem)}
        if fingerprint is not None:
            made[FINGERPRINT_VARIABLE] = fingerprint
        return cls(
            text=pulumi.Output.secret(json.dumps(files)),
            made=made,
            services=(settings.cron_service, settings.backend_service),
        )


def told_of_delivery(name: str, parent: pulumi.Resource, services: tuple[str, str]) -> pulumi.ResourceHookBinding:
    """A resource option that says what changes in Platform; the resource's inputs are ``platform`` and ``made``.

    Args:
        name: the hook's name, of which a stack has no two.
        parent: whom the words are printed for.
        services: cron and backend, in the order in which they restart.
    """

    async def tell(args: pulumi.ResourceHookArgs) -> None:
        before, after = await _known(args.old_inputs), await _known(args.new_inputs)
        # A state of 1.0.0 doesn't tell what it has delivered.
        if after is not None and not (before is None and args.old_inputs):
            text = changes_in_words(before or Known(), after, services)
            if text:
                pulumi.log.info(text, parent)

    return said_before(name, tell)


@dataclass(frozen=True)
class Known:
    """What is known of a delivery: file → name → value, and by name what only the deployment knows."""

    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)


def changes_in_words(before: Known, after: Known, services: tuple[str, str]) -> str:
    """What differs between the last delivery and the next, and that these services restart, in this order."""
    variables = [
        *_differing(before.files.get(PLATFORM_ENV, {}), after.files[PLATFORM_ENV], UNSET, UNSET),
        *_made(before.made, after.made, [name for name in {**before.made, **after.made} if name != PEM]),
    ]
    found = {
        PLATFORM_ENV: sorted(variables),
        TOWER_YML: list(_differing(before.files.get(TOWER_YML, {}), after.files[TOWER_YML], AS_FOUND, RESTORED)),
        PEM: [text.removeprefix(f"{PEM} ") for text in _made(before.made, after.made, [PEM])],
    }
    changed = {file: texts for file, texts in found.items() if texts}
    return in_words(changed, services if changed else ())


def _differing(old: Mapping[str, str], new: Mapping[str, str], missing: str, gone: str) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            before = shown(name, old[name]) if name in old else missing
            after = shown(name, new[name]) if name in new else gone
            # Of an entry its last part, as it stands in the file; no variable has a dot.
            yield f"{name.rpartition('.')[2]} {before} → {after}"


def _made(old: Mapping[str, Any], new: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    for name in names:
        if old.get(name) != new.get(name):
            yield f"{name} {MASKED if name in old else UNSET} → {MASKED if name in new else UNSET}"


async def _known(inputs: Mapping[str, Any] | None) -> Known | None:
    sealed = (inputs or {}).get("platform")
    text = await sealed.future() if isinstance(sealed, pulumi.Output) else sealed
    return Known(json.loads(text), (inputs or {}).get("made") or {}) if isinstance(text, str) else None


def _checksum(secret: pulumi.Input[str]) -> pulumi.Output[str]:
    # Keyed by the secret itself, which is random and long.
    return pulumi.Output.unsecret(pulumi.Output.from_input(secret).apply(_own_checksum))


def _own_checksum(secret: str) -> str:
    return keyed_checksum(secret, {})
