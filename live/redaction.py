"""Which values of others a message does not show."""

from __future__ import annotations

import re

_SECRET_LOOKING = re.compile(r"PASSWORD|TOKEN|SECRET|CREDENTIAL|PRIVATE|_KEY$")


def looks_secret(variable: str) -> bool:
    """Whether a variable of this name may hold a secret."""
    return _SECRET_LOOKING.search(variable) is not None
