"""Options of Java that set a variable of Platform: it reads `-Dtower.data-studio.connect-url` before the variable.

The script on a Docker Compose host reads them by this module, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

OPTIONS_OF_JAVA: Final = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "_JAVA_OPTIONS")
"""Variables of which Java takes options, beside its command."""
_OPTION: Final = re.compile(r"""-D(?P<property>tower\.[\w.-]+)=(?P<value>"[^"]*"|'[^']*'|[^\s"']*)""")
_AS_VARIABLE: Final = str.maketrans(".-", "__")
"""As Micronaut, which Platform is made with, names properties in the environment."""


def variable_of(entry: str) -> str:
    """The variable from which Platform reads an entry of tower.yml, too; it wins."""
    return entry.translate(_AS_VARIABLE).upper()


def options_in(texts: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Of each option: where it stands, its property, and its value. `texts` are by their place."""
    for place, text in texts.items():
        for option in _OPTION.finditer(text):
            yield place, option["property"], option["value"].strip("\"'")
