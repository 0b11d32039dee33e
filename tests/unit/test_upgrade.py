"""What states of earlier releases refer to in our code is still there: pickled providers by module and class."""

from __future__ import annotations

import base64
import importlib
import pickletools

import dill  # type: ignore[import-untyped]
import pytest
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import PROVIDER_KEY

from tests.upgrade.earlier import RELEASES, Earlier

#: The classes with names that states hold. A class that is no longer used stays for as long as a state may hold it.
PICKLED = {
    "components.existing_certificate.ExistingCertificateProvider",
    "components.instance_scripts.InstallationReportProvider",
    "components.instance_scripts.InstanceCleanupProvider",
    "components.platform_as_found.PlatformAsFoundProvider",
    "components.platform_edits.PlatformEditsProvider",
    "components.rsa_key.RsaKeyGuardProvider",
}
EARLIER = [Earlier(release, target) for release in RELEASES for target in ("kubernetes", "compose")]


def pickles() -> dict[str, str]:
    """The pickled providers of all states, by the resource that each is of."""
    return {
        f"{earlier.release} {resource['urn'].rsplit('::', 1)[1]}": resource["inputs"][PROVIDER_KEY]
        for earlier in EARLIER
        for resource in earlier.resources()
        if PROVIDER_KEY in resource.get("inputs", {})
    }


def test_the_states_hold_each_of_our_providers() -> None:
    loaded = {type(dill.loads(base64.b64decode(each))) for each in pickles().values()}  # noqa: S301 (as the engine does)
    assert {f"{each.__module__}.{each.__name__}" for each in loaded} == PICKLED


@pytest.mark.parametrize("name", pickles())
def test_a_pickled_provider_loads_and_holds_nothing_but_its_name(name: str) -> None:
    pickled = pickles()[name]
    provider = dill.loads(base64.b64decode(pickled))  # noqa: S301 (as the engine does)
    assert isinstance(provider, ResourceProvider)
    assert vars(provider) == {}
    names = [argument for _, argument, _ in pickletools.genops(base64.b64decode(pickled)) if isinstance(argument, str)]
    assert names == [type(provider).__module__, type(provider).__name__]
    assert getattr(importlib.import_module(names[0]), names[1]) is type(provider)
