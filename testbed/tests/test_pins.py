"""A version that has to be said twice is the same in both places."""

from __future__ import annotations

import re

import pytest

from testbed import build, paths, targets
from testbed.node import stock
from testbed.platform.shapes import PLATFORM_RELEASE

ENGINE = "github.com/pulumi/pulumi/pkg/v3"
README = (paths.TESTBED / "README.md").read_text()


def test_the_generators_of_sdks_are_those_of_the_engine() -> None:
    assert targets.pinned("languages", ENGINE) == targets.PULUMI_VERSION


def test_the_stand_in_for_pulumi_cloud_speaks_as_the_engine_does() -> None:
    assert targets.pinned("cloud", "github.com/pulumi/pulumi/sdk/v3") == targets.PULUMI_VERSION


def test_the_oldest_go_is_the_newest_minor_release_that_a_module_asks_for() -> None:
    asked = [
        tuple(map(int, match.groups()))
        for path in targets.GO_MODULES.glob("*/go.mod")
        for match in re.finditer(r"^go (\d+)\.(\d+)", path.read_text(), re.MULTILINE)
    ]
    assert max(asked) == build.GO_AT_LEAST


def test_coredns_runs_in_the_release_that_is_built() -> None:
    manifest = (paths.TESTBED / "node" / "manifests" / "coredns.yml").read_text()
    assert re.findall(r"image: (\S+)", manifest) == [stock.COREDNS_IMAGE]


def test_platform_is_of_one_release_in_its_manifests_and_its_images() -> None:
    manifests = paths.TESTBED / "platform" / "manifests"
    tags = re.findall(r"nf-tower-enterprise/\S+:(\S+)", "".join(path.read_text() for path in manifests.glob("*.yml")))
    assert set(tags) == {PLATFORM_RELEASE}


def test_the_load_balancer_controller_says_that_it_is_the_release_that_the_table_names() -> None:
    module = build.source(targets.LOAD_BALANCER, targets.LOAD_BALANCER_MODULE)
    assert (module / "version.txt").read_text().strip() == targets.LOAD_BALANCER_VERSION


def test_the_kubernetes_provider_is_built_from_the_commit_of_the_release_that_it_says_to_be() -> None:
    # Its module does not name its version: these are the commits of the tags v… in its repository.
    commits = {"4.25.0": "f47bc2d6f199"}
    pinned = targets.pinned("pulumi-kubernetes", targets.PULUMI_KUBERNETES_MODULE)
    assert pinned.rpartition("-")[2] == commits[targets.PULUMI_KUBERNETES_VERSION]


@pytest.mark.parametrize(("package", "owner"), [("random", "terraform-providers"), ("tls", "hashicorp")])
def test_a_provider_under_the_bridge_is_built_from_the_release_that_it_says_to_be(package: str, owner: str) -> None:
    module = build.source(targets.PULUMI_BRIDGED, f"github.com/{owner}/terraform-provider-{package}")
    (newest, *_) = re.findall(r"^## (\d+\.\d+\.\d+)", (module / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == targets.BRIDGED[package]


def test_the_readme_names_the_kubernetes_provider_that_is_built() -> None:
    (section,) = re.findall(r"^## The Kubernetes provider\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    lacking = set(re.findall(r"^\| (\d+\.\d+\.\d+) \|", section, re.MULTILINE))
    assert lacking
    assert set(re.findall(r"\d+\.\d+\.\d+", section)) == {targets.PULUMI_KUBERNETES_VERSION, *lacking}
