"""Studio templates of an earlier setup, which Platform offers beside those of the stack until they are removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from live.api import ClusterApi
from pipeline.adopt.takeover import MERGE_PATCH
from settings.model import Settings
from settings.templates import keys_in
from survey import identity
from survey.effective_environment import EffectiveEnvironment
from survey.install import read_install
from survey.leftover_templates import find_leftovers


def old_templates(api: ClusterApi, settings: Settings, owner: str) -> dict[str, Sequence[str]]:
    """The variables of templates that the stack doesn't have: ConfigMap → names.

    Args:
        api: the cluster.
        settings: of the stack.
        owner: ``studios-<stack>``, the owner of what the stack has written itself.

    Raises:
        SettingsError: the namespace can't be read.
    """
    install = read_install(api, settings.namespace)
    settings = identity.resolved(settings, install)
    found = find_leftovers(EffectiveEnvironment(api, install), install, settings, owner)
    return {each.config_map: sorted(each.names) for each in found if each.config_map is not None}


def shown(config_map: str, names: Sequence[str]) -> str:
    """The templates of a ConfigMap in one phrase."""
    return f"the Studio templates {keys_in(names)} in ConfigMap/{config_map}"


def remove(api: ClusterApi, namespace: str, templates: Mapping[str, Sequence[str]]) -> None:
    """Takes variables out of ConfigMaps.

    Args:
        api: the cluster.
        namespace: where they are.
        templates: ConfigMap → names.

    Raises:
        ApiError: the cluster refuses it.
    """
    for config_map, names in templates.items():
        path = f"/api/v1/namespaces/{namespace}/configmaps/{config_map}"
        api.send("PATCH", path, body={"data": dict.fromkeys(names)}, content=MERGE_PATCH)
