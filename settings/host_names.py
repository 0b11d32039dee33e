"""Names that the program and the script on a Docker Compose host share."""

ALLOWED_WORKSPACES_ENTRY = "tower.data-studio.allowed-workspaces"
"""It has keys of its own in states of 1.0.0."""
ALLOWED_WORKSPACES_VARIABLE = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"
PEM_PATH_VARIABLE = "TOWER_OIDC_PEM_PATH"
PLATFORM_TOKEN_VARIABLE = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"  # noqa: S105 (the name of a variable)
PROXY_TOKEN_VARIABLE = "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"  # noqa: S105 (the name of a variable)

SSH_PORT_VARIABLE = "TOWER_DATA_STUDIO_CONNECT_SSH_PORT"

TOWER_YML_PATH = "/tower.yml"
"""Where Platform reads its file by default."""

COMPOSE_BASES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The names that Docker Compose reads by itself, in the order in which it looks: the first one only."""

FORMAT = 1
"""Of the bundle: raised when an earlier script could not read it."""
WORKSPACES_ELSEWHERE = "leave"
"""The entry, where Platform does not read it."""
STUDIOS_ENV = "data-studios.env"
PLATFORM_ENV = "tower-studios.env"
PLATFORM_PREFIXES = (
    "TOWER_DATA_EXPLORER_ENABLED",
    "TOWER_DATA_STUDIO_",
    "TOWER_IDENTITY_FEDERATION_",
    "TOWER_OIDC_",
    "TOWER_SSH_",
    "TOWER_SSL_CUSTOM_CA_CERT_FILE",
    "TOWER_STUDIO_METRICS_",
)
"""How the variables begin that backend and cron get, but for those of platformExtraEnv."""
PEM = "data-studios-rsa.pem"
PROXY_DATA = "data-studios"
"""Where the proxy keeps what its container may lose."""
STUDIOS_LABEL = "io.seqera.studios.deployment"
"""Finds both containers when the folder is gone."""
ENCODED = "/%2F"
"""How a folder begins that `folder_argument` has encoded."""
