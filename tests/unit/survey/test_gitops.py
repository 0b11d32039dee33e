"""Objects that Argo CD or Flux keep: what the tool is going to put back is told in the first preview."""

from __future__ import annotations

from typing import Any

import pytest

from survey.platform import survey_platform

from .conftest import CORE, FakeApi
from .test_platform import settings

ARGO = {"labels": {"argocd.argoproj.io/instance": "seqera"}}
FLUX = {"labels": {"kustomize.toolkit.fluxcd.io/name": "platform", "kustomize.toolkit.fluxcd.io/namespace": "flux"}}
FLUX_HELM = {"labels": {"helm.toolkit.fluxcd.io/name": "seqera", "helm.toolkit.fluxcd.io/namespace": "flux"}}
TRACKED = {"annotations": {"argocd.argoproj.io/tracking-id": "seqera:/ConfigMap:platform-stage/tower-yml"}}
MANAGED = {"managedFields": [{"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {}}]}
LABELLED = {
    "labels": {"app.kubernetes.io/instance": "seqera"},
    "managedFields": [{"manager": "argocd-application-controller", "operation": "Update", "fieldsV1": {}}],
}
WRITE = "write allowed-workspaces: null there in its repository, or "


def warnings(platform: FakeApi, **changed: Any) -> tuple[str, ...]:
    return survey_platform(platform.access, settings(**changed)).warnings


def marked(platform: FakeApi, name: str, marks: dict[str, Any]) -> dict[str, Any]:
    (found,) = (each for each in platform.lists[f"{CORE}/configmaps"] if each["metadata"]["name"] == name)
    found["metadata"] |= marks
    return found


@pytest.mark.parametrize(
    ("marks", "tool", "source", "way"),
    [
        (ARGO, "Argo CD", "Application seqera", "add /data/tower.yml to ignoreDifferences of that Application"),
        (TRACKED, "Argo CD", "Application seqera", "add /data/tower.yml to ignoreDifferences of that Application"),
        (MANAGED, "Argo CD", "Application", "add /data/tower.yml to ignoreDifferences of that Application"),
        (LABELLED, "Argo CD", "Application seqera", "add /data/tower.yml to ignoreDifferences of that Application"),
        (
            FLUX,
            "Flux",
            "Kustomization platform",
            "add /data/tower.yml to spec.ignore of that Kustomization (Flux 2.9 or ",
        ),
        (
            FLUX_HELM,
            "Flux",
            "HelmRelease seqera",
            "add /data/tower.yml to spec.driftDetection.ignore of that HelmRelease",
        ),
    ],
)
def test_the_text_of_tower_yml_that_a_tool_puts_back_is_told_with_the_tool_and_the_way_out(
    platform: FakeApi, marks: dict[str, Any], tool: str, source: str, way: str
) -> None:
    marked(platform, "tower-yml", marks)
    (warning,) = warnings(platform)
    assert warning.startswith(
        f"{tool} keeps ConfigMap/tower-yml ({source}), and will put back the text of tower.yml, without "
        f"tower.data-studio.allowed-workspaces: {WRITE}{way}"
    )
    assert warning.endswith("; docs/gitops.md")


def test_an_entry_that_the_repository_has_is_no_reason_for_a_warning(platform: FakeApi) -> None:
    found = marked(platform, "tower-yml", ARGO)
    found["data"]["tower.yml"] = "tower:\n  data-studio:\n    allowed-workspaces: null\n"
    assert warnings(platform) == ()


def test_a_variable_is_never_put_back(platform: FakeApi) -> None:
    marked(platform, "tower-yml", ARGO)
    marked(platform, "tower-backend-cfg", ARGO)
    assert warnings(platform, platformVersion="26.1") == ()


def test_a_value_that_is_taken_over_from_a_tool_is_told(platform: FakeApi) -> None:
    marked(platform, "tower-backend-cfg", ARGO)
    (warning,) = warnings(platform, platformVersion="26.1", takeOver=["ConfigMap/tower-backend-cfg"])
    assert warning.startswith(
        "takeOver lists ConfigMap/tower-backend-cfg, which Argo CD keeps (Application seqera): it will put back each "
    )
