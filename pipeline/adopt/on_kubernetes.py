"""A Studios beside a Platform on Kubernetes: its objects become the stack's, and go on running."""

from __future__ import annotations

from live.api import NotFoundError
from live.ownership import belongs_to, owner_of
from pipeline.adopt.found import ExistingStudios, find_studios
from pipeline.adopt.plan import Plan, plan_of
from pipeline.adopt.record import form_of_session_record
from pipeline.adopt.stack import (
    AdoptionError,
    agreed,
    file_of,
    previewed,
    pulumi,
    read_what_exists,
    say,
    short,
    show,
    take_into_state,
    tell_next_steps,
    write,
    zones_account,
)
from pipeline.adopt.takeover import delete, hand_over, path_of
from pipeline.adopt.templates import old_templates, remove, shown
from pipeline.verify.deployment import Deployment


def adopt(deployment: Deployment, *, yes: bool) -> int:
    """Takes the Studios that exists into the stack."""
    stack, settings = deployment.stack, deployment.settings
    found = find_studios(deployment.cluster, settings, short(stack))
    if found.is_deployed:
        say(f"{found.proxy.kind}/{found.proxy.name} has been deployed by {stack} already; there is nothing to take.")
        return 0
    record = form_of_session_record(zones_account(deployment), settings)
    plan = plan_of(found, *deployment.written, short(stack), record)
    show(plan.rows, plan.settings, stack)
    if not (yes or agreed("Take it into the stack")):
        say("Nothing was changed.")
        return 1
    _adopt(deployment, found, plan, stack)
    tell_next_steps(stack, "once sessions are reached through the new load balancer" if plan.old else None)
    return 0


def _adopt(deployment: Deployment, found: ExistingStudios, plan: Plan, stack: str) -> None:
    """Each step may be repeated, and what comes before the state is written changes the stack's file only."""
    write(plan.settings, file_of(stack))
    if plan.redis_password is not None:
        pulumi("config", stack, "set", "--secret", "redisPassword", text=plan.redis_password)
    remade = [f"StatefulSet/{plan.remade}"] if plan.remade else []
    steps = previewed(stack, [*plan.objects, *remade])
    take_into_state(deployment, steps, plan.objects, found.token.text if plan.keeps_token else None)
    namespace, owner = deployment.settings.namespace, owner_of(short(stack))
    # Before the state tells how they differ: what is killed after that could not preview fields of an earlier manager.
    for target in plan.objects:
        hand_over(deployment.cluster, target, namespace, owner)
        say(f"{target} is the stack's")
    read_what_exists(stack)
    if plan.remade and delete(deployment.cluster, f"StatefulSet/{plan.remade}", namespace, with_pods=False):
        say(f"StatefulSet/{plan.remade} is deleted, and its pods go on running; run pulumi up soon")


def remove_old(deployment: Deployment, *, yes: bool) -> int:
    """Removes the objects and the Studio templates of the earlier Studios that are not the stack's."""
    stack = short(deployment.stack)
    found = find_studios(deployment.cluster, deployment.settings, stack)
    owner, namespace = owner_of(stack), deployment.settings.namespace
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
        say("Nothing is left of the earlier Studios.")
        return 0
    if old and found.proxy.keeper is not None:
        name, removal = found.proxy.keeper.name, found.proxy.keeper.removal
        raise AdoptionError(
            f"{', '.join(old)} belong to {name}, which would create them again; remove them there: {removal}"
        )
    if not _serves_itself(deployment, namespace):
        raise AdoptionError("the stack's own proxy is not ready yet; run: pulumi up")
    say("To be removed: " + ", ".join([*old, *(shown(name, names) for name, names in templates.items())]))
    if not (yes or agreed("Remove them")):
        say("Nothing was changed.")
        return 1
    # The route goes first, and then what it led to.
    for target in sorted(old, key=lambda each: each.partition("/")[0] != "Ingress"):
        delete(deployment.cluster, target, namespace)
        say(f"{target} is removed")
    remove(deployment.cluster, namespace, templates)
    if templates:
        backend = deployment.settings.backend_deployment
        say(
            "The Studio templates are removed. Platform offers them until backend restarts: "
            f"kubectl -n {namespace} rollout restart deployment/{backend}"
        )
    if old and found.route is not None:
        say(f"Ingress/{found.route['metadata']['name']} still has a rule for it: take that out of your manifests.")
    return 0


def _serves_itself(deployment: Deployment, namespace: str) -> bool:
    try:
        live = deployment.cluster.get(path_of(f"Deployment/{deployment.settings.proxy_name}", namespace))
    except NotFoundError:
        return False
    return bool(live.get("status", {}).get("readyReplicas"))
