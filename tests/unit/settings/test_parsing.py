"""What a user writes becomes settings, or an explanation of everything that is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.parsing import parse_settings
from settings.releases import PLATFORM_RELEASES
from settings.versions import Version

LEAST = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}


def parsed(**changes: object) -> Settings:
    return parse_settings({**LEAST, **changes})


def refused(values: Mapping[str, object], encrypted: Collection[str] = ()) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_settings(values, encrypted)
    return caught.value.text


def line(**changes: object) -> str:
    """The one line that a change of the least settings is refused with."""
    text = refused({**LEAST, **changes})
    assert text.count("\n") == 0
    return text


def test_five_keys_are_enough_and_the_rest_follows() -> None:
    settings = parsed()
    assert settings.connect_url == "https://connect.example.com"
    assert settings.session_host == "*.example.com"
    assert settings.session_url == "https://<session>.example.com"
    assert settings.connect_version == Version(0, 9, 0)
    assert settings.proxy_image == "cr.seqera.io/enterprise/studios/proxy:0.9.0"
    assert settings.server_image == "cr.seqera.io/enterprise/studios/server:0.9.0"
    assert settings.tunnel_url == "connect-server:7070"
    assert settings.allowed_workspaces == "all"
    assert settings.idle_timeout == 301


def test_with_path_routing_the_one_host_is_the_proxys() -> None:
    settings = parsed(pathRouting="true")
    assert settings.session_host == "connect.example.com"
    assert settings.session_url == "https://connect.example.com/_studio/<session>"


def test_text_as_pulumi_stores_it_is_read_as_number_boolean_list_and_map() -> None:
    settings = parsed(
        proxyReplicas="3",
        redisTls="true",
        imagePullSecrets='["a","b"]',
        nodeSelector='{"kubernetes.io/arch":"amd64","spot":true}',
        allowedWorkspaces="[12,34]",
        loadBalancerAttributes={"waf.fail_open.enabled": True, "client_keep_alive.seconds": 600},
    )
    assert settings.proxy_replicas == 3
    assert settings.redis_tls is True
    assert settings.image_pull_secrets == ("a", "b")
    assert settings.node_selector == {"kubernetes.io/arch": "amd64", "spot": "true"}
    assert settings.allowed_workspaces == (12, 34)
    assert settings.load_balancer_attributes == {
        "waf.fail_open.enabled": "true",
        "client_keep_alive.seconds": "600",
    }


FORM_OF_CANDIDATES = (
    "must be a version: two or three numbers with dots between, and after them at most -RC and a number, for example "
    "25.3.3-RC1"
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("all", "all"),
        ("None", "none"),
        ("7", (7,)),
        ("7, 8", (7, 8)),
        ("[]", None),
        ([7], (7,)),
        (7, (7,)),
        ("", None),
        ("everyone", None),
        ("[1.5]", None),
        ("[true]", None),
        ("[0]", None),
        ("[7,7]", None),
        ({"a": 1}, None),
    ],
)
def test_workspaces_are_a_word_or_a_list_of_ids(written: object, meant: object) -> None:
    if meant is None:
        assert line(allowedWorkspaces=written).startswith("seqera-studios:allowedWorkspaces: ")
    else:
        assert parsed(allowedWorkspaces=written).allowed_workspaces == meant


def test_everything_that_is_missing_is_named_with_the_command_that_sets_it() -> None:
    assert refused({}) == (
        "4 settings need a change:\n"
        "  seqera-studios:platformUrl: is not set; write: pulumi config set platformUrl https://example.com\n"
        "  seqera-studios:platformVersion: is not set; write: pulumi config set platformVersion 25.3\n"
        "  seqera-studios:namespace: is not set; write: pulumi config set namespace platform-stage\n"
        "  seqera-studios:redisAddress: is not set; write: pulumi config set redisAddress redis:6379"
    )


def test_a_wrong_value_does_not_hide_that_other_settings_disagree() -> None:
    text = refused({**LEAST, "proxyReplicas": "many", "hostedZone": "other.org", "rsaBits": "1024"})
    assert text == (
        "3 settings need a change:\n"
        '  seqera-studios:proxyReplicas: "many" must be a whole number, for example 3\n'
        '  seqera-studios:rsaBits: "1024" is too small; write 2048 or more\n'
        '  seqera-studios:hostedZone: "other.org" does not hold example.com, the host of platformUrl; '
        "write example.com or a parent of it"
    )


def test_a_wrong_platform_url_is_one_problem_and_not_also_that_others_disagree_with_it() -> None:
    assert line(platformUrl="http://example.com") == (
        'seqera-studios:platformUrl: "http://example.com" is not https; write https://example.com'
    )


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("conectUrl", "connectUrl"), ("redis_password", "redisPassword"), ("hostedzone", "hostedZone")],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one_and_without_its_value(key: str, nearest: str) -> None:
    assert line(**{key: "hunter2"}) == f"seqera-studios:{key}: is not a setting; did you mean {nearest}?"


def test_a_key_like_no_other_is_refused_without_a_guess() -> None:
    assert (
        line(zzz="1")
        == "seqera-studios:zzz: is not a setting; remove it, or find the right key in docs/configuration.md"
    )


def test_a_password_in_plain_text_is_refused_with_the_command_and_never_shown() -> None:
    text = line(redisPassword="hunter2")
    assert text.startswith(
        "seqera-studios:redisPassword: is a secret in plain text; write: pulumi config set --secret redisPassword"
    )
    assert "hunter2" not in text


def test_an_encrypted_password_is_kept_out_of_what_settings_show() -> None:
    settings = parse_settings({**LEAST, "redisPassword": "hunter2"}, {"redisPassword"})
    assert settings.redis_password is not None
    assert settings.redis_password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())


def test_an_encrypted_value_that_would_become_plain_is_refused_and_never_shown() -> None:
    text = refused({**LEAST, "namespace": "Secret Place"}, {"namespace"})
    assert "seqera-studios:namespace: is encrypted, and would be in plain text in what it becomes" in text
    assert "Secret Place" not in text


def test_an_empty_value_of_a_key_without_a_default_means_that_it_is_not_set() -> None:
    settings = parsed(connectUrl="", redisPassword="", studioTemplates="", managementPort="")
    assert settings == parsed()


def test_an_empty_value_of_a_key_with_a_default_is_refused() -> None:
    assert line(redisPrefix="") == 'seqera-studios:redisPrefix: "" is empty; write a value, or remove the key'


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("connectUrl", "connect.example.com", "is not a URL; write https://connect.example.com"),
        ("connectUrl", "http://connect.example.com", "is not https; write https://connect.example.com"),
        (
            "connectUrl",
            "https://connect.example.com/x",
            "has something after the host; write https://connect.example.com",
        ),
        ("connectUrl", "https://me@connect.example.com", "must not contain a user name"),
        ("connectUrl", "https://connect.example.com:99999", "must have a port from 1 to 65535"),
        ("platformUrl", "https://10.0.0.1", "is an IP address"),
        ("platformUrl", "https://localhost", "must be a domain name"),
        ("hostedZone", "*.example.com", "is a wildcard; write the domain itself: example.com"),
        ("hostedZone", "https://example.com", "must be a domain without a scheme, for example example.com"),
        ("hostedZone", "ex\u0430mple.com", "has CYRILLIC SMALL LETTER A (U+0430) at position 3"),
        ("hostedZone", "example\u200b.com", "has ZERO WIDTH SPACE (U+200B) at position 8"),
        ("hostedZone", "example.com\n", "has a control character (U+000A) at position 12"),
        ("redisAddress", "redis://redis:6379", "must be a host and a port without a scheme, for example redis:6379"),
        ("redisAddress", "redis:0", "must have a port from 1 to 65535"),
        ("redisAddress", "red_is:1", "is not a host and port"),
        (
            "platformVersion",
            "24.1",
            f"must be a Platform release: {', '.join(PLATFORM_RELEASES)}, or one newer than these",
        ),
        ("platformVersion", "latest", "must be a version"),
        *(
            ("platformVersion", text, FORM_OF_CANDIDATES)
            for text in ("26.2.0-RC", "26.2.0RC16", "26.2-beta1", "26.2.0_B3")
        ),
        ("connectVersion", "0.7.9", "is too old for Platform 25.1 and later; write 0.8.0 or newer"),
        ("namespace", "Platform", "must be a Kubernetes name"),
        ("redisTls", "maybe", "is neither true nor false; write one of these"),
        ("idleTimeout", "4001", "is too large; write 4000 or less"),
        ("idleTimeout", "1.5", "must be a whole number"),
        ("idleTimeout", float("inf"), "Infinity must be a whole number"),
        ("idleTimeout", float("nan"), "NaN must be a whole number"),
        ("targetType", "node", "is not one of the words it can be; write 'instance' or 'ip'"),
        ("certificateArn", "arn:aws:iam::1:x", "must be the ARN of an ACM certificate"),
        ("healthCheckSuccessCodes", "500", "must be status codes"),
        ("cacheTtl", "2", "must be a duration"),
        ("storageSize", "big", "must be an amount of storage"),
        ("pemPath", "/oidc.pem", "must be an absolute path of a file in its own folder"),
        ("proxyImage", "https://a/b", "must be an image"),
        ("imagePullSecrets", '["a","a"]', "has a more than once"),
        ("nodeSelector", "{", "must be JSON (Expecting property name enclosed in double quotes at character 2)"),
        ("nodeSelector", "amd64", "must be a map"),
        ("studioTemplates", '{"A":"b"}', "must be a map with repository and tool"),
        ("takeOver", '["Secret/x"]', "is none of Platform's objects"),
        ("clientName", "a\nb", "has a line break or a control character"),
    ],
)
def test_a_value_of_a_wrong_form_is_refused_with_what_to_write(key: str, value: object, words: str) -> None:
    text = refused({**LEAST, key: value})
    assert text.startswith(f"seqera-studios:{key}")
    assert words in text
    assert text.isascii()


def test_hosts_are_lower_case_and_a_final_slash_or_dot_is_dropped() -> None:
    settings = parsed(platformUrl="https://Example.COM./", hostedZone="EXAMPLE.com.")
    assert settings.platform_url == "https://example.com"
    assert settings.hosted_zone == "example.com"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("redis", "redis:6379"),
        ("10.0.0.5:7000", "10.0.0.5:7000"),
        ("fd00::1", "[fd00::1]:6379"),
        ("[fd00::1]", "[fd00::1]:6379"),
    ],
)
def test_redis_has_a_port_whether_it_is_written_or_not(written: str, meant: str) -> None:
    assert parsed(redisAddress=written).redis_address == meant


def test_an_image_keeps_a_tag_or_digest_of_its_own_and_gets_the_release_otherwise() -> None:
    digest = "sha256:" + "a" * 64
    settings = parsed(proxyImage="registry.example.com:5000/proxy", serverImage=f"mirror/server@{digest}")
    assert settings.proxy_image == "registry.example.com:5000/proxy:0.9.0"
    assert settings.server_image == f"mirror/server@{digest}"


def test_a_long_value_is_cut_in_its_message() -> None:
    assert len(str(Problem("namespace", "x" * 5000, "must be a name"))) < 200


keys = st.sampled_from(
    [
        *("platformUrl", "platformVersion", "connectUrl", "redisAddress", "nodeSelector", "studioTemplates"),
        *("allowedWorkspaces", "imagePullSecrets", "proxyReplicas", "redisTls", "proxyImage", "trustedProxyCidrs"),
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(keys, json_values, max_size=4))
def test_whatever_is_written_it_is_settings_or_an_explanation(changes: dict[str, object]) -> None:
    problems: list[Problem] = []
    try:
        parse_settings({**LEAST, **changes})
    except SettingsError as error:
        problems = list(error.problems)
    assert all(problem.key.split(".")[0].split("[")[0] in {*LEAST, *changes} for problem in problems)


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: v1\nusers: [{name: u, user: {token: geheim}}]\n",
        "users: [{token: geheim",
        '{"users": [{"user": {"token": "geheim"}}]}',
    ],
)
def test_the_content_of_a_kubeconfig_in_the_place_of_its_path_is_not_shown(content: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({**LEAST, "kubeconfig": content})
    assert str(caught.value) == (
        "seqera-studios:kubeconfig: is the content of a kubeconfig; write it into a file, and the path of that file "
        "here"
    )
