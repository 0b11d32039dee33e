"""Property values on the wire, and which of them stay secret."""

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from testbed.plugins.diff import Path
from testbed.plugins.properties import Unsealed, marshal, paths_to_seal, unmarshal
from testbed.plugins.provider import UNKNOWN, ProviderError

# The SDK's own, to which they hold what the stand-ins have.
SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig
ASSET = rpc._special_asset_sig
RESOURCE = rpc._special_resource_sig
UNKNOWN_TEXT = rpc.UNKNOWN
UNKNOWN_NUMBER = "3eeb2bf0-c639-47a8-9e75-3b44932eb421"

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just(UNKNOWN)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def wire(properties: dict[str, object]) -> struct_pb2.Struct:
    struct: struct_pb2.Struct = json_format.ParseDict(properties, struct_pb2.Struct())
    return struct


def secret(value: object) -> dict[str, object]:
    return {SIGNATURE: SECRET, "value": value}


@st.composite
def sealed_properties(draw: st.DrawFn) -> tuple[dict[str, object], frozenset[Path]]:
    properties: dict[str, object] = dict(draw(st.dictionaries(st.text(max_size=5), VALUES, max_size=4)))
    chosen = draw(st.sets(st.sampled_from(sorted(properties)))) if properties else set()
    return properties, frozenset((name,) for name in chosen)


@given(sealed_properties())
def test_values_and_secrets_come_back_as_they_were_sent(case: tuple[dict[str, object], frozenset[Path]]) -> None:
    properties, secrets = case
    assert unmarshal(marshal(properties, secrets)) == Unsealed(properties, secrets)


def test_a_secret_is_unwrapped_and_its_path_remembered() -> None:
    sent = wire({"a": secret("x"), "b": {"c": [1, secret({"d": 2})]}})
    assert unmarshal(sent) == Unsealed({"a": "x", "b": {"c": [1, {"d": 2}]}}, frozenset({("a",), ("b", "c", 1)}))


def test_a_sealed_value_has_the_engines_signature() -> None:
    assert json_format.MessageToDict(marshal({"a": {"b": "x"}}, {("a", "b")})) == {"a": {"b": secret("x")}}


@pytest.mark.parametrize("sentinel", [UNKNOWN_TEXT, UNKNOWN_NUMBER])
def test_an_unknown_of_any_type_arrives_as_unknown(sentinel: str) -> None:
    assert unmarshal(wire({"a": [sentinel]})).values == {"a": [UNKNOWN]}


def test_an_unknown_secret_is_both() -> None:
    assert unmarshal(wire({"a": secret(UNKNOWN_TEXT)})) == Unsealed({"a": UNKNOWN}, frozenset({("a",)}))


def test_whole_numbers_arrive_as_integers_and_others_do_not() -> None:
    values = unmarshal(wire({"a": 3.0, "b": 2.5})).values
    assert [(type(value), value) for value in values.values()] == [(int, 3), (float, 2.5)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [({SIGNATURE: ASSET, "text": "x"}, "an asset"), ({SIGNATURE: RESOURCE, "urn": "x"}, "a resource")],
)
def test_what_no_stand_in_can_take_is_refused_by_its_path(value: object, kind: str) -> None:
    with pytest.raises(ProviderError, match=rf"^property spec\.files\[1\] is {kind}, which"):
        unmarshal(wire({"spec": {"files": ["x", value]}}))


def test_a_value_of_no_property_type_is_refused_by_its_path() -> None:
    with pytest.raises(TypeError, match=r"^property a\.b is a set, which no property can be$"):
        marshal({"a": {"b": {1}}})


def sealed(given_values: dict[str, object], secrets: set[Path], answer: dict[str, object], *always: str) -> set[Path]:
    return paths_to_seal(Unsealed(given_values, frozenset(secrets)), answer, always)


def test_an_output_is_secret_where_the_input_was() -> None:
    assert sealed({"a": {"b": 1}}, {("a", "b")}, {"a": {"b": 1, "c": 2}, "d": 1}) == {("a", "b")}


def test_an_output_that_is_always_secret_is_sealed_whatever_the_inputs_were() -> None:
    assert sealed({}, set(), {"result": "x"}, "result", "absent") == {("result",)}


def test_a_secret_that_the_answer_leaves_out_seals_nothing() -> None:
    assert sealed({"a": 1}, {("a",)}, {"b": 1}) == set()


def test_a_secret_still_at_its_place_in_a_list_leaves_its_neighbours_readable() -> None:
    env = [{"name": "A", "value": "x"}, {"name": "B", "value": "y"}]
    assert sealed({"env": env}, {("env", 1, "value")}, {"env": env}) == {("env", 1, "value")}


@pytest.mark.parametrize(
    "answer",
    [
        [{"name": "B", "value": "y"}, {"name": "A", "value": "x"}],
        [{"name": "B"}, {"name": "A", "value": "x"}],
        [],
        "A=x",
    ],
)
def test_a_list_that_holds_a_secret_elsewhere_than_it_was_is_sealed_as_a_whole(answer: object) -> None:
    env = [{"name": "A", "value": "x"}, {"name": "B", "value": "y"}]
    assert sealed({"env": env}, {("env", 0, "value")}, {"env": answer}) == {("env",)}


def test_a_text_made_of_a_branch_that_held_a_secret_is_sealed() -> None:
    assert sealed({"a": {"b": {"c": 1}}}, {("a", "b", "c")}, {"a": {"b": '{"c": 1}'}}) == {("a", "b")}


def test_the_texts_of_secrets_are_told_apart_from_short_and_plain_ones() -> None:
    unsealed = Unsealed({"a": {"b": ["hunter22", "abc", 12345, True]}, "c": "plain text"}, frozenset({("a",)}))
    assert unsealed.secret_texts() == {"hunter22", "12345"}
