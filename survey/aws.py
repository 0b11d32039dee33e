"""Reading an AWS account as the program's own provider does."""

from __future__ import annotations

from typing import Any


def client(service: str, *, profile: str | None, region: str | None) -> Any:
    """A client of boto3; it asks nothing yet.

    Args:
        service: as boto3 names it, such as ``elbv2``.
        profile: of the AWS configuration; None or empty for the credentials of the environment.
        region: such as ``eu-west-1``; None for the environment's.

    Raises:
        botocore.exceptions.BotoCoreError: there is no such profile, or no region.
    """
    # Imported here: it takes hundreds of milliseconds, and most stacks' previews need none of it.
    import boto3

    return boto3.Session(profile_name=profile or None, region_name=region).client(service)
