"""The annotations of Ingresses and Services that the AWS Load Balancer Controller reads, by the names in its source.

``python -m testbed.annotations`` writes them into a file, for unit tests to go by.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from testbed import build, paths, targets

FILE: Final = paths.TESTBED / "kubernetes" / "annotations.txt"
INGRESS: Final = "alb.ingress.kubernetes.io"
SERVICE: Final = "service.beta.kubernetes.io"
_SOURCE: Final = "pkg/annotations/constants.go"
#: The beginning of a constant's name → where the annotation belongs.
_OF: Final = {"IngressSuffix": INGRESS, "IngressLBSuffix": INGRESS, "SvcLBSuffix": SERVICE}
_NAME: Final = re.compile(rf'^\s*({"|".join(_OF)})(\w+)\s*=\s*"([^"]+)"', re.MULTILINE)
#: Beside the constants, the controller reads these of every backend and port that has such a name.
_WITH_A_NAME: Final = frozenset(f"{INGRESS}/{name}." for name in ("actions", "conditions", "transforms"))


def names() -> frozenset[str]:
    """What stands in the file: whole names; one that ends with a dot is a prefix."""
    return frozenset(FILE.read_text().split())


def is_known(name: str) -> bool:
    """Whether the controller reads the annotation, given by its whole name."""
    return any(name == each or (each.endswith(".") and name.startswith(each)) for each in names())


def in_module(module: Path) -> list[str]:
    """The names in the controller's source, sorted; ``module`` is the folder of its Go module."""
    found = {
        f"{_OF[kind]}/{name}{'.' if constant.endswith('AnnotationPrefix') else ''}"
        for kind, constant, name in _NAME.findall((module / _SOURCE).read_text())
    }
    return sorted(found | _WITH_A_NAME)


def main() -> None:
    """Writes the file."""
    module = build.source(targets.LOAD_BALANCER, targets.LOAD_BALANCER_MODULE)
    FILE.write_text("".join(f"{name}\n" for name in in_module(module)))


if __name__ == "__main__":
    main()
