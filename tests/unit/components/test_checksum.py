import hashlib
import hmac

from components.checksum import keyed_checksum, pod_checksum
from components.oidc import OidcCredentials, OidcCredentialsArgs
from tests.unit.components.mocks import run


def test_the_checksum_is_an_hmac_of_the_sorted_values() -> None:
    expected = hmac.new(b"key", b'{"A": "1", "B": "2"}', hashlib.sha256).hexdigest()
    assert keyed_checksum("key", {"B": "2", "A": "1"}) == expected


def test_another_value_and_another_name_and_another_key_give_another_checksum() -> None:
    checksums = [keyed_checksum(key, {name: value}) for key, name, value in ("kab", "kac", "kbb", "lab")]
    assert len(set(checksums)) == 4


def test_the_checksum_of_secret_values_is_not_secret() -> None:
    def program() -> None:
        credentials = OidcCredentials("oidc", OidcCredentialsArgs())
        checksum = pod_checksum(credentials.pem, {"token": credentials.registration_token})
        credentials.register_outputs({"checksum": checksum})

    recording = run(program)
    assert recording["oidc"].output_secrets == set()
    assert len(recording["oidc"].outputs["checksum"]) == 64
