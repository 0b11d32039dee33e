"""Resources with code of the program's own: run by Pulumi's dynamic provider, or by the package's plugin.

Why two ways: the dynamic provider runs where the user's program runs, and imports this code there. A program that uses
the components through the package may be in another language and has none of it; but the plugin has.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final, TypeVar

import grpc
import pulumi
from pulumi.dynamic import ConfigureRequest, Resource, ResourceProvider

from survey.aws import CHANGE, AwsAccount, Patience
from survey.aws_access import ZONES_ROLE, AwsAccess, Role


class _Process:
    """What holds for the process of the dynamic provider."""

    access: ClassVar[AwsAccess] = AwsAccess()


def aws_account(
    *, profile: str | None, region: str | None, role: Role | None = None, patience: Patience = CHANGE
) -> AwsAccount:
    """The account in which a resource is, with the identity that the stack's AWS provider has.

    Args:
        profile: that of the state, where the stack's configuration has none; empty for the environment's credentials.
        region: such as ``eu-west-1``; None for that of the configuration.
        role: to assume with that identity; None for none.
        patience: with each call.
    """
    access = replace(
        _Process.access, profile=_Process.access.profile or profile or None, region=region or _Process.access.region
    )
    return AwsAccount(access if role is None else access.assuming(role, ZONES_ROLE), patience)


_ASKED: Final = ("check", "diff", "create", "read", "update", "delete")
_T = TypeVar("_T")


class OwnProvider(ResourceProvider):
    """The base of our own providers: an error of theirs reaches the user as it was written.

    It has no state of its own, so that a provider pickles to no more than its name.
    """

    serialize_as_secret_always = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for name in _ASKED:
            if name in vars(cls):
                setattr(cls, name, _in_plain_words(vars(cls)[name]))

    def configure(self, req: ConfigureRequest) -> None:
        """Keeps gRPC from logging a traceback beside each error that the engine shows anyway.

        The way to AWS that the stack has is kept for this process, not in the state, since keys may be part of it.
        """
        _Process.access = AwsAccess.read(lambda name: req.config.get(f"aws:{name}"))
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL + 1)


def _in_plain_words(method: Callable[..., _T]) -> Callable[..., _T]:
    """The method, with an error that is shown as its text.

    gRPC would introduce it with "Exception calling application:" unless its context has been told the details, and
    Pulumi's server of dynamic providers, since 3.272 at the latest, ends the call with a traceback instead. That server
    keeps the context to itself, so it is taken from the frame of the caller; anywhere else there is none.
    """

    @functools.wraps(method)
    def call(self: ResourceProvider, *arguments: Any) -> _T:
        try:
            return method(self, *arguments)
        except Exception as error:
            context = sys._getframe(1).f_locals.get("context")
            if isinstance(context, grpc.ServicerContext):
                _settle(context, str(error) or type(error).__name__)
            raise

    return call


def _settle(context: grpc.ServicerContext, text: str) -> None:
    """Lets the call end with this text, whatever else it is going to be ended with."""
    abort = context.abort
    context.set_code(grpc.StatusCode.UNKNOWN)
    context.set_details(text)
    setattr(context, "abort", lambda code, _details: abort(code, text))  # noqa: B010 (a type checker sees a method)


class OwnResource(Resource):
    """A resource that one of our own providers makes.

    Args:
        provider: what makes it; without state of its own, so that it pickles to no more than its name.
        name: the resource's name.
        props: its inputs, and None for each output that is not an input.
        opts: the resource's options.
    """

    in_plugin: ClassVar[bool] = False
    """Whether this process is the package's plugin, which serves these resources itself (package/server.py)."""

    def __init__(
        self, provider: ResourceProvider, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if OwnResource.in_plugin:
            # Without a version: the engine fills in where the program has the package from.
            pulumi.CustomResource.__init__(self, f"studios:index:{type(self).__name__}", name, props, opts)
        else:
            super().__init__(provider, name, props, opts)
