"""Platform: does it answer, with the deployed key, and with the configured templates?"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good, not_asked
from pipeline.verify.network import Response
from settings.fields import applies
from settings.host_names import PEM_PATH_VARIABLE
from settings.templates import PREFIX

_WELL_KNOWN = "/.well-known/openid-configuration"
_PAGE = 100
_RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")


def platform_answers(deployment: Deployment) -> Finding:
    """Platform answers at its URL, and is of the release that the settings are for."""
    url = f"{deployment.platform_url}/api/service-info"
    about = _json(deployment.network.request(url)).get("serviceInfo")
    version = str(about.get("version", "")) if isinstance(about, dict) else ""
    wanted = deployment.output("platformVersion")
    # Of a candidate such as 26.2-RC1, too.
    if re.findall(r"\d+", version)[:2] != re.findall(r"\d+", wanted)[:2]:
        return bad(
            f"Platform is {version or 'of no release that it tells'}, and platformVersion is {wanted}",
            f'set platformVersion to "{version}", and run pulumi up',
            stops=False,
        )
    return good(f"Platform {version} at {deployment.platform_url}")


def oidc_is_published(deployment: Deployment) -> Finding:
    """Platform publishes an OIDC discovery document."""
    document = _discovery(deployment)
    host, keys = urlsplit(deployment.platform_url).hostname, str(document["jwks_uri"])
    if urlsplit(keys).hostname != host:
        return bad(f"the discovery document leads to {keys}, which is not at {host}", "correct TOWER_SERVER_URL")
    return good(f"issuer {document.get('issuer', 'not named')}")


def _discovery(deployment: Deployment) -> Mapping[str, Any]:
    # Where the frontend answers every path with its page, the API has the document.
    refused: CannotAskError | None = None
    for base in ("", "/api"):
        try:
            document = _json(deployment.network.request(f"{deployment.platform_url}{base}{_WELL_KNOWN}"))
        except CannotAskError as error:
            refused = refused or error
            continue
        if "jwks_uri" in document:
            return document
    raise refused or CannotAskError(
        f"{deployment.platform_url}{_WELL_KNOWN} names no keys", f"check {PEM_PATH_VARIABLE} of Platform's backend"
    )


def key_is_published(deployment: Deployment) -> Finding:
    """The public half of the deployed RSA key is among the keys that Platform publishes."""
    published = _json(deployment.network.request(str(_discovery(deployment)["jwks_uri"])))
    deployed = _body_of_pem(deployment.output("publicKey"))
    keys = [each for each in published.get("keys", []) if each.get("kty") == "RSA"]
    for each in keys:
        if public_key(each["n"], each["e"]) == deployed:
            return good(f"the stack's key, kid {each.get('kid', 'not named')}")
    return bad(
        f"none of the {len(keys)} RSA keys that Platform publishes is the stack's",
        _mend_of_key(deployment),
    )


def _mend_of_key(deployment: Deployment) -> str:
    restart = f"restart backend and cron, so that they read it; check {PEM_PATH_VARIABLE} and its mount"
    settings = deployment.settings
    if not applies("oidcSecret", settings.target):
        return f"pulumi up --refresh -s {deployment.stack} writes oidc.pem again; {restart}"
    secret = f"key {settings.oidc_key_in_use} of Secret {settings.oidc_secret_in_use}"
    if settings.existing_oidc_secret:
        return f"{secret} has another key than it had at the last update: pulumi up -s {deployment.stack}; {restart}"
    return f"pulumi up --refresh -s {deployment.stack} writes {secret} again; {restart}"


def public_key(modulus: str, exponent: str) -> bytes:
    """The DER of an RSA public key (SubjectPublicKeyInfo, RFC 8017 and 5280) from the numbers of a JWK."""
    numbers = _der(0x30, _integer(_decoded(modulus)) + _integer(_decoded(exponent)))
    return _der(0x30, _RSA_ENCRYPTION + _der(0x03, b"\0" + numbers))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(number: bytes) -> bytes:
    number = number.lstrip(b"\0") or b"\0"
    return _der(0x02, (b"\0" if number[0] & 0x80 else b"") + number)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _body_of_pem(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.split("\n") if line and not line.startswith("-")))


def templates_are_offered(deployment: Deployment) -> Finding:
    """Platform offers every configured template with its tool."""
    token, workspace = deployment.options.token, deployment.options.workspace
    if not token:
        return not_asked("set TOWER_ACCESS_TOKEN to an access token of Platform")
    if not workspace:
        return not_asked("set TOWER_WORKSPACE_ID, or --workspace, to the id of a workspace with Studios")
    offered = _templates(deployment, token, workspace)
    configured: Mapping[str, Mapping[str, Any]] = deployment.outputs["studioTemplates"]
    for key, template in configured.items():
        tools = [each.get("tool") for each in offered if each.get("repository") == template["repository"]]
        if not tools:
            return bad(
                f"{key} ({template['repository']}) is not offered",
                "restart backend, so that it reads its environment; check that nothing else sets the same variables",
            )
        if template["tool"] not in tools:
            return bad(
                f"{key} is offered as {tools[0] or 'no tool'}, and its tool is {template['tool']}",
                f"check {PREFIX}{key}_TOOL of Platform's backend",
            )
    return good(f"{', '.join(configured)}: each with its tool, in workspace {workspace}")


def _templates(deployment: Deployment, token: str, workspace: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    while True:
        query = urlencode({"workspaceId": workspace, "max": _PAGE, "offset": len(found)})
        url = f"{deployment.platform_url}/api/studios/templates?{query}"
        answer = _json(deployment.network.request(url, {"Authorization": f"Bearer {token}"}))
        page = answer.get("templates") or []
        found += page
        if not page or len(found) >= int(answer.get("totalSize", 0)):
            return found


_MEND_STATUS = {
    401: "set TOWER_ACCESS_TOKEN to a valid access token of Platform",
    403: "check allowedWorkspaces, and that the token's user is a member of the workspace",
    404: "check platformUrl, and the rules of Platform's own Ingress or proxy",
}


def _json(response: Response) -> Mapping[str, Any]:
    if response.status != 200:
        where = "its load balancer answers" if response.by_load_balancer else "answers"
        raise CannotAskError(
            f"{response.place} {where} {response.status}",
            _MEND_STATUS.get(response.status, "look at the logs of Platform's backend"),
        )
    try:
        content = json.loads(response.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise CannotAskError(f"{response.place} does not answer with JSON", "check that platformUrl is Platform's")
    return content
