"""Names in the Platform install."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings.marks import COMPUTED, Only, platform
from settings.model.section import Section
from settings.targets import KUBERNETES
from settings.types import kubernetes, text

PEM_PATH_VARIABLE = "TOWER_OIDC_PEM_PATH"


class InstallSection(Section):
    """What the objects of the Platform install are called, where they differ from the guide's."""

    heading: ClassVar[str] = "Names in the Platform install"

    backend_deployment: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="backend", description="Deployment of Platform's backend.", examples=["platform-backend"]
    )
    backend_container: Annotated[kubernetes.Label, Only(KUBERNETES)] = Field(
        default="backend", description="Its container.", examples=["platform-backend"]
    )
    cron_deployment: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="cron", description="Deployment of Platform's cron.", examples=["platform-cron"]
    )
    cron_container: Annotated[kubernetes.Label, Only(KUBERNETES)] = Field(
        default="backend", description="Its container.", examples=["cron"]
    )
    backend_config_map: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="platform-backend-cfg",
        description="ConfigMap that backend and cron take their environment from.",
        examples=["tower-backend-cfg"],
    )
    tower_yml_config_map: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="tower-yml", description="ConfigMap with `tower.yml`.", examples=["platform-tower-yml"]
    )
    tower_yml_key: Annotated[kubernetes.DataKey, Only(KUBERNETES)] = Field(
        default="tower.yml", description="Its key.", examples=["tower-config.yml"]
    )
    pem_path: Annotated[text.MountedFile, platform(PEM_PATH_VARIABLE, COMPUTED), Only(KUBERNETES)] = Field(
        default="/data/certs/oidc.pem",
        description="Where backend and cron read the RSA key.",
        examples=["/etc/studios/oidc.pem"],
    )
    cert_volume: Annotated[kubernetes.Label, Only(KUBERNETES)] = Field(
        default="cert-volume", description="Name of the volume that holds it.", examples=["studios-key"]
    )
    take_over: Annotated[kubernetes.PlatformObjects, Only(KUBERNETES)] = Field(
        default=(),
        description="Platform's objects, such as `ConfigMap/tower-backend-cfg`, whose values may be replaced.",
        examples=[["ConfigMap/tower-backend-cfg"]],
    )
