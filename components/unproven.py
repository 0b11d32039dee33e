"""Objects of which only the state tells whether the stack has made them, refused where the state does not have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from settings.errors import Problem

_KUBERNETES = "kubernetes:"


def refusing(unproven: Mapping[str, Problem]) -> list[pulumi.ResourceTransformation]:
    """What stops the engine, in a preview too, before it makes an object that exists and that others have made.

    Args:
        unproven: by ``Deployment/connect-proxy``, what to say then.
    """
    if not unproven:
        return []

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        metadata: Any = args.props.get("metadata") if args.type_.startswith(_KUBERNETES) else None
        problem = None if metadata is None else unproven.get(f"{args.type_.rpartition(':')[2]}/{metadata.name}")
        if problem is None:
            return None
        hooks = pulumi.ResourceOptions(hooks=_refusal(f"{args.name}-made-by-others", problem))
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, hooks))

    return [add]


def _refusal(name: str, problem: Problem) -> pulumi.ResourceHookBinding:
    """A hook before a creation, which the engine asks for only where the state has no such resource."""

    def refuse(_: pulumi.ResourceHookArgs) -> None:
        raise RuntimeError(str(problem))

    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(name, refuse, options)])
