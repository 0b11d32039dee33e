"""What becomes of an existing Studios: what the stack takes and leaves, and which settings keep the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.adopt.found import ExistingStudios, Workload
from pipeline.adopt.kept import (
    Values,
    fitting,
    is_given,
    of_kubernetes,
    password_in_plain_text,
    settings_of_ingress,
    values_as_they_are,
)
from pipeline.adopt.platform_values import to_take_over
from pipeline.adopt.pods import not_kept, settings_of_pods
from pipeline.adopt.record import Form
from pipeline.adopt.workspaces import Restriction, restriction, told
from settings.errors import SettingsError
from settings.fields import FIELDS
from settings.model import Settings
from settings.model.dns import TAKE_OVER
from settings.model.keys import TOKEN_KEY
from settings.parsing import parse_settings
from survey import identity
from survey.named_objects import not_found

TAKEN, LEFT, REPLACED, MADE = "taken", "left", "replaced", "made"

_RECORD = "record of the sessions"
_NO_RECORD = "the stack's zone has none"


@dataclass(frozen=True)
class Row:
    """A line of the table: what it is, what becomes of it, and how."""

    what: str
    fate: str
    how: str


_OF_A_RECORD = ("hostedZone", "hostedZoneId", "hostedZoneRoleArn", "hostedZoneExternalId", "sessionRecord")
"""What has no effect where neither a record nor a certificate is made."""


@dataclass(frozen=True)
class Plan:
    """What an adoption does.

    Args:
        settings: what is written into the stack's file; None takes a key out.
        objects: the objects that the stack takes, as ``Deployment/connect-proxy``.
        remade: a StatefulSet that can't become the stack's as it is: it is deleted without its pods, and ``pulumi up``
            makes one that takes them.
        old: what still serves until the record leads to the stack's own, and is removed on request.
        keeps_token: whether the token goes into the stack's state.
        redis_password: what goes into the stack's file as a secret, where it was in plain text.
        rows: the table.
    """

    settings: Values
    objects: tuple[str, ...]
    remade: str | None = None
    old: tuple[str, ...] = ()
    keeps_token: bool = False
    redis_password: str | None = field(default=None, repr=False)
    rows: tuple[Row, ...] = field(default_factory=tuple)


def plan_of(
    found: ExistingStudios,
    values: Mapping[str, object],
    encrypted: set[str],
    stack: str,
    record: Form | None = "alias",
) -> Plan:
    """Decides what becomes of what was found.

    Args:
        found: the existing Studios.
        values: the stack's settings, as its file has them.
        encrypted: those that are secret.
        stack: its name.
        record: the form of the sessions' record; None if there is none.

    Raises:
        SettingsError: the settings don't fit, whatever is added, or Platform has not what they name.
    """
    given = identity.resolved(parse_settings(values, encrypted), found.install)
    if problems := not_found(found.install, given):
        raise SettingsError(problems)
    parts = [_proxy(found, given), _server(found, given)]
    proxy_stays = parts[0].stays
    parts += [_token(found), _key(found), _route(found, given, record, proxy_stays=proxy_stays)]
    added: Values = {}
    for part in parts:
        added |= part.settings
    running, secrets = of_kubernetes(found, given)
    restricted, is_restricted = _restriction(found, given), is_given(given, values, "allowedWorkspaces")
    workspaces = {} if is_restricted else {"allowedWorkspaces": restricted.setting()}
    added |= values_as_they_are(running, given, values, {**secrets, **workspaces, **settings_of_pods(found)})
    settings, added = fitting(values, added, encrypted)
    settings = identity.resolved(settings, found.install)
    objects = tuple(name for part in parts for name in part.objects)
    take_over = to_take_over(found.install, settings, stack)
    if not objects and found.token.secret is None and any(each.startswith("ConfigMap/") for each in found.plain_text):
        # The token stays the same. Without an object that is the stack's, the survey can't know that.
        of_platform = (f"Deployment/{name}" for name in (settings.cron_deployment, settings.backend_deployment))
        take_over = [*dict.fromkeys([*take_over, *(each for each in of_platform if each not in settings.take_over)])]
    rows = [row for part in parts for row in part.rows]
    rows.append(row_of_workspaces(restricted, settings, is_given=is_restricted))
    rows += [
        Row(f"pods of {name}", REPLACED, f"not kept: {', '.join(lost)}") for name, lost in not_kept(found, settings)
    ]
    if take_over:
        added["takeOver"] = [*settings.take_over, *take_over]
        rows.append(Row("Platform's own values", REPLACED, f"{', '.join(take_over)}: listed in takeOver"))
    if found.plain_text:
        what = f"token in {', '.join(found.plain_text)}"
        rows.append(Row(what, LEFT, "in plain text; remove it there once the stack is up"))
    changed = {key: value for key, value in added.items() if not is_written(values, key, value)}
    return Plan(
        settings=changed,
        objects=objects,
        remade=next((part.remade for part in parts if part.remade), None),
        old=tuple(name for part in parts for name in part.old),
        keeps_token=found.token.secret is None,
        redis_password=password_in_plain_text(found, values),
        rows=tuple(rows),
    )


@dataclass(frozen=True)
class _Part:
    settings: Values
    rows: tuple[Row, ...]
    objects: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    remade: str | None = None
    stays: bool = False


def _proxy(found: ExistingStudios, given: Settings) -> _Part:
    proxy = found.proxy
    why = _cannot_stay(proxy)
    if why is None:
        names = (f"Deployment/{proxy.name}", f"Service/{proxy.name}")
        rolled = _new_image(proxy, "its pods are replaced one by one by the next up")
        rows = (Row(names[0], TAKEN, rolled), Row(names[1], TAKEN, "in place"))
        return _Part({"proxyName": proxy.name}, rows, names, stays=True)
    return _beside(proxy, "proxyName", _free(found, given.proxy_name, proxy, "studios-proxy"), why)


def _server(found: ExistingStudios, given: Settings) -> _Part:
    server = found.server
    if server is None:
        return _Part({}, (Row("connect-server", MADE, "there is none; the next up makes one"),))
    why = _cannot_stay(server) or (None if server.kind == "StatefulSet" else f"is a {server.kind}")
    service = server.service or {}
    if why is None and service.get("spec", {}).get("clusterIP") != "None":
        why = f"its Service {server.name} is not headless"
    if why is None and server.live["spec"].get("serviceName") != server.name:
        why = "its serviceName is not its own name"
    if why is not None:
        return _beside(server, "serverName", _free(found, given.server_name, server, "studios-server"), why)
    names = (f"StatefulSet/{server.name}", f"Service/{server.name}")
    spec = server.live["spec"]
    if spec.get("podManagementPolicy") == "Parallel" and not spec.get("volumeClaimTemplates"):
        rows = (
            Row(names[0], TAKEN, _new_image(server, "its pods are replaced one by one")),
            Row(names[1], TAKEN, "in place"),
        )
        return _Part({"serverName": server.name}, rows, names)
    how = "deleted without its pods; the next up makes one that takes them"
    rows = (Row(names[0], REPLACED, how), Row(names[1], TAKEN, "in place"))
    return _Part({"serverName": server.name}, rows, names[1:], remade=server.name)


def _cannot_stay(workload: Workload) -> str | None:
    """Why the stack can't have a workload in place: its selector can't be changed, or its owner would put it back."""
    if workload.keeper is not None:
        return f"belongs to {workload.keeper.name}"
    selector = workload.live["spec"].get("selector", {})
    if selector != {"matchLabels": {"app": workload.name}}:
        return f"its selector is not app: {workload.name}"
    if workload.service is None or workload.service["metadata"]["name"] != workload.name:
        return "its Service has another name"
    return None


def _beside(workload: Workload, setting: str, name: str, why: str) -> _Part:
    old = [f"{workload.kind}/{workload.name}"]
    if workload.service is not None:
        old.append(f"Service/{workload.service['metadata']['name']}")
    how = f"{why}; {name} is made beside it, and takes over with the record"
    return _Part({setting: name}, (Row(", ".join(old), LEFT, how),), old=tuple(old))


def _free(found: ExistingStudios, wanted: str, old: Workload, other: str) -> str:
    used = {name for objects in found.install.by_kind().values() for name in objects} | {old.name}
    return next(name for name in (wanted, other, f"{other}-2") if name not in used)


def _new_image(workload: Workload, text: str) -> str:
    return f"{workload.image.rpartition('/')[2]}; {text}"


def _restriction(found: ExistingStudios, given: Settings) -> Restriction:
    tower_yml = found.install.data(given.tower_yml_config_map).get(given.tower_yml_key, "")
    file = f"{given.tower_yml_key} in ConfigMap/{given.tower_yml_config_map}"
    return restriction(found.workspaces, tower_yml, file, f"Deployment/{given.backend_deployment}", given)


def row_of_workspaces(found: Restriction, decided: Settings, *, is_given: bool) -> Row:
    """What becomes of the restriction that is in force."""
    stays, how = told(found, decided, is_given=is_given)
    return Row("workspaces with Studios", LEFT if stays else REPLACED, how)


def _token(found: ExistingStudios) -> _Part:
    token = found.token
    if token.secret is None:
        how = "kept: it goes into the stack's state, encrypted, and into a Secret"
        return _Part({}, (Row("registration token", TAKEN, how),))
    settings: Values = {"existingTokenSecret": token.secret}
    if token.key != TOKEN_KEY:
        settings["existingTokenSecretKey"] = token.key
    return _Part(settings, (Row("registration token", LEFT, f"in {token.source}, where the stack reads it"),))


def _key(found: ExistingStudios) -> _Part:
    pem = found.pem
    if pem is None:
        return _Part({}, (Row("RSA key", MADE, "backend has none; the next up makes one"),))
    settings: Values = {"existingOidcSecret": pem.secret}
    if pem.key != "oidc.pem":
        settings["existingOidcSecretKey"] = pem.key
    # Platform's own manifests mount it: without it, no pod of theirs would start any more.
    return _Part(settings, (Row("RSA key", LEFT, f"in {pem.source}, where the stack reads it"),))


def _route(found: ExistingStudios, given: Settings, form: Form | None, *, proxy_stays: bool) -> _Part:
    certificate: Values = {} if found.certificate is None else {"certificateArn": found.certificate}
    rows = (
        []
        if found.certificate is None
        else [Row("certificate", LEFT, f"{found.certificate.rpartition('/')[2]}: used as it is")]
    )
    if found.route is not None and proxy_stays:
        name = found.route["metadata"]["name"]
        rows += [
            Row(f"rule in Ingress/{name}", LEFT, "it goes on leading to the proxy; the stack makes no Ingress"),
            Row(_RECORD, LEFT, "it goes on leading to that load balancer"),
        ]
        # Nothing is left that would go into a zone: without an ARN, the certificate is the route's own.
        settings: Values = {"ingress": "none", **(certificate or {"certificate": "none"})}
        return _Part(settings | dict.fromkeys(_OF_A_RECORD), tuple(rows))
    own = found.ingress
    if own is None or found.proxy.keeper is not None:
        old = () if own is None else (f"Ingress/{own['metadata']['name']}",)
        how = "a new load balancer; the record follows last"
        rows.append(Row(", ".join(old) or "Ingress", LEFT if old else MADE, how))
        if form is None:
            rows.append(Row(_RECORD, MADE, _NO_RECORD))
            return _Part(certificate, tuple(rows), old=old)
        # What leads to the old Studios until then is restored on destroy.
        rows.append(Row(_RECORD, REPLACED, "in one change, last; destroy brings it back"))
        return _Part({**certificate, "sessionRecord": TAKE_OVER}, tuple(rows), old=old)
    name = own["metadata"]["name"]
    record = Row(_RECORD, MADE, _NO_RECORD) if form is None else Row(_RECORD, TAKEN, "in place")
    if form == "other":
        # It leads to the load balancer that stays.
        certificate["sessionRecord"] = "existing"
        record = Row(_RECORD, LEFT, "it goes on leading to that load balancer")
    of_ingress = settings_of_ingress(own, found.class_params, given.ingress_annotations)
    rows += [Row(f"Ingress/{name}", TAKEN, "in place, with its load balancer"), record]
    return _Part({"ingressName": name, **certificate, **of_ingress}, tuple(rows), (f"Ingress/{name}",))


def is_written(values: Mapping[str, object], key: str, value: object) -> bool:
    """Whether the stack's file, or a default, says that already."""
    default, written = FIELDS[key].default, values.get(key)
    if not written and value == default:
        return True
    # The engine hands over a default like what is written.
    return not written or written == default if value is None else str(written) == str(value)
