"""What holds for all unit tests."""

from __future__ import annotations

import functools
import os

import botocore.loaders

# Each session of boto3 reads the descriptions of the services again, which takes longer than the rest of its test.
botocore.loaders.create_loader = functools.cache(botocore.loaders.create_loader)

# The shell may be the testbed's: what a unit test makes in AWS must not be made there.
for _name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
    os.environ.pop(_name, None)
