"""Reads a Studios stack through its outputs: a vanity name, a ConfigMap for other tools, the token for a proxy.

The outputs are an interface: their names, types and secrecy are in the README of Studios, and stay.
"""

import pulumi
from pulumi_aws import route53, ssm
from pulumi_kubernetes import core, meta

config = pulumi.Config()
studios = pulumi.StackReference(config.require("studiosStack"))

zone = route53.get_zone_output(name=config.require("hostedZone"), private_zone=False)
vanity = route53.Record(
    "vanity",
    zone_id=zone.zone_id,
    name=config.require("vanityHost"),
    type="CNAME",
    ttl=300,
    records=[studios.require_output("loadBalancerHostname")],
)

settings = core.v1.ConfigMap(
    "settings",
    metadata=meta.v1.ObjectMetaArgs(name="studios", namespace=config.require("namespace")),
    data={
        "connectUrl": studios.require_output("connectUrl"),
        "sessionUrlPattern": studios.require_output("sessionUrlPattern"),
        "templates": pulumi.Output.json_dumps(studios.require_output("studioTemplates"), sort_keys=True),
    },
)

# A secret output is a secret here too: it is encrypted in this program's state, and masked in what it prints.
token = ssm.Parameter(
    "registration-token",
    name=pulumi.Output.concat("/studios/", studios.require_output("namespace"), "/registration-token"),
    type="SecureString",
    value=studios.require_output("registrationToken"),
)

pulumi.export("vanityHost", vanity.fqdn)
pulumi.export("tokenParameter", token.name)
pulumi.export("registrationToken", studios.require_output("registrationToken"))
