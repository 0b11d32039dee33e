"""Paths of an Ingress as path patterns of a load balancer, which knows no other than ``*`` and ``?``."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.loadbalancer.objects import Path


def in_order(paths: Sequence[Path]) -> list[Path]:
    """As they must be tried: exact ones, prefixes from the longest, then ImplementationSpecific ones as they stand."""
    exact = [path for path in paths if path.type == "Exact"]
    prefixes = sorted((path for path in paths if path.type == "Prefix"), key=lambda path: -len(path.path))
    return exact + prefixes + [path for path in paths if path.type not in ("Exact", "Prefix")]


def patterns(path: Path) -> tuple[str, ...]:
    """The patterns that match what ``path`` does; none where it is empty.

    Raises:
        ValueError: a wildcard in a path of type Exact or Prefix.
    """
    if not path.path:
        return ()
    if path.type not in ("Exact", "Prefix"):
        return (path.path,)
    if "*" in path.path or "?" in path.path:
        raise ValueError(f"{path.type.lower()} path shouldn't contain wildcards: {path.path}")
    if path.type == "Exact":
        return (path.path,)
    if path.path == "/":
        return ("/*",)
    stem = path.path.removesuffix("/")
    return (stem, f"{stem}/*")
