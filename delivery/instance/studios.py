"""Runs on the Docker Compose host: see studios_host."""

from __future__ import annotations

import sys

from studios_host.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
