"""One comment a stack on a pull request: made once, then updated."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

_PAGE = 100
_SECONDS = 30


@dataclass(frozen=True)
class PullRequest:
    """A pull request on GitHub.

    Args:
        api: the API's URL: ``GITHUB_API_URL``.
        repository: ``owner/name``: ``GITHUB_REPOSITORY``.
        number: the pull request's number.
        token: a token that may write to pull requests.
    """

    api: str
    repository: str
    number: int
    token: str

    def comment(self, stack: str, body: str) -> str:
        """Writes the stack's comment and returns its URL.

        Raises:
            urllib.error.HTTPError: GitHub refused.
        """
        text = f"{marker(stack)}\n{body}"
        existing = self._existing(stack)
        if existing is None:
            answer = self._call("POST", f"issues/{self.number}/comments", {"body": text})
        else:
            answer = self._call("PATCH", f"issues/comments/{existing}", {"body": text})
        return str(answer["html_url"])

    def _existing(self, stack: str) -> int | None:
        page = 1
        while True:
            comments = self._call("GET", f"issues/{self.number}/comments?per_page={_PAGE}&page={page}")
            for comment in comments:
                # Anybody may write the marker; only a bot's comment is ours to edit.
                if comment["user"]["type"] == "Bot" and comment["body"].startswith(marker(stack)):
                    return int(comment["id"])
            if len(comments) < _PAGE:
                return None
            page += 1

    def _call(self, method: str, path: str, payload: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (the URL is GitHub's, from the runner's environment)
            f"{self.api}/repos/{self.repository}/{path}",
            data=None if payload is None else json.dumps(payload).encode(),
            method=method,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return json.load(answer)


def marker(stack: str) -> str:
    """The first line of the stack's comment, which GitHub doesn't show."""
    return f"<!-- pulumi preview of {stack} -->"
