"""Which values of others a message does not show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_SECRET_LOOKING = re.compile(r"PASSWORD|TOKEN|SECRET|CREDENTIAL|PRIVATE|KEY_VALUE|_KEY$")


def looks_secret(variable: str) -> bool:
    """Whether a variable of this name may hold a secret.

    What a setting becomes is known, whatever its name: `TOWER_DATA_STUDIO_PRIVATE_STUDIO_BY_DEFAULT` is true or false.
    """
    from settings.templates import PREFIX

    known = variable.startswith(PREFIX) or _written_openly().get(variable, False)
    return not known and _SECRET_LOOKING.search(variable) is not None


@cache
def _written_openly() -> Mapping[str, bool]:
    """Variable → whether it is the plain value of each of its settings, and none of them holds a secret."""
    from settings.fields import SECRET_KEYS, variables

    openly: dict[str, bool] = {}
    for key, variable in variables():
        is_open = variable.write is not None and key not in SECRET_KEYS
        openly[variable.name] = openly.get(variable.name, True) and is_open
    return openly
