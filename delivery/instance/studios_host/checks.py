"""What has to be right on the host before a file is written. Each check yields a message for each problem it finds."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studios_host.compose import Compose
from studios_host.docker import Container, Docker, Finished
from studios_host.owner import of_networks
from studios_host.project import Project


def taken_names(folder: Path, names: Sequence[str], installed: Collection[str]) -> Iterator[str]:
    """Names that the owner has given already."""
    for name in names:
        path = folder / name
        if (path.exists() or path.is_symlink()) and name not in installed:
            advice = "write another name in composeOverride" if name.endswith((".yml", ".yaml")) else "move it away"
            yield f"{path} exists and is not of this deployment; {advice}"


def other_main_file(compose: Compose, name: str) -> Iterator[str]:
    """Another compose file than the one that Platform was started from."""
    files = compose.source.config_files
    there = os.path.realpath(os.path.join(compose.project.working_dir, name))
    if there not in map(os.path.realpath, files) and name not in map(os.path.basename, files):
        yield (
            f"Platform was started from {compose.source}, and not from {name}; "
            f"write composeFile: {os.path.basename(files[0])}"
        )


def not_running(project: Project, services: Sequence[str], *, known: bool) -> Iterator[str]:
    """Services of Platform that do not run; what this deployment started may be mended by it."""
    for service in services:
        found = project.of(service)
        if not found:
            yield (
                f"{service} does not run: it is not there; bring Platform up first, as the user who starts it "
                "(docker compose up -d), and try again; where Platform's compose file has another name for it, write "
                "that in backendService or cronService"
            )
        for each in found:
            state = each.health if each.status == "running" and each.health == "unhealthy" else each.status
            if state not in ({"running", "restarting", "unhealthy"} if known else {"running"}):
                yield f"{service} does not run: it is {state}; {_remedy(each, state)}, and try again"
                break


def not_started(docker: Docker, folder: Path, services: Sequence[str]) -> Iterator[str]:
    """Docker Compose has started none of the services there."""
    by_hand = [
        each.name
        for each in docker.running()
        if not each.project and any(source.startswith(f"{folder}/") for source in each.mounts.values())
    ]
    if by_hand:
        yield (
            f"{' and '.join(sorted(by_hand))} runs on files of {folder}, and was not started by Docker Compose; end it "
            "before you start Platform as the user who starts it (docker compose up -d), and try again"
        )
        return
    yield (
        f"no container of {' or '.join(services)} was started from {folder}; "
        "bring Platform up first, as the user who starts it (docker compose up -d), and try again"
    )


def _remedy(container: Container, state: str) -> str:
    commands = {"paused": "unpause", "exited": "start", "created": "start"}
    if state in commands:
        return f"bring it up first (docker {commands[state]} {container.name})"
    return f"bring it up first (docker logs {container.name} shows its last lines)"


def taken_services(
    owners: Mapping[str, Any], project: Project, services: Sequence[str], is_ours: Callable[[Container], bool]
) -> Iterator[str]:
    """Services and containers of our names that the owner has already."""
    for service in services:
        names = project.names([service])
        remove = f"docker rm --force {' '.join(names)}"
        if service in owners["services"]:
            yield (
                f"Platform's compose file has a service {service} already; take it out there"
                f"{f' and remove its container ({remove})' if names else ''}, or write another name in "
                "proxyName or serverName"
            )
            continue
        foreign = [each.name for each in project.of(service) if not is_ours(each)]
        if foreign:
            remove = f"docker rm --force {' '.join(foreign)}"
            yield f"{foreign[0]} exists, and is not of this deployment; remove it: {remove}"


def shared_namespaces(docker: Docker, project: Project, services: Sequence[str]) -> Iterator[str]:
    """Containers that run in the network or among the processes of one that is to be replaced: they would lose it."""
    owners = {each.id: each for service in services for each in project.of(service)}
    for container in docker.running():
        for key, joined in container.joined.items():
            if joined in owners and container.id not in owners:
                other = owners[joined].service
                again = f" (docker compose up -d {container.service})" if container.service else ""
                where = f"service:{other}" if container.project == project.name else f"container:{owners[joined].name}"
                yield (
                    f"{container.service or container.name} has {key}: {where}, and would be cut off when "
                    f"{other} is replaced; stop it before (docker stop {container.name}), and start it again "
                    f"afterwards, as the user who starts Platform{again}"
                )


def joined_networks(project: Project, model: Mapping[str, Any], services: Sequence[str]) -> Iterator[str]:
    """Networks that a container has joined by hand: the one that replaces it would not."""
    names = {key: about["name"] for key, about in (model.get("networks") or {}).items()}
    for service in services:
        about = model["services"].get(service) or {}
        if about.get("network_mode"):
            continue
        written = {names.get(key, key) for key in about.get("networks") or {}}
        for container in project.of(service):
            for network in sorted({*container.networks} - written):
                yield (
                    f"{container.name} has joined the network {network} by hand, and would lose it when it is "
                    f"replaced; write it in networks: of {service} and start Platform with it, or leave it before "
                    f"(docker network disconnect {network} {container.name}) and join it again afterwards "
                    f"(docker network connect {network} {container.name})"
                )


def replaced_networks(
    docker: Docker, compose: Compose, platform: Sequence[str], services: Sequence[str]
) -> Iterator[str]:
    """Networks of any of these services that run otherwise than the owner's files say."""
    existing = docker.networks()
    found = [name for name in compose.plan(services).networks if name in existing]
    if found:
        yield of_networks(compose, found, platform)


