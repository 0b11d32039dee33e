"""Preview, up and destroy by a user with the documented rights, and what leaves the program meanwhile."""

from __future__ import annotations

import base64
import copy
import json
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from testbed import paths
from testbed.faults import Relay, relay
from tests.engine.actions import action_of, undocumented
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.deployer import DONE_WITHOUT, Deployer, documented
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

REDIS_PASSWORD = "S3cr3t-redis-passw0rd"
MANAGEMENT_KEY = "S3cr3t-management-k3y"
VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
#: What engine and SDK log of their own talk.
WIRE_LOG = re.compile(
    r"arshaling property for RPC\[|Planner decided to|register resource outputs|resource registration successful"
)
#: A line of a plugin's log, and one that goes on with the line above: what is sent has lines of its own.
LOGGED = re.compile(r'"msg":"(eventSink::Debug\(<\{%reset%\}>)?[IWEF]\d{4} ')
GOES_ON = re.compile(r'\\n","v":3\}$|\\n<\{%reset%\}>\)","v":9\}$')
#: What is sent is a map or a list.
ENDS = re.compile(r'[\]}](\\n","v":3\}|\\n<\{%reset%\}>\)","v":9\})$')
RESOURCE = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v\d\w*/namespaces/(?P<ns>[^/]+)(/(?P<kind>\w+)(/(?P<name>[^/?]+))?)?"
)


@dataclass
class Work:
    """A stack brought up by that user, with everything that was printed and every process's arguments."""

    install: Install
    stack: Stack
    deployer: Deployer
    relay: Relay
    aws: Relay
    before: dict[str, Any]
    printed: dict[str, str] = field(default_factory=dict)
    arguments: set[str] = field(default_factory=set)

    def secrets(self) -> dict[str, str]:
        """Every secret value, raw and in base64 at each of its three offsets."""
        pem = base64.b64decode(self.install.get("secret", "platform-oidc-certs")["data"]["oidc.pem"]).decode()
        raw = {
            "registration token": self.stack.outputs("--show-secrets")["registrationToken"],
            "private key": pem.splitlines()[5],
            "Redis password": REDIS_PASSWORD,
            "management key": MANAGEMENT_KEY,
        }
        return {
            **raw,
            **{f"{what} in base64 at {at}": _encoded(value, at) for what, value in raw.items() for at in range(3)},
        }


def _encoded(value: str, offset: int) -> str:
    """What is in every base64 text that holds the value ``offset`` bytes behind a multiple of three."""
    text = base64.b64encode(b"\0" * offset + value.encode()).decode()
    return text[(0, 2, 3)[offset] :].rstrip("=")[:-1]


@pytest.fixture(scope="module")
def work(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    install = new_install("rights")
    deployer = Deployer(install.namespace, tmp_path_factory.mktemp("deployer") / "kubeconfig")
    server = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]["server"]
    trusted = ssl.create_default_context(cafile=str(paths.PKI / "ca.crt"))
    with relay(server, trusted) as passing, relay(install.environment["AWS_ENDPOINT_URL"]) as aws:
        deployer.create(passing.url, str(paths.PKI / "ca.crt"))
        stack = new_stack(
            install,
            secret={"redisPassword": REDIS_PASSWORD, "managementAuthKey": MANAGEMENT_KEY},
            variables={"KUBECONFIG": str(deployer.kubeconfig), "AWS_ENDPOINT_URL": aws.url},
            managementPort=9091,
        )
        found = Work(install, stack, deployer, passing, aws, install.objects())
        with _watching(found.arguments):
            verbose = ("-v=9", "--logtostderr", "--logflow")
            found.printed["preview"] = stack.preview_text(*verbose).ok().text
            found.printed["up"] = stack.up(*verbose).ok().text
        yield found
        stack.destroy().ok()
        assert install.objects() == found.before, "destroy left something behind"
        found.deployer.remove()


class _watching:  # noqa: N801 (reads as a word of the sentence)
    """Collects the arguments and environments of every process while something runs."""

    def __init__(self, seen: set[str]) -> None:
        self._seen = seen
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            for process in psutil.process_iter(["cmdline"]):
                self._seen.add(" ".join(process.info["cmdline"] or []))


def test_the_documented_rights_are_enough_for_preview_up_and_destroy(work: Work) -> None:
    assert "connect-proxy" in work.printed["up"]
    assert work.stack.preview("--expect-no-changes").changes == {}


