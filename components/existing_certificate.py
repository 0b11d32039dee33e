"""Attaches an existing certificate to an existing listener; destroy detaches it only if this stack attached it.

Why a dynamic resource: who adds a certificate to a listener that has it already is not told so, and who removes it
afterwards takes it away from its owner. A look before would not do either, since the second `up` finds
what the first one has added. This one looks when it is made, and its state remembers what was there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, UpdateResult

from components.own_resource import OwnProvider, OwnResource, aws_account
from survey.aws import CHANGE, PREVIEW, AwsAccount, Patience, as_answered
from survey.aws_errors import AwsError


@dataclass(frozen=True, kw_only=True)
class ExistingCertificateArgs:
    """The arguments of :class:`ExistingCertificate`.

    Args:
        listener_arn: the HTTPS listener.
        certificate_arn: what it must serve.
        profile: of AWS; None for the credentials of the environment.
    """

    listener_arn: str
    certificate_arn: str
    profile: str | None


class ExistingCertificate(OwnResource, module="studios", name="ExistingCertificate"):
    """Adds a certificate to a listener that lacks it; deleting it removes what it has added, and nothing else."""

    def __init__(self, name: str, args: ExistingCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {**vars(args), "profile": args.profile or "", "added": None}
        super().__init__(ExistingCertificateProvider(), name, props, opts)


class ExistingCertificateProvider(OwnProvider):
    """Its output `added` says that the certificate was not there before.

    A run that is killed after the certificate is added and before the state is saved leaves it to the listener.
    """

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Adds the certificate, unless the listener has it, by default or beside that one."""
        return CreateResult(f"{props['listener_arn']}_{props['certificate_arn']}", {**props, "added": _add(props)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Looks whether the listener still has the certificate: its owner may have taken away what was the owner's."""
        replaces = [key for key in ("listener_arn", "certificate_arn") if _olds[key] != _news[key]]
        if replaces:
            return DiffResult(changes=True, replaces=replaces, delete_before_replace=False)
        try:
            is_gone = not _entries(_account(_news, PREVIEW), _news)
        except AwsError:
            # The update says what is wrong.
            is_gone = True
        return DiffResult(changes=is_gone or _olds["profile"] != _news["profile"])

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Adds what is gone; it is ours from then on."""
        return UpdateResult({**_news, "added": _add(_news) or _olds["added"]})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Removes what was added, unless the listener or that entry is gone."""
        if not _props["added"]:
            return
        account = _account(_props)
        try:
            # What its owner has made the default one meanwhile is listed as such, too, and cannot be removed.
            if any(not is_default for is_default in _entries(account, _props)):
                account.call("elbv2", "remove_listener_certificates", as_answered, **_named(_props))
        except AwsError as error:
            if error.code not in ("ListenerNotFound", "CertificateNotFound"):
                raise


def _add(props: dict[str, Any]) -> bool:
    account = _account(props)
    if _entries(account, props):
        return False
    account.call("elbv2", "add_listener_certificates", as_answered, **_named(props))
    return True


def _entries(account: AwsAccount, props: dict[str, Any]) -> list[bool]:
    """The listener's entries of the certificate: whether each is the default one."""
    found = account.pages(
        "elbv2", "describe_listener_certificates", "Certificates", _entry, ListenerArn=props["listener_arn"]
    )
    return [is_default for arn, is_default in found if arn == props["certificate_arn"]]


def _entry(described: dict[str, Any]) -> tuple[str, bool]:
    return described["CertificateArn"], described["IsDefault"]


def _named(props: dict[str, Any]) -> dict[str, Any]:
    return {
        "ListenerArn": props["listener_arn"],
        "Certificates": [{"CertificateArn": props["certificate_arn"]}],
    }


def _account(props: dict[str, Any], patience: Patience = CHANGE) -> AwsAccount:
    region = props["listener_arn"].split(":")[3]
    return aws_account(profile=props["profile"], region=region, patience=patience)
