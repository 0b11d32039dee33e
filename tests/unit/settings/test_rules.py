"""Settings agree with each other, and with the releases in use."""

from __future__ import annotations

import json

import pytest

from settings.advice import advice
from settings.balancers import is_read
from settings.errors import Problem, SettingsError
from settings.parsing import parse_settings
from settings.releases import RELEASES, default_connect_version, platform_version
from settings.versions import Version
from testbed.annotations import INGRESS, names

LEAST = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}


def problems(**changes: object) -> list[Problem]:
    values = {key: value for key, value in {**LEAST, **changes}.items() if value is not None}
    try:
        parse_settings(values, encrypted={"redisPassword", "managementAuthKey"})
    except SettingsError as error:
        return list(error.problems)
    return []


def broken_keys(**changes: object) -> list[str]:
    return [problem.key for problem in problems(**changes)]


def template(tool: str, repository: str = "example.com/studio:1.2.3-0.9", **more: object) -> dict[str, object]:
    return {"tool": tool, "repository": repository, **more}


@pytest.mark.parametrize(
    ("version", "connect"),
    [
        ("25.1", "0.8.0"),
        ("25.1.9", "0.8.0"),
        ("25.2", "0.8.3"),
        ("25.3.2", "0.9.0"),
        ("25.3.3", "0.10.0"),
        ("25.3.10", "0.10.0"),
        ("26.1", "0.11.1"),
        ("26.1.1", "0.11.1"),
    ],
)
def test_each_platform_release_has_the_connect_release_that_seqera_ships_with_it(version: str, connect: str) -> None:
    assert str(default_connect_version(platform_version(version))) == connect


def test_versions_are_compared_by_number() -> None:
    assert Version.parse("0.11.0") > Version.parse("0.8.2")
    assert Version.parse("25.3") == Version.parse("v25.3.0")
    assert Version.parse("25.10") > Version.parse("25.9.9")
    assert Version(0, 12, 0) not in [row.connect for row in RELEASES]


@pytest.mark.parametrize("url", ["https://connect.other.com", "https://badexample.com", "https://a.example.org"])
def test_a_connect_url_of_another_domain_needs_path_routing(url: str) -> None:
    said = [each.message for each in problems(connectUrl=url) if each.key == "connectUrl"]
    assert [message.partition(", for example")[0] for message in said] in (
        ["must be beside example.com, the host of platformUrl, or below it"],
        ["must have a host of three labels or more"],
    )
    assert broken_keys(connectUrl=url, pathRouting="true", hostedZone=None) == []


def test_a_connect_url_with_a_port_is_refused() -> None:
    (problem,) = problems(connectUrl="https://studio.example.com:8443")
    assert problem.message == "has a port, and the load balancer listens at 443; write https://studio.example.com"


def test_at_most_one_hosted_zone_is_named_and_it_holds_the_platform() -> None:
    assert broken_keys(hostedZone=None) == []
    assert broken_keys(hostedZone=None, hostedZoneId="Z0123456789") == []
    assert broken_keys(hostedZoneId="Z0123456789") == ["hostedZoneId"]
    assert broken_keys(platformUrl="https://seqera.example.com") == []
    assert broken_keys(hostedZone="ample.com") == ["hostedZone"]


def test_the_cluster_is_named_in_one_way() -> None:
    assert broken_keys(eksCluster="c", kubeconfig="/k", kubeContext="x") == ["kubeconfig", "kubeContext"]
    assert broken_keys(kubeconfig="/k", kubeContext="x") == []


def test_options_without_what_they_belong_to_are_refused() -> None:
    assert broken_keys(redisTlsSkipVerify="true") == ["redisTlsSkipVerify"]
    assert broken_keys(redisTlsSecret="redis-client") == ["redisTlsSecret"]
    assert broken_keys(redisTls="true", redisTlsSkipVerify="true", redisTlsSecret="redis-client") == []
    assert broken_keys(loadBalancerGroupOrder="3") == ["loadBalancerGroupOrder"]
    assert broken_keys(loadBalancerGroup="platform", loadBalancerGroupOrder="3") == []
    assert broken_keys(managementAuthKey="k") == ["managementAuthKey"]
    assert broken_keys(managementAuthKey="k", managementPort="9000") == []
    assert broken_keys(proxyReadinessPath="/ready") == ["proxyReadinessPath"]
    assert broken_keys(proxyReadinessPath="/ready", managementPort="9000") == []


