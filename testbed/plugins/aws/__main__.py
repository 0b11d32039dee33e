"""``python -m testbed.plugins.aws``: the plugin process."""

from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.server import serve

if __name__ == "__main__":
    serve(AwsProvider())
