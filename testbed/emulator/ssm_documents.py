"""Documents of Systems Manager: their size and content are checked, and what a run gives them for parameters."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from moto.ssm.exceptions import SSMException
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend

#: The quota of "Systems Manager endpoints and quotas": 64 KB.
LARGEST_DOCUMENT = 64 * 1024
_DOCUMENT_TYPES = ("Command", "Automation", "Policy", "Session", "Package", "ApplicationConfiguration")

#: The document of AWS's own that runs whatever it is given, as far as it is used here.
RUN_SHELL_SCRIPT = "AWS-RunShellScript"
_RUN_SHELL_SCRIPT: Final = {
    "schemaVersion": "2.2",
    "parameters": {"commands": {"type": "StringList"}},
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "runShellScript",
            "inputs": {"runCommand": ["{{ commands }}"]},
        }
    ],
}

_STEP: Final = ("action", "name", "inputs")
_ON_LINUX: Final = {"StringEquals": ["platformType", "Linux"]}

_moto_create_document = SimpleSystemManagerBackend.create_document
_moto_update_document = SimpleSystemManagerBackend.update_document


class SsmError(SSMException):  # type: ignore[misc]  # moto has no types
    """An error by its name at AWS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def find_document(backend: SimpleSystemManagerBackend, name: str | None, version: str | None = None) -> Document:
    """The document in a version, the default one if none is asked for."""
    if name == RUN_SHELL_SCRIPT:
        content = json.dumps(_RUN_SHELL_SCRIPT)
        return Document(backend.account_id, name, "", content, "Command", "JSON", [], [], "")
    documents: Documents | None = backend._documents.get(name)
    if documents is None:
        raise SsmError("InvalidDocument", f"Document with name {name} does not exist.")
    if version in (None, "", "$DEFAULT"):
        return documents.get_default_version()
    return documents.find(version)


def check_parameters(document: Document, given: dict[str, list[str]]) -> None:
    """Refuses parameters that the document does not declare, or not so, and a lack of those without default."""
    declared = document.content_json.get("parameters") or {}
    for name, values in given.items():
        if name not in declared:
            raise SsmError("InvalidParameters", f"Parameter {name} is not defined in document {document.name}.")
        about = declared[name]
        for value in values:
            pattern, allowed = about.get("allowedPattern"), about.get("allowedValues")
            if pattern and not re.search(pattern, value):
                raise SsmError("InvalidParameters", f"Value {value} of {name} does not match {pattern}.")
            if allowed and value not in allowed:
                raise SsmError("InvalidParameters", f"Value {value} of {name} is none of {allowed}.")
    missing = [name for name, about in declared.items() if name not in given and "default" not in about]
    if missing:
        raise SsmError("InvalidParameters", f"Parameters {', '.join(sorted(missing))} need values.")


def _create_document(backend: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Documents:
    _check_content(kwargs["content"])
    kind = kwargs.get("document_type")
    if kind and kind not in _DOCUMENT_TYPES:
        raise SsmError("ValidationException", f"Value '{kind}' at 'documentType' failed to satisfy constraint")
    return _moto_create_document(backend, *args, **kwargs)


def _update_document(backend: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> dict[str, Any]:
    _check_content(kwargs["content"])
    updated: dict[str, Any] = _moto_update_document(backend, *args, **kwargs)
    return updated


def _check_content(content: str) -> None:
    if len(content.encode()) > LARGEST_DOCUMENT:
        raise SsmError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    try:
        parsed = json.loads(content)
    except json.JSONDecodeError:
        return
    declared = set(parsed.get("parameters") or {})
    steps = parsed.get("mainSteps") or []
    used = set(re.findall(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}", json.dumps(steps)))
    if used - declared:
        names = ", ".join(sorted(used - declared))
        raise SsmError("InvalidDocumentContent", f"Parameters {names} are used and not defined in the document.")
    _check_known(parsed, steps)


def _check_known(parsed: dict[str, Any], steps: list[dict[str, Any]]) -> None:
    """Refuses what AWS runs and the testbed would leave out."""
    known = parsed.get("schemaVersion") == "2.2" and len(steps) == 1
    for step in steps:
        inputs = step.get("inputs", {})
        known &= step.get("action") == "aws:runShellScript" and step.keys() <= {*_STEP, "precondition"}
        known &= step.get("precondition", _ON_LINUX) == _ON_LINUX
        known &= "runCommand" in inputs and inputs.keys() <= {"runCommand", "timeoutSeconds"}
    if not known:
        said = "the testbed runs documents of schema 2.2 with one step of aws:runShellScript on Linux only"
        raise SsmError("InvalidDocumentContent", f"Not known: {said}.")


#: What takes the place of moto's own, or is added to it: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (SimpleSystemManagerBackend, "create_document", _create_document),
    (SimpleSystemManagerBackend, "update_document", _update_document),
)
