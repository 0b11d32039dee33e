import inspect
from pathlib import Path

from components.studios import whole
from settings.targets import TARGETS

CHECKOUT = Path(__file__).parents[2]
PROGRAM = CHECKOUT / "__main__.py"


def test_the_program_is_read_in_one_sitting() -> None:
    assert len(PROGRAM.read_text().splitlines()) < 60


def test_the_program_reads_settings_then_makes_then_exports() -> None:
    text = PROGRAM.read_text()
    steps = ["load_settings()", "deploy(", "export("]
    assert sorted(steps, key=text.rindex) == steps


def test_what_is_there_is_surveyed_before_anything_is_made() -> None:
    for target in TARGETS:
        text = inspect.getsource(whole(target).deployed)
        steps = [" surveyed(", "return cls("]
        assert all(step in text for step in steps), (
            f"{TARGETS[target].component}.deployed must call surveyed(), then cls()"
        )
        assert sorted(steps, key=text.rindex) == steps
