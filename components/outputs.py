"""The stack's outputs: an interface for other programs, so each has a name, a type and a meaning that stay."""

from __future__ import annotations

import re
from dataclasses import dataclass

from settings.targets import COMPOSE, KUBERNETES, TITLES


@dataclass(frozen=True)
class StackOutput:
    """One output. Its value is the attribute of the top component that has the same name in snake case.

    `only` is the target that has it; None where all do.
    """

    name: str
    type: str
    meaning: str
    secret: bool = False
    only: str | None = None

    @property
    def attribute(self) -> str:
        """The attribute's name: ``connect_url`` for ``connectUrl``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()


_OUTPUTS: tuple[StackOutput, ...] = (
    StackOutput("platformUrl", "string", "Where users reach Platform."),
    StackOutput("connectUrl", "string", "The connect proxy's URL, as Platform and the proxy know it."),
    StackOutput("sessionUrlPattern", "string", "The URL of a session, with `<session>` for its id."),
    StackOutput("certificateArn", "string", "ARN of the issued certificate of the HTTPS listener."),
    StackOutput("loadBalancerHostname", "string", "DNS name of the load balancer that the Ingress got."),
    StackOutput("recordName", "string", "The DNS record that points at the load balancer."),
    StackOutput("namespace", "string", "Namespace of Platform and Studios.", only=KUBERNETES),
    StackOutput("oidcSecretName", "string", "Secret with the RSA key pair, under `oidc.pem`.", only=KUBERNETES),
    StackOutput("tokenSecretName", "string", "Secret with the registration token, under `token`.", only=KUBERNETES),
    StackOutput("registrationToken", "string", "The initial token with which the proxy registers.", secret=True),
    StackOutput("publicKey", "string", "Public half of the RSA key, PEM."),
    StackOutput(
        "studioTemplates", "object", "Template key → `repository`, `icon`, `tool`, `status` and `port` (a number)."
    ),
    StackOutput("platformVersion", "string", "The Platform release that the settings are for."),
    StackOutput("connectVersion", "string", "The Connect release that runs."),
    StackOutput("instanceId", "string", "EC2 instance that Platform and Studios run on.", only=COMPOSE),
    StackOutput("composeFolder", "string", "Folder of docker-compose.yml on it.", only=COMPOSE),
    StackOutput("bundle", "string", "The files for the instance, for `python -m delivery`.", secret=True, only=COMPOSE),
    StackOutput("bundleSecretArn", "string", "Secret that holds them; empty with `delivery: files`.", only=COMPOSE),
    StackOutput(
        "instancePolicy", "string", "IAM policy that the instance's role needs, JSON; empty likewise.", only=COMPOSE
    ),
)


def outputs_of(target: str) -> tuple[StackOutput, ...]:
    """Returns the outputs of a stack for the target."""
    return tuple(output for output in _OUTPUTS if output.only in (None, target))


STACK_OUTPUTS = outputs_of(KUBERNETES)
COMPOSE_OUTPUTS = outputs_of(COMPOSE)


def outputs_table() -> str:
    """Returns the outputs as a Markdown table."""
    rows = []
    for output in _OUTPUTS:
        on = TITLES[output.only] if output.only else ""
        rows.append(
            f"| `{output.name}` | {output.type}{', secret' if output.secret else ''} | {on} | {output.meaning} |"
        )
    return "\n".join(["| output | type | only on | meaning |", "|-|-|-|-|", *rows])
