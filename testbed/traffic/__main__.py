"""``python -m testbed.traffic --namespace NAMESPACE --connect-url URL``: runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading

from testbed.errors import TestbedError
from testbed.pki import write_private
from testbed.traffic.process import FOLDER, VARIABLES
from testbed.traffic.site import Site


def main() -> int:
    """Runs the traffic of one install."""
    parser = argparse.ArgumentParser(prog="python -m testbed.traffic", description=__doc__)
    parser.add_argument("--namespace", required=True, help="where Platform runs")
    parser.add_argument("--connect-url", required=True, help="of the proxy")
    parser.add_argument("--on-node", action="store_true", help="the pods run on the testbed's real node")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        site = Site(os.environ, arguments.namespace, FOLDER, arguments.connect_url, on_node=arguments.on_node)
    except TestbedError as error:
        print(error, file=sys.stderr)
        return 1
    write_private(VARIABLES.with_suffix(".partial"), json.dumps(site.verify_variables()).encode()).replace(VARIABLES)
    ended.wait()
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
