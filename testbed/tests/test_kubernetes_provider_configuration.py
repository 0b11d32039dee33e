"""How the Kubernetes stand-in reads its own configuration."""

import json
from pathlib import Path
from typing import Any

import pytest

from testbed.plugins.kubernetes import configuration
from testbed.plugins.kubernetes.provider import KubernetesProvider
from testbed.plugins.provider import UNKNOWN, CheckFailure, DiffResult, ProviderError, Resource


def kubeconfig(server: str = "https://127.0.0.1:1", **context: str) -> dict[str, Any]:
    return {
        "clusters": [{"name": "a", "cluster": {"server": server}}, {"name": "b", "cluster": {"server": "https://b"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "first", "context": {"cluster": "a", "user": "u", **context}},
            {"name": "second", "context": {"cluster": "b", "user": "u"}},
        ],
        "current-context": "first",
    }


def inputs(server: str = "https://127.0.0.1:1", **more: Any) -> dict[str, Any]:
    return {"kubeconfig": json.dumps(kubeconfig(server)), **more}


def test_an_option_that_the_official_provider_lacks_is_refused_by_name() -> None:
    assert configuration.check({"namspace": "x"}) == [
        CheckFailure("namspace", "unknown property 'namspace'; did you mean 'namespace'?")
    ]


def test_the_official_options_are_accepted() -> None:
    accepted = {
        "kubeconfig": UNKNOWN,
        "context": "c",
        "cluster": "c",
        "namespace": "n",
        "clusterIdentifier": "i",
        "enableConfigMapMutable": "true",
        "enableSecretMutable": True,
        "upsertExistingObjects": "false",
        "enableServerSideApply": "true",
        "suppressDeprecationWarnings": "true",
        "version": "4.34.2",
    }
    assert configuration.check(accepted) == []


def test_what_the_stand_in_cannot_do_is_refused() -> None:
    failures = configuration.check({"renderYamlToDirectory": "out", "enableServerSideApply": "false"})
    assert [failure.property for failure in failures] == ["renderYamlToDirectory", "enableServerSideApply"]


def test_an_option_that_is_neither_true_nor_false_is_refused() -> None:
    assert configuration.check({"enableSecretMutable": "yes"}) == [
        CheckFailure("enableSecretMutable", "expected true or false, got 'yes'")
    ]


def test_another_server_replaces_the_provider() -> None:
    result = configuration.diff(inputs("https://one"), inputs("https://two"))
    assert result == DiffResult({"kubeconfig": "update"}, ["kubeconfig"])


def test_other_credentials_do_not_replace_the_provider() -> None:
    other = kubeconfig()
    other["users"][0]["user"]["token"] = "other"
    result = configuration.diff(inputs(), {"kubeconfig": json.dumps(other)})
    assert result == DiffResult({"kubeconfig": "update"})


def test_another_context_on_the_same_cluster_does_not_replace_the_provider() -> None:
    assert configuration.diff(inputs(context="first"), inputs(context="second")).replaces == ["context"]
    assert configuration.diff(inputs(), inputs(context="first")) == DiffResult({"context": "add"})


def test_an_unknown_kubeconfig_replaces_the_provider() -> None:
    assert configuration.diff(inputs(), {"kubeconfig": UNKNOWN}).replaces == ["kubeconfig"]


def test_an_unchanged_cluster_identifier_keeps_the_provider_whatever_the_kubeconfig() -> None:
    old = inputs("https://one", clusterIdentifier="c")
    assert configuration.diff(old, inputs("https://two", clusterIdentifier="c")).replaces == []
    assert configuration.diff(old, {"kubeconfig": UNKNOWN, "clusterIdentifier": "c"}).replaces == []


def test_another_cluster_identifier_replaces_but_adding_one_does_not() -> None:
    old = inputs(clusterIdentifier="c")
    assert configuration.diff(old, inputs(clusterIdentifier="d")).replaces == ["clusterIdentifier"]
    assert configuration.diff(inputs(), old).replaces == []


def test_a_provider_option_changes_in_place() -> None:
    result = configuration.diff(inputs(), inputs(enableSecretMutable="true"))
    assert result == DiffResult({"enableSecretMutable": "add"})


def test_options_come_from_the_inputs_and_else_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_K8S_ENABLE_SECRET_MUTABLE", "true")
    monkeypatch.setenv("PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", "true")
    options = configuration.options({"enableConfigMapMutable": "false"})
    assert (options.secret_mutable, options.config_map_mutable) == (True, False)


def test_the_namespace_is_the_providers_then_the_contexts_then_default() -> None:
    with_namespace = json.dumps(kubeconfig(namespace="ctx"))
    assert configuration.connect({"kubeconfig": with_namespace, "namespace": "own"})[1] == "own"
    assert configuration.connect({"kubeconfig": with_namespace})[1] == "ctx"
    assert configuration.connect(inputs())[1] == "default"


def test_context_and_cluster_choose_the_server() -> None:
    assert configuration.connect(inputs(context="second"))[0].configuration.host == "https://b"
    assert configuration.connect(inputs(cluster="b"))[0].configuration.host == "https://b"


def test_a_kubeconfig_file_may_name_its_certificates_relative_to_itself(tmp_path: Path) -> None:
    config = kubeconfig()
    config["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    (tmp_path / "ca.crt").write_text("certificate")
    (tmp_path / "config").write_text(json.dumps(config))
    merged = configuration._load(str(tmp_path / "config"))
    assert merged["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")


def test_the_credentials_of_an_exec_command_are_used() -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"token": "from-command"},
    }
    config = kubeconfig()
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": credential["apiVersion"],
            "command": "echo",
            "args": [json.dumps(credential)],
            "interactiveMode": "Never",
        }
    }
    api, _ = configuration.connect({"kubeconfig": json.dumps(config)})
    assert api.configuration.api_key["BearerToken"] == "Bearer from-command"


def test_an_exec_command_that_gives_no_credentials_is_named() -> None:
    config = kubeconfig()
    config["users"][0]["user"] = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "false", "interactiveMode": "Never"}
    }
    with pytest.raises(ProviderError, match="its credential command, false, gave no credentials"):
        configuration.connect({"kubeconfig": json.dumps(config)})


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "config")
    with pytest.raises(ProviderError, match=missing):
        configuration.connect({"kubeconfig": missing})


def test_without_a_cluster_a_preview_echoes_the_inputs_and_an_update_says_why() -> None:
    provider = KubernetesProvider()
    provider.configure({"kubeconfig": UNKNOWN})
    resource = Resource("urn", "kubernetes:core/v1:ConfigMap", "cm")
    assert provider.create(resource, {"data": {"a": "b"}}, True, 0) == ("", {"data": {"a": "b"}})
    with pytest.raises(ProviderError, match=r"^configured Kubernetes cluster is unreachable: the provider's configur"):
        provider.create(resource, {"data": {"a": "b"}}, False, 0)


def test_the_data_of_secrets_is_secret_also_in_a_patch() -> None:
    provider = KubernetesProvider()
    assert provider.secret_outputs("kubernetes:core/v1:Secret") == ("data", "stringData")
    assert provider.secret_outputs("kubernetes:core/v1:SecretPatch") == ("data", "stringData")
    assert provider.secret_outputs("kubernetes:core/v1:ConfigMap") == ()
