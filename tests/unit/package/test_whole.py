"""Studios as a whole, in the package: its arguments are a stack's settings, and its outputs a stack's outputs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi
import pytest
from pulumi.errors import InputPropertiesError

from components.outputs import COMPOSE_OUTPUTS, STACK_OUTPUTS
from package import whole
from package.words import as_arguments
from settings.fields import FIELDS, target_of

KUBERNETES = whole.resources()["studios:index:KubernetesStudios"]
COMPOSE = whole.resources()["studios:index:ComposeStudios"]


def test_the_arguments_are_the_settings_for_the_target_and_the_target_is_in_the_name() -> None:
    def of(*targets: str | None) -> set[str]:
        return {key for key in FIELDS if target_of(key) in targets} - {"target"}

    assert set(KUBERNETES["inputProperties"]) == of(None, "kubernetes")
    assert set(COMPOSE["inputProperties"]) == of(None, "compose")


def test_what_has_no_default_on_the_target_is_required() -> None:
    assert KUBERNETES["requiredInputs"] == ["platformUrl", "platformVersion", "namespace", "redisAddress"]
    assert COMPOSE["requiredInputs"] == ["platformUrl", "platformVersion", "composeFolder"]


def test_the_outputs_are_those_of_a_stack() -> None:
    assert list(KUBERNETES["properties"]) == KUBERNETES["required"] == [each.name for each in STACK_OUTPUTS]
    assert list(COMPOSE["properties"]) == COMPOSE["required"] == [each.name for each in COMPOSE_OUTPUTS]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("platformUrl", {"type": "string"}),
        ("proxyReplicas", {"type": "integer", "description": "Pods of the proxy. Default: `2`."}),
        ("pathRouting", {"type": "boolean"}),
        ("imagePullSecrets", {"type": "array", "items": {"type": "string"}}),
        ("nodeSelector", {"type": "object", "additionalProperties": {"type": "string"}}),
        ("allowedWorkspaces", {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]}),
        (
            "studioTemplates",
            {"type": "object", "additionalProperties": {"$ref": "#/types/studios:index:StudioTemplate"}},
        ),
        ("redisPassword", {"type": "string", "description": "Password at Redis. Secret.", "secret": True}),
    ],
)
def test_an_argument_has_the_type_and_the_meaning_of_its_setting(key: str, expected: dict[str, Any]) -> None:
    assert KUBERNETES["inputProperties"][key] == {**KUBERNETES["inputProperties"][key], **expected}
    assert set(KUBERNETES["inputProperties"][key]) == {*expected, "description"}


def test_a_template_has_the_fields_of_the_settings() -> None:
    (template,) = whole.types().values()
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
        whole.construct("KubernetesStudios", "studios", given, None)

    with pytest.raises(InputPropertiesError) as error:
        asyncio.run(construct())
    # The engine shows the value of each argument that is named here, also of a secret one.
    assert error.value.errors == []
    return error.value.message


def test_everything_that_is_wrong_is_said_at_once_by_argument() -> None:
    wrong = {**RIGHT, "proxyReplicas": 0.0, "nameSpace": "x", "redisPassword": "geheim"}
    del wrong["hostedZone"]
    assert refused(wrong).splitlines() == [
        "4 arguments need a change:",
        "  nameSpace: is no setting; did you mean namespace?",
        (
            "  redisPassword: is a secret in plain text; hand it over as a secret, and change the value where it comes "
            "from, since the file may have been shared"
        ),
        "  proxyReplicas: 0 is too small; write 1 or more",
        "  hostedZone: is not set; write the Route 53 zone that Platform's host is in: hostedZone: example.com",
    ]


def test_a_secret_that_is_wrong_is_not_shown() -> None:
    said = refused({**RIGHT, "redisPassword": Given("geheim\nwort", is_secret=True)})
    assert said == "redisPassword: has a line break or a control character; leave that out"


def test_an_argument_that_is_not_known_yet_is_refused_since_everything_is_checked_first() -> None:
    assert refused({**RIGHT, "certificateArn": Given("", is_known=False)}) == (
        "certificateArn: is known only once something else is made, and the whole is checked before anything is; "
        "write the value itself"
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("is not set; write: pulumi config set namespace platform", "is not set; write: namespace: platform"),
        (
            "backend reads a-cfg; write: pulumi config set backendConfigMap a-cfg",
            "backend reads a-cfg; write: backendConfigMap: a-cfg",
        ),
        (
            "is encrypted, and would be in plain text in what it becomes; write: pulumi config set namespace",
            "is secret, and would be in plain text in what it becomes; hand it over as it is",
        ),
        (
            "let the stack replace it: pulumi config set --path 'takeOver[0]' ConfigMap/tower-backend-cfg",
            "let the stack replace it: takeOver: [ConfigMap/tower-backend-cfg] (beside what it has)",
        ),
        (
            "use what it holds by `pulumi config set existingOidcSecret certs`",
            "use what it holds by `existingOidcSecret: certs`",
        ),
        (
            "seqera-studios:rsaBits: 3072 is too many; ask for a key: pulumi config set rsaRotation <today's date>",
            "rsaBits: 3072 is too many; ask for a key: rsaRotation: <today's date>",
        ),
    ],
)
def test_a_message_speaks_of_arguments_and_not_of_a_stacks_file(said: str, meant: str) -> None:
    assert as_arguments(said) == meant
