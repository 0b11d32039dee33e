"""Where Platform runs on Kubernetes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings.marks import Derived, Only, Required
from settings.model.section import Section
from settings.targets import KUBERNETES
from settings.types import aws, kubernetes, text


class ClusterSection(Section):
    """The cluster and the namespace of the Platform install."""

    heading: ClassVar[str] = "Where Platform runs"

    namespace: Annotated[kubernetes.Label, Only(KUBERNETES), Required(KUBERNETES)] = Field(
        default="",
        description="Namespace of the Platform install; Studios is put beside it.",
        examples=["platform-stage"],
    )
    eks_cluster: Annotated[aws.ClusterName | None, Only(KUBERNETES)] = Field(
        default=None,
        description="EKS cluster by name. Without it and `kubeconfig`: the cluster that kubectl uses.",
        examples=["production"],
    )
    kubeconfig: Annotated[text.KubeconfigPath | None, Only(KUBERNETES)] = Field(
        default=None, description="Path of a kubeconfig file.", examples=["/home/me/.kube/config"]
    )
    kube_context: Annotated[text.EnvironmentText | None, Only(KUBERNETES), Derived("the current one")] = Field(
        default=None, description="Context in the kubeconfig.", examples=["production"]
    )