def test_what_makes_a_secret_has_no_effect_on_one_that_exists() -> None:
    assert broken_keys(existingTokenSecret="ours", tokenRotation="2026", tokenSecret="other") == [
        "tokenSecret",
        "tokenRotation",
    ]
    assert broken_keys(existingOidcSecret="ours", rsaBits="4096", rsaRotation="2026", oidcSecret="other") == [
        "oidcSecret",
        "rsaBits",
        "rsaRotation",
    ]
    rotation, size = problems(existingTokenSecret="ours", tokenRotation="2026", existingOidcSecret="o", rsaBits="4096")
    assert rotation.message == (
        "has no effect on the Secret ours, which existingTokenSecret names: `pulumi config rm tokenRotation`; to "
        "rotate, change that Secret, then run `pulumi up`"
    )
    assert size.message == (
        "has no effect on the Secret o, which existingOidcSecret names: `pulumi config rm rsaBits`, or `pulumi "
        "config rm existingOidcSecret` for a Secret of the stack's own"
    )
    assert broken_keys(existingTokenSecret="ours", existingOidcSecret="ours") == []
    assert broken_keys(existingTokenSecret="ours", rsaBits="4096", rsaRotation="2026") == []


def test_the_idle_timeout_is_set_in_one_place() -> None:
    (problem,) = problems(loadBalancerAttributes={"idle_timeout.timeout_seconds": "60"})
    assert problem.message.endswith("write: pulumi config set idleTimeout 60")


def test_names_and_ports_that_must_differ_do() -> None:
    assert broken_keys(serverName="connect-proxy") == ["serverName"]
    assert broken_keys(tokenSecret="platform-oidc-certs") == ["tokenSecret"]
    assert broken_keys(cronDeployment="backend") == ["cronDeployment"]
    assert broken_keys(tunnelPort="7777") == ["tunnelPort"]
    assert broken_keys(managementPort="8081") == ["managementPort"]


def test_path_routing_needs_platform_25_2_and_connect_0_8_2() -> None:
    (platform, connect) = problems(platformVersion="25.1", pathRouting="true")
    assert platform.message == (
        "needs Platform 25.2 or newer, and platformVersion is 25.1; remove it, or upgrade Platform and write its "
        "release in platformVersion"
    )
    assert connect.message == (
        "needs Connect 0.8.2 or newer, and connectVersion is 0.8.0; remove it, or write: pulumi config set "
        "connectVersion 0.8.2"
    )
    assert broken_keys(platformVersion="25.2", pathRouting="true") == []
    assert broken_keys(platformVersion="25.1", pathRouting="false") == []


@pytest.mark.parametrize(
    ("key", "value", "too_old", "new_enough"),
    [
        ("customImageRegistry", "registry.example.com", "25.2.2", "25.2.3"),
        ("defaultLifespan", "8", "25.3.9", "26.1"),
        ("privateByDefault", "false", "25.3", "26.1"),
        ("disallowedRegistries", "docker.io", "25.3", "26.1"),
        ("metricsEnabledWorkspaces", "all", "25.3", "26.1"),
        ("iframeAllowedWorkspaces", "[1]", "25.3", "26.1"),
    ],
)
def test_a_setting_that_a_platform_release_does_not_know_is_refused(
    key: str, value: str, too_old: str, new_enough: str
) -> None:
    assert broken_keys(platformVersion=too_old, **{key: value}) == [key]
    assert broken_keys(platformVersion=new_enough, **{key: value}) == []


