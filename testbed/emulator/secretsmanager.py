"""Secrets Manager as AWS has it for a role: it reads a secret only if a policy of the role allows it.

moto checks the rights of no caller, or of every caller; the testbed's own user may do all, as an account's root user.
"""

from __future__ import annotations

from typing import Any, Final

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import iam_backends
from moto.secretsmanager.exceptions import SecretsManagerClientError
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sts.models import AssumedRole, sts_backends

_READ: Final = "secretsmanager:GetSecretValue"

_moto_get_secret_value = SecretsManagerResponse.get_secret_value


def _get_secret_value(response: SecretsManagerResponse) -> str:
    backend, wanted = response.backend, response._get_param("SecretId")
    roles = sts_backends[backend.account_id][backend.partition]
    caller = roles.get_assumed_role_from_access_key(response.get_access_key())
    if caller is not None:
        resource = backend.secrets[wanted].arn if backend._is_valid_identifier(wanted) else wanted
        if not _may_read(caller, resource):
            raise SecretsManagerClientError(
                "AccessDeniedException",
                f"User: {caller.arn} is not authorized to perform: {_READ} on resource: {wanted} because no "
                f"identity-based policy allows the {_READ} action",
            )
    answer: str = _moto_get_secret_value(response)
    return answer


def _may_read(caller: AssumedRole, resource: str) -> bool:
    role = iam_backends[caller.account_id][caller.partition].get_role_by_arn(caller.role_arn)
    attached = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.version_id == policy.default_version_id
    ]
    documents = [*role.policies.values(), *attached]
    results = [IAMPolicy(document).is_action_permitted(_READ, resource) for document in documents]
    return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = ((SecretsManagerResponse, "get_secret_value", _get_secret_value),)
