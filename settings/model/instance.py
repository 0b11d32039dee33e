"""Where Platform runs with Docker Compose."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from settings.marks import Derived, Only, Required
from settings.model.section import Section
from settings.targets import COMPOSE
from settings.types import aws, compose, text


def _default_override(data: dict[str, Any]) -> str:
    stem, _, extension = data["compose_file"].rpartition(".")
    return f"{stem}.override.{extension}"


class InstanceSection(Section):
    """The EC2 instance of a Platform install with Docker Compose, and the files on it."""

    heading: ClassVar[str] = "Where Platform runs, with Docker Compose"

    instance_id: Annotated[aws.InstanceId | None, Only(COMPOSE)] = Field(
        default=None,
        description="EC2 instance that Platform runs on, by id. Exactly one of this and `instanceTags`.",
        examples=["i-0123456789abcdef0"],
    )
    instance_tags: Annotated[aws.Tags | None, Only(COMPOSE)] = Field(
        default=None,
        description="EC2 instance by its tags: the one running instance that has all of them.",
        examples=[{"Name": "seqera-platform"}],
    )
    instance_security_group: Annotated[
        aws.SecurityGroupId | None, Only(COMPOSE), Derived("the instance's, if it has one only")
    ] = Field(
        default=None,
        description="Security group of the instance that is opened for the load balancer.",
        examples=["sg-0123456789abcdef0"],
    )
    compose_folder: Annotated[compose.Folder, Only(COMPOSE), Required(COMPOSE)] = Field(
        default="",
        description="Folder on the instance that holds Platform's docker-compose.yml, tower.env and tower.yml.",
        examples=["/home/ec2-user/seqera"],
    )
    compose_file: Annotated[compose.YamlFile, Only(COMPOSE)] = Field(
        default="docker-compose.yml",
        description="Name of Platform's compose file in that folder.",
        examples=["compose.yaml"],
    )
    compose_override: Annotated[
        compose.YamlFile,
        Only(COMPOSE),
        Derived("`docker-compose.override.yml`, which docker compose reads by itself"),
    ] = Field(
        default_factory=_default_override,
        description="Name of the compose file that is put beside it, and must not exist.",
        examples=["docker-compose.studios.yml"],
    )
    backend_service: Annotated[compose.Service, Only(COMPOSE)] = Field(
        default="backend", description="Service of Platform's backend.", examples=["tower-backend"]
    )
    cron_service: Annotated[compose.Service, Only(COMPOSE)] = Field(
        default="cron", description="Service of Platform's cron.", examples=["tower-cron"]
    )
    proxy_networks: Annotated[compose.Networks, Only(COMPOSE)] = Field(
        default=("frontend", "backend"),
        description="Networks of the compose file that the proxy joins.",
        examples=[["frontend", "backend", "studios"]],
    )
    server_networks: Annotated[compose.Networks, Only(COMPOSE)] = Field(
        default=("backend",),
        description="Networks of the compose file that the server joins.",
        examples=[["backend", "studios"]],
    )
    container_uid: Annotated[int, Only(COMPOSE)] = Field(
        default=101,
        ge=0,
        le=2**31 - 1,
        description="User that backend and cron run as: only this user and root can read the file of the RSA key.",
        examples=[1000],
    )
    docker_config: Annotated[text.Folder | None, Only(COMPOSE), Derived("root's own, `/root/.docker`")] = Field(
        default=None,
        description="Folder on the instance with docker's `config.json`, and in it the login at the images' registry.",
        examples=["/home/ec2-user/.docker"],
    )
    delivery: Annotated[Literal["ssm", "files"], Only(COMPOSE)] = Field(
        default="ssm",
        description="How the files get to the instance: by Systems Manager, or by hand from what `python -m delivery` "
        "writes.",
        examples=["files"],
    )
    attach_instance_policy: Annotated[bool, Only(COMPOSE)] = Field(
        default=True,
        description="Let the instance's role read the bundle's secret; if not, the policy to attach is an output.",
        examples=[False],
    )
    existing_oidc: Annotated[bool, Only(COMPOSE)] = Field(
        default=False,
        description=(
            "Keep the RSA key and the registration token that Platform has already, in `TOWER_OIDC_PEM_PATH` and "
            "`TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN`."
        ),
        examples=[True],
    )
    install_timeout: Annotated[int, Only(COMPOSE)] = Field(
        default=900,
        ge=60,
        le=7200,
        description="Seconds that the installation on the instance may take.",
        examples=[1800],
    )
