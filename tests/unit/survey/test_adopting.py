"""Only the preview of an adoption takes what it adopts for the stack's."""

from __future__ import annotations

import pytest

from settings.errors import SettingsError
from survey.adopting import VARIABLE
from survey.platform import survey_platform

from .conftest import APPS, CORE, FakeApi, named
from .test_platform import settings

OURS = "studios-prod"
TAKEN = "Deployment/connect-proxy Service/connect-proxy"


@pytest.fixture
def by_hand(platform: FakeApi) -> FakeApi:
    """A proxy without labels of any stack."""
    proxy = named("connect-proxy", spec={"template": {"metadata": {}, "spec": {"containers": []}}})
    platform.lists[f"{APPS}/deployments"].append(proxy)
    platform.lists[f"{CORE}/services"].append(named("connect-proxy"))
    return platform


def test_what_is_adopted_is_no_name_conflict_in_that_preview(by_hand: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TAKEN)
    survey_platform(by_hand.access, settings(), field_manager=OURS)


def test_what_is_left_out_of_the_adoption_still_is_one(by_hand: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "Deployment/connect-proxy")
    with pytest.raises(SettingsError, match="this stack has not made service/connect-proxy"):
        survey_platform(by_hand.access, settings(), field_manager=OURS)


def test_every_other_preview_refuses_it_and_names_the_command(by_hand: FakeApi) -> None:
    with pytest.raises(SettingsError, match="take that Studios into this stack: `make adopt STACK=prod`"):
        survey_platform(by_hand.access, settings(), field_manager=OURS)
