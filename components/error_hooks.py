"""What a program says beside a provider: words before a change, and more where a provider's own error is short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import grpc
import pulumi
from pulumi.runtime import settings as engine

Explain = Callable[[pulumi.ErrorHookArgs], Awaitable[str | None]]
"""What to add to an error; None for nothing."""


def explained(name: str, explain: Explain, resource: pulumi.Resource) -> pulumi.ResourceHookBinding:
    """A resource option that prints what ``explain`` says where the resource can't be created or updated.

    Args:
        name: the hook's name, of which a stack has no two.
        explain: looks into what happened. It isn't called in a preview, nor for a deletion.
        resource: whom the text is printed for.
    """

    async def look(args: pulumi.ErrorHookArgs) -> bool:
        if not pulumi.runtime.is_dry_run() and args.failed_operation != "delete":
            text = await explain(args)
            if text is not None:
                pulumi.log.error(text, resource)
        # The provider has waited for as long as it was told to: trying again is the user's decision.
        return False

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(name, look)])


def said_before(
    name: str, say: Callable[[pulumi.ResourceHookArgs], Awaitable[None] | None]
) -> pulumi.ResourceHookBinding:
    """A resource option that calls ``say`` before the resource is created or updated, in a preview too.

    Args:
        name: the hook's name, of which a stack has no two.
        say: prints what there is to say.
    """
    hook = pulumi.ResourceHook(name, say, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def end_in_plain_words() -> None:
    """Ends a run that the engine has given up without a traceback, also where a resource was about to get its provider.

    The engine answers CANCELLED to a registration that waits for a default provider when another resource fails, and
    UNAVAILABLE to any other. The SDK knows only the second as the end of a run, and takes the first for a fault of the
    program (as of 3.272).
    """
    read = engine.grpc_error_to_exception
    if getattr(read, "of_studios", False):
        return

    def read_the_end_too(exn: grpc.RpcError) -> Exception:
        if exn.code() == grpc.StatusCode.CANCELLED:
            return pulumi.RunError("Resource monitor has terminated, shutting down")
        return read(exn)

    setattr(read_the_end_too, "of_studios", True)  # noqa: B010 (a type checker sees a function)
    engine.grpc_error_to_exception = read_the_end_too
