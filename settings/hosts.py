"""How hosts and URLs relate."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host of a URL, without its port."""
    return urlsplit(url).hostname or ""


def port_of(url: str) -> int | None:
    """The port that a URL names, or None."""
    return urlsplit(url).port


def ssh_host_beside(connect_host: str) -> str:
    """The host of SSH unless a setting names another."""
    return f"connect-ssh.{parent_of(connect_host)}"


def is_within(host: str, domain: str) -> bool:
    """Whether the host is the domain or lies under it."""
    return host == domain or host.endswith(f".{domain}")


def is_matched(host: str, pattern: str) -> bool:
    """Whether a rule of a load balancer for a pattern takes the requests for a host: `*` stands for dots, too."""
    expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern.lower())
    return re.fullmatch(expression, host.lower()) is not None


def is_first_level_subdomain(host: str, domain: str) -> bool:
    """Whether the host is one label followed by the domain."""
    label, _, parent = host.partition(".")
    return bool(label) and parent == domain


def parent_of(host: str) -> str:
    """The host without its first label; empty for a host of one label."""
    return host.partition(".")[2]


def are_related(host: str, other: str) -> bool:
    """Whether both are of one domain: their last two labels are the same."""
    return host.split(".")[-2:] == other.split(".")[-2:]
