"""Whatever is written: settings that Kubernetes and AWS take, or an explanation; never anything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.errors import SettingsError
from settings.fields import FIELDS, SECRET_KEYS, applies
from settings.model import Settings
from settings.parsing import parse_settings
from settings.targets import KUBERNETES
from testbed.annotations import SERVICE, is_known
from tests.unit.components import mocks
from tests.unit.components.mocks import Asked, Recording, run
from tests.unit.settings.kubernetes_rules import is_host, violations
from tests.unit.settings.test_wrong_stack_files import RIGHT, WRONG

OFTEN = settings(max_examples=2 * settings().max_examples)
SELDOM = settings(max_examples=settings().max_examples // 2)

#: Releases that know every setting.
NEWEST = {
    "platformVersion": "26.2",
    "connectVersion": "0.14.0",
    "managementPort": "9999",
    "redisTls": "true",
    "ssh": "true",
    "extraVolumes": '[{"name": "extra", "emptyDir": {}}]',
    "transferPolicy": (
        '{"buckets": [{"name": "a", "quotas": [{"bytes": 1, "window": "1h"}], '
        '"extractors": [{"protocol": "any", "source": {"type": "client_ip"}}]}]}'
    ),
}

#: What is often nearly right, and what is right for some key or other.
WORDS = [
    *(
        "a",
        "a.b",
        "a-b",
        "a..b",
        "-a",
        "a-",
        "A",
        "1",
        "0",
        "-1",
        "1.5",
        "301",
        "65535",
        "true",
        "false",
        "all",
        "none",
        "existing",
    ),
    *(
        "x" * 52,
        "x" * 53,
        "x" * 63,
        "x" * 64,
        "x" * 253,
        "x" * 254,
        "a/b",
        "example.com/arch",
        "data",
        "tmp",
        "/",
        "/tmp",
    ),
    *("/data", "/data/certs/oidc.pem", "/etc/connect/redis-tls", "https://example.com", "https://connect.example.com"),
    *(
        "https://a.b.example.com",
        f"https://{'h' * 60}.example.com",
        "example.com",
        "redis:6379",
        "[::1]:6379",
        "::1",
        "10.0.0.1",
    ),
    *(
        "10.0.0.0/8",
        "1Gi",
        "100m",
        "0",
        "2m",
        "1h30m",
        "200-399",
        "399-200",
        "24.1",
        "25.1",
        "25.2.3",
        "25.3",
        "26.1",
        "0.8.2",
        "0.12.0",
    ),
    *(
        "latest",
        "cr.seqera.io/a/b",
        "cr.seqera.io/a:1",
        "r:1-0.9",
        f"r@sha256:{'0' * 64}",
        "ConfigMap/a",
        "Deployment/backend",
    ),
    *(
        "Z0123456789ABCDEFGHIJ",
        "arn:aws:acm:us-east-1:111122223333:certificate/1-2",
        "instance",
        "ip",
        "internal",
        "existing",
        "debug",
    ),
    *(
        "jupyter",
        "ELBSecurityPolicy-2016-08",
        "\u0430",
        "a\nb",
        "\x00",
        " ",
        "",
        "\ud83d",
        "[",
        "{",
        '["a"]',
        '{"cpu": "500m"}',
        '{"cpu": "30m"}',
        '{"a.b": "c"}',
        "4096",
        "dualstack",
        "Always",
        '{"name": "a", "key": "b"}',
        '[{"key": "a", "operator": "Exists"}]',
        '{"nodeAffinity": {}}',
        '[{"name": "extra", "mountPath": "/etc/extra"}]',
        *NEWEST.values(),
    ),
]
NAMES = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "kubernetes.io/arch",
    "repository",
    "tool",
    "port",
    "JUPYTER",
    "a.b",
    "idle_timeout.timeout_seconds",
]
SCALARS = st.one_of(
    st.sampled_from(WORDS),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.integers(0, 70000),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), inner, max_size=3),
    ),
    max_leaves=5,
)
#: As a program may hand a value over, and as the engine does: a text, and JSON for all that is none.
HANDED_OVER = st.one_of(VALUES, VALUES.map(lambda value: value if isinstance(value, str) else json.dumps(value)))
KEYS = st.one_of(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(FIELDS)), st.text(max_size=12))
CHANGES = st.dictionaries(KEYS, HANDED_OVER, max_size=4)
#: One change at a time comes through far more often.
ONE_CHANGE = st.tuples(st.sampled_from(sorted(FIELDS)), st.sampled_from(WORDS)).map(lambda change: dict([change]))


def parsed(changes: dict[str, Any]) -> Settings | None:
    """The settings, or None where they are refused as they should be."""
    try:
        return parse_settings({**RIGHT, **changes}, encrypted=SECRET_KEYS)
    except SettingsError as error:
        refused = error
    assert refused.problems
    assert [problem for problem in refused.problems if "not what is expected" in problem.message] == []
    assert all(character.isprintable() or character == "\n" for character in refused.text)
    return None


def objects(recording: Recording) -> list[Asked]:
    return [asked for asked in recording.resources.values() if asked.type.startswith("kubernetes:")]


@pytest.fixture(autouse=True)
def no_further_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mocks, "FURTHER_KEYS", [])


def words_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from words_in(inner)


def made_of(read: Settings) -> Recording:
    args = KubernetesStudiosArgs(settings=read, cluster=Cluster(), field_manager="studios-test")
    # Whichever key of a Secret the settings name is there: the survey refuses one that is not.
    mocks.FURTHER_KEYS[:] = words_in(read.model_dump(mode="json"))

    def program() -> None:
        KubernetesStudios("studios", args)

    return run(program)


def assert_kubernetes_and_aws_would_take(read: Settings) -> None:
    recording = made_of(read)
    found = [
        violation
        for asked in objects(recording)
        for violation in violations(asked.type.rpartition(":")[2].removesuffix("Patch"), asked.inputs)
    ]
    assert found == []
    names = [(asked.type, asked.inputs["metadata"]["name"]) for asked in objects(recording)]
    assert len(set(names)) == len(names)
    hosts = [
        asked.inputs["name"] for asked in recording.resources.values() if asked.type == "aws:route53/record:Record"
    ]
    for asked in recording.resources.values():
        if asked.type == "aws:acm/certificate:Certificate":
            hosts += [asked.inputs["domainName"], *asked.inputs["subjectAlternativeNames"]]
            assert len(asked.inputs["domainName"]) <= 64  # ACM, RequestCertificate
    assert [host for host in hosts if not is_host(host.removeprefix("_abc.").rstrip("."))] == []
    of_services = [
        name
        for asked in objects(recording)
        for name in asked.inputs["metadata"].get("annotations", {})
        if name.startswith(f"{SERVICE}/")
    ]
    assert bool(of_services) == ("studios-ssh-service" in recording.resources)
    assert [name for name in of_services if not is_known(name)] == []
    if read.ingress == "none":
        assert "studios-ingress-ingress" not in recording.resources
        return
    annotations = recording["studios-ingress-ingress"].inputs["metadata"]["annotations"]
    assert [name for name in annotations.keys() - read.ingress_annotations.keys() if not is_known(name)] == []
    prefix = "alb.ingress.kubernetes.io/"
    group = annotations.get(f"{prefix}group.name")
    assert group is None or re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", group)
    assert all(
        re.fullmatch(r"[a-z0-9_.]+=[^,\s]*", each)
        for each in annotations[f"{prefix}load-balancer-attributes"].split(",")
    )
    assert 1 <= len(annotations[f"{prefix}healthcheck-path"]) <= 1024
    for part in annotations[f"{prefix}success-codes"].split(","):
        codes = [int(code) for code in part.split("-")]
        assert codes == sorted(codes)
        assert all(200 <= code <= 499 for code in codes)


@OFTEN
@given(CHANGES)
def test_whatever_is_written_is_settings_or_an_explanation(changes: dict[str, Any]) -> None:
    parsed(changes)


@OFTEN
@given(st.dictionaries(st.text(max_size=20), VALUES, max_size=4))
def test_whatever_stands_alone_in_a_stack_file_is_refused_with_an_explanation(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings(values)
    assert {"platformUrl", "platformVersion"} <= {problem.key for problem in refused.value.problems}


@SELDOM
@given(st.one_of(ONE_CHANGE, CHANGES))
def test_whatever_is_accepted_becomes_what_kubernetes_and_aws_take(changes: dict[str, Any]) -> None:
    read = parsed(changes)
    if read is not None:
        assert_kubernetes_and_aws_would_take(read)


@pytest.mark.slow
def test_every_word_at_every_key_becomes_what_kubernetes_and_aws_take_or_is_refused() -> None:
    # The stacks here are for Kubernetes, keep their own Secrets and have an Ingress and a zone, and none of the words
    # is one of a record, names an attribute of a load balancer, or is a key for SSH.
    apart = {
        "target",
        "certificate",
        "dns",
        "existingOidcSecretKey",
        "existingSshKeySecret",
        "existingTokenSecretKey",
        "loadBalancerAttributes",
        "sessionRecord",
    }
    keys = FIELDS.keys() - {"existingSshKeySecret"}
    accepted = [(key, word) for key in sorted(keys) for word in WORDS if parsed(NEWEST | {key: word}) is not None]
    assert {key for key, _ in accepted} >= {key for key in FIELDS if applies(key, KUBERNETES)} - apart
    while accepted:
        # As many as go together, since it takes a tenth of a second to make everything of one stack.
        together: dict[str, Any] = {}
        left = []
        for key, word in accepted:
            if key in together or parsed(NEWEST | together | {key: word}) is None:
                left.append((key, word))
            else:
                together[key] = word
        accepted = left
        read = parsed(NEWEST | together)
        assert read is not None
        assert_kubernetes_and_aws_would_take(read)


def test_the_rules_refuse_what_the_wrong_stack_files_hold() -> None:
    spec = {"metadata": {"name": WRONG["a namespace with a capital"]["stack"]["namespace"], "namespace": "a_b"}}
    assert list(violations("ConfigMap", spec)) == ["ConfigMap is called 'Platform'", "namespace 'a_b'"]
