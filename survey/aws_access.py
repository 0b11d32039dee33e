"""The way to AWS as a stack configures its provider, read so that the program's own calls take the same one.

The provider follows https://github.com/hashicorp/aws-sdk-go-base: keys that are written out come before a profile, a
profile that is written before the environment; a web identity takes the place of all of them; and the roles of
``assumeRoles`` are assumed on top, one after the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from settings.durations import seconds
from settings.errors import Problem

ZONES_ROLE: Final = "hostedZoneRoleArn"
"""The setting of the role for the zones."""

TEXTS: Final = (
    "accessKey",
    "secretKey",
    "token",
    "customCaBundle",
    "ec2MetadataServiceEndpoint",
    "ec2MetadataServiceEndpointMode",
    "httpProxy",
    "httpsProxy",
    "noProxy",
    "stsRegion",
)
FLAGS: Final = (
    "insecure",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "useDualstackEndpoint",
    "useFipsEndpoint",
)
LISTS: Final = ("assumeRoles", "endpoints", "sharedConfigFiles", "sharedCredentialsFiles")
MAPS: Final = ("assumeRoleWithWebIdentity",)
SECRET: Final = ("accessKey", "secretKey", "token", "assumeRoleWithWebIdentity")
#: The provider's exported configuration tells no written value of these from a default, or doesn't know them.
_ONLY_RAW: Final = ("assumeRole", "skipRegionValidation")

_ROLE_KEYS: Final = {
    "duration",
    "externalId",
    "policy",
    "policyArns",
    "roleArn",
    "sessionName",
    "sourceIdentity",
    "tags",
    "transitiveTagKeys",
}
_WEB_KEYS: Final = {
    *("duration", "policy", "policyArns", "roleArn", "sessionName"),
    *("webIdentityToken", "webIdentityTokenFile"),
}
_URL: Final = re.compile(r"https?://([^\s/:?#]+|\[[0-9a-f:.]+\])(:\d{1,5})?(/[^\s?#]*)?", re.ASCII | re.IGNORECASE)
_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", re.ASCII)

Role = Mapping[str, Any]
"""A role to assume, as the provider's configuration has it: ``roleArn``, ``externalId``, …"""


