"""What becomes of a Studios on Docker Compose: the stack's own is made beside it, and the settings keep the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.adopt.found import REDIS_VARIABLE, URL_VARIABLE, NothingToAdoptError
from pipeline.adopt.host import Host, Service
from pipeline.adopt.kept import Running, Values, fitting, is_given, values_as_they_are
from pipeline.adopt.plan import LEFT, MADE, TAKEN, Row, is_written, row_of_workspaces
from pipeline.adopt.stack import AdoptionError
from pipeline.adopt.way import Way, name_of
from pipeline.adopt.workspaces import Restriction, restriction
from settings.host_names import ALLOWED_WORKSPACES_VARIABLE, PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE
from settings.model import Settings
from settings.model.dns import EXISTING
from settings.model.redis import PASSWORD_VARIABLE
from settings.parsing import parse_settings
from survey.effective_environment import Value


@dataclass(frozen=True)
class Plan:
    """What an adoption writes into the stack's file, and what the table says."""

    settings: Values
    rows: tuple[Row, ...] = field(default_factory=tuple)


def proxy_of(host: Host, settings: Settings) -> Service:
    """The proxy that runs.

    Raises:
        NothingToAdoptError: none does, or several do.
    """
    # Proxy and server read one file of variables in the guide: the images tell them apart.
    found = [each for each in host.services.values() if URL_VARIABLE in each.variables and not _is_server(each)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(each.name for each in found))
    raise NothingToAdoptError(
        f"{settings.compose_folder} has several connect-proxies: {names}; remove all but one"
        if found
        else f"{settings.compose_folder} has no connect-proxy: no container has the variable {URL_VARIABLE}; for a new "
        "Studios, run: pulumi up"
    )


def plan_on_compose(
    host: Host, values: Mapping[str, object], encrypted: set[str], way: Way, record: str | None
) -> Plan:
    """Decides what becomes of what was found.

    Args:
        host: what runs.
        values: the stack's settings, as its file has them.
        encrypted: those that are secret.
        way: how sessions come to the instance.
        record: ``alias`` or ``other``; None if there is no record.

    Raises:
        AdoptionError: something has to be written first.
        NothingToAdoptError: no proxy runs.
        SettingsError: the settings don't fit, whatever is added.
    """
    given = parse_settings(values, encrypted)
    proxy = proxy_of(host, given)
    server = next((each for each in of_connect(host) if each is not proxy), None)
    backend = host.services.get(given.backend_service)
    if backend is None:
        raise AdoptionError(
            f"{given.compose_folder} has no running service {given.backend_service}; start Platform, or write "
            "backendService"
        )
    if PASSWORD_VARIABLE in proxy.hidden and given.redis_password is None:
        raise AdoptionError(
            f"{proxy.name} has a Redis password, which is not read from the instance; write it: pulumi config set "
            "--secret redisPassword"
        )
    if (
        given.listener_rule_priority is not None
        and way.priorities
        and given.listener_rule_priority < max(way.priorities)
    ):
        raise AdoptionError(
            f"listenerRulePriority: {given.listener_rule_priority} comes before the rule of the Studios that serves "
            f"({max(way.priorities)}), and would lead to a proxy that does not run yet; remove it, or write a larger "
            "number"
        )
    added: Values = {
        "proxyName": _free(given.proxy_name, "studios-proxy", host.services),
        "serverName": _free(given.server_name, "studios-server", host.services),
        "proxyPort": next(port for port in range(given.proxy_port, 65536) if port not in host.ports),
        "existingOidc": True if _has_keys(backend) else None,
        "certificateArn": given.certificate_arn or way.certificate,
        "sessionRecord": EXISTING if record == "other" else None,
        **_networks("proxyNetworks", given.proxy_networks, proxy),
        **({} if server is None else _networks("serverNetworks", given.server_networks, server)),
    }
    images = tuple(each.image for each in (proxy, server) if each is not None)
    running = Running(environment=proxy.variables, platform=backend.variables, images=images)
    restricted, is_restricted = _restriction(host, backend, given), is_given(given, values, "allowedWorkspaces")
    workspaces = {} if is_restricted else {"allowedWorkspaces": restricted.setting()}
    added |= values_as_they_are(running, given, values, workspaces)
    added = {key: value for key, value in added.items() if value is not None}
    settings, added = fitting(values, added, encrypted)
    changed = {key: value for key, value in added.items() if not is_written(values, key, value)}
    rows = [
        Row(f"service {old.name}", LEFT, f"{added[key]} is made beside it, with the same Redis")
        for old, key in ((proxy, "proxyName"), *([] if server is None else [(server, "serverName")]))
    ]
    rows.append(row_of_workspaces(restricted, settings, is_given=is_restricted))
    return Plan(changed, (*rows, *_rows_of_keys(backend, proxy), *_rows_of_the_way(way, record, given)))


def _restriction(host: Host, backend: Service, given: Settings) -> Restriction:
    text = backend.variables.get(ALLOWED_WORKSPACES_VARIABLE)
    variable = None if text is None else Value(text, f"the environment of {backend.name}")
    file = f"{given.compose_folder}/tower.yml"
    if variable is None and host.workspaces is None and given.tower_yml_workspaces is not None:
        return Restriction(None, file, "is not read or has the entry in another form than a line of its own")
    return restriction(variable, host.workspaces or "", file, f"the environment of {backend.name}", given)


def _rows_of_keys(backend: Service, proxy: Service) -> Iterator[Row]:
    if not _has_keys(backend):
        yield Row("RSA key and token", MADE, f"{backend.name} has none; the next up makes them")
        return
    how = f"{backend.name}'s, where the stack reads them"
    if proxy.name not in backend.same_token:
        how += f"; {proxy.name} had another token"
    yield Row("RSA key and token", LEFT, how)


def _rows_of_the_way(way: Way, record: str | None, given: Settings) -> Iterator[Row]:
    for arn in way.rules:
        yield Row(name_of(arn), LEFT, "it comes first, until REMOVE=old removes it")
    yield Row("rule of the stack", MADE, "the last one of the listener: with its own target group")
    if given.certificate_arn or way.certificate:
        yield Row(
            "certificate", LEFT, f"{(given.certificate_arn or way.certificate or '').rpartition('/')[2]}: used as it is"
        )
    else:
        yield Row("certificate", MADE, "the listener has none for the sessions' hosts")
    yield {
        "alias": Row("record of the sessions", TAKEN, "in place"),
        "other": Row("record of the sessions", LEFT, "it goes on leading to its load balancer"),
        None: Row("record of the sessions", MADE, "the stack's zone has none"),
    }[record]


def of_connect(host: Host) -> list[Service]:
    """Proxy and server, as far as they run."""
    return [each for each in host.services.values() if {URL_VARIABLE, REDIS_VARIABLE} & each.variables.keys()]


def _is_server(service: Service) -> bool:
    return "server" in service.image.rpartition("/")[2]


def _has_keys(backend: Service) -> bool:
    return PEM_PATH_VARIABLE in backend.variables and PLATFORM_TOKEN_VARIABLE in backend.hidden


def _networks(key: str, given: tuple[str, ...], service: Service) -> Values:
    return {} if set(given) == set(service.networks) else {key: list(service.networks)}


def _free(wanted: str, other: str, taken: Mapping[str, Service]) -> str:
    return next(name for name in (wanted, other, f"{other}-2") if name not in taken)
