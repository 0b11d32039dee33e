"""What each check says of what it is answered."""

from __future__ import annotations

import base64
import json
import ssl
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import websocket

from pipeline.verify import certificates, names, platform, proxy
from pipeline.verify.checks import OF_THE_LOAD_BALANCER, checks_of
from pipeline.verify.deployment import Options
from pipeline.verify.findings import CannotAskError, Finding, bad, good, not_asked
from tests.unit.pipeline.verify.subject import BALANCER, Answers, Handshakes, deployment, response

CONNECT = "https://connect.platform.example.com"
PLATFORM = "https://platform.example.com"
PEM = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL8ZKsKBBf0EHWV5ZcuPbGAVmuJLHyBn
5ZZSuDDdWpOMeyHWMC6rsrYEEq9a7z0eHPi4xRZKq8dn3GNxkdV7hdsCAwEAAQ==
-----END PUBLIC KEY-----
"""


def test_the_stack_s_target_release_and_url_are_told() -> None:
    assert names.stack_is_deployed(deployment()) == good(f"kubernetes, Connect 0.9.0 at {CONNECT}")


def resolved(found: list[str], balancer: tuple[str, ...] = ("192.0.2.1",)) -> Finding:
    made = deployment(Answers(names={BALANCER: list(balancer), "connect.platform.example.com": found}))
    made.session_id = "connect"
    return names.resolver_finds_record(made)


def test_a_record_that_leads_to_one_of_the_load_balancer_s_addresses_is_right() -> None:
    assert resolved(["192.0.2.2"], ("192.0.2.1", "192.0.2.2")) == good("leads to 192.0.2.1, 192.0.2.2")


def test_a_record_that_leads_elsewhere_is_told_with_both_addresses() -> None:
    assert resolved(["192.0.2.9"]) == bad(
        "connect.platform.example.com leads to 192.0.2.9, and the load balancer is at 192.0.2.1",
        f"correct the record: it must lead to {BALANCER}",
    )


def verification_error(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "message", "mend"),
    [
        (10, "certificate has expired", "renew arn:aws:acm:us-east-1:1:certificate/1"),
        (
            62,
            "Hostname mismatch, certificate is not valid for 'connect.platform.example.com'.",
            (
                "add a certificate that covers connect.platform.example.com to the HTTPS listener; the stack's is "
                "arn:aws:acm:us-east-1:1:certificate/1"
            ),
        ),
        (
            18,
            "self-signed certificate",
            "serve a certificate of a public authority, or name the authority's file with --ca-file",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_with_its_cause(code: int, message: str, mend: str) -> None:
    finding = certificates.certificate_of_proxy(deployment(Handshakes(verification_error(code, message))))
    assert finding == bad(f"connect.platform.example.com: {message.rstrip('.')}", mend)


def served(days: float) -> dict[str, Any]:
    ends = time.strftime("%b %d %H:%M:%S %Y GMT", time.gmtime(time.time() + days * 86400 + 60))
    return {"notAfter": ends, "subjectAltName": (("DNS", "*.platform.example.com"),)}


def test_a_trusted_certificate_is_told_with_its_names_and_days() -> None:
    finding = certificates.certificate_of_session(deployment(Handshakes(served=served(90))))
    assert finding == good("*.platform.example.com; trusted, 90 days left")


def test_a_certificate_that_ends_soon_is_broken_but_stops_nothing() -> None:
    finding = certificates.certificate_of_proxy(deployment(Handshakes(served=served(20))))
    assert (finding.holds, finding.stops) == (False, False)
    assert finding.text == "connect.platform.example.com: the certificate ends in 20 days"


def test_the_end_of_one_certificate_for_both_hosts_is_told_once() -> None:
    one = {**served(20), "serialNumber": "0A"}
    assert certificates.certificate_of_session(deployment(Handshakes(served=one))).holds


def test_sessions_at_the_proxy_s_own_host_need_no_certificate_of_their_own() -> None:
    made = deployment(Handshakes(verification_error(62, "no")), sessionUrlPattern=f"{CONNECT}/_studio/<session>")
    assert certificates.certificate_of_session(made) == good("sessions are at the proxy's own host")


def redirected(status: int, **headers: str) -> Finding:
    url = "http://connect.platform.example.com/"
    return certificates.http_is_redirected(deployment(Answers(table={url: response(url, status, **headers)})))


def test_plain_http_that_leads_to_https_is_right() -> None:
    assert redirected(301, location=f"{CONNECT}:443/") == good(f"301 to {CONNECT}:443/")


@pytest.mark.parametrize(
    ("status", "headers", "led"),
    [(200, {}, "without a redirect"), (302, {"location": "http://a.example/"}, "to http://a.example/")],
)
def test_plain_http_that_is_answered_is_told(status: int, headers: dict[str, str], led: str) -> None:
    assert redirected(status, **headers).text == f"http://connect.platform.example.com/ answers {status} {led}"


def test_a_closed_port_80_is_broken_on_kubernetes() -> None:
    assert certificates.http_is_redirected(deployment()).holds is False


def of_proxy(check: Any, *responses: Any, options: Options | None = None) -> Finding:
    made = deployment(Answers(table={each.url: each for each in responses}), options)
    made.session_id = "a1"
    finding: Finding = check(made)
    return finding


def test_an_answer_of_the_load_balancer_is_none_of_the_proxy() -> None:
    answer = response(f"{CONNECT}/", 503, server="awselb/2.0")
    assert of_proxy(proxy.proxy_answers, answer) == bad(
        f"{CONNECT}/ is answered by the load balancer, 503, and not by the proxy",
        "look at the listener's rules and targets",
    )


def test_an_error_of_the_proxy_is_told_with_what_it_says() -> None:
    answer = response(f"{CONNECT}/", 502, "not reachable\nnow")
    assert of_proxy(proxy.proxy_answers, answer).text == f"{CONNECT}/ answers 502: not reachable now"


@pytest.mark.parametrize("status", [200, 302, 404])
def test_any_other_answer_of_the_proxy_is_one(status: int) -> None:
    assert of_proxy(proxy.proxy_answers, response(f"{CONNECT}/", status)) == good(f"{CONNECT}/ answers {status}")


SESSION = "https://a1.platform.example.com"


def test_a_session_leads_to_platform_s_sign_in() -> None:
    finding = of_proxy(
        proxy.sign_in_leads_to_platform,
        response(SESSION, 302, location=f"{CONNECT}/login?return=x"),
        response(f"{CONNECT}/login", 302, location=f"{PLATFORM}/oidc/authorize?client_id=1"),
        response(f"{PLATFORM}/oidc/authorize", 200),
    )
    assert finding == good(f"a session's page leads to {PLATFORM}")


def test_a_proxy_that_is_not_registered_is_told_without_the_query() -> None:
    finding = of_proxy(
        proxy.sign_in_leads_to_platform,
        response(SESSION, 302, location=f"{CONNECT}/login?return=secret"),
        response(f"{CONNECT}/login", 503, "not registered"),
    )
    assert finding == bad(
        f"{CONNECT}/login answers 503: not registered",
        "look at the proxy's log; check PLATFORM_URL in ConfigMap connect-proxy, and key "
        "token of Secret connect-registration-token, which proxy and backend read",
    )


def test_a_sign_in_elsewhere_is_no_sign_in() -> None:
    finding = of_proxy(proxy.sign_in_leads_to_platform, response(SESSION, 302, location="https://other.example/login"))
    assert finding.text == f"{SESSION} answers 302, and does not lead to Platform"


def test_a_proxy_that_knows_no_such_session_may_say_so() -> None:
    finding = of_proxy(proxy.sign_in_leads_to_platform, response(SESSION, 404))
    assert finding == good("the proxy answers 404 for a session that does not exist")


def test_a_sign_in_that_leads_in_a_circle_ends() -> None:
    with pytest.raises(CannotAskError, match=f"{SESSION} leads in a circle"):
        of_proxy(proxy.sign_in_leads_to_platform, response(SESSION, 302, location=SESSION))


@pytest.mark.parametrize("status", [101, 401, 404])
def test_an_upgrade_that_the_proxy_answers_has_reached_it(status: int) -> None:
    finding = of_proxy(proxy.upgrade_reaches_proxy, response(SESSION, status))
    assert finding == good(f"an upgrade reaches the proxy, which answers {status}")


def test_an_upgrade_that_is_answered_with_a_page_is_not_the_proxy_s() -> None:
    finding = of_proxy(proxy.upgrade_reaches_proxy, response(SESSION, 200))
    assert finding.holds is False
    assert (
        finding.text == f"{SESSION} answers 200 to an upgrade of a session that does not exist: that is not the proxy"
    )


@pytest.mark.parametrize("status", [302, 400])
def test_an_upgrade_that_became_a_plain_request_is_told(status: int) -> None:
    assert "it lost its headers on the way" in of_proxy(proxy.upgrade_reaches_proxy, response(SESSION, status)).text


def test_a_stack_with_nothing_deployed_is_empty_and_one_without_an_output_is_not() -> None:
    empty = deployment()
    empty.__dict__["outputs"] = {}
    with pytest.raises(CannotAskError, match="the stack is empty: nothing is deployed") as caught:
        names.stack_is_deployed(empty)
    assert caught.value.mend == "pulumi up -s prod"
    empty.__dict__["outputs"] = {"platformUrl": PLATFORM}
    with pytest.raises(CannotAskError, match="the stack has no output connectUrl"):
        names.stack_is_deployed(empty)


def test_an_echo_and_a_long_wait_are_made_only_where_they_are_asked_for() -> None:
    assert proxy.session_echoes(deployment()).holds is None
    assert proxy.silence_ends_connections(deployment()) == not_asked("wait beyond the 301 s: --long")


ECHO = "wss://echo.platform.example.com/ws"


@dataclass(frozen=True)
class Sockets(Answers):
    """A network without TLS: who opens a WebSocket in it needs none."""

    def tls(self, host: str, port: int, context: Any = None) -> Any:
        return None


class Echoing:
    """A WebSocket that sends back what it gets."""

    def send(self, text: str) -> None:
        self.text = text

    def recv(self) -> str:
        return self.text

    def close(self) -> None:
        """Nothing."""


def echoes(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> tuple[Finding, float]:
    """What is found of a session with a proxy that answers so before it opens the WebSocket, and after how long."""
    clock, answers = [0.0], iter(statuses)

    def open_socket(*_: Any, **__: Any) -> Echoing:
        if status := next(answers, None):
            raise websocket.WebSocketBadStatusException("Handshake status %s %s", status)
        return Echoing()

    monkeypatch.setattr(websocket, "create_connection", open_socket)

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(proxy, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    page = ECHO.replace("wss", "https")
    network = Sockets(table={page: response(page)})
    subject = deployment(network, Options(session=ECHO, reconnect_seconds=60))
    try:
        return proxy.session_echoes(subject), clock[0]
    except CannotAskError as error:
        return bad(str(error), error.mend), clock[0]


def test_a_session_that_connects_again_after_a_restart_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert echoes(monkeypatch, 502, 503) == (good("came back after 0 ms"), 4)


def test_a_session_that_does_not_connect_again_is_told_with_how_long_it_was_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding, seconds = echoes(monkeypatch, *[502] * 100)
    assert finding.text == f"{ECHO} answers 502 to an upgrade, still after 60 s"
    assert finding.mend.startswith("check that the session runs")
    assert seconds == 60


def test_a_session_is_told_without_the_query_of_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise websocket.WebSocketBadStatusException("Handshake status %s %s", 404)

    monkeypatch.setattr(websocket, "create_connection", refuse)
    page = ECHO.replace("wss", "https")
    subject = deployment(Sockets(table={page: response(page)}), Options(session=f"{ECHO}?token=SEKRET"))
    with pytest.raises(CannotAskError) as caught:
        proxy.session_echoes(subject)
    assert str(caught.value) == f"{ECHO} answers 404 to an upgrade"


def test_a_session_that_does_not_exist_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    finding, seconds = echoes(monkeypatch, *[404] * 100)
    assert (finding.text, seconds) == (f"{ECHO} answers 404 to an upgrade", 0)


@pytest.mark.parametrize(
    ("status", "names", "names_not"),
    [
        (401, ["STUDIOS_SESSION_COOKIE"], "CONNECT_TUNNEL_URL"),
        (403, ["STUDIOS_SESSION_COOKIE"], "CONNECT_TUNNEL_URL"),
        (404, ["CONNECT_TUNNEL_URL", "CONNECT_PROXY_URL"], "STUDIOS_SESSION_COOKIE"),
        (502, ["CONNECT_TUNNEL_URL", "CONNECT_PROXY_URL"], "STUDIOS_SESSION_COOKIE"),
    ],
)
def test_cookies_are_named_only_where_the_session_refuses_who_asks(
    monkeypatch: pytest.MonkeyPatch, status: int, names: list[str], names_not: str
) -> None:
    finding, _ = echoes(monkeypatch, *[status] * 100)
    assert all(name in finding.mend for name in names)
    assert names_not not in finding.mend


def info(version: str) -> Any:
    return response(f"{PLATFORM}/api/service-info", body=json.dumps({"serviceInfo": {"version": version}}))


def test_platform_s_release_is_held_against_the_settings() -> None:
    assert of_proxy(platform.platform_answers, info("25.3.4")) == good(f"Platform 25.3.4 at {PLATFORM}")
    finding = of_proxy(platform.platform_answers, info("26.1.0"))
    assert finding == bad(
        "Platform is 26.1.0, and platformVersion is 25.3",
        'set platformVersion to "26.1.0", and run pulumi up',
        stops=False,
    )


def test_a_release_candidate_without_a_patch_number_is_of_the_release_that_it_names() -> None:
    running = info("26.2.0-RC1")
    made = deployment(Answers(table={running.url: running}), platformVersion="26.2-RC1")
    assert platform.platform_answers(made) == good(f"Platform 26.2.0-RC1 at {PLATFORM}")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (response(f"{PLATFORM}/api/service-info", body="<html>"), "does not answer with JSON"),
        (response(f"{PLATFORM}/api/service-info", 404), "answers 404"),
        (response(f"{PLATFORM}/api/service-info", 503, server="awselb/2.0"), "its load balancer answers 503"),
    ],
)
def test_a_platform_that_answers_something_else_is_told(answer: Any, text: str) -> None:
    with pytest.raises(CannotAskError, match=f"{PLATFORM}/api/service-info {text}"):
        of_proxy(platform.platform_answers, answer)


def discovery(base: str = "", keys: str = f"{PLATFORM}/keys") -> Any:
    url = f"{PLATFORM}{base}/.well-known/openid-configuration"
    return response(url, body=json.dumps({"issuer": PLATFORM, "jwks_uri": keys}))


def test_the_discovery_document_is_found_at_either_place() -> None:
    assert of_proxy(platform.oidc_is_published, discovery()) == good(f"issuer {PLATFORM}")
    page = response(f"{PLATFORM}/.well-known/openid-configuration", body="<html>")
    assert of_proxy(platform.oidc_is_published, page, discovery("/api")) == good(f"issuer {PLATFORM}")


def test_keys_at_another_host_are_told() -> None:
    finding = of_proxy(platform.oidc_is_published, discovery(keys="https://other.example/keys"))
    assert (
        finding.text
        == "the discovery document leads to https://other.example/keys, which is not at platform.example.com"
    )


def jwk_of(pem: str) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    numbers = key.public_numbers()

    def text(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()

    return {"kty": "RSA", "kid": "k1", "n": text(numbers.n), "e": text(numbers.e)}


def published(*keys: dict[str, str]) -> Finding:
    made = deployment(
        Answers(
            table={
                each.url: each
                for each in (discovery(), response(f"{PLATFORM}/keys", body=json.dumps({"keys": list(keys)})))
            }
        )
    )
    made.__dict__["outputs"] = {**made.outputs, "publicKey": PEM}
    return platform.key_is_published(made)


def test_the_deployed_key_is_found_among_the_published_ones() -> None:
    assert published({"kty": "EC"}, jwk_of(PEM)) == good("the stack's key, kid k1")


def test_another_key_than_the_deployed_one_is_told() -> None:
    other = {**jwk_of(PEM), "e": "Aw"}
    finding = published(other)
    assert finding.text == "none of the 1 RSA keys that Platform publishes is the stack's"
    assert finding.mend.startswith(
        "pulumi up --refresh -s prod writes key oidc.pem of Secret platform-oidc-certs again; restart backend and cron"
    )


def test_the_key_of_any_size_is_compared() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    for bits in (2048, 4096):
        key = rsa.generate_private_key(65537, bits).public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        jwk = jwk_of(pem)
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert platform.public_key(jwk["n"], jwk["e"]) == der


def templates(*offered: tuple[str, str | None], options: Options | None = None) -> tuple[Finding, Answers]:
    url = f"{PLATFORM}/api/studios/templates"
    listed = [{"repository": repository, "tool": tool} for repository, tool in offered]
    body = json.dumps({"templates": listed, "totalSize": len(listed)})
    network = Answers(table={url: response(url, body=body)})
    return platform.templates_are_offered(deployment(network, options or Options("12", "token"))), network


def test_every_template_is_offered_with_its_tool() -> None:
    finding, network = templates(("r/jupyter:1", "jupyter"), ("r/vscode:1", "vscode"), ("r/own:1", "custom"))
    assert finding == good("JUPYTER, VSCODE: each with its tool, in workspace 12")
    assert network.asked == [
        (f"{PLATFORM}/api/studios/templates?workspaceId=12&max=100&offset=0", {"Authorization": "Bearer token"})
    ]


def test_a_template_whose_tool_is_custom_is_told() -> None:
    finding, _ = templates(("r/jupyter:1", "jupyter"), ("r/vscode:1", "custom"))
    assert finding == bad(
        "VSCODE is offered as custom, and its tool is vscode",
        "check TOWER_DATA_STUDIO_TEMPLATES_VSCODE_TOOL of Platform's backend",
    )


def test_a_template_that_is_missing_is_told() -> None:
    assert templates(("r/vscode:1", "vscode"))[0].text == "JUPYTER (r/jupyter:1) is not offered"


@pytest.mark.parametrize(
    ("options", "variable"),
    [(Options(workspace="12"), "TOWER_ACCESS_TOKEN"), (Options(token="t"), "TOWER_WORKSPACE_ID")],
)
def test_templates_are_asked_for_only_with_token_and_workspace(options: Options, variable: str) -> None:
    finding, network = templates(options=options)
    assert finding.holds is None
    assert variable in finding.text
    assert network.asked == []


def test_a_route_of_ones_own_is_checked_by_what_it_leads_to() -> None:
    hosts = {"connect.platform.example.com": ["192.0.2.1"], "studios-check.platform.example.com": ["192.0.2.2"]}
    stack = deployment(Answers(names=hosts), loadBalancerHostname="", ingress="none")
    stack.__dict__["session_id"] = "studios-check"
    assert {check.name for check in checks_of(stack)}.isdisjoint(OF_THE_LOAD_BALANCER)
    assert all(set(check.needs).isdisjoint(OF_THE_LOAD_BALANCER) for check in checks_of(stack))
    found = names.resolver_finds_record(stack)
    assert (found.holds, found.text) == (True, "leads to your route")
