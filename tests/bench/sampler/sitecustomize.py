"""Python runs this as it starts, where PYTHONPATH names its folder: it tells in which code a program spends its time.

Every few milliseconds it looks at how much processor time each thread has used since, and at what the thread is doing.
The file that STUDIOS_SAMPLES names gets a line at the end: seconds in imports of others' packages, seconds in code of
the folder that STUDIOS_OWN names, and seconds in all.
"""

import os
import sys
import threading
import time

_EVERY = 0.003
_OWN = os.environ.get("STUDIOS_OWN", "")
_PROGRAM = any(word.startswith("--monitor=") for word in sys.orig_argv)


def _owner(frame):
    """Who has the innermost frame, unless a module of another package is being imported."""
    innermost, importing = None, False
    while frame is not None:
        code = frame.f_code
        name = code.co_filename
        if name.startswith(_OWN) and not any(part in name for part in ("/.venv/", "/testbed/")):
            if importing:
                return "import"
            return "own" if innermost is None else "other"
        if name.startswith("<frozen importlib"):
            importing = importing or code.co_name == "_find_and_load"
        elif "/site-packages/" in name and innermost is None:
            innermost = name
        frame = frame.f_back
    return "import" if importing else "other"


class _Sampler(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.seconds = {"own": 0.0, "import": 0.0, "other": 0.0}
        self.used = {}
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(_EVERY):
            self.look()

    def look(self):
        frames = sys._current_frames()
        for thread in threading.enumerate():
            if thread is self or thread.native_id is None or thread.ident not in frames:
                continue
            try:
                with open(f"/proc/self/task/{thread.native_id}/schedstat") as file:
                    used = int(file.read().split()[0]) / 1e9
            except OSError:
                continue
            self.seconds[_owner(frames[thread.ident])] += used - self.used.get(thread.native_id, 0.0)
            self.used[thread.native_id] = used


if _PROGRAM and "STUDIOS_SAMPLES" in os.environ:
    import atexit

    sampler = _Sampler()
    sampler.start()

    def _tell():
        sampler.done.set()
        sampler.join()
        total = time.process_time()
        with open(os.environ["STUDIOS_SAMPLES"], "a") as file:
            file.write(f"{sampler.seconds['import']:.3f} {sampler.seconds['own']:.3f} {total:.3f}\n")

    atexit.register(_tell)
