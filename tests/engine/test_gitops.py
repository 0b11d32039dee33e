"""Argo CD and Flux apply on the server, under managers of their own, and force what they apply: what stays of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.platform_owner import BACKEND, CONFIG_MAP, CRON, MANAGER, Edits, Owner

URL = "TOWER_DATA_STUDIO_CONNECT_URL"
ENTRY = "allowed-workspaces: [1, 2]"
#: The managers of the two tools.
TOOLS = ("argocd-controller", pytest.param("kustomize-controller", marks=pytest.mark.slow))


@pytest.fixture(params=TOOLS)
def kept(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[tuple[Owner, tuple[str, ...]]]:
    """An install that a tool keeps, and the words of the tool's sync."""
    owner = Owner(environment)
    sync = ("--server-side", f"--field-manager={request.param}", "--force-conflicts")
    yield owner.apply(*sync).ready(), sync
    owner.remove()


def test_a_sync_leaves_variables_volumes_and_keys_and_puts_back_the_text_of_tower_yml(
    kept: tuple[Owner, tuple[str, ...]],
) -> None:
    owner, sync = kept
    edits = Edits(owner)
    edits.up()
    ours = {target: owner.owned(target) for target in (CONFIG_MAP, CRON, BACKEND)}

    owner.apply(*sync)
    assert {target: owner.owned(target) for target in (CONFIG_MAP, CRON, BACKEND)} == ours
    assert owner.live(CONFIG_MAP)["data"][URL] == "https://c.example.com"
    assert owner.live_tower_yml() == owner.tower_yml
    assert edits.checked()["drift"] == {"ConfigMap/tower-yml": ["tower.yml allowed-workspaces"]}

    edits.up()
    assert ENTRY in owner.live_tower_yml()


@pytest.mark.slow
def test_a_sync_that_leaves_the_ignored_text_alone_changes_nothing_of_ours(kept: tuple[Owner, tuple[str, ...]]) -> None:
    owner, sync = kept
    edits = Edits(owner)
    edits.up()
    # With RespectIgnoreDifferences, Argo CD sends the live value of what it ignores; Flux leaves the object out.
    owner.edit_tower_yml(lambda _: owner.live_tower_yml())
    owner.apply(*sync)
    assert ENTRY in owner.live_tower_yml()
    assert edits.up() == []


@pytest.mark.slow
def test_an_entry_that_is_in_the_repository_already_is_never_put_back(kept: tuple[Owner, tuple[str, ...]]) -> None:
    owner, sync = kept
    owner.edit_tower_yml(lambda text: text.replace("tower:\n", f"tower:\n  data-studio:\n    {ENTRY}\n", 1))
    owner.apply(*sync)
    edits = Edits(owner)
    edits.up()
    owner.apply(*sync)
    assert edits.up() == []
    edits.destroy()
    assert owner.live_tower_yml() == owner.tower_yml


def test_a_value_that_was_taken_over_comes_back_with_a_sync_and_is_told_with_its_manager(
    kept: tuple[Owner, tuple[str, ...]],
) -> None:
    owner, sync = kept
    owner.data[URL] = "https://repository.example.com"
    owner.apply(*sync)
    edits = Edits(owner, take_over=[CONFIG_MAP])
    edits.up()
    assert owner.live(CONFIG_MAP)["data"][URL] == "https://c.example.com"
    assert MANAGER in {manager for manager, _ in owner.owners(CONFIG_MAP, f"data.{URL}")}

    owner.apply(*sync)
    assert owner.live(CONFIG_MAP)["data"][URL] == "https://repository.example.com"
    # What was put back is shown beside the text of tower.yml, which each sync writes again.
    assert edits.checked()["drift"][CONFIG_MAP] == [URL]
