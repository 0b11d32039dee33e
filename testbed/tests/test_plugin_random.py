"""The contract of the random provider."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.plugins.provider import UNKNOWN, CheckFailure, DiffResult, ProviderError, Resource
from testbed.plugins.random.provider import RandomProvider

PROVIDER = RandomProvider()
PASSWORD = Resource("urn", "random:index/randomPassword:RandomPassword", "pw")
STRING = Resource("urn", "random:index/randomString:RandomString", "s")
ID = Resource("urn", "random:index/randomId:RandomId", "i")
SNAKE_MINIMUMS = ["min_upper", "min_lower", "min_numeric", "min_special"]
BYTES = Resource("urn", "random:index/randomBytes:RandomBytes", "b")


def create(resource: Resource, **inputs: Any) -> tuple[str, dict[str, Any]]:
    return PROVIDER.create(resource, inputs, preview=False, timeout=0)


def failures(resource: Resource, **inputs: Any) -> list[CheckFailure]:
    return PROVIDER.check(resource, None, inputs, b"").failures


def diff(old: dict[str, Any], new: dict[str, Any]) -> DiffResult:
    return PROVIDER.diff(PASSWORD, "none", old, {}, new)


def test_a_password_has_the_id_none_its_length_and_every_default_in_its_outputs() -> None:
    own_id, outputs = create(PASSWORD, length=20)
    assert own_id == "none"
    assert len(outputs.pop("result")) == 20
    assert outputs == {
        "length": 20,
        "upper": True,
        "lower": True,
        "numeric": True,
        "special": True,
        "minUpper": 0,
        "minLower": 0,
        "minNumeric": 0,
        "minSpecial": 0,
    }


def test_a_passwords_result_is_secret_and_a_strings_is_not() -> None:
    assert list(PROVIDER.secret_outputs(PASSWORD.type)) == ["result"]
    assert list(PROVIDER.secret_outputs(STRING.type)) == []


def test_a_strings_id_is_its_result() -> None:
    own_id, outputs = create(STRING, length=8)
    assert own_id == outputs["result"]


def test_two_passwords_differ() -> None:
    assert create(PASSWORD, length=32)[1]["result"] != create(PASSWORD, length=32)[1]["result"]


@given(
    length=st.integers(1, 60),
    minimums=st.tuples(*[st.integers(0, 4)] * 4),
    wanted=st.tuples(*[st.booleans()] * 4).filter(any),
)
def test_a_result_keeps_to_its_minimums_and_to_the_classes_that_are_wanted(
    length: int, minimums: tuple[int, int, int, int], wanted: tuple[bool, bool, bool, bool]
) -> None:
    classes = {
        "upper": string.ascii_uppercase,
        "lower": string.ascii_lowercase,
        "numeric": string.digits,
        "special": "!@#$%&*()-_=+[]{}<>:?",
    }
    length = max(length, sum(minimums))
    inputs = {f"min{name.capitalize()}": least for name, least in zip(classes, minimums, strict=True)}
    result = create(PASSWORD, length=length, **inputs, **dict(zip(classes, wanted, strict=True)))[1]["result"]
    assert len(result) == length
    for characters, least, is_wanted in zip(classes.values(), minimums, wanted, strict=True):
        count = sum(character in characters for character in result)
        assert count >= least
        assert is_wanted or count == least


def test_special_characters_can_be_given() -> None:
    inputs = {"length": 30, "upper": False, "lower": False, "numeric": False, "overrideSpecial": "_"}
    assert create(PASSWORD, **inputs)[1]["result"] == "_" * 30


@pytest.mark.parametrize(
    ("inputs", "property", "reason"),
    [
        ({}, "length", "Missing required argument: 'length'"),
        ({"length": 0}, "length", "Attribute length value must be at least 1, got: 0"),
        (
            {"length": 3, "minUpper": 2, "minLower": 2},
            "length",
            f"Attribute length value must be at least sum of {' + '.join(SNAKE_MINIMUMS)} (4), got: 3",
        ),
        ({"length": 3, "minUpper": -1}, "minUpper", "Attribute minUpper value must be at least 0, got: -1"),
        ({"length": 3, "lenght": 4}, "lenght", "unknown property 'lenght'; did you mean 'length'?"),
        ({"length": "3"}, "length", "length must be a whole number, not str"),
        ({"length": True}, "length", "length must be a whole number, not bool"),
        (
            {"length": 1, "upper": False, "lower": False, "numeric": False, "special": False},
            "special",
            "upper, lower, numeric and special are all false: set one of them to true",
        ),
    ],
)
def test_wrong_inputs_are_refused_by_name(inputs: dict[str, Any], property: str, reason: str) -> None:
    assert failures(PASSWORD, **inputs) == [CheckFailure(property, reason)]


def test_an_unknown_type_is_refused_by_name() -> None:
    pet = Resource("urn", "random:index/randomPet:RandomPet", "p")
    assert [failure.reason.partition(":")[0] for failure in failures(pet)] == ["unknown resource type random"]
    with pytest.raises(ProviderError, match="unknown resource type random:index/randomPet:RandomPet: the stand-in"):
        create(pet)


def test_what_a_preview_does_not_know_is_no_wrong_input() -> None:
    assert failures(PASSWORD, length=UNKNOWN, minUpper=7) == []


def test_a_preview_promises_a_result() -> None:
    own_id, outputs = PROVIDER.create(PASSWORD, {"length": 4}, preview=True, timeout=0)
    assert (own_id, outputs["result"], outputs["length"]) == ("", UNKNOWN, 4)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ({"length": 4}, {"length": 5}, "length"),
        ({"length": 4, "keepers": {"a": "1"}}, {"length": 4, "keepers": {"a": "2"}}, "keepers.a"),
        ({"length": 4, "keepers": {"a": "1"}}, {"length": 4}, "keepers"),
        ({"length": 4, "keepers": {"a": "1", "b": "1"}}, {"length": 4, "keepers": {"a": "1"}}, "keepers.b"),
        ({"length": 4}, {"length": 4, "special": False}, "special"),
    ],
)
def test_every_change_of_an_input_replaces(old: dict[str, Any], new: dict[str, Any], path: str) -> None:
    assert diff(old, new).replaces == [path]


def test_a_default_that_is_written_out_is_no_change() -> None:
    assert diff({"length": 4}, {"length": 4, "upper": True, "minLower": 0}) == DiffResult()


def test_a_refresh_leaves_a_password_as_it_is() -> None:
    inputs, outputs = {"length": 4}, {"length": 4, "result": "abcd"}
    assert PROVIDER.read(PASSWORD, "none", inputs, outputs) == ("none", inputs, outputs)


@pytest.mark.parametrize(("resource", "id"), [(PASSWORD, "none"), (STRING, "s3cret")])
def test_a_text_is_imported_by_its_value(resource: Resource, id: str) -> None:
    imported = PROVIDER.read(resource, "s3cret", None, None)
    assert imported is not None
    own_id, inputs, outputs = imported
    assert (own_id, outputs["result"], inputs["length"]) == (id, "s3cret", 6)
    assert PROVIDER.diff(resource, id, inputs, outputs, {"length": 6}) == DiffResult()


def test_an_id_shows_the_same_bytes_in_each_form_behind_its_prefix() -> None:
    imported = PROVIDER.read(ID, "p-,-_8", None, None)
    assert imported == (
        "-_8",
        {"byteLength": 2, "prefix": "p-"},
        {"byteLength": 2, "prefix": "p-", "b64Std": "p-+/8=", "b64Url": "p--_8", "dec": "p-64511", "hex": "p-fbff"},
    )


def test_random_bytes_are_secret_and_imported_by_their_base64() -> None:
    assert list(PROVIDER.secret_outputs(BYTES.type)) == ["base64", "hex"]
    assert PROVIDER.read(BYTES, "AP8=", None, None) == (
        "none",
        {"length": 2},
        {"length": 2, "base64": "AP8=", "hex": "00ff"},
    )


def test_an_id_that_cannot_be_imported_is_refused() -> None:
    with pytest.raises(ProviderError, match="is not base64"):
        PROVIDER.read(BYTES, "no base64!", None, None)
