import hashlib
import hmac

import pulumi

from components.checksum import keyed_checksum, pod_checksum
from tests.unit.components.mocks import run


def test_the_checksum_is_an_hmac_of_the_sorted_values() -> None:
    expected = hmac.new(b"key", b'{"A": "1", "B": "2"}', hashlib.sha256).hexdigest()
    assert keyed_checksum("key", {"B": "2", "A": "1"}) == expected


def test_another_value_and_another_name_and_another_key_give_another_checksum() -> None:
    checksums = [keyed_checksum(key, {name: value}) for key, name, value in ("kab", "kac", "kbb", "lab")]
    assert len(set(checksums)) == 4


def test_the_checksum_of_secret_values_is_not_secret() -> None:
    def program() -> None:
        key, token = pulumi.Output.secret("key"), pulumi.Output.secret("token")
        pulumi.ComponentResource("test:index:Pod", "pod").register_outputs(
            {"checksum": pod_checksum(key, {"A": token})}
        )

    recording = run(program)
    assert recording["pod"].output_secrets == set()
    assert recording["pod"].outputs == {"checksum": keyed_checksum("key", {"A": "token"})}
