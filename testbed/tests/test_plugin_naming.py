"""Names made up for resources, and the check of property names."""

import re

from testbed.plugins.naming import autoname, did_you_mean, unknown_properties
from testbed.plugins.provider import CheckFailure


def test_the_same_seed_gives_the_same_name_and_another_seed_another() -> None:
    assert autoname("web", b"seed") == autoname("web", b"seed")
    assert autoname("web", b"seed") != autoname("web", b"other")


def test_an_automatic_name_is_the_name_a_hyphen_and_seven_hex_digits() -> None:
    assert re.fullmatch(r"web-[0-9a-f]{7}", autoname("web", b"seed"))


def test_an_unknown_property_is_named_by_its_path_with_the_nearest_right_one() -> None:
    allowed = {"length", "keepers"}
    assert unknown_properties({"lenght": 1, "keepers": {}}, allowed, parent=("spec", 0)) == [
        CheckFailure("spec[0].lenght", "unknown property 'lenght'; did you mean 'length'?")
    ]


def test_bookkeeping_keys_are_no_unknown_properties() -> None:
    assert unknown_properties({"__defaults": []}, {"length"}) == []


def test_the_choices_are_listed_where_none_is_near_and_they_are_few() -> None:
    assert did_you_mean("colour", {"size", "age"}) == "; it has age, size"
    assert did_you_mean("zzz", {f"property{number}" for number in range(13)}) == ""


def test_a_difference_of_capitals_alone_finds_the_right_one() -> None:
    assert did_you_mean("minUPPER", {"minUpper", "minLower"}) == "; did you mean 'minUpper'?"
