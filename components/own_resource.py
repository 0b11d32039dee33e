"""Resources whose code is the program's own: run by Pulumi's dynamic provider, or by the package's plugin.

Why two ways: the dynamic provider runs where the user's program runs, and imports this code there. A program that uses
the components through the package may be in another language and has none of it; but the plugin has.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import Resource, ResourceProvider


class OwnResource(Resource):
    """A resource that one of our own providers makes.

    Args:
        provider: what makes it; without state of its own, so that it pickles to no more than its name.
        name: the resource's name.
        props: its inputs, and None for each output that is no input.
        opts: the resource's options.
    """

    in_plugin: ClassVar[bool] = False
    """Whether this process is the package's plugin, which serves these resources itself (package/served.py)."""

    def __init__(
        self, provider: ResourceProvider, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if OwnResource.in_plugin:
            # Without a version: the engine fills in where the program has the package from.
            pulumi.CustomResource.__init__(self, f"studios:index:{type(self).__name__}", name, props, opts)
        else:
            super().__init__(provider, name, props, opts)
