"""Keys and tokens."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings.host_names import PLATFORM_TOKEN_VARIABLE, PROXY_TOKEN_VARIABLE
from settings.marks import COMPUTED, Only, Since, platform, proxy
from settings.model.section import Section
from settings.targets import KUBERNETES
from settings.types import kubernetes, studios, text

PEM_KEY = "oidc.pem"
"""The key of Secret ``platform-oidc-certs`` in the guide."""
TOKEN_KEY = "token"  # noqa: S105 (a key's name)


class KeysSection(Section):
    """The RSA key that signs OIDC tokens, and the token with which the proxy registers."""

    heading: ClassVar[str] = "Keys and tokens"

    rsa_bits: int = Field(
        default=2048,
        ge=2048,
        le=16384,
        description="Size of the RSA key that signs OIDC tokens.",
        examples=[4096],
    )
    protect_key: bool = Field(
        default=False,
        description="The RSA key can't be deleted, nor replaced, before this is `false` again and deployed.",
        examples=[True],
    )
    oidc_secret: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="platform-oidc-certs", description="Secret with the RSA key, `oidc.pem`.", examples=["studios-key"]
    )
    token_secret: Annotated[
        kubernetes.ObjectName,
        proxy(PROXY_TOKEN_VARIABLE, COMPUTED),
        platform(PLATFORM_TOKEN_VARIABLE, COMPUTED),
        Only(KUBERNETES),
    ] = Field(
        default="connect-registration-token",
        description="Secret with the OIDC registration token, `token`.",
        examples=["studios-token"],
    )
    token_rotation: text.EnvironmentText | None = Field(
        default=None,
        description="Any text, such as a date: another one makes a new registration token.",
        examples=["2026-11-25"],
    )
    rsa_rotation: text.EnvironmentText | None = Field(
        default=None,
        description="Any text, such as a date: another one makes a new RSA key, of `rsaBits`.",
        examples=["2026-11-25"],
    )
    existing_oidc_secret: Annotated[kubernetes.ObjectName | None, Only(KUBERNETES)] = Field(
        default=None,
        description=(
            "Secret that exists already, with the RSA private key, and beneath it the public key or nothing; none is "
            "made."
        ),
        examples=["platform-oidc-certs"],
    )
    existing_oidc_secret_key: Annotated[kubernetes.SecretDataKey, Only(KUBERNETES)] = Field(
        default=PEM_KEY, description="Key in `existingOidcSecret` that holds it.", examples=["tls.key"]
    )
    identity_federation_allowed_workspaces: Annotated[
        studios.Workspaces | None,
        platform("TOWER_IDENTITY_FEDERATION_ALLOWED_WORKSPACES", studios.feature_variable),
        Since(platform="26.2"),
    ] = Field(
        default=None,
        description=(
            'Workspaces with workload identity federation, which uses the same RSA key: `"all"`, `"none"` or a list of '
            "ids."
        ),
        examples=[[1234]],
    )
    oidc_access_token_audience: Annotated[
        text.EnvironmentText | None, platform("TOWER_OIDC_ACCESS_TOKEN_AUDIENCE"), Since(platform="26.2")
    ] = Field(
        default=None,
        description="Audience of the access tokens that Platform signs with the RSA key.",
        examples=["https://platform.example.com"],
    )
    oidc_audience_enforcement: Annotated[
        bool | None, platform("TOWER_OIDC_AUDIENCE_ENFORCEMENT_ENABLED"), Since(platform="26.2")
    ] = Field(default=None, description="Refuse access tokens of another audience.", examples=[True])
    existing_token_secret: Annotated[kubernetes.ObjectName | None, Only(KUBERNETES)] = Field(
        default=None,
        description="Secret that exists already, with the registration token; none is made.",
        examples=["registration-token"],
    )
    existing_token_secret_key: Annotated[kubernetes.SecretDataKey, Only(KUBERNETES)] = Field(
        default=TOKEN_KEY,
        description="Key in `existingTokenSecret` that holds it.",
        examples=["OIDC_CLIENT_REGISTRATION_TOKEN"],
    )

    @property
    def oidc_secret_in_use(self) -> str:
        """The Secret with the RSA key, ours or one that exists already."""
        return self.existing_oidc_secret or self.oidc_secret

    @property
    def token_secret_in_use(self) -> str:
        """The Secret with the registration token, ours or one that exists already."""
        return self.existing_token_secret or self.token_secret

    @property
    def oidc_key_in_use(self) -> str:
        """The key of :attr:`oidc_secret_in_use` with the RSA key."""
        return self.existing_oidc_secret_key if self.existing_oidc_secret else PEM_KEY

    @property
    def token_key_in_use(self) -> str:
        """The key of :attr:`token_secret_in_use` with the registration token."""
        return self.existing_token_secret_key if self.existing_token_secret else TOKEN_KEY
