"""The documents that are made from the declarations: docs/configuration.md, the README's table and Pulumi.yaml."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping

from ruamel.yaml import YAML

from settings.errors import PROJECT
from settings.fields import FIELDS, keys_of, required_on, targets_of
from settings.model import SECTIONS
from settings.reference import becomes, fixed_default, kind_of, releases_of, told_default
from settings.releases import RELEASES
from settings.targets import TITLES, titles_of

_PAGE = f"""# Configuration

Every setting of a stack. In `Pulumi.<stack>.yaml` a key has the project's prefix: `{PROJECT}:platformUrl`.
`pulumi config set platformUrl https://example.com` writes it, `pulumi config set --secret redisPassword` a secret.
A list or a map is written as YAML in the file, and as JSON on the command line.

- **Default**: a key in bold has to be written. What has none is left to Platform or Connect.
- **On**: the target that knows the key; it is refused on others.
- **Since**: the first release that knows the key; it is refused on an earlier one. Without a release, all know it.
- **Becomes**: the environment variable, or the entry of `tower.yml`, and where that is set.

An editor completes and checks the keys by `pulumi-stack.schema.json`. With the YAML language server (the YAML extension
of VS Code, and many other editors) one line at the top of a stack's file does it:

```yaml
# yaml-language-server: $schema=pulumi-stack.schema.json
```

[examples/stacks](../examples/stacks) has complete stack files to start from.

This page, that schema, `Pulumi.yaml` and the package's schema are made from `settings/model/` by `make docs`.

## Releases

A release candidate (`26.2.0-RC16`) counts as its release. A Platform newer than these works with the newest rules, and
a warning: set `connectVersion` to the Connect release that it comes with. Templates that the chosen Connect no longer
serves are replaced by the newest that it does: a server serves clients up to two minor releases older.

| Platform, from | Connect that comes with it | client in the default templates |
|-|-|-|
"""

_PROJECT_FILE = f"""# The project, and every setting that a stack can have. Made from settings/model/ by `make docs`.
name: {PROJECT}
description: Seqera Studios beside an existing Seqera Platform install, on EKS or Docker Compose
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: .venv

# In a stack's file each key is written with the project's prefix, as `pulumi config set` does it. An empty default
# means that the setting is not there, or follows from others: the engine would require a key that has none. Only text
# has a type here: the program checks the others itself, and says which value is wrong and what to write instead.
"""


def configuration_page() -> str:
    """docs/configuration.md: a heading for each section, and a row for each key."""
    parts = [_PAGE + "\n".join(_releases())]
    parts += [f"## {section.heading}\n\n{section.__doc__}\n\n{_table(keys_of(section))}" for section in SECTIONS]
    return "\n\n".join(parts) + "\n"


def required_table() -> str:
    """The README's table: the keys that have to be written, or one of several."""
    rows = ["| Key | On | Meaning | Example |", "|-|-|-|-|"]
    for key, field in FIELDS.items():
        targets = [target for target in TITLES if key in required_on(target)]
        if targets:
            rows.append(f"| `{key}` | {titles_of(targets)} | {_cell(field.description or '')} | {_example(key)} |")
    return "\n".join(rows) + "\n"


def project_config() -> dict[str, dict[str, object]]:
    """What Pulumi.yaml declares for each config key.

    A key without a default would be required by the engine, in words that don't say what to write: so each has one, and
    the empty text stands for none. Likewise only text has a type there: the program checks the others itself.
    """
    return {
        key: {
            **({"type": "string"} if kind_of(field) in ("text", "secret") else {}),
            "description": field.description,
            "default": fixed_default(field),
        }
        for key, field in FIELDS.items()
    }


def project_file() -> str:
    """Pulumi.yaml."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump({"config": project_config()}, stream)
    return _PROJECT_FILE + stream.getvalue()


def _releases() -> Iterable[str]:
    for row in RELEASES:
        yield f"| {row.platform} | {row.connect} | {row.client} |"


def _table(keys: Iterable[str]) -> str:
    rows = ["| Key | Type | Default | On | Since | Becomes | Meaning | Example |", "|-|-|-|-|-|-|-|-|"]
    for key in keys:
        field = FIELDS[key]
        on, since = titles_of(targets_of(key)), ", ".join(releases_of(key))
        told = (_becomes(key), field.description or "", _example(key))
        cells = (kind_of(field), _default(key), on, since, *told)
        rows.append(f"| `{key}` | {' | '.join(map(_cell, cells))} |")
    return "\n".join(rows)


def _default(key: str) -> str:
    told = told_default(key)
    if told is not None:
        return told
    return "**required**" if any(key in required_on(target) for target in TITLES) else "none"


def _becomes(key: str) -> str:
    return "<br>".join(f"`{name}` ({where})" for name, where in becomes(key))


def _example(key: str) -> str:
    examples = FIELDS[key].examples
    if not examples:
        return f"`pulumi config set --secret {key}`"
    (example,) = examples
    return f"`{example}`" if isinstance(example, str) else f"`{_in_flow(example)}`"


def _in_flow(value: object) -> str:
    """A value as it is written in a line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_in_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_flow, value)) + "]"
    return json.dumps(value) if not isinstance(value, str) or value in ("true", "false") else value


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
