"""Docker Compose: are the containers running, of the configured images, and do they stay up?

The instance is asked through Systems Manager, which runs ``docker inspect`` there.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.on_instance import DOCUMENT, NoAnswerError, ProgramError, run_python
from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import RECENT_MINUTES, CannotAskError, Finding, bad, good, is_recent, restarted
from pipeline.verify.network import first_line

#: Of each container of the folder's project a line of JSON; what `docker inspect` says as a whole is too long.
_PROGRAM = """\
import json, os, subprocess, sys
ask = ["docker", "ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project.working_dir"]
ids = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split()
found = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True).stdout if ids else "[]"
for each in json.loads(found or "[]"):
    labels, state = each["Config"]["Labels"], each["State"]
    if os.path.realpath(labels["com.docker.compose.project.working_dir"]) == os.path.realpath(sys.argv[1]):
        print(json.dumps(dict(service=labels.get("com.docker.compose.service", ""), image=each["Config"]["Image"],
            status=state["Status"], health=state.get("Health", dict()).get("Status", ""),
            restarts=each["RestartCount"], started=state["StartedAt"], code=state["ExitCode"])))
"""


@dataclass(frozen=True)
class Container:
    """A container of the Compose project, as Docker has it; ``health`` is empty where the image has no check."""

    service: str
    image: str
    status: str
    health: str
    restarts: int
    started: str
    code: int


def connect_containers(deployment: Deployment) -> Finding:
    """The containers of the proxy and the server run the configured images, and stay up."""
    settings = deployment.settings
    return _running(
        deployment, {settings.proxy_name: settings.proxy_image, settings.server_name: settings.server_image}
    )


def platform_containers(deployment: Deployment) -> Finding:
    """The containers of Platform's backend and cron run, and stay up."""
    settings = deployment.settings
    return _running(deployment, {settings.cron_service: None, settings.backend_service: None})


def _running(deployment: Deployment, services: Mapping[str, str | None]) -> Finding:
    found = _containers(deployment)
    for service, image in services.items():
        own = [container for container in found if container.service == service]
        if problem := _problem(deployment.settings.compose_folder, service, image, own):
            return problem
    return good(f"running: {', '.join(services)}; no restart in {RECENT_MINUTES} min")


def _problem(folder: str, service: str, image: str | None, found: Sequence[Container]) -> Finding | None:
    logs = f"cd {shlex.quote(folder)} && docker compose logs --tail 50 {service}"
    if not found:
        return bad(
            f"{folder} has no container of the service {service}", "pulumi up; or start it: docker compose up -d"
        )
    for container in found:
        if container.status != "running":
            return bad(f"{service} is {container.status}, exit code {container.code}", logs)
        if container.health not in ("", "healthy"):
            return bad(f"{service} is {container.health}", logs)
        if container.restarts and is_recent(container.started):
            return bad(f"{service} restarted {restarted(container.restarts)}", logs)
        if image and container.image != image:
            return bad(f"{service} runs {container.image}, and the settings say {image}", "pulumi up")
    return None


def _containers(deployment: Deployment) -> Sequence[Container]:
    text = run_on_instance(deployment, _PROGRAM, deployment.settings.compose_folder)
    return [Container(**json.loads(line)) for line in text.splitlines()]


def run_on_instance(deployment: Deployment, program: str, *arguments: str) -> str:
    """What a program on the instance prints.

    Raises:
        CannotAskError: Systems Manager does not run it, or it failed.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    instance = deployment.output("instanceId")
    mend = f"check that the instance {instance} and its agent run, and the right ssm:SendCommand on {DOCUMENT}"
    try:
        return run_python(deployment.aws("ssm"), instance, program, *arguments)
    except NoAnswerError as error:
        raise CannotAskError(f"{instance} {error}", mend, unknown=True) from None
    except ProgramError as error:
        raise CannotAskError(f"docker can't be asked on {instance}: {error}", "run docker ps there, as root") from None
    except (BotoCoreError, ClientError) as error:
        raise CannotAskError(f"Systems Manager can't ask {instance}: {first_line(error)}", mend, unknown=True) from None
