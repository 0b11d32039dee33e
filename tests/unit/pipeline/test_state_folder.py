"""What a kill leaves cut off beside the state in a folder."""

from __future__ import annotations

from pathlib import Path

from pipeline.state_folder import mend


def test_what_is_cut_off_beside_the_stacks_own_files_is_removed_and_nothing_else(tmp_path: Path) -> None:
    stacks = tmp_path / "a folder" / ".pulumi" / "stacks" / "seqera-studios"
    stacks.mkdir(parents=True)
    for name, text in {
        "prod.json": "{}",
        "prod.json.attrs": "",
        "prod.json.bak.attrs": '{"user.con',
        "prod.json.gz.attrs": '{"md5": ""}',
        "prod-eu.json.attrs": "",
    }.items():
        (stacks / name).write_text(text)
    backend = f"file://{tmp_path}/a%20folder"
    removed = mend(backend, "organization/seqera-studios/prod")
    assert [path.name for path in removed] == ["prod.json.attrs", "prod.json.bak.attrs"]
    assert sorted(path.name for path in stacks.iterdir()) == ["prod-eu.json.attrs", "prod.json", "prod.json.gz.attrs"]
    assert mend(backend, "prod") == []


def test_a_state_that_is_kept_elsewhere_is_left_alone() -> None:
    assert mend("https://app.pulumi.com/acme", "prod") == []
