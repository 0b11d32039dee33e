"""Seqera Studios, deployed beside an existing Seqera Platform install."""

import pulumi
import pulumi_aws

from components.outputs import outputs_of
from components.studios import deploy
from settings.loader import load_settings, reporting_problems

settings = load_settings()
with reporting_problems():
    studios = deploy("studios", settings, "cluster", region=pulumi_aws.config.region, profile=pulumi_aws.config.profile)
for output in outputs_of(settings.target):
    pulumi.export(output.name, getattr(studios, output.attribute))
