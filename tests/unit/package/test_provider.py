"""Studios as a whole, in the package: its arguments are a stack's settings, and its outputs a stack's outputs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from unittest import mock

import pulumi
import pytest
from pulumi.errors import InputPropertiesError

from components.outputs import outputs_of
from package.provider import StudiosProvider
from package.schema import package_schema
from settings import remedies, targets
from settings.fields import FIELDS, targets_of
from survey.together import Findings
from testbed import paths
from tests.unit.package.arguments import speaking_of_arguments

SCHEMA = package_schema("1.0.0")
KUBERNETES = SCHEMA["resources"]["studios:index:KubernetesStudios"]
COMPOSE = SCHEMA["resources"]["studios:index:ComposeStudios"]


def test_the_arguments_are_the_settings_for_the_target_and_the_target_is_in_the_name() -> None:
    def of(*targets: str) -> set[str]:
        return {key for key in FIELDS if set(targets_of(key)) & set(targets)} - {"target"}

    assert set(KUBERNETES["inputProperties"]) == of("kubernetes")
    assert set(COMPOSE["inputProperties"]) == of("compose")


def test_what_has_no_default_on_the_target_is_required() -> None:
    assert KUBERNETES["requiredInputs"] == ["platformUrl", "platformVersion", "namespace", "redisAddress"]
    assert COMPOSE["requiredInputs"] == ["platformUrl", "platformVersion", "composeFolder"]


def test_the_outputs_are_those_of_a_stack() -> None:
    for whole, target in ((KUBERNETES, targets.KUBERNETES), (COMPOSE, targets.COMPOSE)):
        assert list(whole["properties"]) == [each.name for each in outputs_of(target)]
        assert whole["required"] == [each.name for each in outputs_of(target) if not each.optional]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("platformUrl", {"type": "string"}),
        ("serverReplicas", {"type": "integer", "description": "Pods of the server. Default: `2`."}),
        ("pathRouting", {"type": "boolean"}),
        ("imagePullSecrets", {"type": "array", "items": {"type": "string"}}),
        ("nodeSelector", {"type": "object", "additionalProperties": {"type": "string"}}),
        ("allowedWorkspaces", {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]}),
        (
            "studioTemplates",
            {"type": "object", "additionalProperties": {"$ref": "#/types/studios:index:StudioTemplate"}},
        ),
        ("redisPassword", {"type": "string", "description": "Redis password. Secret.", "secret": True}),
    ],
)
def test_an_argument_has_the_type_and_the_meaning_of_its_setting(key: str, expected: dict[str, Any]) -> None:
    assert KUBERNETES["inputProperties"][key] == {**KUBERNETES["inputProperties"][key], **expected}
    assert set(KUBERNETES["inputProperties"][key]) == {*expected, "description"}


def test_a_template_has_the_fields_of_the_settings() -> None:
    template = SCHEMA["types"]["studios:index:StudioTemplate"]
    assert set(template["properties"]) == {"connectClient", "icon", "port", "repository", "status", "tool"}
    assert template["required"] == ["repository", "tool"]


RIGHT: Mapping[str, object] = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}


class Given(NamedTuple):
    """An argument as the engine hands it over."""

    value: object
    is_known: bool = True
    is_secret: bool = False

    def output(self) -> pulumi.Output[Any]:
        """It, within a running loop."""

        def done(result: Any) -> asyncio.Future[Any]:
            future: asyncio.Future[Any] = asyncio.Future()
            future.set_result(result)
            return future

        return pulumi.Output(done(set()), done(self.value), done(self.is_known), done(self.is_secret))


def refused(arguments: Mapping[str, object]) -> str:
    """What is said about the arguments."""

    async def construct() -> None:
        given = {key: each.output() if isinstance(each, Given) else each for key, each in arguments.items()}
        StudiosProvider().construct("studios", "studios:index:KubernetesStudios", given)

    no_surveys = mock.patch("components.studios.survey_together", return_value=Findings())
    with speaking_of_arguments(), no_surveys, pytest.raises(InputPropertiesError) as error:
        asyncio.run(construct())
    # The engine shows the value of each argument that is named here, also of a secret one.
    assert error.value.errors == []
    return error.value.message


def test_everything_that_is_wrong_is_said_at_once_by_argument() -> None:
    wrong = {**RIGHT, "proxyReplicas": 0.0, "nameSpace": "x", "redisPassword": "geheim"}
    del wrong["redisAddress"]
    assert refused(wrong).splitlines() == [
        "4 arguments need a change:",
        "  nameSpace: is not a setting; did you mean namespace?",
        (
            "  redisPassword: is a secret in plain text; hand it over as a secret, and change the value where it comes "
            "from, since the file may have been shared"
        ),
        "  redisAddress: is not set; write: redisAddress: redis:6379",
        "  proxyReplicas: 0 is too small; write 1 or more",
    ]


def test_a_secret_that_is_wrong_is_not_shown() -> None:
    said = refused({**RIGHT, "redisPassword": Given("geheim\nwort", is_secret=True)})
    assert said == "redisPassword: has a line break or a control character; leave that out"


def test_an_argument_that_is_not_known_yet_is_refused_since_everything_is_checked_first() -> None:
    assert refused({**RIGHT, "certificateArn": Given("", is_known=False)}) == (
        "certificateArn: is known only once something else is made, and the whole is checked before anything is; "
        "write the value itself"
    )


#: Each remedy, for a stack's file and for arguments.
REMEDIES = [
    (remedies.Write("namespace", "platform"), "pulumi config set namespace platform", "namespace: platform"),
    (
        remedies.Add("takeOver", 1, "ConfigMap/tower-backend-cfg"),
        "pulumi config set --path 'takeOver[1]' ConfigMap/tower-backend-cfg",
        "takeOver: [ConfigMap/tower-backend-cfg] (beside what it has)",
    ),
    (remedies.Remove("hostedZone"), "pulumi config rm hostedZone", "remove hostedZone"),
    (
        remedies.Seal("redisPassword"),
        "write: pulumi config set --secret redisPassword (it asks for the value)",
        "hand it over as a secret",
    ),
    (remedies.Unseal("namespace"), "write: pulumi config set namespace", "hand it over as it is"),
    (remedies.Retype("redisPassword"), "write: pulumi config set --secret redisPassword", "leave that out"),
    (remedies.SEALED, "encrypted", "secret"),
]


@pytest.mark.parametrize(("remedy", "for_stack", "for_arguments"), REMEDIES)
def test_a_remedy_is_rendered_for_a_stacks_file_or_for_arguments(
    remedy: object, for_stack: str, for_arguments: str
) -> None:
    assert str(remedy) == for_stack
    with speaking_of_arguments():
        assert str(remedy) == for_arguments
    assert str(remedy) == for_stack


def test_no_message_tells_the_commands_for_a_stacks_file_otherwise_than_by_a_remedy() -> None:
    folders = ("settings", "live", "survey", "components", "package")
    told = [
        f"{path.parent.name}/{path.name}"
        for folder in folders
        for path in sorted((paths.CHECKOUT / folder).rglob("*.py"))
        if "pulumi config " in path.read_text()
    ]
    # The remedies themselves, and what explains how a stack's file is written.
    assert told == ["settings/documents.py", "settings/parsing.py", "settings/remedies.py", "types/text.py"]
