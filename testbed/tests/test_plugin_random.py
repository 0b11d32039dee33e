"""The contract of the random provider, held by whatever serves it here."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.plugins.provider import UNKNOWN
from testbed.tests.served import ADDED, Served, plugin, wrong

CLASSES = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "special": "!@#$%&*()-_=+[]{}<>:?",
}


@pytest.fixture(scope="module")
def password() -> Iterator[Served]:
    with plugin("random") as stub:
        yield Served(stub, "random:index/randomPassword:RandomPassword")


@pytest.fixture(scope="module")
def text() -> Iterator[Served]:
    with plugin("random") as stub:
        yield Served(stub, "random:index/randomString:RandomString")


def test_a_password_has_the_id_none_its_length_and_every_default_in_its_outputs(password: Served) -> None:
    own_id, outputs, _ = password.create({"length": 20})
    assert own_id == "none"
    assert len(outputs["result"]) == 20
    assert {
        "length": 20,
        "upper": True,
        "lower": True,
        "numeric": True,
        "special": True,
        "minUpper": 0,
        "minLower": 0,
        "minNumeric": 0,
        "minSpecial": 0,
    }.items() <= outputs.items()


def test_a_passwords_result_and_its_hash_are_secret(password: Served) -> None:
    assert {"bcryptHash", "result"} <= password.create({"length": 4})[2]


def test_two_passwords_differ(password: Served) -> None:
    one, other = (password.create({"length": 32})[1]["result"] for _ in range(2))
    assert one != other


LENGTHS = st.integers(1, 60)
WANTED = st.tuples(*[st.booleans()] * 4).filter(any)


def assert_kept(served: Served, length: int, wanted: tuple[bool, ...]) -> None:
    classes = dict(zip(CLASSES, wanted, strict=True))
    result = served.create({"length": length, **classes})[1]["result"]
    assert len(result) == length
    assert set(result) <= {character for name, is_wanted in classes.items() if is_wanted for character in CLASSES[name]}


@given(length=LENGTHS, wanted=WANTED)
@settings(max_examples=100)
def test_a_password_keeps_to_its_length_and_to_the_classes_that_are_wanted(
    password: Served, length: int, wanted: tuple[bool, bool, bool, bool]
) -> None:
    # A longer search is for the string below, which the provider makes in the same way, but without a costly hash.
    assert_kept(password, length, wanted)


@given(length=LENGTHS, wanted=WANTED)
def test_a_string_keeps_to_its_length_and_to_the_classes_that_are_wanted(
    text: Served, length: int, wanted: tuple[bool, bool, bool, bool]
) -> None:
    assert_kept(text, length, wanted)


@pytest.mark.parametrize(
    ("inputs", "property", "reason"),
    [
        ({"length": 0}, "length", "Invalid Attribute Value. Attribute length value must be at least 1, got: 0"),
        (
            {"length": 2, "minUpper": 3},
            "length",
            (
                "Invalid Attribute Value. Attribute length value must be at least sum of min_upper + min_lower +"
                " min_numeric + min_special, got: 2"
            ),
        ),
        (
            {"length": 1, "upper": False, "lower": False, "numeric": False, "special": False},
            "numeric",
            (
                "Invalid Attribute Combination. At least one attribute out of [special,upper,lower,numeric] must be"
                " specified as true"
            ),
        ),
    ],
)
def test_wrong_inputs_are_refused_by_name(password: Served, inputs: dict[str, Any], property: str, reason: str) -> None:
    assert password.check(inputs)[1] == [wrong(property, reason)]


def test_a_missing_length_is_refused_by_name(password: Served) -> None:
    (failure,) = password.check({})[1]
    assert failure.reason.startswith("Missing required property 'length': ")


def test_what_a_preview_does_not_know_is_no_wrong_input(password: Served) -> None:
    assert password.check({"length": UNKNOWN, "special": False})[1] == []


def test_a_preview_promises_a_result(password: Served) -> None:
    own_id, outputs, _ = password.create({"length": 4}, preview=True)
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
def test_every_change_of_an_input_replaces(
    password: Served, old: dict[str, Any], new: dict[str, Any], path: str
) -> None:
    own_id, outputs, _ = password.create(old)
    changes, replaces = password.diff(own_id, outputs, old, new)
    assert changes
    assert [each.partition(".")[0] for each in replaces] == [path.partition(".")[0]]


def test_a_default_that_is_written_out_is_no_change(password: Served) -> None:
    own_id, outputs, _ = password.create({"length": 4})
    assert password.diff(own_id, outputs, {"length": 4}, {"length": 4, "upper": True, "lower": True}) == (False, [])


def test_a_refresh_leaves_a_password_as_it_is(password: Served) -> None:
    own_id, outputs, _ = password.create({"length": 4})
    read_id, read, _ = password.read(own_id, outputs, {"length": 4})
    assert (read_id, read["result"], read["length"]) == ("none", outputs["result"], 4)
    assert password.diff(read_id, read, {"length": 4}, {"length": 4}) == (False, [])


@pytest.mark.parametrize(
    "inputs", [{"length": 32, "special": False}, {"length": 32, "special": False, "keepers": {"rotation": ""}}]
)
def test_a_state_without_what_the_bridge_adds_stays_as_it_is(password: Served, inputs: dict[str, Any]) -> None:
    """As 1.0.0 left it on the stand-in that the testbed had then: ``tests/upgrade``."""
    own_id, outputs, _ = password.create(inputs)
    earlier = {name: value for name, value in outputs.items() if name not in {*ADDED, "bcryptHash", "number"}}
    assert password.diff(own_id, earlier, inputs, inputs) == (False, [])
    _, read, _ = password.read(own_id, earlier, inputs)
    assert {name: read[name] for name in earlier} == earlier
    assert password.diff(own_id, read, inputs, inputs) == (False, [])


def test_a_password_is_imported_by_its_value(password: Served) -> None:
    own_id, outputs, inputs = password.read("s3cret", {}, {})
    assert (own_id, outputs["result"], inputs["length"]) == ("none", "s3cret", 6)
    assert password.diff(own_id, outputs, inputs, {"length": 6}) == (False, [])
