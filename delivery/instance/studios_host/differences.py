"""In which keys of its service a container differs from the merged model: names only, since values may be secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studios_host.docker import Container

if TYPE_CHECKING:
    from studios_host.compose import Compose


def differences(compose: Compose, model: Mapping[str, Any], container: Container) -> list[str]:
    """Returns the keys, such as `image` or `environment: TOWER_SERVER_URL`; empty where none is seen."""
    service = model["services"].get(container.service)
    if service is None:
        return ["being a service at all"]
    image = compose.docker.image(service["image"]) if service.get("image") else None
    return [
        *_image(service, container, image),
        *_environment(service, container, image),
        *_mounts(service, model, container),
        *_others(service, model, container),
    ]


def _image(service: Mapping[str, Any], container: Container, image: Mapping[str, Any] | None) -> list[str]:
    if service.get("image") and service["image"] != container.raw["Config"].get("Image"):
        return ["image"]
    if image is not None and image["Id"] != container.raw.get("Image"):
        return ["image: another one has been pulled under its name"]
    return []


def _environment(service: Mapping[str, Any], container: Container, image: Mapping[str, Any] | None) -> list[str]:
    pairs = (pair.partition("=") for pair in ((image or {}).get("Config") or {}).get("Env") or [])
    wanted: dict[str, str | None] = {name: value for name, _, value in pairs}
    for name, value in (service.get("environment") or {}).items():
        wanted[name] = None if value is None else str(value)
    given = container.environment
    names = [name for name, value in wanted.items() if value is not None and given.get(name) != value]
    if image is not None:
        names += [name for name in given if wanted.get(name) is None]
    return [f"environment: {name}" for name in sorted(names)]


def files_of(model: Mapping[str, Any], service: str) -> dict[str, str]:
    """Path inside → path on the host, of the files that `configs` and `secrets` mount into a service."""
    found = {}
    for kind, folder in (("configs", ""), ("secrets", "/run/secrets")):
        for each in model["services"][service].get(kind) or []:
            path = (model.get(kind) or {}).get(each["source"], {}).get("file")
            target = each.get("target") or each["source"]
            if path:
                found[target if target.startswith("/") else f"{folder}/{target}"] = path
    return found


def _mounts(service: Mapping[str, Any], model: Mapping[str, Any], container: Container) -> list[str]:
    wanted = files_of(model, container.service) | {
        volume["target"]: volume.get("source", "")
        for volume in service.get("volumes") or []
        if volume.get("type") == "bind"
    }
    given = container.mounts
    names = {path for path in {*wanted, *given} if wanted.get(path) != given.get(path)}
    return [f"volumes: {path}" for path in sorted(names)]


def _others(service: Mapping[str, Any], model: Mapping[str, Any], container: Container) -> list[str]:
    config, host = container.raw["Config"], container.raw.get("HostConfig") or {}
    found = []
    if {str(port["published"]) for port in service.get("ports") or [] if port.get("published")} != container.published:
        found.append("ports")
    if service.get("command") is not None and service["command"] != config.get("Cmd"):
        found.append("command")
    if service.get("entrypoint") is not None and service["entrypoint"] != config.get("Entrypoint"):
        found.append("entrypoint")
    if "user" in service and str(service["user"]) != config.get("User"):
        found.append("user")
    if "mem_limit" in service and int(service["mem_limit"]) != host.get("Memory"):
        found.append("mem_limit")
    hosts = {str(each).replace("=", ":", 1) for each in service.get("extra_hosts") or []}
    if hosts != set(host.get("ExtraHosts") or []):
        found.append("extra_hosts")
    policy = str(service.get("restart", "no")).partition(":")[0]
    if policy != ((host.get("RestartPolicy") or {}).get("Name") or "no"):
        found.append("restart")
    networks = {model["networks"][name]["name"] for name in service.get("networks") or {} if name in model["networks"]}
    given = set((container.raw.get("NetworkSettings") or {}).get("Networks") or {})
    if not service.get("network_mode") and networks != given:
        found.append("networks")
    labels = service.get("labels") or {}
    found += [f"labels: {name}" for name in sorted(labels) if container.labels.get(name) != str(labels[name])]
    return found
