"""What the command `verify` does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping

from pipeline.verify.arguments import PREFIX
from pipeline.verify.checks import checks_of
from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.network import Detour, Network, address_of
from pipeline.verify.runner import all_hold, run
from pipeline.verify.table import Table


def verify(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """Checks a stack; returns 0 if everything that was asked holds, 1 if something does not, 2 for wrong arguments."""
    texts = arguments.connect_to or environment.get(PREFIX + "CONNECT_TO", "").split()
    try:
        detours = tuple(Detour.parse(text) for text in texts)
        if arguments.resolver:
            address_of(arguments.resolver, 53)
    except ValueError as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    options = Options(
        workspace=arguments.workspace,
        token=environment.get("TOWER_ACCESS_TOKEN") or None,
        session=arguments.session,
        cookie=environment.get("STUDIOS_SESSION_COOKIE") or None,
        long=arguments.long,
        reconnect_seconds=arguments.reconnect,
    )
    deployment = Deployment(arguments.stack, Network(arguments.resolver, arguments.ca_file, detours), options)
    rows = []
    table = None if arguments.json else Table(sys.stdout)
    if table:
        table.heading(arguments.stack)
    for row in run(checks_of(deployment), deployment):
        rows.append(row)
        if table:
            table.row(row)
    if table:
        table.summary(rows)
    else:
        content = {"stack": arguments.stack, "holds": all_hold(rows), "checks": [row.as_json() for row in rows]}
        print(json.dumps(content, indent=2))
    return 0 if all_hold(rows) else 1
