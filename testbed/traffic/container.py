"""What a kubelet makes of a pod's spec: the environment of a container, and the files that it has mounted."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Object = Mapping[str, Any]
Get = Callable[[str, str], Object | None]

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_][A-Za-z0-9_.-]*)\))")


class NotStartedError(Exception):
    """The container can't be created: the message is a kubelet's reason."""


class Spec:
    """A container of a pod.

    Args:
        pod: the pod.
        container: its entry in the pod's spec.
        get: an object of the namespace, by kind and name: ``("secrets", "oidc")``.
        pod_ip: the address that the pod has here.
    """

    def __init__(self, pod: Object, container: Object, get: Get, pod_ip: str) -> None:
        self._pod, self._container, self._get, self._pod_ip = pod, container, get, pod_ip

    def environment(self) -> dict[str, str]:
        """The variables, those of ``env`` before those of ``envFrom``, later ones before earlier ones.

        Raises:
            NotStartedError: an object or key that must exist does not.
        """
        found: dict[str, str] = {}
        for source in self._container.get("envFrom", []):
            prefix = source.get("prefix", "")
            found.update({prefix + key: value.decode() for key, value in self._source(source).items()})
        for entry in self._container.get("env", []):
            value = self._value(entry, found)
            if value is not None:
                found[entry["name"]] = value
        return found

    def _source(self, source: Object) -> dict[str, bytes]:
        for field, kind in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if reference := source.get(field):
                return self._data(kind, reference["name"], optional=reference.get("optional", False))
        return {}

    def _data(self, kind: str, name: str, *, optional: bool) -> dict[str, bytes]:
        found = self._get(kind, name)
        if found is None:
            if optional:
                return {}
            raise NotStartedError(f'{kind[:-1]} "{name}" not found')
        binary = found.get("binaryData" if kind == "configmaps" else "data") or {}
        text = (found.get("data") or {}) if kind == "configmaps" else {}
        return {
            **{key: base64.b64decode(value) for key, value in binary.items()},
            **{key: value.encode() for key, value in text.items()},
        }

    def _value(self, entry: Object, before: Mapping[str, str]) -> str | None:
        source = entry.get("valueFrom")
        if not source:
            return _expanded(entry.get("value", ""), before)
        if field := source.get("fieldRef"):
            return str(self._fields()[field["fieldPath"]])
        for name, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            if reference := source.get(name):
                optional = reference.get("optional", False)
                data = self._data(kind, reference["name"], optional=optional)
                if reference["key"] in data:
                    return data[reference["key"]].decode()
                if not optional:
                    raise NotStartedError(f"couldn't find key {reference['key']} in {kind[:-1]} {reference['name']}")
        return None

    def _fields(self) -> dict[str, Any]:
        metadata = self._pod["metadata"]
        return {
            "metadata.name": metadata["name"],
            "metadata.namespace": metadata["namespace"],
            "metadata.uid": metadata["uid"],
            "spec.nodeName": self._pod["spec"].get("nodeName", ""),
            "status.podIP": self._pod_ip,
            "status.hostIP": self._pod.get("status", {}).get("hostIP", ""),
        }

    def write_files(self, root: Path) -> None:
        """Writes what is mounted below ``root``, readable by this user only.

        Raises:
            NotStartedError: an object or key that must exist does not.
        """
        volumes = {volume["name"]: volume for volume in self._pod["spec"].get("volumes", [])}
        for mount in self._container.get("volumeMounts", []):
            place = root / mount["mountPath"].lstrip("/")
            files = dict(self._files(volumes[mount["name"]]))
            if sub_path := mount.get("subPath"):
                if sub_path in files:
                    _write(place, files[sub_path])
                else:
                    place.mkdir(parents=True, exist_ok=True)
                continue
            place.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                _write(place / name, content)

    def _files(self, volume: Object) -> Iterator[tuple[str, bytes]]:
        for field, kind, name in (("configMap", "configmaps", "name"), ("secret", "secrets", "secretName")):
            source = volume.get(field)
            if not source:
                continue
            data = self._data(kind, source[name], optional=source.get("optional", False))
            items = source.get("items")
            if items is None:
                yield from data.items()
            for item in items or ():
                if item["key"] not in data:
                    raise NotStartedError(f"references non-existent {kind[:-1]} key: {item['key']}")
                yield item["path"], data[item["key"]]


def _expanded(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return "$" if match[1] == "$" else known.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
