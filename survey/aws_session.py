"""Sessions of botocore that have the identity that the AWS provider has, by botocore's own means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from settings.durations import seconds
from survey.aws_access import AwsAccess, Role
from survey.aws_errors import AwsError, of_profile

#: The provider's names of services with an endpoint that may be set, where botocore has others.
_SERVICES: Final = {
    "elb": "elbv2",
    "elasticloadbalancing": "elbv2",
    "elasticloadbalancingv2": "elbv2",
    "iam": "iam",
    "secretsmanager": "secretsmanager",
}
_OPTIONS_OF_ROLE: Final = {
    "sessionName": "RoleSessionName",
    "externalId": "ExternalId",
    "policy": "Policy",
    "sourceIdentity": "SourceIdentity",
    "transitiveTagKeys": "TransitiveTagKeys",
}


class AwsSession:
    """Makes clients with the identity of an access; it asks nothing yet.

    Args:
        access: the way to AWS.
        config: options of all calls, also of those that get credentials; None for botocore's own.

    Raises:
        botocore.exceptions.BotoCoreError: there is no such profile.
    """

    def __init__(self, access: AwsAccess, config: Any = None) -> None:
        from botocore.config import Config
        from botocore.session import Session

        self._access = access
        session = Session(profile=access.profile or None)
        own = Config(
            proxies=_proxies(access),
            use_fips_endpoint=access.more.get("useFipsEndpoint"),
            use_dualstack_endpoint=access.more.get("useDualstackEndpoint"),
        )
        # As the session's, they hold for the calls that get credentials, too.
        session.set_default_client_config(own if config is None else config.merge(own))
        for name, variable in (
            ("ec2MetadataServiceEndpoint", "ec2_metadata_service_endpoint"),
            ("ec2MetadataServiceEndpointMode", "ec2_metadata_service_endpoint_mode"),
        ):
            if name in access.more:
                session.set_config_variable(variable, access.more[name])
        for name, variable in (("sharedConfigFiles", "config_file"), ("sharedCredentialsFiles", "credentials_file")):
            if name in access.more:
                session.set_config_variable(variable, str(access.more[name][0]))
        self._session = session
        self._prepare_credentials()

    @property
    def botocore(self) -> Any:
        """The session itself."""
        return self._session

    def client(self, service: str, region: str | None, config: Any = None) -> Any:
        """A client of boto3.

        Args:
            service: as boto3 names it, such as ``elbv2``.
            region: None for the environment's.
            config: options of this client's calls; None for the session's.

        Raises:
            botocore.exceptions.BotoCoreError: there is no region.
        """
        import boto3

        made = boto3.Session(botocore_session=self._session, region_name=region)
        options = self._options(service) if config is None else {"config": config, **self._options(service)}
        return made.client(service, **options)

    def _options(self, service: str) -> dict[str, Any]:
        endpoints = {_SERVICES.get(name, name): url for name, url in self._access.endpoints.items()}
        verify = False if self._access.more.get("insecure") else self._access.more.get("customCaBundle")
        options = {"endpoint_url": endpoints.get(service), "verify": verify}
        return {name: value for name, value in options.items() if value is not None}

    def _prepare_credentials(self) -> None:
        access, resolver = self._access, self._session.get_component("credential_provider")
        # botocore would ask at the terminal, in the middle of a preview.
        resolver.get_provider("assume-role")._prompter = self._ask_nobody
        if access.more.get("skipMetadataApiCheck"):
            resolver.remove("iam-role")
        if access.more.get("accessKey") and access.web_identity is None and not access.roles:
            self._session.set_credentials(*_keys(access))
        elif access.roles or access.web_identity is not None:
            before = type(resolver)(list(resolver.providers))
            resolver.providers[:] = [_roles_provider(access, before.load_credentials, self._sts)]

    def _ask_nobody(self, _prompt: str) -> str:
        command = "aws configure export-credentials --format env" + of_profile(self._access.profile)
        raise AwsError(
            "it asks for an MFA code (mfa_serial), which cannot be typed here",
            advice=f"put the credentials of a session into the environment instead, which `{command}` prints",
        )

    def _sts(self, service: str, **options: Any) -> Any:
        """A client for the calls that get credentials."""
        region = self._access.more.get("stsRegion") or self._access.region
        return self._session.create_client(service, region_name=region, **self._options(service), **options)


def _roles_provider(access: AwsAccess, load_first: Callable[[], Any], create_client: Callable[..., Any]) -> Any:
    """A provider of botocore for the identity that is written in the stack, in the place of botocore's own chain."""
    from botocore import credentials

    class Roles(credentials.CredentialProvider):  # type: ignore[misc]  # botocore has no types
        METHOD = "stack"

        def load(self) -> Any:
            """The credentials, which are fetched when a call needs them, and again before they end."""
            source = self._first()
            for role in access.roles if source is not None else ():
                fetcher = credentials.AssumeRoleCredentialFetcher(
                    create_client, source, role["roleArn"], extra_args=_options_of(role)
                )
                source = credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
            return source

        def _first(self) -> Any:
            web = access.web_identity
            if web is not None:
                fetcher = credentials.AssumeRoleWithWebIdentityCredentialFetcher(
                    create_client, lambda: _token_of(web), web["roleArn"], extra_args=_options_of(web)
                )
                return credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "web-identity")
            return credentials.Credentials(*_keys(access)) if access.more.get("accessKey") else load_first()

    return Roles()


def _token_of(web: Role) -> str:
    return str(
        web.get("webIdentityToken") or Path(str(web["webIdentityTokenFile"])).read_text(encoding="utf-8").strip()
    )


def _options_of(role: Role) -> dict[str, Any]:
    """The arguments of STS for a role, beside its ARN."""
    found = {theirs: role[ours] for ours, theirs in _OPTIONS_OF_ROLE.items() if role.get(ours)}
    if role.get("duration"):
        found["DurationSeconds"] = round(seconds(str(role["duration"])))
    if role.get("policyArns"):
        found["PolicyArns"] = [{"arn": arn} for arn in role["policyArns"]]
    if role.get("tags"):
        found["Tags"] = [{"Key": key, "Value": value} for key, value in role["tags"].items()]
    return found


def _keys(access: AwsAccess) -> tuple[str | None, str | None, str | None]:
    return access.more.get("accessKey"), access.more.get("secretKey"), access.more.get("token")


def _proxies(access: AwsAccess) -> dict[str, str] | None:
    names = {"http": "httpProxy", "https": "httpsProxy"}
    return {scheme: access.more[name] for scheme, name in names.items() if name in access.more} or None
