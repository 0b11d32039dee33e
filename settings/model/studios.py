"""What users get."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from settings import templates
from settings.host_names import ALLOWED_WORKSPACES_ENTRY, ALLOWED_WORKSPACES_VARIABLE
from settings.marks import COMPUTED, Derived, Since, TowerYml, platform
from settings.model.section import Section
from settings.types import network, studios, text


def _default_templates(data: dict[str, Any]) -> dict[str, templates.StudioTemplate]:
    return templates.default_templates(
        data["platform_version"], data["server_version"], path_routing=data["path_routing"]
    )


class StudiosSection(Section):
    """Which workspaces have Studios, what users can start, and how Platform treats it."""

    heading: ClassVar[str] = "What users get"

    allowed_workspaces: Annotated[
        studios.Workspaces,
        platform(ALLOWED_WORKSPACES_VARIABLE, COMPUTED),
        TowerYml(ALLOWED_WORKSPACES_ENTRY, is_computed=True),
    ] = Field(
        default="all",
        description='Workspaces with Studios: `"all"`, `"none"` or a list of ids.',
        examples=[[1234, 5678]],
    )
    studio_templates: Annotated[
        templates.StudioTemplates,
        platform(f"{templates.PREFIX}<KEY>_…", COMPUTED),
        Derived("Seqera's JupyterLab, R-IDE, VS Code and Xpra"),
    ] = Field(
        default_factory=_default_templates,
        description="Images offered for new Studios: key → `repository`, `tool`, `icon`, `status`, `port`.",
        examples=[
            {
                "JUPYTER": {
                    "repository": "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9",
                    "tool": "jupyter",
                }
            }
        ],
    )
    custom_image_registry: Annotated[
        text.EnvironmentText | None, platform("TOWER_DATA_STUDIO_WAVE_CUSTOM_IMAGE_REGISTRY"), Since(platform="25.2.3")
    ] = Field(
        default=None,
        description="Registry to which Wave pushes the images that it builds for Studios.",
        examples=["registry.example.com"],
    )
    custom_image_repository: Annotated[
        text.EnvironmentText | None,
        platform("TOWER_DATA_STUDIO_WAVE_CUSTOM_IMAGE_REPOSITORY"),
        Since(platform="25.2.3"),
    ] = Field(default=None, description="Repository to which Wave pushes them.", examples=["studios/built"])
    custom_image_name_strategy: Annotated[
        text.EnvironmentText | None,
        platform("TOWER_DATA_STUDIO_WAVE_CUSTOM_IMAGE_NAME_STRATEGY"),
        Since(platform="25.2.3"),
    ] = Field(default=None, description="How Wave names them, such as `tagPrefix`.", examples=["tagPrefix"])
    disallowed_registries: Annotated[
        text.Texts | None, platform("TOWER_DATA_STUDIO_WAVE_DISALLOWED_REGISTRIES"), Since(platform="26.1")
    ] = Field(default=None, description="Registries that no Studio may use images of.", examples=[["docker.io"]])
    default_lifespan: Annotated[int | None, platform("TOWER_DATA_STUDIO_DEFAULT_LIFESPAN"), Since(platform="26.1")] = (
        Field(default=None, ge=1, description="Hours after which a Studio is stopped.", examples=[24])
    )
    force_stop_threshold: Annotated[
        text.Duration | None, platform("TOWER_DATA_STUDIO_FORCE_STOP_THRESHOLD"), Since(platform="26.2")
    ] = Field(
        default=None,
        description="How long a Studio may take to stop before Platform ends it by force.",
        examples=["15m"],
    )
    approaching_expiration_threshold: Annotated[
        text.Duration | None, TowerYml("tower.data-studio.approaching-expiration-threshold"), Since(platform="26.2")
    ] = Field(
        default=None,
        description="How long before the end of its lifespan a Studio counts as expiring.",
        examples=["30m"],
    )
    private_by_default: Annotated[
        bool | None, platform("TOWER_DATA_STUDIO_PRIVATE_STUDIO_BY_DEFAULT"), Since(platform="26.1")
    ] = Field(default=None, description="New Studios are private.", examples=[True])
    list_max_allowed: Annotated[int | None, platform("TOWER_DATA_STUDIO_LIST_MAX_ALLOWED"), Since(platform="26.1")] = (
        Field(default=None, ge=1, description="Maximum number of Studios in one API response.", examples=[50])
    )

    feature_manifest_url: Annotated[
        network.HttpsAddress | None, platform("TOWER_DATA_STUDIO_FEATURE_MANIFEST_URL"), Since(platform="26.1")
    ] = Field(
        default=None,
        description="Where Platform reads which features a Studio's image has.",
        examples=["https://example.com/features.json"],
    )
    iframe_allowed_workspaces: Annotated[
        studios.Workspaces | None,
        platform("TOWER_DATA_STUDIO_CONNECT_IFRAME_ALLOWED_WORKSPACES", studios.feature_variable),
        Since(platform="26.1"),
    ] = Field(
        default=None,
        description='Workspaces with Studios that open inside Platform: `"all"`, `"none"` or a list of ids.',
        examples=["all"],
    )
    wave_status_check_initial_delay: Annotated[
        text.Duration | None, platform("TOWER_DATA_STUDIO_WAVE_STATUS_CHECK_INITIAL_DELAY"), Since(platform="26.1")
    ] = Field(
        default=None,
        description="How long Platform waits before it asks Wave for the state of a build.",
        examples=["10s"],
    )
    wave_status_check_rate: Annotated[
        text.Duration | None, platform("TOWER_DATA_STUDIO_WAVE_STATUS_CHECK_RATE"), Since(platform="26.1")
    ] = Field(default=None, description="How often it asks.", examples=["1m"])
    metrics_enabled_workspaces: Annotated[
        studios.Workspaces | None,
        platform("TOWER_STUDIO_METRICS_ENABLED_WORKSPACES", studios.feature_variable),
        Since(platform="26.1"),
    ] = Field(
        default=None,
        description='Workspaces with Studios that are measured: `"all"`, `"none"` or a list of ids.',
        examples=["all"],
    )
    metrics_retention_days: Annotated[
        int | None, platform("TOWER_STUDIO_METRICS_RETENTION_DAYS"), Since(platform="26.1")
    ] = Field(default=None, ge=1, description="Days that measurements are kept.", examples=[30])
    platform_extra_env: text.Environment = Field(
        default={},
        description="Further variables of backend and cron, passed on unchecked.",
        examples=[{"TOWER_ENABLE_PLATFORMS": "awsbatch-platform"}],
    )
