"""tower.yml: one entry changes, every other byte stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from live import tower_yml_text
from live.tower_yml_place import path_of
from live.tower_yml_text import Entry, TowerYmlError, refuse_other_spelling, restore, set_entry

PATH = path_of("tower.data-studio.allowed-workspaces")
FURTHER = tuple(map(path_of, ("tower.data-studio.approaching-expiration-threshold", "tower.our-own.part", "studios")))


def read_entry(text: str) -> Entry:
    return tower_yml_text.read_entry(text, PATH)


def set_allowed_workspaces(text: str, value: object) -> str:
    return set_entry(text, PATH, value)


REALISTIC = """\
# Kept by the platform team. Ask before you change it.
mail:
  smtp:
    auth: true   # the relay wants it
tower:
  # where jobs run
  cron:
    audit-log:
      time-offset: "365d"
  trustedEmails:
    - '*@example.com'
"""

ENTRY_IN_REALISTIC = REALISTIC.replace("tower:\n", "tower:\n  data-studio:\n    allowed-workspaces: null\n")


def test_the_entry_is_added_under_tower_and_nothing_else_moves() -> None:
    assert set_allowed_workspaces(REALISTIC, None) == ENTRY_IN_REALISTIC


def test_no_workspace_is_an_empty_list_and_some_are_a_list_of_ids() -> None:
    assert set_allowed_workspaces("tower:\n  a: 1\n", []) == (
        "tower:\n  data-studio:\n    allowed-workspaces: []\n  a: 1\n"
    )
    assert set_allowed_workspaces("tower:\n  a: 1\n", [7, 12]) == (
        "tower:\n  data-studio:\n    allowed-workspaces: [7, 12]\n  a: 1\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "tower:\n  data-studio:\n    allowed-workspaces: [5]\n"),
        ("# nothing yet", "# nothing yet\ntower:\n  data-studio:\n    allowed-workspaces: [5]"),
        ("a: 1", "a: 1\ntower:\n  data-studio:\n    allowed-workspaces: [5]"),
        ("a: 1\r\n", "a: 1\r\ntower:\r\n  data-studio:\r\n    allowed-workspaces: [5]\r\n"),
        ("a: |+\n  x\n\n", "a: |+\n  x\n\ntower:\n  data-studio:\n    allowed-workspaces: [5]\n"),
        ("a: |\n  x", "tower:\n  data-studio:\n    allowed-workspaces: [5]\na: |\n  x"),
        ("a: 1\n...\n", "tower:\n  data-studio:\n    allowed-workspaces: [5]\na: 1\n...\n"),
        ("{}", "{tower: {data-studio: {allowed-workspaces: [5]}}}"),
        ("{ a: 1 }\n", "{ tower: {data-studio: {allowed-workspaces: [5]}}, a: 1 }\n"),
        ("tower:", "tower:\n  data-studio:\n    allowed-workspaces: [5]"),
        ("tower:  # ours\nb: 2\n", "tower:  # ours\n  data-studio:\n    allowed-workspaces: [5]\nb: 2\n"),
        ("tower: ~ # none\n", "tower: {data-studio: {allowed-workspaces: [5]}} # none\n"),
        ("tower:\t{data-studio:\t{x: 1}}", "tower:\t{data-studio:\t{allowed-workspaces: [5], x: 1}}"),
        ("tower: {}\n", "tower: {data-studio: {allowed-workspaces: [5]}}\n"),
        ("tower:\n  data-studio: null\n", "tower:\n  data-studio: {allowed-workspaces: [5]}\n"),
        ("tower: {data-studio: }\n", "tower: {data-studio: {allowed-workspaces: [5]} }\n"),
        (
            "tower:\n    data-studio:\n\n        # about x\n        x: y\n",
            "tower:\n    data-studio:\n        allowed-workspaces: [5]\n\n        # about x\n        x: y\n",
        ),
        (
            "tower: {data-studio: {allowed-workspaces:   [ 1,2 ]  }} # c",
            "tower: {data-studio: {allowed-workspaces: [5]  }} # c",
        ),
        (
            "tower:\n  data-studio:\n    allowed-workspaces: null  # all",
            "tower:\n  data-studio:\n    allowed-workspaces: [5]  # all",
        ),
        ("tower:\n  data-studio:\n    allowed-workspaces:\n", "tower:\n  data-studio:\n    allowed-workspaces: [5]\n"),
        (
            (
                "tower:\n  data-studio:\n    allowed-workspaces:  # teams\n"
                "      - 1  # a\n      # and\n      - 2  # b\n    x: 1\n"
            ),
            "tower:\n  data-studio:\n    allowed-workspaces: [5]  # teams\n    x: 1\n",
        ),
        (
            '"tower":\n  "data-studio":\n    "allowed-workspaces": "5"\n',
            '"tower":\n  "data-studio":\n    "allowed-workspaces": [5]\n',
        ),
    ],
)
def test_every_way_to_write_it_is_edited_in_place_and_given_back(before: str, after: str) -> None:
    assert set_allowed_workspaces(before, [5]) == after
    assert restore(after, read_entry(before)) == before


def test_setting_what_it_says_already_changes_nothing() -> None:
    text = "tower:\n  data-studio:\n    allowed-workspaces:\n    - 1\n    -  2 # two\n"
    assert set_allowed_workspaces(text, [1, 2]) == text


def test_an_edit_by_the_owner_in_between_is_kept_when_the_entry_goes() -> None:
    edited = ENTRY_IN_REALISTIC.replace("365d", "30d").replace("mail:", "logger: {}\nmail:")
    assert restore(edited, read_entry(REALISTIC)) == REALISTIC.replace("365d", "30d").replace(
        "mail:", "logger: {}\nmail:"
    )


def test_a_neighbour_that_the_owner_put_beside_the_entry_stays() -> None:
    edited = ENTRY_IN_REALISTIC.replace("allowed-workspaces: null\n", "allowed-workspaces: null\n    x: 1\n")
    assert restore(edited, read_entry(REALISTIC)) == REALISTIC.replace("tower:\n", "tower:\n  data-studio:\n    x: 1\n")


def test_an_entry_that_the_owner_took_out_stays_out() -> None:
    assert restore(REALISTIC, Entry(PATH, 3, " [1]")) == REALISTIC


def test_the_entry_is_read_with_its_value() -> None:
    assert read_entry(REALISTIC) == Entry(PATH, 1, None)
    assert not read_entry(REALISTIC).present
    listed = read_entry("tower:\n  data-studio:\n    allowed-workspaces:\n      - 3\n      - 4\n")
    assert listed.present
    assert listed.value == [3, 4]
    assert read_entry("tower: {data-studio: {allowed-workspaces: ~}}").value is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1\n- 2\n", "is not a YAML mapping"),
        ("just words", "is not a YAML mapping"),
        ("a: [1\nb: 2\n", "is not valid YAML in line"),
        ("tower: 1\n", "has something at tower that is not a mapping (line 1)"),
        ("tower:\n  data-studio: [x]\n", "has something at tower.data-studio that is not a mapping (line 2)"),
        ("tower:\n  a: 1\ntower:\n  b: 2\n", "tower"),
        ("x: &d {a: 1}\ntower:\n  data-studio: *d\n", "shares tower.data-studio with another place through an anchor"),
        ("tower: &t\n  a: 1\nb: *t\n", "shares tower with another place through an anchor"),
        ("{tower}\n", "has the key tower without a colon (line 1)"),
        ("tower:\n\tdata-studio: {x: 1}\n", "is not valid YAML in line 2"),
        ("x: &d {data-studio: {a: 1}}\ntower:\n  <<: *d\n  b: 1\n", "merges data-studio from an anchor"),
        ("tower.data-studio.allowed-workspaces: []\n", "has the key tower.data-studio.allowed-workspaces in one line"),
        ("tower:\n  data-studio.allowed-workspaces: []\n", "has the key data-studio.allowed-workspaces in one line"),
        (
            "tower:\n  data-studio:\n    allowed-workspaces: &w [1]\n    other: *w\n",
            "shares tower.data-studio.allowed-workspaces with",
        ),
        ("a: \x01\n", "is not valid YAML"),
    ],
)
def test_a_text_that_cannot_be_edited_safely_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(TowerYmlError) as caught:
        set_allowed_workspaces(text, [5])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: 1\n---\ntower:\n  dataStudio:\n    allowedWorkspaces: [7]\n",
            "has tower.dataStudio.allowedWorkspaces (line 5), which Platform reads as tower.data-studio.",
        ),
        (
            "tower:\n  data-studio: {allowed-workspaces: []}\n  data_studio: {allowed_workspaces: []}\n",
            "has tower.data_studio.allowed_workspaces (line 3)",
        ),
        (
            "tower:\n  data-studio:\n    allowed-workspaces[0]: 7\n",
            "has the key allowed-workspaces[0] (line 3); write the whole list at tower.data-studio.allowed-workspaces",
        ),
        (
            "tower.data-studio.allowed-workspaces[0]: 7\n",
            "has the key tower.data-studio.allowed-workspaces[0] (line 1)",
        ),
        ("tower:\n  data-studio:\n    <<: {allowed-workspaces: [7]}\n", "merges allowed-workspaces from an anchor"),
        ("x: &x {allowed-workspaces: [7]}\ntower: {data-studio: {<<: [*x], a: 1}}\n", "merges allowed-workspaces from"),
        ("x: &x {data-studio: {a: 1}}\ny: &y {<<: *x}\ntower: {<<: *y}\n", "merges data-studio from an anchor"),
        (
            "x: &x {data-studio.allowed-workspaces: []}\ntower: {<<: *x}\n",
            "has the key data-studio.allowed-workspaces in",
        ),
        (
            "x: &x {dataStudio: {allowedWorkspaces: []}}\ntower: {<<: *x}\n",
            "has tower.dataStudio.allowedWorkspaces (line 1)",
        ),
        ("tower: &t\n  <<: *t\n  a: 1\n", "merges a mapping into itself (line 1); write its keys out"),
        ("tower.dataStudio.allowedWorkspaces[0]: 7\n", "write the whole list at tower.data-studio.allowed-workspaces"),
    ],
)
def test_an_entry_that_is_spelled_otherwise_and_that_platform_reads_too_is_refused(text: str, words: str) -> None:
    with pytest.raises(TowerYmlError) as caught:
        refuse_other_spelling(text, PATH)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tower.dataStudio.allowedWorkspaces: [7]\n", "tower.dataStudio.allowedWorkspaces"),
        ("a: 1\n---\ntower.dataStudio.allowedWorkspaces: [7]\n", "tower.dataStudio.allowedWorkspaces"),
        ("tower:\n  dataStudio.allowedWorkspaces: [7]\n", "tower.dataStudio.allowedWorkspaces"),
        ("tower.dataStudio:\n  allowedWorkspaces: [7]\n", "tower.dataStudio.allowedWorkspaces"),
        ("tower.dataStudio:\n  allowed-workspaces: [7]\n", "tower.dataStudio.allowed-workspaces"),
        ("tower.data-studio:\n  allowedWorkspaces: [7]\n", "tower.data-studio.allowedWorkspaces"),
        ("Tower.Data-Studio.Allowed-Workspaces: [7]\n", "Tower.Data-Studio.Allowed-Workspaces"),
        ("tower.data_studio.allowed_workspaces: [7]\n", "tower.data_studio.allowed_workspaces"),
        ("TOWER.DATA_STUDIO.ALLOWED_WORKSPACES: [7]\n", "TOWER.DATA_STUDIO.ALLOWED_WORKSPACES"),
        ("'tower.dataStudio.allowedWorkspaces' : [7]\n", "tower.dataStudio.allowedWorkspaces"),
        ('{"tower": {"dataStudio.allowedWorkspaces": null}}\n', "tower.dataStudio.allowedWorkspaces"),
        ("tower:\n  data-studio: {}\n  dataStudio.allowedWorkspaces: [7]\n", "tower.dataStudio.allowedWorkspaces"),
        ("tower.data__studio.allowed-workspaces: [7]\n", "tower.data__studio.allowed-workspaces"),
    ],
)
def test_an_entry_in_one_line_is_refused_in_each_case_that_platform_reads(text: str, key: str) -> None:
    with pytest.raises(TowerYmlError) as caught:
        refuse_other_spelling(text, PATH)
    meant = "tower.data-studio.allowed-workspaces"
    assert re.fullmatch(
        rf"has {re.escape(key)} \(line \d\), which Platform reads as {meant}; write it nested, a line each",
        str(caught.value),
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tower.data-studio.allowed-workspaces: [7]\n", "tower.data-studio.allowed-workspaces"),
        ("tower.data-studio:\n  allowed-workspaces: [7]\n", "tower.data-studio"),
    ],
)
def test_an_entry_in_one_line_and_in_kebab_case_is_refused_in_one_way(text: str, key: str) -> None:
    for check in (refuse_other_spelling, tower_yml_text.read_entry):
        with pytest.raises(
            TowerYmlError, match=f"^has the key {key} in one line; write its parts nested, a line each$"
        ):
            check(text, PATH)


def test_another_entry_beside_it_may_be_spelled_in_any_way() -> None:
    refuse_other_spelling("tower:\n  dataStudio: {other: 1}\n  data-studio: {allowed-workspaces: []}\n", PATH)
    refuse_other_spelling("", PATH)
    refuse_other_spelling("tower.dataStudio.other: 1\ntower:\n  dataStudio.allowedWorkspacesOther: 1\n", PATH)
    refuse_other_spelling("x: &x {dataStudio: {allowedWorkspaces: []}}\ntower: {<<: *x, dataStudio: {a: 1}}\n", PATH)
    refuse_other_spelling(
        "x: &x {allowed-workspaces: [7]}\ntower: {data-studio: {<<: *x, allowed-workspaces: []}}\n", PATH
    )


@pytest.mark.parametrize(
    "text", ["tower:\n  data-studio:\n    <<: {allowed-workspaces: [7]}\n", "tower: {<<: {data-studio: 1}}\n"]
)
def test_an_entry_that_would_hide_a_merged_one_is_not_written(text: str) -> None:
    with pytest.raises(TowerYmlError, match="merges"):
        set_allowed_workspaces(text, [5])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!foo [1]", "!foo [1]"),
        ("2020-99-99", "2020-99-99"),
        ("!!binary 'a'", "!!binary 'a'"),
        ("!!int abc", "!!int abc"),
        ("{a: 1, 2: 3}", {"a": 1, "2": 3}),
        ("!!set {b, a}", ["a", "b"]),
    ],
)
def test_a_value_that_says_nothing_to_json_is_read_all_the_same(written: str, value: object) -> None:
    assert read_entry(f"tower: {{data-studio: {{allowed-workspaces: {written}}}}}\n").value == value


def test_a_text_of_very_many_levels_is_refused() -> None:
    with pytest.raises(TowerYmlError, match="nests lists or mappings too deeply to be read"):
        read_entry(f"tower: {'[' * 2000}{']' * 2000}\n")


comments = st.sampled_from(["", "  # why", " "])
filler = st.sampled_from(
    [
        "",
        "# note\n",
        "\n",
        "  \n",
        "mail: {a: 1, b: [x, 'y']}\n",
        "log: >-\n  two\n  lines\n",
        "x: &x\n  y: 1\nz: *x\n",
        'q: "tower: {"\n',
    ]
)
values = st.one_of(
    st.sampled_from([" null", " ~", "", " []", "   [ 1,2 ]", " 5", ' "1,2"', " [\n        1,\n        2 ]"]),
    st.lists(st.integers(1, 99), min_size=1, max_size=3).map(
        lambda ids: "".join(f"\n      - {i}  # t{i}" for i in ids)
    ),
)


@st.composite
def towers(draw: st.DrawFn) -> str:
    """The `tower:` part in any style, with or without the entry."""
    kind = draw(
        st.sampled_from(["absent", "empty", "null", "flow", "block", "studio-empty", "studio", "entry", "flow-entry"])
    )
    c = draw(comments)
    sibling = draw(
        st.sampled_from(["", "  cron: {a: 1}\n", "  # about cron\n  cron:\n    - 1\n", "\n  cron: |\n    text\n\n"])
    )
    beside = draw(st.sampled_from(["", "    x: 1\n", "    # about x\n    x: [1]\n"]))
    return {
        "absent": "",
        "empty": f"tower:{c}\n",
        "null": f"tower: {draw(st.sampled_from(['null', '~', '{}', '{ }', '{a: 1}']))}{c}\n",
        "flow": f"tower: {{data-studio: {draw(st.sampled_from(['null', '{}', '{x: 1}', '']))} , z: 1}}{c}\n",
        "block": f"tower:{c}\n" + (sibling or "  a: 1\n"),
        "studio-empty": f"tower:\n{sibling}  data-studio:{c}\n{sibling.replace('cron', 'late')}",
        "studio": f"tower:\n  data-studio:{c}\n" + (beside or "    y: 2\n") + sibling,
        "entry": f"tower:\n{sibling}  data-studio:\n{beside}    allowed-workspaces:{draw(values)}{c}\n"
        + beside.replace("x", "w"),
        "flow-entry": f"tower: {{data-studio: {{a: 1, allowed-workspaces: [ 1 ]  , b: 2}}}}{c}\n",
    }[kind]


@st.composite
def documents(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from(["", "---\n", "# head\n\n", "%YAML 1.2\n---\n", "\ufeff"]))
    text = (
        head
        + draw(filler)
        + draw(towers())
        + draw(filler).replace("x", "v").replace("mail", "post").replace("log", "gol")
    )
    text = (
        text.replace("z: *v", "n: *v").replace('q: "', 'p: "', 1)
        if text.count('q: "') > 1
        else text.replace("z: *v", "n: *v")
    )
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.rstrip("\r\n") if draw(st.booleans()) else text


workspaces = st.one_of(st.none(), st.lists(st.integers(1, 10**12), max_size=4))


def without_entry(text: str) -> object:
    data = YAML(typ="safe", pure=True).load(text) or {}
    studio = (data.get("tower") or {}).get("data-studio") or {}
    studio.pop("allowed-workspaces", None)
    if not studio:
        (data.get("tower") or {}).pop("data-studio", None)
    if not data.get("tower"):
        data.pop("tower", None)
    return data


@given(documents(), workspaces, workspaces)
def test_whatever_the_file_looks_like_only_the_entry_changes_and_it_comes_back_byte_for_byte(
    text: str, value: list[int] | None, later: list[int] | None
) -> None:
    earlier = read_entry(text)
    edited = set_allowed_workspaces(text, value)
    loaded = YAML(typ="safe", pure=True).load(edited)
    assert loaded["tower"]["data-studio"]["allowed-workspaces"] == value
    assert without_entry(edited) == without_entry(text)
    assert set_allowed_workspaces(edited, value) == edited
    assert restore(edited, earlier) == text
    assert restore(set_allowed_workspaces(edited, later), earlier) == text
    kept = [line for line in text.split("\n") if "#" in line and "allowed-workspaces" not in line and "# t" not in line]
    assert [line for line in kept if line.split("#")[1] not in edited] == []


#: Nothing can follow the last value without changing it, and a byte order mark stands before the first key.
MARKED = "\ufefftower:\n\n  cron: |\n    text"


@given(documents(), st.permutations((PATH, *FURTHER)), st.permutations((PATH, *FURTHER)))
@example(MARKED, [PATH, *FURTHER], [PATH, *FURTHER])
@example(MARKED, [*FURTHER, PATH], [PATH, *FURTHER])
@example("\ufeff", [PATH, *FURTHER], [PATH, *FURTHER])
@example("\ufeff# none\n", [PATH, *FURTHER], [*FURTHER, PATH])
def test_any_number_of_entries_is_set_and_given_back_in_any_order(
    text: str, order: list[tuple[str, ...]], other_order: list[tuple[str, ...]]
) -> None:
    earlier = {path: tower_yml_text.read_entry(text, path) for path in order}
    edited = text
    for path in order:
        edited = set_entry(edited, path, "30m")
    assert {path: tower_yml_text.read_entry(edited, path).value for path in order} == dict.fromkeys(order, "30m")
    for path in other_order:
        edited = restore(edited, earlier[path])
    assert edited == text


@pytest.mark.parametrize("value", ["30m", "yes", "1", "a: b # c", True, 15, 1.5, None, [], ["a"], {"a": 1}])
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    for text in ("", "tower:\n  a: 1\n", "tower: {a: 1}\n"):
        edited = set_entry(text, FURTHER[0], value)
        assert tower_yml_text.read_entry(edited, FURTHER[0]).value == value
        assert set_entry(edited, FURTHER[0], value) == edited


#: A file of several documents → what it becomes once every workspace is allowed.
DOCUMENTS = {
    "the one with tower is edited": (
        "tower:\n  admin: {}\n---\nmail: {}\n",
        "tower:\n  data-studio:\n    allowed-workspaces: null\n  admin: {}\n---\nmail: {}\n",
    ),
    "also where it comes last, without a line break": (
        "# rendered\nmail: {}\n---\n# the user's\ntower:\n  admin: {}",
        "# rendered\nmail: {}\n---\n# the user's\ntower:\n  data-studio:\n    allowed-workspaces: null\n  admin: {}",
    ),
    "the one that leads further is edited": (
        "tower:\n  admin: {}\n---\ntower:\n  data-studio:\n    x: 1\n",
        "tower:\n  admin: {}\n---\ntower:\n  data-studio:\n    allowed-workspaces: null\n    x: 1\n",
    ),
    "of two entries the later one counts": (
        "tower:\n  data-studio:\n    allowed-workspaces: [1]\n---\ntower: {data-studio: {allowed-workspaces: [2]}}\n",
        "tower:\n  data-studio:\n    allowed-workspaces: [1]\n---\ntower: {data-studio: {allowed-workspaces: null}}\n",
    ),
    "without tower in any, the last that says something": (
        "---\nmail: {}\n---\nauth: {}\n---\n",
        "---\nmail: {}\n---\nauth: {}\ntower:\n  data-studio:\n    allowed-workspaces: null\n---\n",
    ),
    "a document in the line of its marker": (
        "mail: {}\n--- {tower: {}}\n...\n",
        "mail: {}\n--- {tower: {data-studio: {allowed-workspaces: null}}}\n...\n",
    ),
    "line breaks of Windows": (
        "mail: {}\r\n---\r\ntower:\r\n  admin: {}\r\n",
        "mail: {}\r\n---\r\ntower:\r\n  data-studio:\r\n    allowed-workspaces: null\r\n  admin: {}\r\n",
    ),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_of_several_documents_one_is_edited_and_given_back_as_it_was(case: str) -> None:
    text, wanted = DOCUMENTS[case]
    edited = set_allowed_workspaces(text, None)
    assert edited == wanted
    assert read_entry(edited).value is None
    assert restore(edited, read_entry(text)) == text


def test_what_is_wrong_in_one_of_several_documents_is_told_with_its_number() -> None:
    with pytest.raises(TowerYmlError, match=r"is not a YAML mapping, as `key: value` lines are, in document 2 of 2"):
        read_entry("tower: {}\n---\n- a list\n")
    with pytest.raises(TowerYmlError, match=r"is not valid YAML in line 4: "):
        read_entry("tower: {}\n---\nmail: [\n")
