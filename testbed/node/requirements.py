"""What a machine needs for a real node."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

from testbed.images.catalog import BUSYBOX
from testbed.images.layer import is_static

#: Programs, and the Debian packages that have them.
PROGRAMS = {
    "ip": "iproute2",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "runc": "runc",
    "iptables": "iptables",
    "redis-server": "redis-server",
}
_QUEUE = "iptables -t mangle -A POSTROUTING -j NFQUEUE --queue-num 100"


def missing() -> str | None:
    """Why this machine can't have a real node, as a sentence; None if it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"a real node needs Linux on x86_64, and this is {platform.system()} on {platform.machine()}"
    if os.geteuid() != 0:
        return "a real node needs root"
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    # The package busybox has it at the same place, and an image has no libraries.
    if not (BUSYBOX.exists() and is_static(BUSYBOX)):
        packages.add("busybox-static")
    if packages:
        return f"a real node needs {', '.join(sorted(packages))}: apt-get install {' '.join(sorted(packages))}"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", _QUEUE],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        return f"a real node needs namespaces of its own and netfilter's queue: {tried.stderr.strip()}"
    return None
