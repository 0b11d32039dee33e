"""In which keys of its service a container differs from the merged model: names only, since values may be secret.

Docker is asked, not a list of keys: Docker Compose makes a container of each service under a project of its own, and
never starts it. It is compared with the one that runs, and removed. So it makes no difference which release of Docker
Compose made the one that runs, and how that release describes a service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from studios_host.compose import Compose, release
from studios_host.docker import Container
from studios_host.errors import RefusedError

_WITHOUT_DEPENDENCIES = (2, 30, 0)
"""From this release on, Docker Compose leaves `depends_on` out of what it compares: `--no-deps` leaves it out."""
_SUFFIX = "-studios-compared"
"""Of the project's name under which containers are made to be compared."""
_NOT_COMPARED = frozenset({
    "build", "container_name", "depends_on", "external_links", "links", "profiles", "restart", "scale",
})  # fmt: skip
"""Keys that say nothing of what runs within a container, or that a container that never runs must not have."""
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
"""Name of a volume that Docker has given."""
_VARYING = frozenset({
    "AttachStderr", "AttachStdin", "AttachStdout", "Binds", "ConsoleSize", "ContainerIDFile", "Env", "Image", "Labels",
    "MaskedPaths", "Mounts", "OnBuild", "ReadonlyPaths",
    "RestartPolicy", "Volumes",
})  # fmt: skip
"""What Docker's description has of a container beside what is compared, or in a place of its own."""
_KEYS = {
    "Cmd": "command", "Memory": "mem_limit", "NanoCpus": "cpus", "LogConfig": "logging",
    "StopTimeout": "stop_grace_period", "PortBindings": "ports", "ExposedPorts": "expose", "PidMode": "pid",
    "IpcMode": "ipc", "UTSMode": "uts", "ReadonlyRootfs": "read_only", "DeviceRequests": "gpus", "Domainname":
    "domainname", "OomScoreAdj": "oom_score_adj", "CpusetCpus": "cpuset",
}  # fmt: skip
"""Docker's names that are not those of compose files, but for their form."""


def differences(compose: Compose, services: Sequence[str]) -> dict[str, list[str]]:
    """Returns the keys by service, such as `image` or `environment: TOWER_SERVER_URL`; no service without any is in it.

    Raises:
        RefusedError: no container can be made as the files say.
    """
    found: dict[str, list[str]] = {}
    model = compose.config()
    with _made(compose, model, services) as made:
        for service in services:
            for container in compose.project.of(service):
                keys = ["being a service at all"]
                if service in made:
                    keys = sorted(_between(made[service], container) + _beside(model["services"][service], container))
                if keys:
                    found[service] = keys
    return found


def leaves(compose: Compose, service: str, containers: Sequence[Container]) -> bool:
    """Whether these containers of the service are as the files say, so that starting it has nothing to do.

    Where Docker Compose takes them for others, only since its releases describe a service differently, they are.
    """
    plan = compose.plan([service])
    if plan.leaves([each.name for each in containers]):
        return True
    now = compose.release()
    alike = now >= _WITHOUT_DEPENDENCIES and all(release(each.label("version")) == now for each in containers)
    if plan.networks or alike:
        return False
    current = replace(compose, project=replace(compose.project, containers=tuple(containers)))
    try:
        return not differences(current, [service])
    except RefusedError:
        return False


@contextmanager
def _made(compose: Compose, model: Mapping[str, Any], services: Sequence[str]) -> Iterator[dict[str, Container]]:
    """Service → a container as the files say, which never runs."""
    name = compose.project.name + _SUFFIX
    label = f"com.docker.compose.project={name}"
    wanted = [service for service in services if service in model["services"] and compose.project.of(service)]
    text = json.dumps(
        {
            **{key: model[key] for key in ("configs", "secrets") if key in model},
            **{key: _existing(model[key]) for key in ("networks", "volumes") if key in model},
            "services": {service: _service(compose, model["services"][service], service) for service in wanted},
        }
    )
    # The folder is not Platform's, so that no run takes them for Platform's containers.
    words = ["compose", "--project-name", name, "--project-directory", "/", "--file", "-", "create"]
    try:
        _remove(compose, label)
        done = compose.docker.run([*words, "--no-build", "--pull", "never", "--no-recreate"], "/", stdin=text)
        if done.code:
            raise RefusedError(f"docker compose cannot make a container as the files say: {done.reason}")
        yield {each.service: each for each in compose.docker.containers(label)}
    finally:
        _remove(compose, label)


