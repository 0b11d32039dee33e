"""``python -m pipeline adopt``: finds, shows, asks, takes; run again, it goes on where it stopped."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from live.api import NotFoundError
from live.ownership import belongs_to, owner_of
from pipeline.adopt.found import ExistingStudios, NothingToAdoptError, find_studios
from pipeline.adopt.plan import Plan, plan_of
from pipeline.adopt.record import ConversionError, make_alias, session_record
from pipeline.adopt.state import with_adopted
from pipeline.adopt.table import settings_lines, table
from pipeline.adopt.takeover import delete, hand_over, path_of
from pipeline.adopt.templates import old_templates, remove, shown
from pipeline.created import find
from pipeline.interrupted import Resource
from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.findings import CannotAskError
from pipeline.verify.network import Network
from settings.errors import PROJECT, SettingsError
from settings.targets import KUBERNETES
from survey.adopting import VARIABLE


class AdoptionError(Exception):
    """Why it stops, for the user to read."""


def adopt(stack: str, *, yes: bool, remove_old: bool) -> int:
    """Takes the Studios that exists into a stack, or removes what is left of it; returns the exit code."""
    deployment = Deployment(stack, Network(None, None, ()), Options())
    try:
        settings = deployment.settings
        if settings.target != KUBERNETES:
            print(
                "On target: compose there is nothing to import. docs/adopt.md has the settings that keep key and token."
            )
            return 1
        found = find_studios(deployment.cluster, settings, _short(stack))
        if not remove_old and found.is_deployed:
            print(
                f"{found.proxy.kind}/{found.proxy.name} has been deployed by {stack} already; there is nothing to take."
            )
            return 0
        if remove_old:
            return _remove_old(deployment, found, stack, yes=yes)
        record = session_record(deployment.aws("route53"), settings)
        plan = plan_of(found, *deployment.written, _short(stack), None if record is None else record.form)
        _show(plan, stack)
        if not (yes or _agreed("Take it into the stack")):
            print("Nothing was changed.")
            return 1
        if plan.converts and record is not None:
            make_alias(deployment.aws("route53"), deployment.aws("elbv2"), record)
        _adopt(deployment, found, plan, stack)
    except (AdoptionError, CannotAskError, ConversionError, NothingToAdoptError, SettingsError) as error:
        print(f"adopt: {error}", file=sys.stderr)
        return 1
    print(
        f"\nThe state of {stack} has it. Next:\n"
        f"  pulumi preview --stack {stack} --diff     # what the stack does otherwise\n"
        f"  pulumi up --stack {stack}"
    )
    if plan.old:
        print(f"  make adopt STACK={stack} REMOVE=old     # once sessions are reached through the new load balancer")
    return 0


def _show(plan: Plan, stack: str) -> None:
    print("\n".join(table(plan.rows)))
    if plan.settings:
        print("\n" + "\n".join(settings_lines(plan.settings, _file(stack).name)))
    print()


def _adopt(deployment: Deployment, found: ExistingStudios, plan: Plan, stack: str) -> None:
    """Each step may be repeated, and what comes before the state is written changes the stack's file only."""
    _write(plan.settings, _file(stack))
    if plan.redis_password is not None:
        _pulumi("config", stack, "set", "--secret", "redisPassword", text=plan.redis_password)
    steps = _preview(stack, plan)
    state = json.loads(_pulumi("stack", stack, "export").stdout)
    adopted, urns = with_adopted(
        state,
        steps,
        objects=plan.objects,
        token=found.token.text if plan.keeps_token else None,
        find=find,
        exists=functools.partial(_record_exists, deployment),
        configured={"aws": deployment.aws_settings},
    )
    if urns:
        _pulumi("stack", stack, "import", text=json.dumps(adopted))
    # Until then, the state says that everything is as the program wants it.
    _pulumi("refresh", stack, "--yes", "--skip-preview")
    namespace, owner = deployment.settings.namespace, owner_of(_short(stack))
    for target in plan.objects:
        hand_over(deployment.cluster, target, namespace, owner)
        print(f"{target} is the stack's")
    if plan.remade and delete(deployment.cluster, f"StatefulSet/{plan.remade}", namespace, with_pods=False):
        print(f"StatefulSet/{plan.remade} is deleted, and its pods go on running; run pulumi up soon")


