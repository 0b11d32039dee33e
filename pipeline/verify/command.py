"""What the command `verify` does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.stacks import missing
from pipeline.verify.checks import checks_of
from pipeline.verify.deployment import Deployment
from pipeline.verify.inputs import inputs_of
from pipeline.verify.runner import Row, all_hold, run
from pipeline.verify.secrets import Secrets
from pipeline.verify.table import Table


def verify(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """Checks a stack.

    Returns:
        0 if everything that was asked holds, 1 if something does not or the result can't be written, 2 for wrong
        arguments.
    """
    inputs, problems = inputs_of(arguments, environment)
    for problem in problems:
        print(f"verify: {problem}", file=sys.stderr)
    if problems:
        return 2
    deployment = Deployment(arguments.stack, inputs.network, inputs.options)
    if deployment.is_unknown:
        print(f"verify: {missing(deployment.stack, Path.cwd())}", file=sys.stderr)
        return 2
    try:
        return _told(deployment, Secrets.of(inputs.options), as_json=arguments.json)
    except BrokenPipeError:
        raise
    except OSError as error:
        # Each check turns an error of its own into a row: what is left is the table's stream.
        _close(sys.stdout)
        print(f"verify: the result can't be written: {error.strerror}", file=sys.stderr)
        return 1


def _told(deployment: Deployment, secrets: Secrets, *, as_json: bool) -> int:
    rows: list[Row] = []
    table = None if as_json else Table(sys.stdout)
    if table:
        table.heading(deployment.stack)
    for found in run(checks_of(deployment), deployment):
        row = replace(found, finding=secrets.hidden_in(found.finding), mend=secrets.hidden_in(found.mend))
        rows.append(row)
        if table:
            table.row(row)
    if table:
        table.summary(rows)
    else:
        content = {"stack": deployment.stack, "holds": all_hold(rows), "checks": [row.as_json() for row in rows]}
        print(json.dumps(content, indent=2), flush=True)
    return 0 if all_hold(rows) else 1


def _close(stream: object) -> None:
    """Lets Python end without one more try to write what is left."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
    except (OSError, AttributeError):
        return
