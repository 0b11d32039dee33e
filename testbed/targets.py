"""What the testbed builds: its Go modules, the binaries and files that come of each, and the versions that they pin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from testbed import paths

GO_MODULES = paths.TESTBED / "go"


def pinned(name: str, module: str) -> str:
    """The version of a module, without its "v", that ``testbed/go/<name>/go.mod`` requires."""
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} v(\S+)", (GO_MODULES / name / "go.mod").read_text(), re.M)
    if not found:
        raise ValueError(f"testbed/go/{name}/go.mod does not require {module}")
    return found[1]


@dataclass(frozen=True)
class Target:
    """One Go module of the testbed, and what is built from it."""

    name: str
    #: What a person reads while it builds.
    title: str
    #: Name of the binary → arguments of ``go build`` behind the output flag.
    binaries: Mapping[str, Sequence[str]]
    #: How long it usually takes on two cores with nothing cached, in seconds.
    usual_seconds: int
    #: What is laid beside the binaries: folder → module, and files in it.
    copies: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    #: What the module's own source embeds without having it: name of the file → module, and the file in it.
    embeds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: The target with the go.mod that pins its modules, where that is another one.
    pinned_by: str = ""

    @property
    def module(self) -> Path:
        """The folder with its go.mod."""
        return GO_MODULES / (self.pinned_by or self.name)


PULUMI_VERSION = pinned("engine", "github.com/pulumi/pulumi/pkg/v3")
PULUMI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_FLAG = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={PULUMI_VERSION}"
KWOK_MODULE = "sigs.k8s.io/kwok"
#: What makes nodes and pods Ready at once; kwok starts with no behaviour of its own.
KWOK_STAGES = (
    "kustomize/stage/node/fast/node-initialize.yaml",
    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "kustomize/stage/pod/fast/pod-complete.yaml",
    "kustomize/stage/pod/fast/pod-delete.yaml",
    "kustomize/stage/pod/fast/pod-ready.yaml",
)
KUBERNETES_VERSION = pinned("kubernetes", "k8s.io/kubernetes")
ETCD_VERSION = pinned("kubernetes", "go.etcd.io/etcd/server/v3")
KWOK_VERSION = pinned("kubernetes", KWOK_MODULE)
#: go.mod has a pseudo-version of this release, as for the provider below.
LOAD_BALANCER_VERSION = "2.17.1"
LOAD_BALANCER_MODULE = "sigs.k8s.io/aws-load-balancer-controller"


ENGINE = Target("engine", f"Pulumi {PULUMI_VERSION}", {"pulumi": ["-ldflags", VERSION_FLAG, PULUMI_PACKAGE]}, 160)
#: The scripts of Pulumi's release, in a target of their own: the engine is not built where one is installed.
SCRIPTS = Target(
    "pulumi-scripts",
    f"the scripts of Pulumi {PULUMI_VERSION}",
    {},
    5,
    {
        "python": (
            "github.com/pulumi/pulumi/sdk/v3",
            ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
        )
    },
    pinned_by="engine",
)
KUBERNETES = Target(
    "kubernetes",
    "etcd, Kubernetes and kwok",
    {"kubernetes": ["."], "kwok": [f"{KWOK_MODULE}/cmd/kwok"]},
    210,
    {"stages": (KWOK_MODULE, KWOK_STAGES)},
)
LOAD_BALANCER = Target(
    "loadbalancer",
    f"the AWS Load Balancer Controller {LOAD_BALANCER_VERSION}",
    {
        "aws-load-balancer-controller": [
            "-ldflags",
            f"-s -w -X {LOAD_BALANCER_MODULE}/pkg/version.GitVersion=v{LOAD_BALANCER_VERSION}",
            ".",
        ]
    },
    100,
    {
        "manifests": (
            LOAD_BALANCER_MODULE,
            (
                "config/crd/bases/elbv2.k8s.aws_albtargetcontrolconfigs.yaml",
                "config/crd/bases/elbv2.k8s.aws_ingressclassparams.yaml",
                "config/crd/bases/elbv2.k8s.aws_targetgroupbindings.yaml",
                "config/rbac/role.yaml",
            ),
        )
    },
)
PULUMI_KUBERNETES_VERSION = "4.25.0"
PULUMI_KUBERNETES_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
PULUMI_KUBERNETES = Target(
    "pulumi-kubernetes",
    f"Pulumi's Kubernetes provider {PULUMI_KUBERNETES_VERSION}",
    {
        "pulumi-resource-kubernetes": [
            "-ldflags",
            f"-s -w -X {PULUMI_KUBERNETES_MODULE}/pkg/version.Version={PULUMI_KUBERNETES_VERSION}",
            ".",
        ]
    },
    100,
    embeds={
        name: (PULUMI_KUBERNETES_MODULE, f"cmd/pulumi-resource-kubernetes/{name}")
        for name in ("schema.json", "terraform-mapping.json")
    },
)
#: HashiCorp's providers that Pulumi's own plugins are made of: package → release, of which go.mod has a pseudo-version.
BRIDGED: Mapping[str, str] = {"random": "3.9.0", "tls": "4.2.1"}
BRIDGE_VERSION = pinned("pulumi-bridged", "github.com/pulumi/pulumi-terraform-bridge/v3")
PULUMI_BRIDGED = Target(
    "pulumi-bridged",
    f"HashiCorp's {' and '.join(BRIDGED)} providers under Pulumi's bridge {BRIDGE_VERSION}",
    {
        f"pulumi-resource-{package}": [
            "-ldflags",
            f"-s -w -X studios.invalid/testbed/pulumi-bridged/serve.Version={metadata.version(f'pulumi-{package}')}",
            f"./{package}",
        ]
        for package in BRIDGED
    },
    45,
)
#: What checks the files under .github/workflows, as it needs the same Go as the rest.
WORKFLOWS = Target("workflows", "actionlint", {"actionlint": ["github.com/rhysd/actionlint/cmd/actionlint"]}, 5)
#: What only those need who use the components from other languages, and only the slow tests build.
LANGUAGES = Target(
    "languages",
    "Pulumi's YAML and its generators of SDKs",
    {"pulumi-language-yaml": ["github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"], "sdk": ["."]},
    20,
)
#: What stands in for Pulumi Cloud, for stacks with an environment of Pulumi ESC; only slow tests build it.
CLOUD = Target("cloud", "the stand-in for Pulumi Cloud", {"cloud": ["-ldflags", "-s -w", "."]}, 10)
COMPOSE_PACKAGE = "github.com/docker/compose/v2"


def _compose(name: str, version: str) -> Target:
    flags = f"-s -w -X {COMPOSE_PACKAGE}/internal.Version=v{version}"
    words = ["-ldflags", flags, f"{COMPOSE_PACKAGE}/cmd"]
    return Target(name, f"Docker Compose {version}", {"docker-compose": words}, 60)


COMPOSE_VERSION = pinned("docker-compose", COMPOSE_PACKAGE)
DOCKER_COMPOSE = _compose("docker-compose", COMPOSE_VERSION)
#: The oldest release that the install script accepts, for a test of it.
OLDEST_COMPOSE_VERSION = pinned("docker-compose-oldest", COMPOSE_PACKAGE)
OLDEST_DOCKER_COMPOSE = _compose("docker-compose-oldest", OLDEST_COMPOSE_VERSION)
#: What stands in for Platform's and Connect's programs, in containers, in pods and as processes.
STUDIOS = Target(
    "studios",
    "the stand-ins for Platform and Connect",
    {"studios": ["-ldflags", "-s -w", "."]},
    15,
)

#: What a real node runs beside what Kubernetes has for it.
CONTAINERD = Target(
    "containerd",
    "containerd",
    {
        name: ["-ldflags", "-s -w", f"github.com/containerd/containerd/v2/cmd/{name}"]
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    },
    40,
)
CNI = Target(
    "cni",
    "the CNI plugins",
    {
        name: [f"github.com/containernetworking/plugins/plugins/{kind}/{name}"]
        for kind, name in (("ipam", "host-local"), ("main", "ptp"))
    },
    5,
)
COREDNS = Target("coredns", "CoreDNS", {"coredns": ["-ldflags", "-s -w", "."]}, 40)
NETWORK_POLICIES = Target(
    "networkpolicies",
    "the engine of kube-network-policies",
    {"networkpolicies": ["-ldflags", "-s -w", "."]},
    55,
)

#: Not one of what the testbed runs: it measures the objects that the program makes.
KUBE_SCORE = Target(
    "kubescore",
    "kube-score",
    {"kube-score": ["github.com/zegl/kube-score/cmd/kube-score"]},
    15,
)
DATAPLANE = Target("dataplane", "the load balancers' data plane", {"dataplane": ["."]}, 10)
#: What a test installs and upgrades a Platform with, as users of Seqera's chart do.
HELM_VERSION = pinned("helm", "helm.sh/helm/v3")
HELM = Target("helm", f"Helm {HELM_VERSION}", {"helm": ["-ldflags", "-s -w", "helm.sh/helm/v3/cmd/helm"]}, 45)
