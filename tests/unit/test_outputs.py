"""The outputs are an interface for other programs: a change of this list is a breaking change (docs/outputs.md)."""

from __future__ import annotations

import pytest

from components.outputs import kind_of, outputs_of
from settings.targets import COMPOSE, KUBERNETES, TARGETS

INTERFACE = {
    "platformUrl": ("string", False),
    "connectUrl": ("string", False),
    "sessionUrlPattern": ("string", False),
    "certificateArn": ("string", False),
    "loadBalancerHostname": ("string", False),
    "recordName": ("string", False),
    "recordsToMake": ("object", False),
    "registrationToken": ("string", True),
    "publicKey": ("string", False),
    "studioTemplates": ("object", False),
    "platformVersion": ("string", False),
    "connectVersion": ("string", False),
    "sshAddress": ("string", False),
    "sshHostKeyFingerprint": ("string", False),
}
OF_TARGET = {
    KUBERNETES: {
        "namespace": ("string", False),
        "oidcSecretName": ("string", False),
        "tokenSecretName": ("string", False),
        "proxyService": ("string", False),
    },
    COMPOSE: {
        "instanceId": ("string", False),
        "composeFolder": ("string", False),
        "bundle": ("string", True),
        "bundleSecretArn": ("string", False),
        "instancePolicy": ("string", False),
    },
}


@pytest.mark.parametrize("target", TARGETS)
def test_no_output_has_gone_or_changed_its_type_or_its_secrecy(target: str) -> None:
    found = {output.name: (kind_of(output), output.secret) for output in outputs_of(target)}
    expected = {**INTERFACE, **OF_TARGET.get(target, {})}
    new, gone = found.items() - expected.items(), expected.items() - found.items()
    assert new == set(), "write these into INTERFACE, or OF_TARGET for one target, and run: make docs"
    assert gone == set(), "programs read these outputs (docs/outputs.md): bring them back as they were"


@pytest.mark.parametrize("target", TARGETS)
def test_every_output_says_what_it_means(target: str) -> None:
    assert [output.name for output in outputs_of(target) if not output.text.endswith(".")] == []