@dataclass(frozen=True, kw_only=True)
class AwsAccess:
    """The way to AWS, as the stack's file configures the provider.

    Args:
        region: such as ``eu-west-1``; None for the environment's.
        profile: of the AWS configuration; None for the credentials of the environment.
        allowed_account_ids: the accounts that may be changed; empty for any.
        forbidden_account_ids: the accounts that may not.
        default_tags: those of ``aws:defaultTags``, which everything that is made in AWS gets.
        more: the other settings that lead to AWS, by the provider's names; some are secret.
        role_key: the setting that names the last role to assume.
    """

    region: str | None = None
    profile: str | None = None
    allowed_account_ids: Collection[str] = ()
    forbidden_account_ids: Collection[str] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)
    role_key: str = "aws:assumeRoles"

    @classmethod
    def configured(cls, config: Any, raw: Callable[[str], Any] = lambda _: None) -> AwsAccess:
        """That of a program.

        Args:
            config: ``pulumi_aws.config``.
            raw: the value at a name as the stack's file has it.
        """
        return cls.read(lambda name: raw(name) if name in _ONLY_RAW else getattr(config, in_python(name), None))

    @classmethod
    def read(cls, get: Callable[[str], Any]) -> AwsAccess:
        """That of a configuration.

        Args:
            get: the value at a name of the provider's, without prefix: text, JSON in a text, or None.
        """
        more: dict[str, Any] = {}
        for name in (*TEXTS, *FLAGS, *LISTS, *MAPS, "assumeRole"):
            value = get(name)
            if value in (None, "", False):
                continue
            found = value if name in TEXTS else _parsed(value)
            if found not in (None, False, [], {}):
                more[name] = found
        return cls(
            region=get("region") or None,
            profile=get("profile") or None,
            allowed_account_ids=_ids(get("allowedAccountIds")),
            forbidden_account_ids=_ids(get("forbiddenAccountIds")),
            default_tags=_tags(get("defaultTags")),
            more=more,
        )

    @property
    def roles(self) -> list[Role]:
        """The roles to assume, one after the other."""
        found = self.more.get("assumeRoles") or []
        return [role for role in found if isinstance(role, Mapping)] if isinstance(found, list) else []

    @property
    def web_identity(self) -> Role | None:
        """The role to assume by a token of another identity provider."""
        found = self.more.get("assumeRoleWithWebIdentity")
        return found if isinstance(found, Mapping) else None

    @property
    def endpoints(self) -> dict[str, str]:
        """Service, as the provider names it in lower case → URL."""
        found = self.more.get("endpoints") or []
        entries = found if isinstance(found, list) else [found]
        return {
            str(k).lower(): str(v) for entry in entries if isinstance(entry, Mapping) for k, v in entry.items() if v
        }

    @property
    def credentials(self) -> str:
        """The identity of these credentials, in a message."""
        if self.roles:
            return f"the role {self.roles[-1].get('roleArn')}"
        if self.web_identity is not None:
            return f"the role {self.web_identity.get('roleArn')}"
        if "accessKey" in self.more:
            return "aws:accessKey"
        return f"the profile {self.profile}" if self.profile else "the credentials of the environment"

    def assuming(self, role: Role, key: str) -> AwsAccess:
        """The same way, and then one more role, which a setting names; it may be of any account."""
        more = {**self.more, "assumeRoles": [*self.roles, dict(role)]}
        return replace(self, more=more, allowed_account_ids=(), forbidden_account_ids=(), role_key=key)

    def problems(self) -> Iterator[Problem]:
        """What the program's own calls can't do as the provider does, or what the provider would refuse."""
        if "assumeRole" in self.more:
            yield Problem(
                "aws:assumeRole", None, "is not read by this AWS provider; write aws:assumeRoles: [{roleArn: …}]"
            )
        yield from self._roles_amiss()
        for name in ("sharedConfigFiles", "sharedCredentialsFiles"):
            files = self.more.get(name)
            if files is not None and (not isinstance(files, list) or len(files) != 1):
                variable = "AWS_CONFIG_FILE" if name == "sharedConfigFiles" else "AWS_SHARED_CREDENTIALS_FILE"
                message = f"must be a list of one file for this program's own calls; or set {variable} instead"
                yield Problem(f"aws:{name}", files, message)
        yield from self._addresses_amiss()
        if "noProxy" in self.more:
            message = "is not followed by this program's own calls; set NO_PROXY in the environment instead"
            yield Problem("aws:noProxy", self.more["noProxy"], message)

    def _addresses_amiss(self) -> Iterator[Problem]:
        for service, url in self.endpoints.items():
            if not _URL.fullmatch(url):
                yield Problem(f"aws:endpoints.{service}", url, "must be a URL, for example http://localhost:4566")
        bundle = self.more.get("customCaBundle")
        if bundle is not None and not Path(str(bundle)).is_file():
            yield Problem("aws:customCaBundle", bundle, "must be a file with certificates in PEM, and none is there")
        web = self.web_identity or {}
        token = web.get("webIdentityTokenFile")
        if token is not None and not web.get("webIdentityToken") and not Path(str(token)).is_file():
            message = "must be a file with the token, and none is there"
            yield Problem("aws:assumeRoleWithWebIdentity.webIdentityTokenFile", token, message)

    def _roles_amiss(self) -> Iterator[Problem]:
        roles = self.more.get("assumeRoles") or []
        if not isinstance(roles, list):
            yield Problem("aws:assumeRoles", None, "must be a list of roles, for example [{roleArn: arn:aws:iam::…}]")
            roles = []
        for place, role in enumerate(roles):
            yield from _role_amiss(f"aws:assumeRoles[{place}]", role, _ROLE_KEYS)
        web = self.more.get("assumeRoleWithWebIdentity")
        if web is None:
            return
        key = "aws:assumeRoleWithWebIdentity"
        yield from _role_amiss(key, web, _WEB_KEYS)
        if isinstance(web, Mapping) and not (web.get("webIdentityToken") or web.get("webIdentityTokenFile")):
            yield Problem(key, None, "has no token; write webIdentityTokenFile, or webIdentityToken as a secret")


def _role_amiss(key: str, role: object, known: Collection[str]) -> Iterator[Problem]:
    if not isinstance(role, Mapping) or not role.get("roleArn"):
        yield Problem(key, None, "has no roleArn; write the ARN of the role to assume")
        return
    if not _ROLE_ARN.fullmatch(str(role["roleArn"])):
        message = "must be the ARN of an IAM role, for example arn:aws:iam::444455556666:role/deployer"
        yield Problem(f"{key}.roleArn", role["roleArn"], message)
    for name in sorted(role.keys() - set(known)):
        yield Problem(f"{key}.{name}", None, f"is not a key of a role; write one of {', '.join(sorted(known))}")
    try:
        seconds(str(role.get("duration") or "1h"))
    except ValueError:
        yield Problem(f"{key}.duration", role["duration"], "must be a duration, for example 1h or 30m")


def in_python(name: str) -> str:
    """A name of the provider's configuration as its SDK for Python writes it."""
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _tags(text: Any) -> dict[str, str]:
    """Those of the provider's `defaultTags`, which says itself what is wrong with them."""
    found = _parsed(text) if text else None
    tags = found.get("tags") if isinstance(found, Mapping) else None
    return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {}


def _ids(text: Any) -> tuple[str, ...]:
    found = _parsed(text) if text else []
    return tuple(str(each) for each in found) if isinstance(found, list) else (str(found),)
