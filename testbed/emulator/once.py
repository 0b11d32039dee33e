"""Creations that AWS answers once more where just the same is asked: a client that has lost the answer asks again.

The SDKs do that by themselves. Of a second load balancer of a name, which moto would make, the load balancer controller
would know one, and the program the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from moto.elbv2.exceptions import ELBClientError

_ASKED = "_asked_for_by"


def once(
    create: Callable[..., Any],
    existing: Callable[[Any, Mapping[str, Any]], Any | None],
    refusal: Callable[[], ELBClientError],
) -> Callable[..., Any]:
    """A method of a backend that makes a resource once.

    Args:
        create: makes it.
        existing: finds in the backend, by the arguments, the one that stands in its place.
        refusal: of a call that would have another one in its place.
    """
    signature = inspect.signature(create)

    def made_once(backend: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(backend, *args, **kwargs).arguments
        asked = {name: value for name, value in given.items() if value is not backend}
        found = existing(backend, asked)
        if found is None:
            found = create(backend, *args, **kwargs)
            setattr(found, _ASKED, asked)
        elif getattr(found, _ASKED, None) != asked:
            raise refusal()
        return found

    return made_once
