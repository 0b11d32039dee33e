"""``aws:s3``: objects of a bucket."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_GONE: Final = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
_CONTENTS: Final = ("content", "contentBase64")
#: Pulumi's argument, and S3's word for it both in a request and in an answer.
_HEADERS: Final = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "kmsKeyId": "SSEKMSKeyId",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
}


class BucketObjectv2(ResourceType):
    """One object, with its content in the program: as in the official provider, it is not secret."""

    qualified_name = "aws:s3/bucketObjectv2:BucketObjectv2"
    title = "S3 Object"
    arguments: ClassVar[Arguments] = {
        "bucket": Argument("string", required=True, replaces=True),
        "key": Argument("string", replaces=True),
        "content": Argument("string", local=True),
        "contentBase64": Argument("string", local=True),
        "etag": Argument("string", computed=True),
        "sourceHash": Argument("string", local=True),
        "forceDestroy": Argument("bool", default=False, local=True),
        "metadata": Argument("map"),
        **{key: Argument("string", computed=True) for key in _HEADERS},
    }
    attributes = frozenset({"arn", "versionId"})
    volatile = frozenset({"versionId", "etag"})
    missing = frozenset(
        {
            "acl",
            "bucketKeyEnabled",
            "checksumAlgorithm",
            "objectLockLegalHoldStatus",
            "objectLockMode",
            "objectLockRetainUntilDate",
            "overrideProvider",
            "source",
            "websiteRedirect",
        }
    )
    tagged = True
    autonamed = "key"
    longest_name = 1024

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """One content at most."""
        if all(key in inputs for key in _CONTENTS):
            yield CheckFailure(
                "content", 'Conflicting configuration arguments: "content": conflicts with contentBase64'
            )

    def label(self, inputs: Properties) -> str:
        """As in its id."""
        return f"{inputs['bucket']}/{inputs['key']}"

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Bucket and key make the id."""
        self._put(aws, inputs)
        return self.label(inputs)

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """Its head: S3's ETag tells whether the content is still the same."""
        bucket, _, key = id.removeprefix("s3://").partition("/")
        client = aws.client("s3")
        try:
            head = client.head_object(Bucket=bucket, Key=key)
            tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise
        found: Properties = {name: head.get(word) for name, word in _HEADERS.items()}
        return found | {
            "arn": f"arn:{aws.session.partition}:s3:::{bucket}/{key}",
            "bucket": bucket,
            "key": key,
            "etag": head["ETag"].strip('"'),
            "metadata": head.get("Metadata") or None,
            "storageClass": head.get("StorageClass", "STANDARD"),
            "versionId": head.get("VersionId", ""),
            "tagsAll": tagging.to_dict(tags),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """The whole object again, if anything but its tags changed."""
        keys = (*_CONTENTS, "sourceHash", "metadata", *_HEADERS)
        if any(new.get(key) is not None and old.get(key) != new[key] for key in keys) or (
            old.get("metadata") and not new.get("metadata")
        ):
            self._put(aws, new)

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """S3 takes all tags at once."""
        bucket, _, key = id.removeprefix("s3://").partition("/")
        client = aws.client("s3")
        now = tagging.to_dict(client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"])
        wanted = {name: value for name, value in now.items() if name not in drop} | dict(put)
        client.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tagging.to_list(wanted)})

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The object; with ``forceDestroy`` also each of its versions."""
        bucket, _, key = id.removeprefix("s3://").partition("/")
        client = aws.client("s3")
        try:
            if state.get("versionId") or state.get("forceDestroy"):
                for version in _versions(client, bucket, key):
                    client.delete_object(Bucket=bucket, Key=key, VersionId=version)
            else:
                client.delete_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise

    @staticmethod
    def _put(aws: Aws, inputs: Properties) -> None:
        body = (inputs.get("content") or "").encode()
        if inputs.get("contentBase64") is not None:
            body = base64.b64decode(inputs["contentBase64"])
        wanted: dict[str, Any] = {word: inputs.get(name) for name, word in _HEADERS.items()}
        wanted |= {"Metadata": inputs.get("metadata"), "Tagging": urlencode(inputs.get("tagsAll") or {})}
        aws.client("s3").put_object(
            Bucket=inputs["bucket"],
            Key=inputs["key"],
            Body=body,
            **{word: value for word, value in wanted.items() if value},
        )


def _versions(client: Any, bucket: str, key: str) -> list[str]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    return [
        entry["VersionId"]
        for page in pages
        for kind in ("Versions", "DeleteMarkers")
        for entry in page.get(kind) or []
        if entry["Key"] == key
    ]
