"""What becomes of pip-audit's answers."""

from tests.audit import verdict


def test_a_known_vulnerability_fails_and_is_shown() -> None:
    found = "Found 1 known vulnerability in 1 package\nName Version ID Fix Versions\nx 1.0 PYSEC-2020-1 1.1\n"
    assert verdict(1, found) == (1, found)


def test_an_index_that_cannot_be_reached_fails_nothing_and_is_said() -> None:
    output = "ERROR:pip_audit._cli:ConnectionError: Max retries exceeded with url: /pulumi/3.250.0/json"
    assert verdict(1, output) == (0, "the index can't be reached: known vulnerabilities were not looked up")


def test_a_requirement_that_cannot_be_read_is_not_taken_for_an_index_that_is_away() -> None:
    output = "ERROR:pip_audit._cli:requirement x is not pinned"
    assert verdict(1, output) == (1, output)


def test_requirements_that_a_mirror_knows_nothing_of_are_counted_and_not_passed_off_as_safe() -> None:
    output = "six  Dependency not found on PyPI and could not be audited: six (1.17.0)\n"
    line = "no known vulnerability, but this index knows nothing of 2 of the locked requirements"
    assert verdict(0, output * 2) == (0, line)


def test_no_finding_passes() -> None:
    assert verdict(0, "No known vulnerabilities found") == (0, "no known vulnerability in the locked requirements")
