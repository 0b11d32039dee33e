"""What a Docker daemon did while a test looked on."""

from __future__ import annotations

import time

from testbed.docker.platform import ComposePlatform


class Events:
    """What the daemon does to containers, from now on."""

    def __init__(self, platform: ComposePlatform) -> None:
        self._platform, self._since = platform, time.time()

    def starts(self) -> list[str]:
        """Services in the order in which a container of theirs was started."""
        words = ["events", "--since", f"{self._since:.6f}", "--until", f"{time.time():.6f}", "--filter", "event=start"]
        form = '{{index .Actor.Attributes "com.docker.compose.service"}}'
        return self._platform.machine.docker(*words, "--format", form).splitlines()
