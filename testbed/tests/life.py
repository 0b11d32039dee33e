"""The life of one resource of the AWS stand-in, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.provider import Properties, Resource
from testbed.tests.aws_account import configured

DEFAULT_TAGS = {"owner": "us"}


def provider() -> AwsProvider:
    return configured(defaultTags='{"tags": {"owner": "us"}}', skipCredentialsValidation="true")


def resource(type_: str, name: str = "it") -> Resource:
    return Resource(f"urn:pulumi:dev::p::{type_}::{name}", type_, name)


def check(type_: str, **inputs: Any) -> Properties:
    result = provider().check(resource(type_), None, inputs, b"seed")
    assert result.failures == []
    return result.inputs


def failures(type_: str, **inputs: Any) -> dict[str, str]:
    result = provider().check(resource(type_), None, inputs, b"seed")
    return {failure.property: failure.reason for failure in result.failures}


class Life:
    """One resource, from its creation to its end; each step checks that nothing is left to do."""

    def __init__(self, type_: str, /, **inputs: Any) -> None:
        self.aws, self.resource = provider(), resource(type_)
        self.inputs = self.check(**inputs)
        self.id, self.outputs = self.aws.create(self.resource, self.inputs, preview=False, timeout=0)
        self.settled()

    def check(self, **inputs: Any) -> Properties:
        return check(self.resource.type, **inputs)

    def settled(self) -> None:
        """Neither a second update nor one after a refresh has anything to do."""
        live = self.aws.read(self.resource, self.id, self.inputs, self.outputs)
        assert live is not None
        assert live[1] == self.inputs
        for outputs in (self.outputs, live[2]):
            assert self.aws.diff(self.resource, self.id, self.inputs, outputs, self.inputs).detailed == {}

    def update(self, **inputs: Any) -> dict[str, str]:
        new = self.check(**inputs)
        diff = self.aws.diff(self.resource, self.id, self.inputs, self.outputs, new)
        assert diff.replaces == []
        self.outputs = self.aws.update(self.resource, self.id, self.inputs, self.outputs, new, False, 0)
        self.inputs = new
        self.settled()
        return diff.detailed

    def replaced_by(self, **inputs: Any) -> list[str]:
        return self.aws.diff(self.resource, self.id, self.inputs, self.outputs, self.check(**inputs)).replaces

    def imported(self) -> Properties:
        """The inputs of an import by only the id."""
        live = self.aws.read(self.resource, self.id, None, None)
        assert live is not None
        return live[1]

    def end(self) -> None:
        self.aws.delete(self.resource, self.id, self.inputs, self.outputs, timeout=0)
        self.is_gone()
        self.aws.delete(self.resource, self.id, self.inputs, self.outputs, timeout=0)

    def is_gone(self) -> None:
        assert self.aws.read(self.resource, self.id, self.inputs, self.outputs) is None
