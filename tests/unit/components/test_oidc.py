import pytest

from components.oidc import OidcCredentials, OidcCredentialsArgs
from tests.unit.components.mocks import PRIVATE_PEM, PUBLIC_PEM, Recording, run


def credentials(args: OidcCredentialsArgs) -> Recording:
    def program() -> None:
        OidcCredentials("oidc", args)

    return run(program)


def test_the_token_has_32_letters_and_digits_and_the_key_2048_bits() -> None:
    recording = credentials(OidcCredentialsArgs())
    assert recording.parents == {"oidc": "", "oidc-token": "oidc", "oidc-key": "oidc"}
    assert recording["oidc-token"].inputs == {"length": 32, "special": False}
    assert recording["oidc-key"].inputs == {"algorithm": "RSA", "rsaBits": 2048}


def test_the_pem_is_the_private_key_with_the_public_key_directly_beneath() -> None:
    outputs = credentials(OidcCredentialsArgs())["oidc"].outputs
    assert outputs == {
        "registration_token": "result-of-oidc-token",
        "pem": PRIVATE_PEM + PUBLIC_PEM,
        "public_key": PUBLIC_PEM,
    }


def test_token_and_pem_are_secret_even_if_a_provider_forgets_to_say_so() -> None:
    assert credentials(OidcCredentialsArgs())["oidc"].output_secrets == {"registration_token", "pem"}


def test_a_key_smaller_than_2048_bits_is_refused_before_anything_is_made() -> None:
    recorded: list[Recording] = []

    def program() -> None:
        with pytest.raises(ValueError, match="rsa_bits is 1024; write 2048 or more"):
            OidcCredentials("oidc", OidcCredentialsArgs(rsa_bits=1024))

    recorded.append(run(program))
    assert recorded[0].types == {"oidc": "studios:index:OidcCredentials"}


def test_a_larger_key_is_made_as_asked() -> None:
    assert credentials(OidcCredentialsArgs(rsa_bits=4096))["oidc-key"].inputs["rsaBits"] == 4096


def test_each_rotation_value_replaces_its_own_credential_only() -> None:
    recording = credentials(OidcCredentialsArgs(token_rotation="2026-01", key_rotation="first"))
    assert recording["oidc-token"].inputs["keepers"] == {"rotation": "2026-01"}
    assert recording["oidc-token"].replacement_trigger is None
    assert recording["oidc-key"].replacement_trigger == "first"
