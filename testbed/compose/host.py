"""The files of a Platform install in the layout of Seqera's guide."""

from __future__ import annotations

from pathlib import Path

FILES = Path(__file__).parent / "files"
