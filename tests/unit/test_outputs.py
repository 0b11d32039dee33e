"""The outputs are an interface for other programs: a change of this list is a breaking change (docs/outputs.md)."""

from __future__ import annotations

from components.kubernetes import KubernetesStudios
from components.outputs import STACK_OUTPUTS

INTERFACE = {
    "platformUrl": ("string", False),
    "connectUrl": ("string", False),
    "sessionUrlPattern": ("string", False),
    "certificateArn": ("string", False),
    "loadBalancerHostname": ("string", False),
    "recordName": ("string", False),
    "namespace": ("string", False),
    "oidcSecretName": ("string", False),
    "tokenSecretName": ("string", False),
    "registrationToken": ("string", True),
    "publicKey": ("string", False),
    "studioTemplates": ("object", False),
    "platformVersion": ("string", False),
    "connectVersion": ("string", False),
}


def test_no_output_has_gone_or_changed_its_type_or_its_secrecy() -> None:
    assert {output.name: (output.type, output.secret) for output in STACK_OUTPUTS} == INTERFACE


def test_every_output_is_an_attribute_of_the_component() -> None:
    assert {output.attribute for output in STACK_OUTPUTS} == set(KubernetesStudios.__annotations__)
