"""What the user gives in confidence: no row shows it, whoever sends it back."""

from __future__ import annotations

import http.cookies
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.verify.deployment import Options

_SHOWN = "***"
_MIN_LENGTH = 4
"""What is shorter is not hidden: it stands in many words."""


@dataclass(frozen=True)
class Secrets:
    """Texts that are not shown; the longer ones come first."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, options: Options) -> Secrets:
        """The token, the cookies, and the query and password of the session's URL."""
        url = urlsplit(options.session or "")
        found = {options.token or "", options.cookie or "", url.query, url.fragment, url.password or ""}
        found |= {value for _, value in parse_qsl(url.query)}
        try:
            cookies = http.cookies.SimpleCookie(options.cookie or "")
        except http.cookies.CookieError:
            cookies = http.cookies.SimpleCookie()
        found |= {text for each in cookies.values() for text in (each.value, each.coded_value)}
        found |= {unquote(each) for each in found}
        return cls(tuple(sorted((each for each in found if len(each) >= _MIN_LENGTH), key=len, reverse=True)))

    def hidden_in(self, text: str) -> str:
        """The text without them."""
        for each in self.texts:
            text = text.replace(each, _SHOWN)
        return text
