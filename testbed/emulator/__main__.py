"""``python -m testbed.emulator --port N``: serves until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import signal
import sys
import warnings
from threading import Thread

from testbed.emulator import server


def main() -> None:
    """Prints one line when it listens, and ends quietly."""
    parser = argparse.ArgumentParser(prog="python -m testbed.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; a free one if left out")
    # botocore's model lacks errors that AWS does send, UnsupportedCertificate for one, and moto warns of each.
    warnings.filterwarnings("ignore", message=".*does not match an error shape")
    emulator = server.make(parser.parse_args().port)

    def end(signum: int, frame: object) -> None:
        # shutdown() waits for the loop that this handler interrupted: it must run elsewhere.
        Thread(target=emulator.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sys.stdout.write(f"AWS emulator listens on http://{server.HOST}:{emulator.port}\n")
    sys.stdout.flush()
    emulator.serve_forever()
    emulator.server_close()


if __name__ == "__main__":
    main()
