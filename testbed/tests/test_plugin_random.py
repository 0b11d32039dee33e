"""The contract of the random provider, held by whatever serves it here."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.plugins.provider import UNKNOWN
from testbed.tests.served import Served, is_stand_in, plugin, wrong

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


def test_a_passwords_result_is_secret(password: Served) -> None:
    assert "result" in password.create({"length": 4})[2]


def test_two_passwords_differ(password: Served) -> None:
    one, other = (password.create({"length": 32})[1]["result"] for _ in range(2))
    assert one != other


@given(length=st.integers(1, 60), wanted=st.tuples(*[st.booleans()] * 4).filter(any))
def test_a_result_keeps_to_its_length_and_to_the_classes_that_are_wanted(
    password: Served, length: int, wanted: tuple[bool, bool, bool, bool]
) -> None:
    classes = dict(zip(CLASSES, wanted, strict=True))
    result = password.create({"length": length, **classes})[1]["result"]
    assert len(result) == length
    assert set(result) <= {character for name, is_wanted in classes.items() if is_wanted for character in CLASSES[name]}


@pytest.mark.parametrize(
    ("inputs", "property", "reason"),
    [
        ({}, "length", "Missing required argument: 'length'"),
        ({"length": 0}, "length", "Attribute length value must be at least 1, got: 0"),
        (
            {"length": 3, "minUpper": 1},
            "minUpper",
            "unknown property 'minUpper'; did you mean 'upper'?",
        ),
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
@pytest.mark.skipif(
    not is_stand_in("random"), reason="an official plugin is more lenient: the stand-in's own strictness"
)
def test_wrong_inputs_are_refused_by_name(password: Served, inputs: dict[str, Any], property: str, reason: str) -> None:
    assert password.check(inputs)[1] == [wrong(property, reason)]


@pytest.mark.skipif(not is_stand_in("random"), reason="an official plugin knows more types")
def test_an_unknown_type_is_refused_by_name() -> None:
    with plugin("random") as stub:
        pet = Served(stub, "random:index/randomPet:RandomPet")
        assert [each.reason.partition(":")[0] for each in pet.check({})[1]] == ["unknown resource type random"]
        with pytest.raises(grpc.RpcError, match="unknown resource type random:index/randomPet:RandomPet: the stand-in"):
            pet.read("none", {}, {})


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


def test_a_password_is_imported_by_its_value(password: Served) -> None:
    own_id, outputs, inputs = password.read("s3cret", {}, {})
    assert (own_id, outputs["result"], inputs["length"]) == ("none", "s3cret", 6)
    assert password.diff(own_id, outputs, inputs, {"length": 6}) == (False, [])
