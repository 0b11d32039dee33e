"""Seqera Studios, deployed beside an existing Seqera Platform install."""

import gc
import signal

# The SDK's thousands of classes stay to the end. To look through them again and again takes a sixth of all import time.
gc.set_threshold(100_000)

# Who interrupts a run reads that it was canceled, and not where in Python that was.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi
import pulumi_aws

from components.outputs import outputs_of
from components.studios import deploy, surveying_all
from settings.loader import load_settings, reporting_problems
from survey.aws import AwsAccess

access = AwsAccess.configured(pulumi_aws.config, pulumi.Config("aws").get)
with reporting_problems(), surveying_all(access):
    settings = load_settings()
    studios = deploy("studios", settings, "cluster", access=access)
for output in outputs_of(settings.target):
    if (value := getattr(studios, output.attribute)) is not None:
        pulumi.export(output.name, value)
