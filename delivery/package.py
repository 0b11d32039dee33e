"""The install script with the tools that it calls: as files, and as one script that brings them along."""

from __future__ import annotations

import ast
import base64
import bz2
import io
import json
import tokenize
from pathlib import Path
from urllib.parse import quote

from settings.host_names import ENCODED

_ROOT = Path(__file__).parents[1]
_INSTANCE = _ROOT / "delivery" / "instance"
SCRIPT = "install.sh"
_TOWER_YML = ("tower_yml_text", "tower_yml_place", "yaml_documents", "yaml_text")
"""Modules of live/ that edit tower.yml on the host, too."""
_SETTINGS = ("host_names", "java_options")
"""Modules of settings/ that the script shares."""
_YAML = ("yaml_parser.py", "yaml_reader.py", "yaml_scalars.py", "yaml_subset.py")
_LINE = 100

_LAUNCHER = """\
#!/bin/sh
# Unpacks the install script of Seqera Studios and what it calls, and runs it. To be read, they are in delivery/instance
# and live/ of the program's repository; `python -m delivery` writes them into a folder.
set -eu
umask 077
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -E -s -S - "$tools" <<'END'
import base64, bz2, json, pathlib, sys
packed = '''
{payload}'''
files = json.loads(bz2.decompress(base64.b64decode(packed)))
for name, text in files.items():
    path = pathlib.Path(sys.argv[1], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
END
sh "$tools/install.sh" {arguments}
"""


def tools() -> dict[str, str]:
    """Path below the script's folder → text. Modules of live/ run there unchanged, on another YAML parser."""
    stand_in = '"""See yaml_subset."""\n\nfrom yaml_subset import *  # noqa: F403\n'
    return {
        SCRIPT: _text(_INSTANCE / SCRIPT),
        "studios.py": _text(_INSTANCE / "studios.py"),
        **{name: _text(_INSTANCE / name) for name in _YAML},
        **{f"studios_host/{path.name}": _text(path) for path in sorted((_INSTANCE / "studios_host").glob("*.py"))},
        "ruamel/__init__.py": "",
        "ruamel/yaml/__init__.py": stand_in,
        "ruamel/yaml/error.py": stand_in,
        "ruamel/yaml/nodes.py": stand_in,
        "settings/__init__.py": "",
        **{f"settings/{name}.py": _text(_ROOT / "settings" / f"{name}.py") for name in _SETTINGS},
        "live/__init__.py": "",
        **{f"live/{name}.py": _text(_ROOT / "live" / f"{name}.py") for name in _TOWER_YML},
    }


def launcher(arguments: str) -> str:
    """One POSIX shell script that brings the tools along and calls the install script with `arguments`.

    The tools are packed, since Systems Manager would read two braces in their text as a parameter of its own.
    """
    packed_tools = {name: _packed(text) if name.endswith(".py") else text for name, text in tools().items()}
    packed = base64.b64encode(bz2.compress(json.dumps(packed_tools).encode())).decode()
    lines = "\n".join(packed[start : start + _LINE] for start in range(0, len(packed), _LINE))
    return _LAUNCHER.replace("{payload}", lines).replace("{arguments}", arguments)


def folder_argument(folder: str) -> str:
    """A folder as the script takes it within single quotes, and Systems Manager as a parameter's value."""
    if folder.startswith(ENCODED) or any(character in folder for character in "'{}"):
        return "/" + quote(folder, safe="")
    return folder


def write_tools(folder: Path) -> None:
    """Writes the script and its tools into a folder."""
    for name, text in tools().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def _packed(text: str) -> str:
    """A module without its lines of comments and its docstrings, which are read in the repository.

    Systems Manager limits a document.
    """
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    left_out = {each.start[0] for each in tokens if each.type == tokenize.COMMENT and each.line.lstrip()[:1] == "#"}
    lines = text.splitlines(keepends=True)
    for each in ast.walk(ast.parse(text)):
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str):
            # It may be all that a function or a class consists of.
            lines[each.lineno - 1] = f'{" " * each.col_offset}""\n'
            left_out.update(range(each.lineno + 1, (each.end_lineno or each.lineno) + 1))
    return "".join(line for number, line in enumerate(lines, 1) if number not in left_out)


def _text(path: Path) -> str:
    return path.read_bytes().decode()
