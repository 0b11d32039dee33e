"""The annotations of an Ingress that the AWS Load Balancer Controller reads, by the names in its own source.

``python -m testbed.ingress_annotations`` writes them into a file, for tests to go by that have no Go module at hand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from testbed import build, paths, targets

FILE: Final = paths.TESTBED / "kubernetes" / "ingress-annotations.txt"
_SOURCE: Final = "pkg/annotations/constants.go"
_NAME: Final = re.compile(r'^\s*IngressSuffix(\w+)\s*=\s*"([^"]+)"', re.MULTILINE)
#: Beside the constants, the controller reads these of every backend and port that has such a name.
_WITH_A_NAME: Final = ("actions.", "conditions.", "transforms.")


def names() -> frozenset[str]:
    """What stands in the file: names behind ``alb.ingress.kubernetes.io/``; one that ends with a dot is a prefix."""
    return frozenset(FILE.read_text().split())


def is_known(name: str) -> bool:
    """Whether the controller reads the annotation, given by its whole name."""
    prefix, _, suffix = name.partition("/")
    if prefix != "alb.ingress.kubernetes.io":
        return False
    return any(suffix == each or (each.endswith(".") and suffix.startswith(each)) for each in names())


def in_module(module: Path) -> list[str]:
    """The names in the controller's source, sorted; ``module`` is the folder of its Go module."""
    found = _NAME.findall((module / _SOURCE).read_text())
    suffixes = {f"{name}." if constant.endswith("Prefix") else name for constant, name in found}
    return sorted(suffixes | set(_WITH_A_NAME))


def main() -> None:
    """Writes the file from the module, which is fetched if need be."""
    module = build.source(targets.LOAD_BALANCER, targets.LOAD_BALANCER_MODULE, fetch=True)
    if module:
        FILE.write_text("".join(f"{name}\n" for name in in_module(module)))


if __name__ == "__main__":
    main()
