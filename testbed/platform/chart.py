"""A Helm chart of our own that installs Platform in the shape of Seqera's, which is not shipped here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from testbed.platform.shapes import PLATFORM_RELEASE, RELEASE, Objects

EMAIL: Final = "support@example.com"
_CHART: Final = {"apiVersion": "v2", "name": "platform", "version": "0.37.0", "appVersion": PLATFORM_RELEASE}


def write_chart(folder: Path, objects: Objects) -> Path:
    """Writes the chart and returns its folder.

    Args:
        folder: where it goes.
        objects: those of the install, without its namespace. The chart's values are ``contactEmail``, a variable of
            backend's and cron's that restarts both, and ``greeting``, a line of tower.yml.
    """
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(json.dumps(_CHART))
    (folder / "values.yaml").write_text(json.dumps({"contactEmail": EMAIL, "greeting": "Our handbook"}))
    documents = [_template(each) for name, each in objects.items() if not name.startswith("Namespace/")]
    (folder / "templates" / "platform.yaml").write_text("\n---\n".join(documents))
    return folder


def _template(each: dict[str, Any]) -> str:
    name = each["metadata"]["name"]
    if each["kind"] == "Deployment" and name in (f"{RELEASE}-platform-backend", f"{RELEASE}-platform-cron"):
        annotations = each["spec"]["template"]["metadata"].setdefault("annotations", {})
        annotations["checksum/config"] = "CHECKSUM"
    text = json.dumps(each)
    for written, value in (
        (f'"{EMAIL}"', "{{ .Values.contactEmail | quote }}"),
        ("Our handbook", "{{ .Values.greeting }}"),
        ('"CHECKSUM"', '{{ printf "%s%s" .Values.contactEmail .Values.greeting | sha256sum | quote }}'),
    ):
        text = text.replace(written, value)
    return text