def _remove(compose: Compose, label: str) -> None:
    ids = [each.id for each in compose.docker.containers(label)]
    if ids:
        compose.docker.run(["rm", "--force", "--volumes", *ids])


def _existing(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Networks or volumes: none is made to compare."""
    return {key: {"name": about["name"], "external": True} for key, about in kinds.items()}


def _service(compose: Compose, about: Mapping[str, Any], service: str) -> dict[str, Any]:
    kept = {key: value for key, value in about.items() if key not in _NOT_COMPARED}
    kept.setdefault("image", compose.project.of(service)[0].raw["Config"]["Image"])
    for key in ("network_mode", "pid", "ipc"):
        kind, _, other = str(kept.get(key, "")).partition(":")
        if kind == "service" and compose.project.of(other):
            kept[key] = f"container:{compose.project.of(other)[0].id}"
    kept["volumes_from"] = [_of_container(compose, each) for each in kept.get("volumes_from") or []]
    if "deploy" in kept:
        left_out = ("mode", "replicas", "restart_policy")
        kept["deploy"] = {key: value for key, value in kept["deploy"].items() if key not in left_out}
    return kept


def _of_container(compose: Compose, volumes: str) -> str:
    service, _, rest = volumes.partition(":")
    found = compose.project.of(service)
    return f"container:{found[0].name}:{rest or 'rw'}" if found and service != "container" else volumes


def _between(made: Container, runs: Container) -> list[str]:
    one, other = _shape(made), _shape(runs)
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    if one["image"] == other["image"] and made.raw.get("Image") != runs.raw.get("Image"):
        keys.append("image: another one has been pulled under its name")
    return keys


def _beside(about: Mapping[str, Any], runs: Container) -> list[str]:
    """The keys that a container that never runs cannot show: Docker starts it again when it starts itself."""
    name, _, count = str(about.get("restart") or "no").partition(":")
    policy = (about.get("deploy") or {}).get("restart_policy")
    if policy is not None:
        names = {"none": "no", "any": "always", "": "always"}
        name, count = names.get(policy.get("condition", ""), policy.get("condition", "")), policy.get("max_attempts")
    given = (runs.raw.get("HostConfig") or {}).get("RestartPolicy") or {}
    same = (name, int(count or 0)) == (given.get("Name") or "no", given.get("MaximumRetryCount") or 0)
    return [
        *([] if same else ["restart"]),
        *(["container_name"] if about.get("container_name", runs.name) != runs.name else []),
    ]


def _shape(container: Container) -> dict[str, Any]:
    """Key → value, without what is empty."""
    raw = container.raw
    config, host = dict(raw["Config"]), dict(raw.get("HostConfig") or {})
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    if container.id.startswith(config.get("Hostname") or "-"):
        del config["Hostname"]
    if host.get("NetworkMode") not in ("host", "none") and ":" not in str(host.get("NetworkMode")):
        # The first of the networks, by name or id, which are compared below.
        host.pop("NetworkMode", None)
    found = {_key(name): value for name, value in {**config, **host}.items() if name not in _VARYING}
    for key in ("cap_add", "cap_drop"):
        found[key] = sorted({str(name).upper().removeprefix("CAP_") for name in found.get(key) or []})
    found["image"] = config.get("Image")
    found |= {f"environment: {name}": value for name, value in container.environment.items()}
    labels = container.labels.items()
    found |= {f"labels: {name}": value for name, value in labels if not name.startswith("com.docker.compose.")}
    for mount in raw.get("Mounts") or []:
        source = mount.get("Name") or mount.get("Source")
        source = "" if _ANONYMOUS.fullmatch(source or "") else source
        found[f"volumes: {mount['Destination']}"] = (mount.get("Type"), source, mount.get("RW"))
    for name, about in networks.items():
        found[f"networks: {name}"] = _attachment(container, about or {})
    return {key: value for key, value in found.items() if value or key.startswith(("environment", "labels"))}


def _attachment(container: Container, about: Mapping[str, Any]) -> tuple[Any, ...]:
    hostname = (container.raw.get("Config") or {}).get("Hostname")
    names = {container.name, container.service, container.id[:12], hostname}
    aliases = sorted({*(about.get("Aliases") or [])} - names)
    return aliases, about.get("IPAMConfig") or None, about.get("DriverOpts") or None


def _key(name: str) -> str:
    return _KEYS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


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
