"""Says what a destroy restores in Platform, and runs it: the engine's preview of a destroy lists resources only.

The engine runs no program on a destroy, and refuses one where a resource has a hook for its deletion. So the words come
from the state and from what runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from pipeline.engine import run_engine
from pipeline.text import fitted

Resource = Mapping[str, Any]
_EDITS = ":PlatformEdits"


def destroy(stack: str) -> int:
    """Prints what is restored, runs ``pulumi destroy``, which asks, and returns the exit code.

    Where it can't ask, it only previews.
    """
    command = ["pulumi", "stack", "export", "--stack", stack, "--non-interactive"]
    exported = subprocess.run(command, capture_output=True, text=True, check=False)
    if exported.returncode:
        print(exported.stderr.strip(), file=sys.stderr)
        return exported.returncode
    resources = json.loads(exported.stdout)["deployment"].get("resources") or []
    if refusal := missing_rights(resources):
        print(refusal, file=sys.stderr)
        return 1
    print(fitted(given_back(resources), sys.stdout), flush=True)
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    words = [] if asks else ["--preview-only", "--non-interactive", "--color", "never"]
    return run_engine(["pulumi", "destroy", "--stack", stack, *words], stack)


def given_back(resources: list[Resource]) -> str:
    """What a destroy of these resources restores in Platform, in words."""
    edits = next((each for each in resources if each["type"].endswith(_EDITS)), None)
    if edits is not None:
        return _on_kubernetes(edits["inputs"])
    outputs: Mapping[str, Any] = next(
        (each.get("outputs") or {} for each in resources if each["type"] == "pulumi:pulumi:Stack"), {}
    )
    if "instanceId" in outputs:
        return (
            f"What the destroy restores in Platform, on {outputs['instanceId']} in {outputs.get('composeFolder')}:\n"
            "  tower.yml: the entry that it had\n"
            "  cron and backend: replaced by what docker-compose.yml says of them\n"
            "  connect-proxy, connect-server and the stack's files: removed"
        )
    return "Nothing is restored in Platform: the stack has not changed it."


def missing_rights(resources: list[Resource]) -> str:
    """The rights that a destroy of these resources needs and the user has not; empty if there are none.

    Pulumi's Kubernetes provider waits without end where it may not list or watch what it deletes.
    """
    edits = next((each for each in resources if each["type"].endswith(_EDITS)), None)
    if edits is None:
        return ""
    # They need the program's packages, and the commands of the workflows run before those are installed.
    from components.platform_told import rights_to_destroy
    from settings.errors import SettingsError
    from survey.install import resource_of

    made: dict[str, list[str]] = {}
    for each in resources:
        package, _, rest = str(each["type"]).partition(":")
        if package == "kubernetes" and "id" in each:
            made.setdefault(resource_of(rest.rpartition(":")[2]), []).append(each["id"].rpartition("/")[2])
    try:
        problem = rights_to_destroy(edits["inputs"], made).before_destroy()
    except SettingsError:
        # A cluster that is gone is said where it is read; a destroy may be told not to mind.
        return ""
    return "" if problem is None else str(problem)


def _on_kubernetes(inputs: Mapping[str, Any]) -> str:
    # It needs the program's packages, and the commands of the workflows run before those are installed.
    from components.platform_told import given_back_in_words
    from live.platform import PlatformError
    from settings.errors import SettingsError

    try:
        words = given_back_in_words(inputs)
    except (PlatformError, SettingsError) as error:
        return f"What is restored in Platform can't be read: {error}"
    if not words:
        return "Nothing is restored in Platform: it has nothing of this stack's."
    lines = "\n".join(f"  {line}" for line in words.splitlines())
    if (seconds := inputs.get("timeout_seconds")) is not None:
        lines += f"\nThe destroy waits for each restart, {float(seconds):.0f} s at most (readyTimeout)."
    return f"What the destroy restores in Platform, in namespace {inputs['namespace']}:\n{lines}"
