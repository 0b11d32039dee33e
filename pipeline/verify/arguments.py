"""The command line of `verify`. Nothing here needs a package: the workflows' other commands run without any."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

PREFIX = "STUDIOS_VERIFY_"
"""Of the variables that are the defaults of arguments."""
RECONNECT_SECONDS = 90
"""The pods are ready before the sessions have connected to them again; on the testbed that took up to a minute."""


def add_arguments(parser: argparse.ArgumentParser, environment: Mapping[str, str] = os.environ) -> None:
    """Adds the arguments of `verify`; most have a variable of the environment as their default."""

    def variable(name: str) -> str | None:
        return environment.get(PREFIX + name) or None

    parser.add_argument("stack")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON, at the end")
    parser.add_argument("--long", action="store_true", help="wait beyond the idle timeout, too")
    parser.add_argument(
        "--resolver",
        metavar="ADDRESS[:PORT]",
        default=variable("RESOLVER"),
        help=f"ask this DNS server instead of the system's ({PREFIX}RESOLVER)",
    )
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        default=variable("CA_FILE"),
        help=f"trust these authorities, PEM, instead of the system's ({PREFIX}CA_FILE)",
    )
    parser.add_argument(
        "--connect-to",
        metavar="HOST1:PORT1:HOST2:PORT2",
        action="append",
        default=[],
        help=f"connect there instead, as curl does; may be repeated ({PREFIX}CONNECT_TO, with spaces)",
    )
    parser.add_argument(
        "--session",
        metavar="URL",
        default=variable("SESSION"),
        help=f"a WebSocket that echoes, in a session that runs ({PREFIX}SESSION)",
    )
    parser.add_argument(
        "--reconnect",
        metavar="SECONDS",
        type=int,
        default=RECONNECT_SECONDS,
        help="how long that session may take to connect again after a restart (%(default)s)",
    )
    parser.add_argument(
        "--workspace",
        metavar="ID",
        default=environment.get("TOWER_WORKSPACE_ID") or None,
        help="a workspace with Studios (TOWER_WORKSPACE_ID)",
    )
