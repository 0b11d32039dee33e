"""The package's arguments and outputs are the components' own: the same names, and the same ones may be left out."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from components import certificate, configuration, dns, existing_secret, ingress, network, oidc, pods, proxy, server
from package import arguments
from package.components import COMPONENTS

PAIRS: dict[Any, Any] = {
    arguments.SecretKey: pods.SecretKey,
    arguments.PodSettings: pods.PodSettings,
    arguments.ExistingValue: existing_secret.ExistingValue,
    arguments.WildcardCertificateArgs: certificate.WildcardCertificateArgs,
    arguments.WildcardRecordArgs: dns.WildcardRecordArgs,
    arguments.OidcCredentialsArgs: oidc.OidcCredentialsArgs,
    arguments.StudiosConfigurationArgs: configuration.StudiosConfigurationArgs,
    arguments.ConnectProxyArgs: proxy.ConnectProxyArgs,
    arguments.ConnectServerArgs: server.ConnectServerArgs,
    arguments.StudiosIngressArgs: ingress.StudiosIngressArgs,
    arguments.StudiosNetworkPoliciesArgs: network.StudiosNetworkPoliciesArgs,
}


@pytest.mark.parametrize("typed", PAIRS, ids=lambda typed: typed.__name__)
def test_an_argument_may_be_left_out_where_the_component_has_a_default(typed: type) -> None:
    fields = dataclasses.fields(PAIRS[typed])
    wanted = {
        field.name: field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        for field in fields
    }
    annotations = inspect.get_annotations(typed)
    assert {name: "NotRequired[" in str(annotation) for name, annotation in annotations.items()} == wanted


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
def test_a_component_of_the_package_has_the_outputs_of_the_one_it_is_made_of(component: type) -> None:
    (own, base) = component.__mro__[:2]
    assert set(inspect.get_annotations(own)) == set(inspect.get_annotations(base))
    assert own.__name__ == base.__name__
