"""Declares the resources that state.json has, as they are, and nothing else.

The classes of the SDK that a program declares them with do nothing here, but every such program loads them.
"""

import json
from pathlib import Path

import pulumi
import pulumi_aws
import pulumi_aws.acm
import pulumi_aws.lb
import pulumi_aws.route53
import pulumi_kubernetes
import pulumi_kubernetes.apps.v1
import pulumi_kubernetes.core.v1
import pulumi_kubernetes.networking.v1
import pulumi_kubernetes.policy.v1
import pulumi_random
import pulumi_tls

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_VERSIONS = {
    package.__name__.partition("_")[2]: package._utilities.get_version()
    for package in (pulumi_aws, pulumi_kubernetes, pulumi_random, pulumi_tls)
}


def _value(value):
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return pulumi.Output.secret(_value(json.loads(value["plaintext"])))
        return {key: _value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_value(each) for each in value]
    return value


made = {}
for each in json.loads(Path("state.json").read_text())["deployment"]["resources"]:
    urn, type_ = each["urn"], each["type"]
    name = urn.rsplit("::", 1)[1]
    if type_ == "pulumi:pulumi:Stack" or (type_.startswith("pulumi:providers:") and "::default" in urn):
        continue
    provider, parent = each.get("provider", "").rpartition("::")[0], each.get("parent", "")
    options = pulumi.ResourceOptions(
        parent=made.get(parent),
        provider=made.get(provider),
        version=_VERSIONS.get(type_.partition(":")[0]),
        protect=each.get("protect"),
        retain_on_delete=each.get("retainOnDelete"),
        depends_on=[made[other] for other in each.get("dependencies", []) if other in made],
    )
    inputs = _value(each.get("inputs", {}))
    if each.get("external"):
        options = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(id=each["id"]))
    if type_.startswith("pulumi:providers:"):
        options.version = _VERSIONS.get(type_.rpartition(":")[2])
        made[urn] = pulumi.ProviderResource(type_.rpartition(":")[2], name, inputs, options)
    elif each["custom"]:
        made[urn] = pulumi.CustomResource(type_, name, inputs, options)
    else:
        made[urn] = pulumi.ComponentResource(type_, name, inputs, options)
