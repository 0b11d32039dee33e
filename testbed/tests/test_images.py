"""The registry of the testbed's images, as a container runtime pulls from it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import io
import json
import tarfile
import threading
from collections.abc import Iterator

import pytest
from ruamel.yaml import YAML

from testbed import paths
from testbed.images.catalog import Image
from testbed.images.layer import Layer
from testbed.images.registry import PASSWORD, USER, server

OURS = "cr.seqera.io/enterprise/studios/proxy"
PUBLIC = "cr.seqera.io/public/redis"
OTHERS = "registry.k8s.io/pause"
LOGIN = {"Authorization": f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"}


@pytest.fixture(scope="module")
def connection() -> Iterator[http.client.HTTPConnection]:
    layer = Layer()
    layer.file("/usr/bin/server", b"a program", 0o755)
    layer.link("/bin/s", "../usr/bin/server")
    images = [Image(f"{name}:1.0", layer, ("/usr/bin/server",), 65532) for name in (OURS, PUBLIC, OTHERS)]
    running = server("127.0.0.1", 0, images)
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield http.client.HTTPConnection("127.0.0.1", running.server_address[1], timeout=10)
    running.shutdown()
    running.server_close()


def _ask(
    connection: http.client.HTTPConnection, repository: str, what: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    # A mirror is told the host that is meant, as containerd does it.
    host, _, name = repository.partition("/")
    connection.request("GET", f"/v2/{name}/{what}?ns={host}", headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def test_a_private_repository_is_served_with_the_login_only(connection: http.client.HTTPConnection) -> None:
    status, _, headers = _ask(connection, OURS, "manifests/1.0")
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="testbed"')
    wrong = {"Authorization": f"Basic {base64.b64encode(b'testbed:guess').decode()}"}
    assert _ask(connection, OURS, "manifests/1.0", wrong)[0] == 401
    assert _ask(connection, OURS, "manifests/1.0", LOGIN)[0] == 200


def test_without_a_word_on_the_registry_it_is_seqeras(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/v2/enterprise/studios/proxy/manifests/1.0", headers=LOGIN)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200


@pytest.mark.parametrize("repository", [PUBLIC, OTHERS])
def test_what_is_public_is_served_to_everybody(connection: http.client.HTTPConnection, repository: str) -> None:
    assert _ask(connection, repository, "manifests/1.0")[0] == 200


@pytest.mark.parametrize(("repository", "tag"), [(PUBLIC, "no-such-tag"), ("cr.seqera.io/public/other", "1.0")])
def test_a_missing_tag_and_an_unknown_repository_are_not_found(
    connection: http.client.HTTPConnection, repository: str, tag: str
) -> None:
    status, body, _ = _ask(connection, repository, f"manifests/{tag}")
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_what_a_manifest_names_has_the_digest_that_it_names(connection: http.client.HTTPConnection) -> None:
    _, body, headers = _ask(connection, PUBLIC, "manifests/1.0")
    assert headers["Docker-Content-Digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert _ask(connection, PUBLIC, f"manifests/{headers['Docker-Content-Digest']}")[1] == body
    manifest = json.loads(body)
    for described in [manifest["config"], *manifest["layers"]]:
        blob = _ask(connection, PUBLIC, f"blobs/{described['digest']}")[1]
        assert (len(blob), f"sha256:{hashlib.sha256(blob).hexdigest()}") == (described["size"], described["digest"])


def test_an_image_has_its_program_its_user_and_its_files(connection: http.client.HTTPConnection) -> None:
    manifest = json.loads(_ask(connection, PUBLIC, "manifests/1.0")[1])
    config = json.loads(_ask(connection, PUBLIC, f"blobs/{manifest['config']['digest']}")[1])["config"]
    assert (config["Entrypoint"], config["User"]) == (["/usr/bin/server"], "65532")
    layer = gzip.decompress(_ask(connection, PUBLIC, f"blobs/{manifest['layers'][0]['digest']}")[1])
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        assert {entry.name: (entry.mode, entry.linkname) for entry in files} == {
            "usr": (0o755, ""),
            "usr/bin": (0o755, ""),
            "usr/bin/server": (0o755, ""),
            "bin": (0o755, ""),
            "bin/s": (0o777, "../usr/bin/server"),
        }


def test_the_platforms_pull_secret_is_the_login() -> None:
    manifests = YAML(typ="safe", pure=True).load_all(paths.TESTBED / "platform" / "manifests" / "registry.yml")
    secret = next(each for each in manifests if each["kind"] == "Secret")
    login = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]["cr.seqera.io"]
    assert (login["username"], login["password"]) == (USER, PASSWORD)
    assert f"Basic {login['auth']}" == LOGIN["Authorization"]
