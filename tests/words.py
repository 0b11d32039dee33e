"""Words that the docs of Pulumi, Kubernetes and AWS would not use, and what to write: ``python -m tests.words``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
#: Pattern → what to write instead.
WORDS = {
    r"(?<!there )\b(is|are) no (?!longer\b|more\b)": "is not a …, or: must be …, for example …",
    r"\balone\b": "only",
    r"\bwhose\b": "with …, or a sentence of its own",
    r"\bwhat is there\b": "the existing …, by its name",
    r"\bwithout a word\b": "silently",
    r"\b(some|no|every)body\b": "another owner, no client, all users, …: name the subject",
}
#: This file, and what is kept as it was.
LEFT_OUT = ("tests/words.py", "tests/unit/test_words.py", "tests/upgrade/", "testbed/go/")
KINDS = (".md", ".py", ".yaml", ".yml")


def wrong_words(text: str) -> list[tuple[int, str, str]]:
    """Each place with a word of the list: its line, the word, and what to write instead."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in WORDS.items():
            found += [(number, match[0].strip(), instead) for match in re.finditer(pattern, line, re.IGNORECASE)]
    return found


def main() -> int:
    """Prints the words that are to be replaced; returns 1 if there are any."""
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    status = 0
    for name in listed.splitlines():
        if name.endswith(KINDS) and not name.startswith(LEFT_OUT) and (CHECKOUT / name).exists():
            for line, word, instead in wrong_words((CHECKOUT / name).read_text(encoding="utf-8")):
                sys.stderr.write(f"{name}:{line}: {word!r}; write {instead}\n")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
