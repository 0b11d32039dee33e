"""What to do about an image that cannot be pulled depends on why."""

from __future__ import annotations

from typing import Any

import pytest
from studios_host.checks import missing_images
from studios_host.docker import Docker, Finished

IMAGE = "cr.seqera.io/enterprise/studios/proxy:0.9.0"
LOGIN = (
    "Log in as root (docker login cr.seqera.io), which writes /root/.docker/config.json, or name the folder of another "
    "login in dockerConfig"
)
REACH = "Let this host reach cr.seqera.io: by DNS, a route, or the proxy of Docker's daemon"


class Refusing(Docker):
    """A `docker` without images, which pulls none."""

    def __init__(self, error: str) -> None:
        super().__init__({"HOME": "/root", "DOCKER_CONFIG": "/root/.docker"})
        self.error = error

    def run(self, words: Any, *_others: Any, **_options: Any) -> Finished:
        return Finished(1, "", self.error) if words[0] == "pull" else Finished(1, "[]", "")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("unauthorized: authentication required", LOGIN),
        ("pull access denied for x, repository does not exist or may require 'docker login'", LOGIN),
        ("unexpected status from HEAD request to https://cr.seqera.io/v2/: 403 Forbidden", LOGIN),
        (
            "write /var/lib/docker/tmp/x: no space left on device",
            "Free some space on the file system of Docker's data: docker system df shows what is used",
        ),
        ("dial tcp: lookup cr.seqera.io on 10.0.0.2:53: no such host", REACH),
        ("dial tcp 10.0.0.1:443: connect: connection refused", REACH),
        ("net/http: TLS handshake timeout", REACH),
        ("docker pull did not end within 10 seconds", REACH),
        (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "Let Docker's daemon trust the certificate of cr.seqera.io: /etc/docker/certs.d",
        ),
        (
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            "It is not made for this host's processor: write another image in proxyImage or serverImage",
        ),
        (
            "manifest for x not found: manifest unknown: manifest unknown",
            "Write a release that the registry has in connectVersion, or another image in proxyImage or serverImage",
        ),
        ("toomanyrequests", f"Try it on this host as root (docker --config /root/.docker pull {IMAGE})"),
    ],
)
def test_the_remedy_for_an_image_is_that_of_the_reason(error: str, remedy: str) -> None:
    model = {"services": {"connect-proxy": {"image": IMAGE}}}
    assert [*missing_images(Refusing(error), model, ["connect-proxy"], 10)] == [
        f"the image {IMAGE} of connect-proxy cannot be pulled: {error}. {remedy}"
    ]
