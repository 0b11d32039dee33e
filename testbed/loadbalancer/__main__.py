"""``python -m testbed.loadbalancer``: serves until SIGTERM or SIGINT.

The cluster is the one of ``KUBECONFIG``, the AWS endpoint and credentials are those of boto3's environment.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from threading import Event
from typing import Any

import boto3
from botocore.config import Config
from kubernetes import config

from testbed.loadbalancer.controller import Controller


def main() -> None:
    """Runs the controller and ends quietly."""
    parser = argparse.ArgumentParser(prog="python -m testbed.loadbalancer", description=__doc__)
    parser.add_argument("--cluster-name", default="testbed", help="the name that goes into names and tags in AWS")
    arguments = parser.parse_args()
    if not os.environ.get("AWS_ENDPOINT_URL"):
        parser.error("AWS_ENDPOINT_URL is not set: this stand-in is for the emulator, never for AWS itself")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)

    stop = Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    session = boto3.session.Session()
    retries = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=30)
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service, config=retries)
        return clients[service]

    api = config.new_client_from_config(os.environ.get("KUBECONFIG"))
    Controller(api, client, arguments.cluster_name, stop).run()


if __name__ == "__main__":
    main()
