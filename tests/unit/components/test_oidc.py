from datetime import date

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from components.oidc import ExistingValue, OidcCredentials, OidcCredentialsArgs
from components.rsa_key import RsaKeyGuardProvider
from tests.unit.components import mocks
from tests.unit.components.mocks import EXISTING_TOKEN, PRIVATE_PEM, PUBLIC_PEM, Recording, run


def credentials(args: OidcCredentialsArgs) -> Recording:
    def program() -> None:
        OidcCredentials("oidc", args)

    return run(program)


def test_the_token_has_32_letters_and_digits_and_the_key_2048_bits() -> None:
    recording = credentials(OidcCredentialsArgs())
    assert recording.parents == {"oidc": "", "oidc-token": "oidc", "oidc-key-guard": "oidc", "oidc-key": "oidc"}
    assert recording["oidc-token"].inputs == {"length": 32, "special": False, "keepers": {"rotation": ""}}
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
    assert recording["oidc-key"].replacement_trigger == "rotation first"


def test_the_key_waits_until_its_size_is_accepted() -> None:
    recording = credentials(OidcCredentialsArgs(rsa_bits=4096, key_rotation="first"))
    guard = {key: value for key, value in recording["oidc-key-guard"].inputs.items() if key != "__provider"}
    assert guard == {"bits": 4096, "rotation": "first"}
    assert recording["oidc-key"].depends_on == {"oidc-key-guard"}


def test_another_size_is_refused_with_both_sizes_and_the_way_to_ask_for_it() -> None:
    with pytest.raises(ValueError, match="rsaBits") as refused:
        RsaKeyGuardProvider().diff("id", {"bits": 2048.0, "rotation": ""}, {"bits": 4096.0, "rotation": ""})
    assert str(refused.value) == (
        "seqera-studios:rsaBits: 4096 would replace the RSA key in use, which has 2048 bits, and end every session; "
        f"write 2048, or ask for a new key: pulumi config set rsaRotation {date.today().isoformat()}"
    )


@pytest.mark.parametrize(
    ("bits", "rotation", "changes"), [(2048.0, "", False), (2048.0, "2026", True), (4096.0, "2026", True)]
)
def test_another_size_is_accepted_with_another_rotation(bits: float, rotation: str, changes: bool) -> None:
    difference = RsaKeyGuardProvider().diff(
        "id", {"bits": 2048.0, "rotation": ""}, {"bits": bits, "rotation": rotation}
    )
    assert difference.changes is changes
    assert not difference.replaces


def test_credentials_that_exist_are_read_and_none_are_made() -> None:
    args = OidcCredentialsArgs(
        existing_token=ExistingValue(namespace="stage", secret="our-token", key="token"),
        existing_pem=ExistingValue(namespace="stage", secret="our-pem", key="oidc.pem"),
    )
    recording = credentials(args)
    assert recording.types == {"oidc": "studios:index:OidcCredentials"}
    assert recording.read == {
        "oidc-token": ("kubernetes:core/v1:Secret", "stage/our-token"),
        "oidc-pem": ("kubernetes:core/v1:Secret", "stage/our-pem"),
    }
    assert recording["oidc"].outputs == {
        "registration_token": EXISTING_TOKEN,
        "pem": PRIVATE_PEM + PUBLIC_PEM,
        "public_key": PUBLIC_PEM,
    }
    assert recording["oidc"].output_secrets == {"registration_token", "pem"}


def test_the_public_half_of_a_key_that_is_kept_without_it_is_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    monkeypatch.setattr(mocks, "PUBLIC_PEM", "")
    monkeypatch.setattr(mocks, "PRIVATE_PEM", private)
    args = OidcCredentialsArgs(existing_pem=ExistingValue(namespace="stage", secret="acme", key="oidc.pem"))
    outputs = credentials(args)["oidc"].outputs
    assert outputs["public_key"] == public.decode()
    assert outputs["pem"] == private


def test_a_private_key_that_cannot_be_read_leaves_the_public_half_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mocks, "PUBLIC_PEM", "")
    args = OidcCredentialsArgs(existing_pem=ExistingValue(namespace="stage", secret="acme", key="oidc.pem"))
    assert credentials(args)["oidc"].outputs["public_key"] == ""
