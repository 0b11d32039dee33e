"""``python -m testbed.plugins.kubernetes`` serves the provider to the engine."""

import logging

from testbed.plugins.kubernetes.provider import KubernetesProvider
from testbed.plugins.server import serve

if __name__ == "__main__":
    # The libraries' warnings, of a retried request say, would stand among the engine's own output.
    logging.disable(logging.ERROR)
    serve(KubernetesProvider())
