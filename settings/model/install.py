"""Names in the Platform install."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings.host_names import PEM_PATH_VARIABLE
from settings.marks import COMPUTED, Derived, Only, platform
from settings.model.section import Section
from settings.targets import KUBERNETES
from settings.types import kubernetes, text


class InstallSection(Section):
    """What the objects of the Platform install are called, where they differ from the guide's."""

    heading: ClassVar[str] = "Names in the Platform install"

    backend_deployment: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="backend", description="Deployment of Platform's backend.", examples=["platform-backend"]
    )
    backend_container: Annotated[kubernetes.Label, Only(KUBERNETES)] = Field(
        default="backend", description="Its container; unless given, the only one.", examples=["platform-backend"]
    )
    cron_deployment: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="cron", description="Deployment of Platform's cron.", examples=["platform-cron"]
    )
    cron_container: Annotated[kubernetes.Label, Only(KUBERNETES)] = Field(
        default="backend", description="Its container; unless given, the only one.", examples=["cron"]
    )
    backend_config_map: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="platform-backend-cfg",
        description="ConfigMap that backend takes its environment from; unless given, the only one that it reads.",
        examples=["tower-backend-cfg"],
    )
    cron_config_map: Annotated[kubernetes.ObjectName, Only(KUBERNETES), Derived("`backendConfigMap`")] = Field(
        default_factory=lambda data: data["backend_config_map"],
        description="ConfigMap that cron takes its environment from, if that is another one.",
        examples=["tower-cron-cfg"],
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
    take_over: kubernetes.PlatformObjects = Field(
        default=(),
        description=(
            "Platform's objects, such as `ConfigMap/tower-backend-cfg`, with values that may be replaced. On Compose: "
            "`tower.yml` for its entries, `tower.env` for variables that it sets otherwise, and for the "
            "OIDC key and token in use."
        ),
        examples=[["ConfigMap/tower-backend-cfg"]],
    )