def taken_ports(
    docker: Docker, project: Project, service: str, model: Mapping[str, Any], ssh_port: str
) -> Iterator[str]:
    """Ports of the host that something else has."""
    # One that restarts again and again has its ports, too.
    up = [container for container in project.of(service) if container.status in ("running", "restarting", "paused")]
    ours = {port for container in up for port in container.published}
    wanted = {str(port["published"]) for port in model["services"][service].get("ports") or [] if port.get("published")}
    taken = {port: container.name for container in docker.running() for port in container.published}
    for port in sorted(wanted - ours):
        advice = f"write another one in {'sshPort' if port == ssh_port else 'proxyPort'}"
        if port in taken:
            yield f"port {port} is taken by the container {taken[port]}; {advice}"
            continue
        if any(_is_taken(family, int(port)) for family in (socket.AF_INET, socket.AF_INET6)):
            yield f"port {port} is taken by another program on this host; {advice}"


def _is_taken(family: socket.AddressFamily, port: int) -> bool:
    """Whether a program listens there: Docker publishes a port on IPv4 and on IPv6."""
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(("", port))
    except OSError as error:
        # A host without IPv6 has no such address.
        return error.errno == errno.EADDRINUSE
    return False


def missing_images(docker: Docker, model: Mapping[str, Any], services: Sequence[str], seconds: float) -> Iterator[str]:
    """Pulls the images that this host lacks, for at most so long; tells those that cannot be pulled."""
    for service in services:
        about = model["services"][service]
        if docker.image(about["image"]) is not None:
            continue
        words = ["pull", "--quiet", *(["--platform", about["platform"]] if about.get("platform") else [])]
        done = docker.run([*words, about["image"]], seconds=seconds)
        if done.code:
            advice = _advice(docker, about["image"], done)
            yield f"the image {about['image']} of {service} cannot be pulled: {done.reason}. {advice}"


def _advice(docker: Docker, image: str, failed: Finished) -> str:
    other = "another image in proxyImage or serverImage"
    first, slash, _ = image.partition("/")
    registry = first if slash and re.search(r"[.:]|^localhost$", first) else "docker.io"
    config = docker.environment["DOCKER_CONFIG"]
    command = "docker login" if config == f"{docker.environment['HOME']}/.docker" else f"docker --config {config} login"
    login = (
        f"Log in as root ({command} {registry}), which writes {config}/config.json, "
        "or name the folder of another login in dockerConfig"
    )
    remedies = (
        (
            r"manifest unknown|manifest for .* not found",
            f"Write a release that the registry has in connectVersion, or {other}",
        ),
        (r"no matching manifest", f"It is not made for this host's processor: write {other}"),
        (r"no space left", "Free some space on the file system of Docker's data: docker system df shows what is used"),
        (
            r"no such host|name resolution|server misbehaving|dial tcp|timeout|deadline exceeded|did not end within",
            f"Let this host reach {registry}: by DNS, a route, or the proxy of Docker's daemon",
        ),
        (r"x509|certificate", f"Let Docker's daemon trust the certificate of {registry}: /etc/docker/certs.d"),
        (r"unauthorized|denied|authentication|credentials|docker login|\b40[13]\b", login),
    )
    found = [remedy for pattern, remedy in remedies if re.search(pattern, failed.stderr, re.IGNORECASE)]
    return next(iter(found), f"Try it on this host as root (docker --config {config} pull {image})")


def unreadable_key(
    docker: Docker, project: Project, model: Mapping[str, Any], services: Sequence[str], uid: int
) -> Iterator[str]:
    """A `containerUid` that is not the user of backend and cron."""
    users = {
        service: found
        for service in services
        for container in project.of(service)
        if (found := _user(docker, container, model["services"][service])) not in (None, 0)
    }
    if len(set(users.values())) > 1:
        shown = " and ".join(f"{service} as user {found}" for service, found in users.items())
        yield f"{shown} read one RSA key, which one user can read; run both as one, with user: in the compose file"
        return
    for service, found in users.items():
        if found != uid:
            yield (
                f"{service} runs as user {found}, which could not read the RSA key of user {uid}; "
                f"write containerUid: {found}"
            )
            return


def _user(docker: Docker, container: Container, service: Mapping[str, Any]) -> int | None:
    """The number of the user: of the process where it runs, else as far as it is written as a number."""
    pid = container.state.get("Pid")
    if container.status == "running" and pid:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            return int(re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0])
        except (OSError, IndexError):
            pass
    image = docker.image(service["image"]) if service.get("image") else None
    user = str(service.get("user") or ((image or {}).get("Config") or {}).get("User") or "0").partition(":")[0]
    return int(user) if user.isdigit() else None
