"""The record of the sessions as the stack's zone has it."""

from __future__ import annotations

from typing import Literal

from settings.errors import SettingsError
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.dns import find_zones
from survey.records import records_at

_ADDRESSES = ("A", "CNAME")

Form = Literal["alias", "other"]
"""Whether a record is what the stack makes, or something else, such as a CNAME."""


def form_of_session_record(account: AwsAccount, settings: Settings) -> Form | None:
    """The form of the record at the sessions' host; None where there is none, or where these credentials find none.

    Args:
        account: whoever may look into the zones: with ``hostedZoneRoleArn`` that of the role.
        settings: of the stack.
    """
    try:
        zone = find_zones(account, settings).record
        found = [] if zone is None else records_at(account, zone.id, settings.session_host)
    except (AwsError, SettingsError):
        return None
    forms: list[Form] = [
        "alias" if each.is_alias and each.type == "A" else "other" for each in found if each.type in _ADDRESSES
    ]
    return forms[0] if forms else None


def alias_is_there(account: AwsAccount, zone_id: str, name: str, kind: str) -> bool:
    """Whether a zone has an alias of that name and type.

    Raises:
        AwsError: it can't be looked up.
    """
    return any(each.is_alias and each.type == kind for each in records_at(account, zone_id, name))