def test_a_setting_that_a_connect_release_does_not_know_is_refused() -> None:
    assert broken_keys(trustedProxyCidrs="10.0.0.0/16") == ["trustedProxyCidrs"]
    assert broken_keys(trustedProxyCidrs="10.0.0.0/16", connectVersion="0.12.0") == []
    assert broken_keys(trustedProxyCidrs="[]") == []


def test_r_ide_is_rstudio_in_25_1_and_ride_from_25_2() -> None:
    (problem,) = problems(platformVersion="25.1", studioTemplates=json.dumps({"R": template("ride")}))
    assert str(problem) == (
        'seqera-studios:studioTemplates.R.tool: "ride" is not what Platform 25.1 calls R-IDE; write rstudio'
    )
    assert problems(platformVersion="25.2", studioTemplates={"R": template("ride")}) == []


def test_xpra_with_path_routing_is_refused_where_it_is_asked_for_and_left_out_of_the_default() -> None:
    assert broken_keys(pathRouting="true", studioTemplates={"X": template("xpra")}) == ["studioTemplates.X.tool"]
    assert sorted(parse_settings({**LEAST, "pathRouting": "true"}).studio_templates) == ["JUPYTER", "RIDE", "VSCODE"]


def test_a_client_more_than_two_minors_behind_connect_is_refused_unless_it_is_deprecated() -> None:
    old = "example.com/studio:1-0.8"
    connect = {"platformVersion": "26.1"}
    assert broken_keys(**connect, studioTemplates={"A": template("vscode", old)}) == ["studioTemplates.A.repository"]
    assert broken_keys(**connect, studioTemplates={"A": template("vscode", old, status="deprecated")}) == []
    assert broken_keys(**connect, studioTemplates={"A": template("vscode")}) == []


def test_template_keys_that_differ_in_case_alone_are_refused() -> None:
    templates = {"r-1": template("ride"), "R_1": template("ride")}
    assert broken_keys(studioTemplates=templates) == ["studioTemplates.R_1"]


def test_connect_more_than_two_minors_behind_the_platforms_is_refused() -> None:
    (problem,) = problems(platformVersion="26.1", connectVersion="0.8.3")
    assert problem.message == "is too old for Platform 26.1, which works with 0.9 and newer; write 0.11.1, or remove it"
    assert broken_keys(platformVersion="26.1", connectVersion="0.9.0") == []


def test_an_image_tag_that_is_another_release_than_connects_is_refused() -> None:
    (problem,) = problems(proxyImage="mirror.example.com/proxy:0.12.0")
    assert problem.message == (
        "has another release than connectVersion, 0.9.0; leave out the tag, or write: "
        "pulumi config set proxyVersion 0.12.0"
    )
    assert broken_keys(proxyImage="mirror.example.com/proxy:patched") == []


