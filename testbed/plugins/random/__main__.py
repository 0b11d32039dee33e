"""``python -m testbed.plugins.random``: the plugin process."""

from testbed.plugins.random.provider import RandomProvider
from testbed.plugins.server import serve

if __name__ == "__main__":
    serve(RandomProvider())
