"""``python -m testbed.loadbalancer``: serves until SIGTERM or SIGINT.

The cluster is the one of ``KUBECONFIG``, the AWS endpoint and credentials are those of boto3's environment.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from threading import Thread
from typing import Any, Final

import boto3
from botocore.config import Config
from kubernetes import config

from testbed.loadbalancer.controller import Controller

#: For the group that it is at when it is told to end.
_GRACE_SECONDS: Final = 5.0


def main() -> None:
    """Runs the controller and ends quietly."""
    parser = argparse.ArgumentParser(prog="python -m testbed.loadbalancer", description=__doc__)
    parser.add_argument("--cluster-name", default="testbed", help="the name that goes into names and tags in AWS")
    arguments = parser.parse_args()
    if not os.environ.get("AWS_ENDPOINT_URL"):
        parser.error("AWS_ENDPOINT_URL is not set: this stand-in is for the emulator, never for AWS itself")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)

    session = boto3.session.Session()
    retries = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=30)
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service, config=retries)
        return clients[service]

    api = config.new_client_from_config(os.environ.get("KUBECONFIG"))
    controller = Controller(api, client, arguments.cluster_name)
    worker = Thread(target=controller.run, name="controller", daemon=True)
    for signum in (signal.SIGTERM, signal.SIGINT):
        # Raised in this thread, which only waits: a handler must not touch the locks of a thread that works.
        signal.signal(signum, lambda *_: sys.exit())
    worker.start()
    try:
        worker.join()
    finally:
        controller.end()
        worker.join(_GRACE_SECONDS)
    sys.exit("the controller ended by itself")


if __name__ == "__main__":
    main()
