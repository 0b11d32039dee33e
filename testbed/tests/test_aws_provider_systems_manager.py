"""The AWS stand-in's types for documents that run on instances, and what it knows of an instance's profile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testbed.emulator import managed_instances
from testbed.plugins.provider import ProviderError
from testbed.tests.aws_account import Account, client
from testbed.tests.life import Life, failures

DOCUMENT = "aws:ssm/document:Document"
ASSOCIATION = "aws:ssm/association:Association"
INSTANCE = "i-0123456789abcdef0"
TARGETS = [{"key": "InstanceIds", "values": [INSTANCE]}]


def content(word: str = "hello") -> str:
    steps = [{"action": "aws:runShellScript", "name": "say", "inputs": {"runCommand": [f"echo {word} {{{{ who }}}}"]}}]
    who = {"type": "String", "default": "you", "allowedPattern": "^[a-z]+$"}
    return json.dumps({"schemaVersion": "2.2", "parameters": {"who": who}, "mainSteps": steps})


def document(**inputs: Any) -> Life:
    return Life(DOCUMENT, **{"name": "say", "documentType": "Command", "content": content(), **inputs})


def association(**inputs: Any) -> Life:
    return Life(ASSOCIATION, **{"name": "say", "parameters": {"who": "me"}, "targets": TARGETS, **inputs})


def test_a_document_gets_a_new_default_version_with_each_content(account: Account) -> None:
    life = document(tags={"a": "b"})
    assert life.id == "say"
    assert life.outputs["arn"] == "arn:aws:ssm:us-east-1:123456789012:document/say"
    assert [life.outputs[key] for key in ("latestVersion", "defaultVersion", "schemaVersion")] == ["1", "1", "2.2"]
    assert life.outputs["parameters"] == [{"name": "who", "type": "String", "defaultValue": "you"}]
    same = {"name": "say", "documentType": "Command", "tags": {"a": "b"}}
    assert life.update(**same, content=content("bye")) == {"content": "update"}
    assert [life.outputs[key] for key in ("latestVersion", "defaultVersion")] == ["2", "2"]
    assert life.update(documentType="Command", name="say", content=content("bye"), tags={"a": "c"}) == {
        "tags.a": "update",
        "tagsAll.a": "update",
    }
    assert life.outputs["latestVersion"] == "2"
    life.end()


def test_a_documents_version_is_not_known_before_its_update(account: Account) -> None:
    life = document()
    new = life.check(name="say", documentType="Command", content=content("bye"))
    previewed = life.aws.update(life.resource, life.id, life.inputs, life.outputs, new, True, 0)
    assert [str(previewed[key]) for key in ("latestVersion", "hash")] == ["UNKNOWN", "UNKNOWN"]
    assert previewed["arn"] == life.outputs["arn"]


def test_a_document_is_replaced_by_another_name_alone(account: Account) -> None:
    life = document()
    assert life.replaced_by(name="tell", documentType="Command", content=content()) == ["name"]
    assert life.replaced_by(name="say", documentType="Automation", documentFormat="YAML", content="a: b") == []


def test_a_document_and_an_association_are_imported_by_their_ids(account: Account) -> None:
    made = document()
    assert made.imported() == made.inputs
    run = association()
    assert {**run.imported(), "documentVersion": None} == {**run.inputs, "documentVersion": None}


def test_a_document_gets_a_name_of_its_own(account: Account) -> None:
    life = Life(DOCUMENT, documentType="Command", content=content())
    assert life.id.startswith("it-")
    assert len(life.id) == len("it-") + 7


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"documentType": "Script"}, "documentType", "expected documentType to be one of ['Command', "),
        ({"documentFormat": "XML"}, "documentFormat", "expected documentFormat to be one of ['YAML', 'JSON', 'TEXT']"),
        ({"name": "a b"}, "name", "invalid value for name (must match "),
        ({"versionName": "a b"}, "versionName", "invalid value for versionName (must match "),
        ({"permissions": {}}, "permissions", "unknown property 'permissions'; it has "),
        ({"contents": "x"}, "contents", "did you mean 'content'?"),
    ],
)
def test_a_document_that_ssm_would_not_take_is_refused(changes: dict[str, Any], path: str, words: str) -> None:
    found = failures(DOCUMENT, **{"name": "say", "documentType": "Command", "content": content(), **changes})
    assert list(found) == [path]
    assert words in found[path]


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"associationName": "a"}, "associationName", "invalid value for associationName (must match "),
        ({"documentVersion": "0"}, "documentVersion", "invalid value for documentVersion"),
        ({"complianceSeverity": "AWFUL"}, "complianceSeverity", "expected complianceSeverity to be one of"),
        ({"targets": [*TARGETS * 6]}, "targets", "Too many list items: at most 5, got 6"),
        (
            {"targets": [{"key": "InstanceIds", "values": ["i"] * 51}]},
            "targets[0].values",
            "Too many list items: at most 50, got 51",
        ),
        ({"scheduleExpression": "rate(1 day)"}, "scheduleExpression", "unknown property 'scheduleExpression'; it has "),
    ],
)
def test_an_association_that_ssm_would_not_take_is_refused(changes: dict[str, Any], path: str, words: str) -> None:
    found = failures(ASSOCIATION, **{"name": "say", **changes})
    assert list(found) == [path]
    assert words in found[path]


def test_what_ssm_says_of_a_document_is_told_in_the_providers_words(account: Account) -> None:
    document()
    with pytest.raises(ProviderError) as caught:
        document()
    assert str(caught.value).startswith(
        "creating SSM Document (say): operation error SSM: CreateDocument, https response error StatusCode: 400, "
    )
    assert "DocumentAlreadyExists: " in str(caught.value)
    with pytest.raises(ProviderError, match=r"MaxDocumentSizeExceeded: "):
        document(name="large", content=content("x" * 65536))


def test_a_document_that_an_association_runs_is_not_deleted(account: Account) -> None:
    made, run = document(), association()
    with pytest.raises(ProviderError) as caught:
        made.end()
    assert str(caught.value).startswith("deleting SSM Document (say): operation error SSM: DeleteDocument, ")
    assert "AssociatedInstances: " in str(caught.value)
    run.end()
    made.end()


def test_an_association_is_changed_in_place_and_replaced_by_another_document(account: Account) -> None:
    document()
    life = association()
    assert life.outputs["arn"] == f"arn:aws:ssm:us-east-1:123456789012:association/{life.id}"
    assert life.outputs["associationId"] == life.id
    assert life.outputs["documentVersion"] == "$DEFAULT"
    changed = {"name": "say", "targets": TARGETS, "parameters": {"who": "us"}, "documentVersion": "1"}
    assert life.update(**changed) == {"parameters.who": "update", "documentVersion": "update"}
    described = client("ssm").describe_association(AssociationId=life.id)["AssociationDescription"]
    assert (described["AssociationVersion"], described["Parameters"]) == ("2", {"who": ["us"]})
    assert life.replaced_by(**{**changed, "name": "tell"}) == ["name"]
    life.end()


def test_an_association_of_a_document_that_is_not_there_or_takes_no_such_parameter_is_refused(account: Account) -> None:
    with pytest.raises(ProviderError) as caught:
        association()
    assert str(caught.value).startswith(
        "creating SSM Association (say): operation error SSM: CreateAssociation, https response error StatusCode: 400, "
    )
    assert str(caught.value).endswith("InvalidDocument: Document with name say does not exist.")
    document()
    with pytest.raises(ProviderError, match=r"InvalidParameters: Value ME of who does not match"):
        association(parameters={"who": "ME"})


def test_an_association_waits_for_its_first_run_if_it_is_asked_to(account: Account) -> None:
    document()
    managed_instances.connect(INSTANCE, {"PATH": "/usr/bin:/bin"})
    try:
        life = association(waitForSuccessTimeoutSeconds=30)
        described = client("ssm").describe_association(AssociationId=life.id)["AssociationDescription"]
        assert described["Overview"]["Status"] == "Success"
    finally:
        managed_instances.disconnect(INSTANCE)
    with pytest.raises(ProviderError) as caught:
        association(waitForSuccessTimeoutSeconds=1)
    assert str(caught.value).endswith(
        "create: timeout while waiting for state to become 'Success' (last state: 'Pending', timeout: 1s)"
    )
