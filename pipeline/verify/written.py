"""Docker Compose: do the running containers and the stack's files hold what the stack wrote?

The instance compares, and answers with what differs: values of variables that may be secret don't leave it.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from typing import Any

from pipeline.verify.configuration import comparable, shown
from pipeline.verify.containers import run_on_instance
from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import Finding, bad, good
from settings.environment import platform_environment, proxy_environment, server_environment

_DOCUMENT = "studios-"
"""How the name of the document begins that installs the files."""
#: Gets the folder, and JSON in base64: the variables of each service, and the name of the stack's compose file. Braces
#: in pairs are a parameter to Systems Manager.
_PROGRAM = """\
import base64, glob, hashlib, json, os, subprocess, sys
folder, asked = sys.argv[1], json.loads(base64.b64decode(sys.argv[2]).decode())
def say(**found):
    print(json.dumps(found))
def digest(path):
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except (IOError, OSError):
        return None
ask = ["docker", "ps", "--quiet", "--filter", "label=com.docker.compose.project.working_dir"]
ids = subprocess.run(ask, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout.split()
ask = ["docker", "inspect"] + ids
made = subprocess.run(ask, stdout=subprocess.PIPE, universal_newlines=True).stdout if ids else ""
for each in json.loads(made or "[]"):
    labels = each["Config"]["Labels"]
    if os.path.realpath(labels["com.docker.compose.project.working_dir"]) != os.path.realpath(folder):
        continue
    service = labels.get("com.docker.compose.service", "")
    has = dict(line.split("=", 1) for line in each["Config"]["Env"] or [] if "=" in line)
    for name, about in sorted(asked["services"].get(service, dict()).items()):
        if has.get(name) != about["value"]:
            value = None if about["secret"] else has.get(name)
            say(service=service, variable=name, value=value, missing=name not in has)
own = os.path.join(folder, ".studios")
put = dict()
runs = glob.glob(os.path.join(own, "backup", "*"))
for run in sorted(runs, key=lambda each: int(os.path.basename(each).split("-")[0])):
    with open(os.path.join(run, "files.json")) as stream:
        put.update((each["path"], each["put"]) for each in json.load(stream))
override = os.path.join(folder, asked["override"])
copy = os.path.join(own, "override.yml")
if os.path.exists(copy):
    put[override] = digest(copy)
for path, written in sorted(put.items()):
    ours = path == override or os.path.dirname(path) == os.path.join(own, "files")
    if ours and written is not None and digest(path) != written:
        say(file=path, missing=not os.path.exists(path))
"""


def containers_hold_settings(deployment: Deployment) -> Finding:
    """Proxy, server, backend and cron have each variable that the settings become, and the files are as written."""
    settings = deployment.settings
    asked = {"services": _wanted(deployment), "override": settings.compose_override}
    argument = base64.b64encode(json.dumps(asked).encode()).decode()
    said = run_on_instance(deployment, _PROGRAM, settings.compose_folder, argument)
    found = [json.loads(line) for line in said.splitlines()]
    if not found:
        return good("the containers and files of Connect and Platform hold what the stack wrote")
    # A file is behind what the containers read out of it.
    first = next((each for each in found if "file" in each), found[0])
    more = f"; and {len(found) - 1} more differ" if len(found) > 1 else ""
    text = _of_file(first) if "file" in first else _of_variable(first, _wanted(deployment))
    return bad(f"{text}{more}", _mend(deployment, is_file="file" in first))


def _wanted(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Service → variable → its value, and whether it may be secret."""
    settings = deployment.settings
    # Proxy and server read one file.
    studios = server_environment(settings) | proxy_environment(settings)
    platform = platform_environment(settings)
    return {
        settings.proxy_name: _about(studios),
        settings.server_name: _about(studios),
        settings.backend_service: _about(platform),
        settings.cron_service: _about(platform),
    }


def _about(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    from live.redaction import looks_secret

    return {
        name: {"value": value, "secret": looks_secret(name)} for name, value in sorted(comparable(variables).items())
    }


def _of_file(found: Mapping[str, Any]) -> str:
    return f"{found['file']} {'is missing' if found['missing'] else 'is not as the stack wrote it'}"


def _of_variable(found: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> str:
    service, variable = found["service"], found["variable"]
    value = wanted[service][variable]["value"]
    has = None if found["missing"] else found["value"]
    return f"{service}: {variable} {shown(variable, has, value)}"


def _mend(deployment: Deployment, *, is_file: bool) -> str:
    if not is_file:
        folder = shlex.quote(deployment.settings.compose_folder)
        return f"cd {folder} && docker compose up -d, as the user who starts Platform"
    association = _association(deployment)
    if association is None:
        return f"change a setting, and pulumi up -s {deployment.stack}: the next installation writes all files"
    return f"aws ssm start-associations-once --association-ids {association}"


def _association(deployment: Deployment) -> str | None:
    """The association that installs the stack's files; None where it can't be known."""
    from botocore.exceptions import BotoCoreError, ClientError

    filters = [{"key": "InstanceId", "value": deployment.output("instanceId")}]
    try:
        found = deployment.aws("ssm").list_associations(AssociationFilterList=filters)["Associations"]
    except (BotoCoreError, ClientError):
        return None
    ours = [each["AssociationId"] for each in found if each.get("Name", "").startswith(_DOCUMENT)]
    return ours[0] if len(ours) == 1 else None
