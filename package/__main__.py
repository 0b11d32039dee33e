"""The plugin that the engine starts: a host of the components, for programs in any language."""

import sys
from pathlib import Path

# The engine runs this folder, and the components lie beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":
    from components.own_resource import OwnResource
    from package.provider import StudiosProvider
    from package.server import serve
    from settings.remedies import speak_of_arguments

    OwnResource.in_plugin = True
    speak_of_arguments()
    serve(StudiosProvider())
