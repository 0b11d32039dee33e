"""Labels of the user's own on every Kubernetes object of a component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

_KUBERNETES = "kubernetes:"


def labelled(labels: Mapping[str, str]) -> list[pulumi.ResourceTransformation]:
    """What adds the labels to the objects that a component and its children make; those that they have stay."""
    if not labels:
        return []

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        metadata: Any = args.props.get("metadata") if args.type_.startswith(_KUBERNETES) else None
        if metadata is None:
            return None
        own: Any = metadata.labels or {}
        metadata.labels = {**labels, **own}
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    return [add]
