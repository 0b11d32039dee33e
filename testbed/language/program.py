"""Run on a program's own interpreter: connects the Pulumi SDK to the engine and runs the program.

It needs nothing but the SDK. Configuration, which may be secret, comes through PULUMI_CONFIG and
PULUMI_CONFIG_SECRET_KEYS.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

#: The exit code that says: the user has been told already.
TOLD = 32

_MOST_THREADS = 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("project", "root-directory", "stack", "organization", "monitor", "engine"):
        parser.add_argument(f"--{name}", default=None)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def _main_file(program: str) -> str:
    return os.path.abspath(os.path.join(program, "__main__.py") if os.path.isdir(program) else program)


def _users_part(trace: TracebackType | None, main_file: str) -> TracebackType | None:
    """The traceback from the program's first frame on; all of it if none is the program's."""
    frame = trace
    while frame is not None:
        if os.path.abspath(frame.tb_frame.f_code.co_filename) == main_file:
            return frame
        frame = frame.tb_next
    return trace


def main() -> int:
    """Runs the program and returns the process's exit code."""
    # The engine sends SIGINT to end us once it has gone itself: no one would read the output.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        import pulumi
        import pulumi.runtime
    except ImportError:
        traceback.print_exc()
        sys.stderr.write(
            "It looks like the Pulumi SDK has not been installed. Have you run `pulumi install`?\n"
            "If you are running in a virtualenv, it must be installed there.\n"
        )
        return 1

    given = _arguments()
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=given.project,
            stack=given.stack,
            organization=given.organization,
            root_directory=given.root_directory,
            monitor=given.monitor,
            engine=given.engine,
            parallel=given.parallel,
            dry_run=given.dry_run,
        )
    )
    main_file = _main_file(given.program)
    if not os.path.isfile(main_file):
        pulumi.log.error(f"unable to find main python program `__main__.py` in `{os.path.abspath(given.program)}`")
        return TOLD

    sys.argv = [given.program, *given.arguments]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=min(max(given.parallel, 1) * 4, _MOST_THREADS))
    loop.set_default_executor(executor)
    # A program that fails leaves futures behind that are not looked at any more, and asyncio would tell of each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    def run() -> None:
        runpy.run_path(given.program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return TOLD
    except Exception as error:
        lines = traceback.format_exception(type(error), error, _users_part(error.__traceback__, main_file))
        pulumi.log.error("Program failed with an unhandled exception:\n" + "".join(lines))
        return TOLD
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    # A script's own folder is the first place where modules are looked for: the program must not find ours.
    del sys.path[0]
    sys.exit(main())
