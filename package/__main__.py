"""The plugin that the engine starts: a host of the components, for programs in any language."""

import sys
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

# The engine runs this folder, and the components lie beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

VERSION = "1.0.0"

if __name__ == "__main__":
    from package.components import COMPONENTS

    component_provider_host(COMPONENTS, name="studios", version=VERSION)
