"""The way of Studios' files onto the instance: a secret, a script, and Systems Manager, which runs it there."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam, secretsmanager, ssm

from components.compose_told import ReadByPlatform, told_of_delivery
from components.instance_scripts import (
    InstallationReport,
    InstallationReportArgs,
    InstanceCleanup,
    InstanceCleanupArgs,
)
from delivery.package import folder_argument, launcher

_NOTHING = "none"


@dataclass(frozen=True, kw_only=True)
class ComposeDeliveryArgs:
    """The arguments of :class:`ComposeDelivery`.

    Args:
        instance_id: the EC2 instance.
        folder: the folder on it with docker-compose.yml.
        bundle: what the script installs; secret.
        read_by_platform: what backend and cron read of it.
        role: the instance's role, which is allowed to read the secret; None where another owner allows it.
        profile: of AWS, for waiting and for taking away; None for the credentials of the environment.
        timeout: seconds that the script may take.
    """

    instance_id: str
    folder: str
    bundle: pulumi.Input[str]
    read_by_platform: ReadByPlatform
    role: str | None
    profile: str | None
    timeout: int


class ComposeDelivery(pulumi.ComponentResource):
    """The bundle in Secrets Manager, and an association that installs it whenever it changes; destroy uninstalls it."""

    secret_arn: pulumi.Output[str]
    """The secret with the bundle."""
    policy: pulumi.Output[str]
    """The IAM policy that lets the instance read the secret, JSON."""

    def __init__(self, name: str, args: ComposeDeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:ComposeDelivery", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = secretsmanager.Secret(
            f"{name}-secret",
            description="Seqera Studios: the files for the Docker Compose host",
            # Gone at once, so that an `up` after a destroy finds its name free, and no key outlives its stack.
            recovery_window_in_days=0,
            opts=child,
        )
        version = secretsmanager.SecretVersion(
            f"{name}-bundle", secret_id=secret.arn, secret_string=pulumi.Output.secret(args.bundle), opts=child
        )
        self.secret_arn = secret.arn
        self.policy = secret.arn.apply(read_policy)
        allowed: list[pulumi.Resource] = []
        if args.role is not None:
            allowed.append(iam.RolePolicy(f"{name}-policy", role=args.role, policy=self.policy, opts=child))
        region = secret.arn.apply(_region_of)
        document = ssm.Document(
            f"{name}-script",
            document_type="Command",
            document_format="JSON",
            content=document_content(args.timeout),
            opts=child,
        )
        folder = folder_argument(args.folder)
        cleanup = InstanceCleanup(
            f"{name}-cleanup",
            InstanceCleanupArgs(
                instance_id=args.instance_id,
                document=document.name,
                folder=folder,
                region=region,
                profile=args.profile,
                timeout=args.timeout,
            ),
            child,
        )
        association = ssm.Association(
            f"{name}-association",
            name=document.name,
            document_version=document.latest_version,
            targets=[ssm.AssociationTargetArgs(key="InstanceIds", values=[args.instance_id])],
            # The version makes each bundle another association in the eyes of Systems Manager, which runs it then.
            parameters={
                "action": "install",
                "folder": folder,
                "secret": secret.arn,
                "version": version.version_id,
                "region": region,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*allowed, cleanup]),
        )
        InstallationReport(
            f"{name}-report",
            InstallationReportArgs(
                association=association.association_id,
                trigger=pulumi.Output.concat(folder, " ", version.version_id, " ", document.latest_version),
                instance_id=args.instance_id,
                region=region,
                profile=args.profile,
                timeout=args.timeout,
                platform=args.read_by_platform.text,
                made=args.read_by_platform.made,
            ),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[association],
                hooks=told_of_delivery(f"{name}-report-told", self, args.read_by_platform.services),
            ),
        )
        self.register_outputs({"secret_arn": self.secret_arn, "policy": self.policy})


def read_policy(secret_arn: str) -> str:
    """Returns the policy that allows to read one secret, and nothing else."""
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def document_content(timeout: int) -> str:
    """Returns the document that runs the install script, or its uninstall, within ``timeout`` seconds.

    Its parameters end up in a shell, so each is bound to characters that mean nothing there.
    """
    patterns = {
        "secret": ("The secret with the bundle.", "^[A-Za-z0-9:/_+=.@-]+$"),
        "version": ("Its version.", "^[A-Za-z0-9-]+$"),
        "region": ("Its region.", "^[a-z0-9-]+$"),
    }
    script = launcher(
        "'{{ action }}' --folder '{{ folder }}' --secret '{{ secret }}' --version '{{ version }}' "
        f"--region '{{{{ region }}}}' --timeout {timeout}"
    )
    return json.dumps(
        {
            "schemaVersion": "2.2",
            "description": "Installs Seqera Studios beside a Platform that runs with Docker Compose, or takes it away.",
            "parameters": {
                "action": {"type": "String", "description": "What to do.", "allowedValues": ["install", "uninstall"]},
                "folder": {
                    "type": "String",
                    "description": "The folder with docker-compose.yml.",
                    "allowedPattern": "^/[^'{}\\n\\r]+$",
                },
                **{
                    key: {"type": "String", "description": about, "default": _NOTHING, "allowedPattern": pattern}
                    for key, (about, pattern) in patterns.items()
                },
            },
            "mainSteps": [
                {
                    "action": "aws:runShellScript",
                    "name": "studios",
                    "precondition": {"StringEquals": ["platformType", "Linux"]},
                    "inputs": {"timeoutSeconds": str(timeout), "runCommand": [script]},
                }
            ],
        }
    )


def _region_of(arn: str) -> str:
    return arn.split(":")[3]