def test_no_secret_is_in_anything_that_leaves_the_program(work: Work) -> None:
    install, stack = work.install, work.stack
    kinds = "configmaps,ingresses,deployments,statefulsets,events,services,pods,networkpolicies,poddisruptionbudgets"
    places = {
        "the preview at -v=9": _without_the_engines_wire_log(work.printed["preview"]),
        "the up at -v=9": _without_the_engines_wire_log(work.printed["up"]),
        "the state": stack.state(),
        "a preview": stack.preview_text().ok().text,
        "a preview in JSON": stack.pulumi("preview", "--json", "--stack", stack.name).ok().stdout,
        "the outputs": json.dumps(stack.outputs()),
        "the stack's file": stack.file.read_text(),
        "what every reader of the namespace may read": install.kubectl(
            "get", kinds, "-o", "json", "--show-managed-fields"
        ),
        "the arguments of processes": "\n".join(work.arguments),
        **_files(paths.LOGS),
        **_files(paths.PULUMI_STATE),
        **_files(paths.PULUMI_HOME),
    }
    assert any("pulumi" in line for line in work.arguments)
    found = [
        f"{what} in {place}"
        for what, value in work.secrets().items()
        for place, text in places.items()
        if value in text
    ]
    assert found == []


def _without_the_engines_wire_log(text: str) -> str:
    """A verbose engine prints what it sends to its plugins, and they what they get: docs/secrets.md says so."""
    kept, unfinished = [], 0
    for line in text.splitlines():
        begins, goes_on = WIRE_LOG.search(line), GOES_ON.search(line)
        if begins:
            unfinished += bool(goes_on) and not ENDS.search(line)
        elif unfinished and goes_on and not LOGGED.search(line):
            # Between two lines of one value there may be lines of the engine itself and of other plugins.
            unfinished -= bool(ENDS.search(line))
        else:
            kept.append(line)
    return "\n".join(kept)


def test_the_engines_wire_log_is_known_where_other_lines_are_between_its_own() -> None:
    def of_plugin(text: str) -> str:
        return json.dumps({"level": "INFO", "msg": f"{text}\n", "v": 3}, separators=(",", ":"))

    sent = "I1127 06:52:04.373836   14409 rpc.go:301] Unmarshaling property for RPC[Check]: pem={-----BEGIN KEY-----"
    of_engine = json.dumps({"level": "INFO", "msg": "StepExecutor received chain", "v": 4}, separators=(",", ":"))
    of_other = of_plugin("I1127 06:52:04.373836   14410 provider.go:1] asked")
    lines = [of_plugin(sent), of_engine, of_plugin("first"), of_other, of_plugin("second"), of_plugin("}")]
    after = of_plugin("geheim")
    assert _without_the_engines_wire_log("\n".join([*lines, after])) == "\n".join([of_engine, of_other, after])


def _files(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()}


def _rules() -> list[tuple[str, str, str]]:
    """Group, resource and verb of each right that is documented."""
    return [
        (group, resource, verb)
        for rule in documented()[0]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def test_every_request_is_documented_and_every_documented_resource_is_asked_for(work: Work) -> None:
    made = set()
    for request in work.relay.requests:
        match = RESOURCE.match(request.path)
        if match:
            verb = VERBS[request.method]
            if verb == "get" and match["kind"] and not match["name"]:
                verb = "watch" if "watch=" in request.path else "list"
            made.add((match["group"] or "", match["kind"] or "namespaces", verb))
    assert made - DONE_WITHOUT <= set(_rules())
    # Events are asked for only where something doesn't become ready, and this stack has no ServiceMonitor.
    assert {resource for _, resource, _ in _rules()} - {resource for _, resource, _ in made} <= {
        "events",
        "servicemonitors",
    }


def test_every_action_in_aws_is_in_the_documented_policy(work: Work) -> None:
    made = {action_of(request) for request in work.aws.requests}
    assert undocumented(made, "iam.json") == set()
    assert {"acm:RequestCertificate", "acm:DescribeCertificate", "route53:ChangeResourceRecordSets"} <= made


WITHOUT = (
    *("namespaces", "configmaps", "secrets", "services", "deployments", "statefulsets"),
    *("ingresses", "networkpolicies", "poddisruptionbudgets"),
)
SAMPLE = {"namespaces", "secrets", "networkpolicies"}
"""What the ordinary suite tries; `make test-all` tries each."""


@pytest.mark.parametrize(
    "resource", [each if each in SAMPLE else pytest.param(each, marks=pytest.mark.slow) for each in WITHOUT]
)
def test_without_one_of_the_rights_a_refresh_or_preview_names_the_right_that_is_missing(
    work: Work, resource: str
) -> None:
    rules = copy.deepcopy(documented()[0]["rules"])
    work.deployer.allow([rule for rule in rules if resource not in rule["resources"]])
    try:
        # A refresh reads every object of the stack, and the program's survey reads the rest.
        finished = work.stack.preview_text("--refresh")
    finally:
        work.deployer.allow(documented()[0]["rules"])
    assert finished.code != 0
    text = " ".join(finished.text.split())
    assert (
        f'cannot get resource "{resource}"' in text or f"in namespace {work.install.namespace}, get {resource}" in text
    )
    assert "Traceback" not in finished.text
