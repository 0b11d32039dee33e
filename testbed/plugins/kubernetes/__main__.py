"""``python -m testbed.plugins.kubernetes`` serves the provider to the engine."""

from testbed.plugins.kubernetes.provider import KubernetesProvider
from testbed.plugins.server import serve

if __name__ == "__main__":
    serve(KubernetesProvider())
