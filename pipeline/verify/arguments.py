"""The command line of `verify`. Nothing here needs a package: the workflows' other commands run without any."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

PREFIX = "STUDIOS_VERIFY_"
"""Of the variables that are the defaults of arguments."""
RECONNECT_SECONDS = 90
"""The pods are ready before the sessions have connected to them again; on the testbed that took up to a minute."""

_VARIABLES = f"""\
environment:
  TOWER_ACCESS_TOKEN      an access token of Platform, for the row templates
  TOWER_WORKSPACE_ID      the default of --workspace
  STUDIOS_SESSION_COOKIE  the cookies of a browser that is signed in to the session
  {PREFIX}RESOLVER, {PREFIX}CA_FILE, {PREFIX}CONNECT_TO, {PREFIX}SESSION
                          the defaults of the options of these names
  NO_COLOR                no colours
Credentials of Pulumi, AWS and the cluster are those of pulumi up.

exit code:
  0 everything that was asked holds, 1 something does not,
  2 an argument is wrong or there is no such stack,
  130 interrupted
"""


def add_arguments(parser: argparse.ArgumentParser, environment: Mapping[str, str] = os.environ) -> None:
    """Adds the arguments of `verify`; most have a variable of the environment as their default."""

    def variable(name: str) -> str | None:
        return environment.get(PREFIX + name) or None

    parser.description = (
        "Checks a deployed stack from outside, as a user's browser meets it, and prints a\n"
        "row for each check as soon as it is known. Nothing is changed."
    )
    parser.epilog = _VARIABLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stack", help="the stack's name, for example prod")
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
        default=RECONNECT_SECONDS,
        help="how long that session may take to connect again after a restart (%(default)s)",
    )
    parser.add_argument(
        "--workspace",
        metavar="ID",
        default=environment.get("TOWER_WORKSPACE_ID") or None,
        help="a workspace with Studios (TOWER_WORKSPACE_ID)",
    )