def test_only_objects_that_the_stack_changes_can_be_taken_over() -> None:
    assert broken_keys(takeOver='["ConfigMap/platform-backend-cfg","Deployment/cron"]') == []
    assert broken_keys(takeOver='["ConfigMap/tower-yml","Deployment/frontend"]') == ["takeOver[1]"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"ingressAnnotations": {"kubernetes.io/ingress.class": "nginx"}},
            (
                'ingressAnnotations.kubernetes.io/ingress.class: "nginx" has a setting of its own; remove it here, and '
                "set ingressClass"
            ),
        ),
        (
            {"ingressAnnotations": {"alb.ingress.kubernetes.io/create-acm-cert": "true"}},
            (
                'ingressAnnotations.alb.ingress.kubernetes.io/create-acm-cert: "true" is set by the program: the '
                "certificate is made by the stack, or that of certificateArn; remove it here"
            ),
        ),
        (
            {
                "platformVersion": "26.2",
                "ssh": True,
                "extraVolumes": [{"name": "keys", "emptyDir": {}}],
                "extraMounts": [{"name": "keys", "mountPath": "/etc/connect/ssh"}],
            },
            (
                'extraMounts[0].mountPath: "/etc/connect/ssh" has a mount of the program\'s own; write a path of its '
                "own, for example /etc/extra"
            ),
        ),
        (
            {
                "platformVersion": "26.2",
                "platformExtraEnv": {"TOWER_DATA_STUDIO_APPROACHING_EXPIRATION_THRESHOLD": "1m"},
            },
            (
                "platformExtraEnv.TOWER_DATA_STUDIO_APPROACHING_EXPIRATION_THRESHOLD: is set by the program, out of "
                "approachingExpirationThreshold; remove it here"
            ),
        ),
        (
            {
                "platformVersion": "26.2",
                "transferPolicy": {
                    "buckets": [
                        {
                            "name": "ip",
                            "quotas": [{"bytes": 1, "window": "1h"}],
                            "extractors": [{"protocol": "any", "source": {"type": "client_ip"}}],
                        }
                    ]
                },
                "proxyExtraEnv": {"CONNECT_POLICY_FILE": "/etc/policy.json"},
            },
            (
                'proxyExtraEnv.CONNECT_POLICY_FILE: "/etc/policy.json" gives a policy beside transferPolicy, and the '
                "proxy refuses to start with two; remove one of them"
            ),
        ),
        (
            {"target": "compose", "composeOverride": "compose.yaml"},
            (
                'composeOverride: "compose.yaml" is a name that docker compose reads by itself in the place of '
                "docker-compose.yml; write another one, for example docker-compose.studios.yml"
            ),
        ),
        (
            {"target": "compose", "redisPasswordSecret": {"name": "redis", "key": "password"}},
            (
                'redisPasswordSecret: {"name": "redis", "key": "password"} is for target kubernetes, and target is '
                "compose; remove it"
            ),
        ),
    ],
)
def test_what_contradicts_the_program_is_told_as_it_was_written(changes: dict[str, object], said: str) -> None:
    written = {key: value if isinstance(value, str) else json.dumps(value) for key, value in changes.items()}
    assert f"seqera-studios:{said}" in [str(problem) for problem in problems(**written)]


def test_a_ca_of_redis_switches_tls_on() -> None:
    ca = {"redisCaSecret": "acme-redis-ca", "redisAddress": "redis:6379"}
    assert parse_settings({**LEAST, **ca}).redis_tls is True
    assert parse_settings(LEAST).redis_tls is False
    assert broken_keys(**ca, redisTls="false") == ["redisCaSecret"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("alb.ingress.kubernetes.io/subnet", "alb.ingress.kubernetes.io/subnets"),
        ("alb.ingress.kubernetes.io/wafv2-arn", "alb.ingress.kubernetes.io/wafv2-acl-arn"),
        ("alb.ingress.kubernetes.io/frontend-nlb-attributes", None),
        ("alb.ingress.kubernetes.io/listener-attributes.HTTPS-443", None),
        ("alb.ingress.kubernetes.io/conditions.connect-proxy", None),
        ("example.com/owner", None),
    ],
)
def test_an_annotation_that_the_controller_would_ignore_is_a_warning(name: str, nearest: str | None) -> None:
    read = parse_settings({**LEAST, "ingressAnnotations": json.dumps({name: "x"})})
    said = (
        f"seqera-studios:ingressAnnotations.{name}: is not an annotation that the AWS Load Balancer Controller reads "
        f"up to 3.5, and it says nothing of others; the nearest is {nearest}"
    )
    assert [str(each) for each in advice(read)] == ([said] if nearest else [])


def test_version_3_of_the_controller_reads_all_that_version_2_reads() -> None:
    of_ingresses = {name.removeprefix(f"{INGRESS}/") for name in names() if name.startswith(f"{INGRESS}/")}
    assert {name for name in of_ingresses if not is_read(name)} == set()


def test_telemetry_counts_by_a_policy_of_ones_own_too() -> None:
    changes = {"platformVersion": "26.2", "telemetryTtl": "48h"}
    assert broken_keys(**changes) == ["telemetryTtl"]
    assert broken_keys(**changes, proxyExtraEnv='{"CONNECT_POLICY_FILE": "/etc/policy.json"}') == []
