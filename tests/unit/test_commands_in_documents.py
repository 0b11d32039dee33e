"""Every command, setting and link in the documents exists, and does what its place says."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from ruamel.yaml import YAML

from settings.errors import SettingsError
from settings.fields import FIELDS, SECRET_KEYS
from settings.parsing import parse_settings
from settings.remedies import Write

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for folder in ("", "docs", "testbed", "examples/stacks", "testbed/go/studios")
    for path in (CHECKOUT / folder).glob("*.md")
)
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: Stacks that know every key between them.
STACKS: dict[str, dict[str, object]] = {
    "kubernetes": {
        "platformUrl": "https://platform.example.com",
        "platformVersion": "26.2",
        "hostedZone": "example.com",
        "namespace": "platform",
        "redisAddress": "redis:6379",
    },
    "compose": {
        "target": "compose",
        "platformUrl": "https://platform.example.com",
        "platformVersion": "26.2",
        "hostedZone": "example.com",
        "instanceId": "i-0123456789abcdef0",
        "loadBalancer": "platform",
        "composeFolder": "/opt/seqera",
    },
}
PULUMI = {
    "cancel",
    "config",
    "destroy",
    "env",
    "import",
    "install",
    "login",
    "package",
    "preview",
    "refresh",
    "stack",
    "state",
    "up",
}
#: Programs of others, with words that no test here can check.
TAKEN_AS_WRITTEN = {
    "$EDITOR",
    "cd",
    "curl",
    "dig",
    "docker",
    "git",
    "helm",
    "kubectl",
    "scp",
    "ssh",
    "ssh-keygen",
    "ssh-keyscan",
    "sudo",
}


def blocks(path: Path, *languages: str) -> Iterator[str]:
    """The code blocks of a document in one of the languages."""
    for match in BLOCK.finditer(path.read_text(encoding="utf-8")):
        if match[2] in languages:
            yield match[3]


def commands(block: str) -> Iterator[list[str]]:
    """The words of each command of a block."""
    for line in re.sub(r"\\\n\s*", " ", block).splitlines():
        for part in re.split(r"\s(?:&&|\|)\s", line):
            if words := shlex.split(part, comments=True):
                yield words


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def refused(**given: object) -> str | None:
    """Why settings are refused on every target and release, or None."""
    reasons = []
    for stack in STACKS.values():
        for release in ("25.3", "26.1", "26.2"):
            values = {**stack, "platformVersion": release, **given}
            try:
                parse_settings(values, encrypted=SECRET_KEYS)
            except SettingsError as error:
                reasons.append("; ".join(map(str, error.problems)))
            else:
                return None
    return min(reasons, key=len)


def wrong_setting(words: list[str], before: dict[str, object]) -> str | None:
    """What is wrong with the words behind `pulumi config set`, after those of the block before."""
    rest = [word for word in words if not word.startswith("--")]
    key = re.split(r"[.\[]", rest[0])[0].removeprefix("seqera-studios:")
    if ":" in key:
        return None
    if key not in FIELDS:
        return f"{key} is not a setting"
    if "--secret" in words:
        return None if key in SECRET_KEYS else f"{key} is not secret"
    if "--plaintext" in str(Write(key, "x")) and "--plaintext" not in words:
        return "Pulumi takes the name for a secret's: write --plaintext"
    if len(rest) != 2:
        return "must have a key and a value"
    before[key] = [rest[1]] if "--path" in words else rest[1]
    return refused(**before)


def wrong_pulumi(words: list[str], before: dict[str, object]) -> str | None:
    """What is wrong with a command of Pulumi."""
    if words[1] not in PULUMI:
        return f"pulumi has no command {words[1]}"
    return wrong_setting(words[3:], before) if words[1:3] == ["config", "set"] else None


def wrong_make(words: list[str]) -> str | None:
    """What is wrong with a call of make."""
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for word in words[1:]:
        name, is_variable, _ = word.partition("=")
        form = rf"\$[({{]{name}\b" if is_variable else rf"^{re.escape(name)}:"
        if not word.startswith((".", "-")) and not re.search(form, makefile, re.MULTILINE):
            return f"the Makefile has no {word}"
    return None


def wrong_module(words: list[str]) -> str | None:
    """What is wrong with a call of Python."""
    if words[1] != "-m":
        return None if (CHECKOUT / words[1]).exists() else f"{words[1]} does not exist"
    module = words[2]
    if module in ("venv", "pytest"):
        return None
    main = CHECKOUT / module.replace(".", "/") / "__main__.py"
    if not main.exists():
        return f"{module} can't be run"
    if module == "pipeline" and not re.search(rf'"{words[3]}"', main.read_text(encoding="utf-8")):
        return f"{module} has no command {words[3]}"
    return None


def wrong_aws(words: list[str]) -> str | None:
    """What is wrong with a command of the AWS CLI, by the descriptions of its services."""
    if words[1:3] in (["eks", "update-kubeconfig"], ["eks", "get-token"], ["sso", "login"]):
        return None
    service = botocore.session.get_session().get_service_model(words[1])
    operation = "".join(part.capitalize() for part in words[2].split("-"))
    names = {name.lower(): name for name in service.operation_names}
    if operation.lower() not in names:
        return f"aws {words[1]} has no {words[2]}"
    shape = service.operation_model(names[operation.lower()]).input_shape
    known = {re.sub(r"(?<!^)(?=[A-Z])", "-", member).lower() for member in (shape.members if shape else {})}
    common = {"query", "output", "region", "profile", "no-cli-pager"}
    asked = {word[2:] for word in words[3:] if word.startswith("--")}
    return f"aws {words[1]} {words[2]} has no {asked - known - common}" if asked - known - common else None


def wrong(words: list[str], before: dict[str, object]) -> str | None:
    """What is wrong with a command, or None."""
    program = words[0]
    if "=" in program and program.split("=")[0].isupper():
        return wrong(words[1:], before) if len(words) > 1 else None
    if program == "cp":
        return None if words[1] == "-r" or (CHECKOUT / words[1]).exists() else f"{words[1]} does not exist"
    if program in ("python", "python3", ".venv/bin/python"):
        return wrong_module(words)
    if program == "pulumi":
        return wrong_pulumi(words, before)
    checks = {"make": wrong_make, "aws": wrong_aws}
    if program in checks:
        return checks[program](words)
    return None if program in TAKEN_AS_WRITTEN else f"{program} is not known to this test"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_command_in_a_document_can_be_given_as_it_is_printed(path: Path) -> None:
    problems: dict[str, str] = {}
    # A block without a language has commands only.
    for block in blocks(path, "", "sh", "bash"):
        before: dict[str, object] = {}
        problems |= {shlex.join(words): problem for words in commands(block) if (problem := wrong(words, before))}
    assert problems == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_setting_in_a_document_is_accepted(path: Path) -> None:
    problems = []
    for block in blocks(path, "yaml"):
        document = YAML(typ="safe", pure=True).load(block) or {}
        settings = {
            key.removeprefix("seqera-studios:"): value if isinstance(value, str) else json.dumps(value)
            for key, value in (document.get("config", document) if isinstance(document, dict) else {}).items()
            if key.startswith("seqera-studios:")
        }
        if settings and (problem := refused(**settings)):
            problems.append(problem)
    assert problems == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_in_a_document_leads_somewhere(path: Path) -> None:
    dead = []
    for target in LINK.findall(BLOCK.sub("", path.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        leads_to = (path.parent / name).resolve() if name else path
        if not leads_to.exists() or (anchor and leads_to.suffix == ".md" and anchor not in anchors(leads_to)):
            dead.append(target)
    assert dead == []


def test_every_document_is_led_to_from_the_readme() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    documents = [path for path in (CHECKOUT / "docs").glob("*.md") if f"docs/{path.name}" not in readme]
    assert documents == []


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_the_list_of_targets_fits_a_terminal() -> None:
    listed = subprocess.run(["make", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if len(line) > 80] == []
    assert [line for line in listed.splitlines() if line and not line.startswith(" ")] == [
        "Try it",
        "Deploy a stack",
        "Operate",
        "Develop",
    ]


#: Messages of the engine, its providers, AWS and the API server, as docs/recovery.md quotes them.
OF_OTHERS = {
    ".spec.replicas",
    "conflict with …",
    "already exists",
    "but it already exists",
    "Tried to create resource record set",
    "Attempting to deploy or update resources with 1 pending operations",
    "cannot create resource …",
    "cipher: message authentication failed",
    "Conflict",
    "Connection aborted",
    "Connection refused",
    "failed to load checkpoint: EOF",
    "InternalError",
    "invalid YAML file: … line 3",
    "must be of type",
    "Rate exceeded",
    "replicas succeeded readiness checks",
    "ServiceUnavailable",
    "the stack is currently locked by 1 lock(s)",
    "ThrottlingException",
    "timed out waiting to be Ready",
    "TooManyRequests",
}


def test_every_message_in_the_table_of_failures_is_printed_by_the_program_or_known_to_be_others() -> None:
    own = "".join(
        # A message may be written in pieces, with values between.
        re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
        for folder in ("settings", "survey", "live", "components", "delivery", "pipeline")
        for path in (CHECKOUT / folder).rglob("*.py")
    )
    rows = re.findall(r"^\| (`.*?) \|", (CHECKOUT / "docs" / "recovery.md").read_text(encoding="utf-8"), re.MULTILINE)
    quoted = {message for row in rows for message in re.findall(r"`([^`]+)`", row)}
    unknown = [
        message
        for message in quoted - OF_OTHERS
        if not all(part.strip() in own for part in re.split(r"…|i-…|backend", message))
    ]
    assert unknown == []
    assert OF_OTHERS - quoted == set()


#: How a message goes on that says itself what to do.
REMEDY = re.compile(
    r"(?:^|(?:[;:,.(]|and|or|in the way) (?:and )?)"
    r"(?:add|check|docker|edit|install|leave|mount|move|put|run|set|start|take|try|write)\b",
    re.IGNORECASE,
)
#: Failures of the program itself, or of arguments that a component gets from it: no user can bring them about.
OF_THE_PROGRAM = {
    "ACM asks for no validation record for …; it lists …",
    "WildcardCertificate needs zone_id or certificate_arn",
    "a record can be taken over only in an account that the program can read",
    "a date that is not in quotes",
    "only typ='safe' and pure=True are known here",
    "the bundle's … is none of this deployment",
    "… has no value",
    "…, in document … of …",
}


def raised_messages() -> dict[str, str]:
    """The messages that are raised while resources change, each with its place; what is filled in is ``…``."""
    found = {}
    for folder in ("live", "components", "delivery/instance"):
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    text = "".join(part if isinstance(part, str) else "…" for part in _parts(node.exc.args[0]))
                    if re.search("[a-z]{3}", text.replace("studios:", "")):
                        found[text] = f"{path.relative_to(CHECKOUT)}:{node.lineno}"
    return found


def _parts(node: ast.expr) -> Iterator[str | None]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (str(each.value) if isinstance(each, ast.Constant) else None for each in node.values)
    elif isinstance(node, ast.BinOp):
        yield from (*_parts(node.left), *_parts(node.right))
    else:
        yield None


def test_every_failure_at_run_time_says_what_to_do_or_is_in_the_table_of_failures() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (CHECKOUT / "docs" / "recovery.md").read_text(encoding="utf-8"), re.MULTILINE)
    quoted = [re.split("…|i-…", message) for row in rows for message in re.findall(r"`([^`]+)`", row)]

    def is_explained(text: str) -> bool:
        return bool(REMEDY.search(text)) or any(all(part.strip() in text for part in parts) for parts in quoted)

    messages = raised_messages()
    assert len(messages) > 50
    assert {text: place for text, place in messages.items() if not is_explained(text)}.keys() == OF_THE_PROGRAM
