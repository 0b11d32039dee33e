"""The plugin that the engine starts: a host of the components, for programs in any language."""

import sys
from pathlib import Path

from pulumi.provider import main

# The engine runs this folder, and the components lie beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":
    from package.provider import provider

    main(provider(), sys.argv[1:])