def _preview(stack: str, plan: Plan) -> Sequence[Mapping[str, Any]]:
    """The steps of a preview that takes what is adopted for the stack's own."""
    remade = [f"StatefulSet/{plan.remade}"] if plan.remade else []
    environment = {**os.environ, VARIABLE: " ".join([*plan.objects, *remade])}
    finished = _run("preview", stack, "--json", environment=environment)
    try:
        document = json.loads(finished.stdout)
    except ValueError:
        raise AdoptionError(finished.stdout + finished.stderr) from None
    if finished.returncode:
        said = [str(each["message"]).strip() for each in document.get("diagnostics") or []]
        raise AdoptionError("\n".join([*said, finished.stderr.strip()]).strip())
    steps: Sequence[Mapping[str, Any]] = document["steps"]
    return steps


def _record_exists(deployment: Deployment, record: Resource) -> bool:
    inputs = record["inputs"]
    name = str(inputs["name"]).rstrip(".").lower()
    answer = deployment.aws("route53").list_resource_record_sets(
        HostedZoneId=inputs["zoneId"], StartRecordName=name, StartRecordType=inputs["type"], MaxItems="1"
    )
    found = [
        each
        for each in answer["ResourceRecordSets"]
        if each["Name"].rstrip(".").replace("\\052", "*") == name and each["Type"] == inputs["type"]
    ]
    return any("AliasTarget" in each for each in found)


def _remove_old(deployment: Deployment, found: ExistingStudios, stack: str, *, yes: bool) -> int:
    """Removes the objects and the Studio templates of the earlier Studios that are not the stack's."""
    owner, namespace = owner_of(_short(stack)), deployment.settings.namespace
    workloads = [each for each in (found.proxy, found.server) if each is not None]
    objects = [(each.kind, each.live) for each in workloads]
    objects += [("Service", each.service) for each in workloads if each.service is not None]
    objects += [("Ingress", found.ingress)] if found.ingress is not None else []
    old = [
        f"{kind}/{each['metadata']['name']}"
        for kind, each in objects
        if not belongs_to(owner, each["metadata"].get("labels"))
    ]
    templates = old_templates(deployment.cluster, deployment.settings, owner)
    if not old and not templates:
        print("Nothing is left of the earlier Studios.")
        return 0
    if old and found.proxy.release is not None:
        raise AdoptionError(
            f"{', '.join(old)} belong to the Helm release {found.proxy.release}, which would create them again; "
            "remove it there: helm uninstall, or the values that switch Studios off and helm upgrade"
        )
    if not _serves_itself(deployment, namespace):
        raise AdoptionError("the stack's own proxy is not ready yet; run: pulumi up")
    print("To be removed: " + ", ".join([*old, *(shown(name, names) for name, names in templates.items())]))
    if not (yes or _agreed("Remove them")):
        print("Nothing was changed.")
        return 1
    # The route goes first, and then what it led to.
    for target in sorted(old, key=lambda each: each.partition("/")[0] != "Ingress"):
        delete(deployment.cluster, target, namespace)
        print(f"{target} is removed")
    remove(deployment.cluster, namespace, templates)
    if templates:
        backend = deployment.settings.backend_deployment
        print(
            "The Studio templates are removed. Platform offers them until backend restarts: "
            f"kubectl -n {namespace} rollout restart deployment/{backend}"
        )
    if old and found.route is not None:
        print(f"Ingress/{found.route['metadata']['name']} still has a rule for it: take that out of your manifests.")
    return 0


def _serves_itself(deployment: Deployment, namespace: str) -> bool:
    try:
        live = deployment.cluster.get(path_of(f"Deployment/{deployment.settings.proxy_name}", namespace))
    except NotFoundError:
        return False
    return bool(live.get("status", {}).get("readyReplicas"))


def _write(settings: Mapping[str, Any], file: Path) -> None:
    """Writes the settings into the stack's file, and leaves its comments and its order."""
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    document = yaml.load(file.read_text())
    for key, value in settings.items():
        if value is None:
            document["config"].pop(f"{PROJECT}:{key}", None)
        else:
            document["config"][f"{PROJECT}:{key}"] = value
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w") as stream:
        yaml.dump(document, stream)
    partial.replace(file)


def _file(stack: str) -> Path:
    return Path(f"Pulumi.{_short(stack)}.yaml")


def _short(stack: str) -> str:
    return stack.rpartition("/")[2]


def _pulumi(command: str, stack: str, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    finished = _run(command, stack, *words, text=text)
    if finished.returncode:
        raise AdoptionError((finished.stdout + finished.stderr).strip())
    return finished


def _run(
    command: str, stack: str, *words: str, text: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    options = ["--stack", stack, "--non-interactive", "--color", "never"]
    return subprocess.run(
        ["pulumi", command, *words, *options],
        input=text,
        env=None if environment is None else dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question}? Only yes is taken: ").strip() == "yes"
