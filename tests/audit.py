"""Looks the locked requirements up among the known vulnerabilities: ``python -m tests.audit``.

Where the index can't be reached, it says so and fails nothing: a machine without a network must be able to run the checks.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-test.txt")
#: What pip-audit says where its service doesn't answer, as opposed to where something is wrong with a requirement.
UNREACHABLE = ("ConnectionError", "ServiceError", "Could not connect", "timed out", "Max retries exceeded")
#: What it says of a requirement on which its service, or a mirror in its place, has no record.
NOT_LOOKED_UP = "could not be audited"


def verdict(code: int, output: str) -> tuple[int, str]:
    """The exit code and the line to print for how pip-audit ended."""
    skipped = output.count(NOT_LOOKED_UP)
    if code == 0 and skipped:
        return 0, f"no known vulnerability, but this index knows nothing of {skipped} of the locked requirements"
    if code == 0:
        return 0, "no known vulnerability in the locked requirements"
    if any(sign in output for sign in UNREACHABLE):
        return 0, "the index can't be reached: known vulnerabilities were not looked up"
    return 1, output


def main() -> int:
    """Audits both locks, nothing installed and nothing resolved: what is locked is what is looked up."""
    files = [word for lock in LOCKS for word in ("--requirement", str(CHECKOUT / lock))]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    try:
        finished = subprocess.run([*command, *files], capture_output=True, text=True, check=False, timeout=180)
        code, line = verdict(finished.returncode, finished.stdout + finished.stderr)
    except subprocess.TimeoutExpired:
        code, line = verdict(1, "timed out")
    sys.stderr.write(f"audit: {line.strip()}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
