"""What changes in Platform, told in words wherever a preview or an update is going to make the edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime import rpc

from components.error_hooks import said_before
from components.platform_provider import api_of, as_now, in_order, tower_yml_of
from live.api import ClusterApi
from live.cluster import Cluster
from live.difference import differences, given_back, in_words, restarting
from live.platform import PlatformError
from settings.errors import SettingsError
from survey.install import resource_of
from survey.rights import Review, review_to_destroy


def told_in_words(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding:
    """A resource option that says before the edits, in a preview too, what they change and which pods restart.

    Args:
        name: the hook's name, of which a stack has no two.
        parent: whom the words are printed for: the edits themselves have no URN before they are made.
    """

    def tell(args: pulumi.ResourceHookArgs) -> None:
        try:
            text = _words(dict(args.new_inputs or {}), dict(args.old_inputs or {}))
        except (PlatformError, SettingsError, KeyError, TypeError, AttributeError):
            # The edits themselves say what is wrong; words about them must not end an update.
            return
        if text:
            pulumi.log.info(text, parent)

    return said_before(name, tell)


def _words(news: Mapping[str, Any], olds: Mapping[str, Any]) -> str:
    news, olds = as_now(dict(news)), as_now(dict(olds))
    api, edits, deployments = api_of(news), news["edits"], news["deployments"]
    changed = differences(
        api,
        {target: edits[target] for target in in_order(edits, deployments)},
        tower_yml_of(news),
        news["field_manager"],
        given_back=[target for target in olds.get("edits") or {} if target not in edits],
    )
    checksum = news.get("checksum")
    # Not known yet is how a preview says that part of what the pods read is going to change.
    known = checksum if isinstance(checksum, str) and checksum != rpc.UNKNOWN else None
    return in_words(changed, restarting(api, deployments, known, changed))


def rights_to_destroy(inputs: Mapping[str, Any], made: Mapping[str, Sequence[str]]) -> Review:
    """Which of the rights that a destroy needs are missing.

    Args:
        inputs: of the edits, as the state has them.
        made: by resource, the names of the objects that the stack has made.

    Raises:
        SettingsError: the cluster can't be reached.
    """
    api = ClusterApi(Cluster(kubeconfig=inputs["kubeconfig"] or None, context=inputs["context"] or None))
    names = {resource: list(found) for resource, found in made.items()}
    for target in inputs["edits"]:
        kind, _, name = target.partition("/")
        names.setdefault(resource_of(kind), []).append(name)
    return review_to_destroy(api, inputs["namespace"], names, takes_over=bool(inputs["take_over"]))


def given_back_in_words(inputs: Mapping[str, Any]) -> str:
    """What a destroy restores, and which pods restart, by what Platform's objects hold now.

    Args:
        inputs: of the edits, as the state has them.

    Raises:
        PlatformError: the install can't be read.
        SettingsError: the cluster can't be reached.
    """
    props = as_now(dict(inputs))
    targets = in_order(props["edits"], props["deployments"])
    changed = given_back(api_of(props), targets, tower_yml_of(props), props["field_manager"])
    return in_words(changed, [name for name in props["deployments"] if f"Deployment/{name}" in changed])
