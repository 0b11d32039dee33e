"""``python -m testbed.language [options] <engine address>``: the language plugin's process."""

from __future__ import annotations

import sys

from pulumi.runtime.proto import language_pb2_grpc

from testbed.language.host import LanguageHost
from testbed.plugins.listener import listen_until_told_to_end


def main() -> None:
    """Serves until told to end; what was started for the engine ends with it."""
    host = LanguageHost(engine_address=sys.argv[-1])
    listen_until_told_to_end(
        lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server), host.end
    )


if __name__ == "__main__":
    main()
