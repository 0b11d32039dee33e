"""What holds for all unit tests."""

from __future__ import annotations

import functools

import botocore.loaders

# Each session of boto3 reads the descriptions of the services again, which takes longer than the rest of its test.
botocore.loaders.create_loader = functools.cache(botocore.loaders.create_loader)
