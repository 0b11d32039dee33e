"""The provider's own configuration: which cluster, and which of the official options."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from testbed.plugins.diff import changes, render_path
from testbed.plugins.naming import unknown_properties
from testbed.plugins.provider import CheckFailure, DiffResult, Properties, ProviderError, Unknown

if TYPE_CHECKING:
    # Imported where it is used: it takes seconds, and the engine waits for each plugin's start in turn.
    from kubernetes import client as kubernetes_client

_DEFAULT_KUBECONFIG: Final = "~/.kube/config"
#: How a kubeconfig that can't be used shows itself.
_UNUSABLE: Final = (yaml.YAMLError, OSError, LookupError, TypeError)
_FLAGS: Final = {
    "deleteUnreachable": False,
    "enableConfigMapMutable": False,
    "enablePatchForce": False,
    "enableSecretMutable": False,
    "enableServerSideApply": True,
    "skipUpdateUnreachable": False,
    "strictMode": False,
    "suppressDeprecationWarnings": False,
    "suppressHelmHookWarnings": False,
    "upsertExistingObjects": False,
}
_TEXTS: Final = ("cluster", "clusterIdentifier", "context", "kubeconfig", "namespace")
_SETTINGS: Final = ("helmReleaseSettings", "kubeClientSettings")
_ENGINE: Final = ("pluginDownloadURL", "version")
_REFUSED: Final = ("alwaysRender", "renderYamlToDirectory")

#: Properties that decide which cluster is meant.
_CLUSTER_KEYS: Final = ("kubeconfig", "context", "cluster")


@dataclass(frozen=True)
class Options:
    """The options that change what the provider does."""

    secret_mutable: bool = False
    config_map_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False


def check(inputs: Properties) -> list[CheckFailure]:
    """What is wrong with the provider's inputs; what this stand-in can't do is refused, not ignored."""
    failures = unknown_properties(inputs, [*_FLAGS, *_TEXTS, *_SETTINGS, *_ENGINE, *_REFUSED])
    for key in _REFUSED:
        if inputs.get(key) not in (None, "", False, "false"):
            failures.append(
                CheckFailure(key, "the stand-in provider of the testbed renders no YAML: use the official provider")
            )
    for key in _FLAGS:
        value = _decoded(inputs.get(key))
        if value is not None and not isinstance(value, bool | Unknown):
            failures.append(CheckFailure(key, f"expected true or false, got {value!r}"))
    if _decoded(inputs.get("enableServerSideApply")) is False:
        failures.append(
            CheckFailure("enableServerSideApply", "the stand-in provider of the testbed knows server-side apply only")
        )
    if _decoded(inputs.get("strictMode")) is True:
        failures.extend(
            CheckFailure(key, f'strict mode requires Provider "{key}" argument')
            for key in ("kubeconfig", "context")
            if inputs.get(key) in (None, "")
        )
    return failures


def diff(old: Properties, new: Properties) -> DiffResult:
    """Replaces when the active cluster changes, or may have; an unchanged ``clusterIdentifier`` rules that out."""
    changed = {render_path(change.path[:1]): change for change in changes(old, new)}
    result = DiffResult({key: change.kind if len(change.path) == 1 else "update" for key, change in changed.items()})
    identifiers = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if identifiers[1] is not None and "clusterIdentifier" not in changed:
        return result
    if None not in identifiers and "clusterIdentifier" in changed:
        result.replaces.append("clusterIdentifier")
    unknown = [key for key in _CLUSTER_KEYS if isinstance(new.get(key), Unknown)]
    if unknown:
        result.replaces.extend(unknown)
        return result
    before, after = _active_cluster(old), _active_cluster(new)
    if before is not None and after is not None and before != after:
        result.replaces.extend(key for key in _CLUSTER_KEYS if key in changed)
    return result


def options(inputs: Properties) -> Options:
    """The options, from the inputs or else from the environment variables of the official provider."""

    def flag(key: str, variable: str) -> bool:
        value = _decoded(inputs.get(key))
        return value if isinstance(value, bool) else os.environ.get(variable) == "true"

    return Options(
        secret_mutable=flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        config_map_mutable=flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        patch_force=flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert=flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        delete_unreachable=flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
        skip_update_unreachable=flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
    )


def connect(inputs: Properties) -> tuple[kubernetes_client.ApiClient, str]:
    """A client of the cluster, and the namespace for objects that don't name one.

    ``kubeconfig`` is a path or the contents; without it the files of ``KUBECONFIG`` or ``~/.kube/config`` are read.

    Raises:
        ProviderError: there is no usable kubeconfig.
    """
    from kubernetes import config as kubernetes_config

    try:
        config = _with_overrides(_load(inputs.get("kubeconfig") or ""), inputs)
        api = kubernetes_config.new_client_from_config_dict(config, persist_config=False)
    except (*_UNUSABLE, kubernetes_config.ConfigException) as error:
        raise ProviderError(
            f"unable to load Kubernetes client configuration from kubeconfig file: {error}. Set the provider's "
            "kubeconfig, or KUBECONFIG, to one that names a cluster"
        ) from None
    context = _named(config, "contexts", "context", config.get("current-context")) or {}
    _require_credentials(api.configuration, _named(config, "users", "user", context.get("user")) or {})
    return api, inputs.get("namespace") or context.get("namespace") or "default"


def _require_credentials(client: kubernetes_client.Configuration, user: Mapping[str, Any]) -> None:
    """The client library goes on without credentials when the command for them fails; the user should hear of it."""
    command = (user.get("exec") or {}).get("command")
    if command and not client.api_key and not client.cert_file:
        raise ProviderError(
            f"unable to load Kubernetes client configuration from kubeconfig file: its credential command, {command}, "
            "gave no credentials. Run it by hand to see why"
        )


def _load(kubeconfig: str) -> dict[str, Any]:
    """The kubeconfig as plain data, with the paths in it made absolute."""
    if _is_contents(kubeconfig):
        config = yaml.safe_load(kubeconfig)
        return dict(config)
    paths = kubeconfig or os.environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG
    merged: dict[str, Any] = {"clusters": [], "contexts": [], "users": []}
    files = [Path(path).expanduser() for path in paths.split(os.pathsep) if path]
    for file in files:
        if kubeconfig or file.exists():
            _merge(merged, yaml.safe_load(file.read_text()) or {}, file.parent.resolve())
    if not merged["clusters"]:
        raise LookupError(f"no cluster in {', '.join(map(str, files))}")
    return merged


def _is_contents(kubeconfig: str) -> bool:
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")


def _merge(merged: dict[str, Any], config: Mapping[str, Any], folder: Path) -> None:
    """Adds what ``merged`` lacks: the first file that names something decides, as for kubectl."""
    for section, content, files in (
        ("clusters", "cluster", ("certificate-authority",)),
        ("contexts", "context", ()),
        ("users", "user", ("client-certificate", "client-key", "tokenFile")),
    ):
        known = {entry["name"] for entry in merged[section]}
        for entry in config.get(section) or ():
            if entry["name"] not in known:
                values = dict(entry.get(content) or {})
                values.update({key: str(folder / values[key]) for key in files if values.get(key)})
                merged[section].append({"name": entry["name"], content: values})
    if config.get("current-context"):
        merged.setdefault("current-context", config["current-context"])


def _with_overrides(config: dict[str, Any], inputs: Properties) -> dict[str, Any]:
    """The kubeconfig with the provider's ``context`` made current, and that context on the provider's ``cluster``."""
    current = inputs.get("context") or config.get("current-context")
    contexts = [dict(entry) for entry in config.get("contexts") or ()]
    if inputs.get("cluster"):
        for entry in contexts:
            if entry["name"] == current:
                entry["context"] = {**entry["context"], "cluster": inputs["cluster"]}
    return {**config, "contexts": contexts, "current-context": current}


def _active_cluster(inputs: Properties) -> Mapping[str, Any] | None:
    """What the kubeconfig says of the cluster in use; None where the inputs don't settle it."""
    if not inputs.get("kubeconfig"):
        return None
    try:
        config = _with_overrides(_load(inputs["kubeconfig"]), inputs)
    except _UNUSABLE:
        return None
    context = _named(config, "contexts", "context", config["current-context"]) or {}
    return _named(config, "clusters", "cluster", context.get("cluster"))


def _named(config: Mapping[str, Any], section: str, content: str, name: str | None) -> Mapping[str, Any] | None:
    for entry in config.get(section) or ():
        if entry["name"] == name:
            found: Mapping[str, Any] = entry.get(content) or {}
            return found
    return None


def _decoded(value: Any) -> Any:
    """SDKs send a provider's booleans and objects as JSON texts."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
