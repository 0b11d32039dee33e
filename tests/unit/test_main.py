from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "__main__.py"


def test_the_program_is_read_in_one_sitting() -> None:
    assert len(PROGRAM.read_text().splitlines()) < 60


def test_the_program_reads_settings_then_surveys_then_makes_then_exports() -> None:
    text = PROGRAM.read_text()
    for steps in (
        ["survey_platform(", 'KubernetesStudios(\n        "studios"', "load_settings()", "on_kubernetes(", "export("],
        ["survey_certificate(", "find_site(", 'ComposeStudios("studios"', "load_settings()", "on_compose(", "export("],
    ):
        assert sorted(steps, key=text.rindex) == steps
