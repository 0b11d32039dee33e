"""``python -m testbed.plugins.tls``: the plugin process."""

from testbed.plugins.server import serve
from testbed.plugins.tls.provider import TlsProvider

if __name__ == "__main__":
    serve(TlsProvider())
