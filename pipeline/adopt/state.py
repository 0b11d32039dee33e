"""The state of a stack, with what exists already as the resources that a preview would make for it.

A preview says how each resource is called, where it belongs and what the program asks for. With the id of what exists,
that is all that the engine keeps of a resource; a refresh then reads the rest, as after an update that was killed.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from live.difference import MASKED
from pipeline.interrupted import Resource, State

FIELD_MANAGER = "pulumi-kubernetes-adopted"
"""Under which Pulumi's Kubernetes provider owns the fields of what was adopted."""

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_KEPT = ("urn", "custom", "type", "parent", "provider", "additionalSecretOutputs", "customTimeouts")
_TOKEN = "studios-oidc-token"  # noqa: S105 (a resource's name)


def with_adopted(
    state: State,
    steps: Sequence[Mapping[str, Any]],
    *,
    objects: Collection[str],
    token: str | None,
    find: Callable[[Resource, Sequence[Resource]], str | None],
    exists: Callable[[Resource], bool],
    configured: Mapping[str, Mapping[str, Any]],
) -> tuple[State, list[str]]:
    """The state with what is adopted, and the URNs that are new in it.

    Args:
        state: as ``pulumi stack export`` prints it.
        steps: those of a preview.
        objects: what is taken in Kubernetes, as ``Deployment/connect-proxy``.
        token: the registration token, if it goes into the state.
        find: the provider's id of a resource.
        exists: whether a record exists already.
        configured: package → the inputs of its default provider, as the stack's file has them.
    """
    result = copy.deepcopy(state)
    resources: list[Resource] = result["deployment"].setdefault("resources", [])
    known = {each["urn"] for each in resources}
    planned = {
        step["urn"]: step["newState"] for step in steps if step.get("op") == "create" and step["urn"] not in known
    }
    planned = {**_default_providers(planned.values(), known, configured), **planned}
    ids = {urn: str(uuid.uuid4()) for urn, each in planned.items() if _is_provider(each)}
    chosen: dict[str, Resource] = {}
    for urn, each in planned.items():
        made = _taken(each, objects, token, exists)
        if made is not None:
            made_id = "none" if "RandomPassword" in made["type"] else find(made, resources)
            chosen[urn] = {**made, "id": made_id}
    for urn in list(chosen):
        _with_what_it_needs(urn, planned, chosen)
    adopted = [urn for urn in planned if urn in chosen]
    for urn in adopted:
        resources.append(_completed(chosen[urn], ids))
    return result, adopted


def _default_providers(
    planned: Iterable[Mapping[str, Any]], known: Collection[str], configured: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The providers that the engine makes itself, and that are not steps of a preview."""
    found: dict[str, Any] = {}
    for each in planned:
        urn = _provider_of(each)
        kind, _, name = (urn or "").rpartition("::")
        if urn is None or urn in known or not name.startswith("default_"):
            continue
        package = kind.rpartition(":")[2]
        version = name.removeprefix("default_").replace("_", ".")
        inputs = {"__internal": {}, **configured.get(package, {}), "version": version}
        found[urn] = {"urn": urn, "custom": True, "type": f"pulumi:providers:{package}", "inputs": inputs}
    return found


def _taken(
    planned: Mapping[str, Any], objects: Collection[str], token: str | None, exists: Callable[[Resource], bool]
) -> Resource | None:
    kind = str(planned["type"])
    inputs = _known(planned.get("inputs") or {})
    made = {key: planned[key] for key in _KEPT if key in planned} | {"inputs": inputs}
    if kind.startswith("kubernetes:"):
        if f"{kind.rpartition(':')[2]}/{inputs['metadata']['name']}" in objects:
            # The provider goes on applying under the manager that it finds here.
            return {**made, "outputs": {**inputs, "__fieldManager": FIELD_MANAGER}}
    elif kind == "aws:route53/record:Record" and planned["urn"].endswith("::studios-record-alias"):
        # One that is taken over is replaced by the next up, which remembers what it was.
        if not inputs.get("allowOverwrite") and exists(made):
            return {**made, "outputs": inputs}
    elif token is not None and planned["urn"].endswith(f"::{_TOKEN}"):
        return {**made, "outputs": {**inputs, **_password(token)}}
    return None


def _password(token: str) -> Mapping[str, Any]:
    """What the provider of random values keeps of one that it has made."""
    counts = dict.fromkeys(("minLower", "minNumeric", "minSpecial", "minUpper"), 0)
    return {
        **counts,
        "lower": True,
        "numeric": True,
        "upper": True,
        "result": {_SIGNATURE: _SECRET, "plaintext": json.dumps(token)},
    }


def _with_what_it_needs(urn: str, planned: Mapping[str, Any], chosen: dict[str, Resource]) -> None:
    """Adds parents and provider, as far as the state hasn't got them."""
    each = planned[urn]
    for needed in (each.get("parent"), _provider_of(each)):
        if needed is not None and needed in planned and needed not in chosen:
            found = planned[needed]
            inputs = _known(found.get("inputs") or {})
            chosen[needed] = {key: found[key] for key in _KEPT if key in found} | {"inputs": inputs}
            _with_what_it_needs(needed, planned, chosen)


def _completed(resource: Resource, ids: Mapping[str, str]) -> Resource:
    result = dict(resource)
    provider = _provider_of(resource)
    if provider is not None and provider in ids:
        result["provider"] = f"{provider}::{ids[provider]}"
    if _is_provider(resource):
        outputs = {key: value for key, value in resource["inputs"].items() if key != "__internal"}
        result |= {"id": ids[resource["urn"]], "outputs": outputs}
    return result


def _is_provider(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("pulumi:providers:")


def _provider_of(resource: Mapping[str, Any]) -> str | None:
    reference = resource.get("provider")
    return None if not reference else str(reference).rpartition("::")[0]


def _known(value: Any) -> Any:
    """The value without what isn't known yet, or isn't shown."""
    if isinstance(value, Mapping):
        return {key: _known(each) for key, each in value.items() if not _is_hidden(each)}
    return [_known(each) for each in value if not _is_hidden(each)] if isinstance(value, list) else value


def _is_hidden(value: Any) -> bool:
    return value in (_UNKNOWN, MASKED) if isinstance(value, str) else isinstance(value, Mapping) and _SIGNATURE in value
