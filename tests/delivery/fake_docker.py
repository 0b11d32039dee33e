"""A `docker` without a daemon: containers in memory, and a Docker Compose that reads the compose files it is given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from studios_host.bundle import variables
from studios_host.docker import Docker, Finished

_FIELD = "com.docker.compose."


class FakeDocker(Docker):
    """Its containers are by name in `raw`; `done` has the words of each command that changed one."""

    def __init__(self, folder: Path, project: str = "seqera") -> None:
        super().__init__({"HOME": "/root", "DOCKER_CONFIG": "/root/.docker"})
        self.folder, self.project = folder, project
        self.raw: dict[str, dict[str, Any]] = {}
        self.done: list[str] = []

    def started(self, *files: str) -> FakeDocker:
        """As the owner starts every service of these files by hand."""
        paths = [str(self.folder / name) for name in files]
        for service, about in self._model(paths)["services"].items():
            self._make(self.project, service, about, paths)
        return self

    def services(self) -> set[str]:
        """The services with a container."""
        return {each["Config"]["Labels"][f"{_FIELD}service"] for each in self.raw.values()}

    def of(self, service: str) -> Any:
        """How `docker inspect` describes the container of a service."""
        return self.raw[f"{self.project}-{service}-1"]

    def run(
        self,
        words: Sequence[str],
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
        seconds: float | None = None,
        stdin: str = "",
    ) -> Finished:
        if words[0] == "compose":
            return self._compose(list(words[1:]), stdin)
        found: Any = ""
        if words[0] == "ps":
            name, _, value = next((word for word in words if word.startswith("label=")), "label=")[6:].partition("=")
            labels = {each["Id"]: each["Config"]["Labels"] for each in self.raw.values()}
            found = "\n".join(
                key for key, had in labels.items() if not name or (name in had and value in ("", had[name]))
            )
        elif words[0] == "inspect":
            kept = [each for each in self.raw.values() if each["Id"] in words]
            found = json.dumps([{"Config": {"User": "101"}}] if "image" in words else kept)
        elif words[0] == "rm":
            self.done.append(" ".join(words))
            self.raw = {name: each for name, each in self.raw.items() if each["Id"] not in words}
        return Finished(0, found, "")

    def _compose(self, words: list[str], stdin: str) -> Finished:
        files = [words[place + 1] for place, word in enumerate(words) if word == "--file"]
        if "version" in words:
            return Finished(0, "2.40.0", "")
        if "create" in words:
            project = words[words.index("--project-name") + 1]
            for service, about in json.loads(stdin)["services"].items():
                self._make(project, service, about, [])
            return Finished(0, "", "")
        try:
            model = self._model(files)
        except FileNotFoundError as error:
            return Finished(1, "", f"env file {error.filename} not found")
        if "config" in words:
            return Finished(0, json.dumps(model), "")
        wanted = [word for word in words[words.index("never") + 1 :] if word in model["services"]]
        if "--dry-run" in words:
            same = {each: self._is_as(each, model["services"][each]) for each in wanted}
            lines = [
                f" Container {self.project}-{each}-1  {'Running' if same[each] else 'Recreate'}" for each in wanted
            ]
            return Finished(0, "", "\n".join(lines))
        self.done.append(f"up {' '.join(wanted)}")
        for service in wanted:
            self._make(self.project, service, model["services"][service], files)
        return Finished(0, "", "")

    def _is_as(self, service: str, about: Mapping[str, Any]) -> bool:
        made = self.raw.get(f"{self.project}-{service}-1")
        return made is not None and made["Config"]["Labels"][f"{_FIELD}config-hash"] == json.dumps(about)

    def _model(self, files: Sequence[str]) -> dict[str, Any]:
        services: dict[str, Any] = {}
        for file in files:
            for name, about in (YAML(typ="safe").load(Path(file).read_text())["services"] or {}).items():
                merged = services.setdefault(name, {"image": "x", "environment": {}, "volumes": []})
                kept = {key: about[key] for key in ("image", "mem_limit", "labels") if key in about}
                merged.update(kept, volumes=[*merged["volumes"], *map(self._mount, about.get("volumes", []))])
                for each in about.get("env_file", []):
                    path = self.folder / (each if isinstance(each, str) else each["path"])
                    if isinstance(each, str) or path.exists():
                        merged["environment"] |= variables(path.read_bytes())
                merged["environment"] |= about.get("environment", {})
        return {"services": services}

    def _mount(self, text: str) -> dict[str, str]:
        source, target = text.split(":")[:2]
        return {"type": "bind", "source": str(self.folder / source), "target": target}

    def _make(self, project: str, service: str, about: Mapping[str, Any], files: Sequence[str]) -> None:
        name = f"{project}-{service}-1"
        labels = {
            "project": project,
            "service": service,
            "version": "2.40.0",
            "project.working_dir": str(self.folder) if files else "/",
            "project.config_files": ",".join(files),
            "config-hash": json.dumps(about),
        }
        mounts = about.get("volumes") or []
        self.raw[name] = {
            "Id": name.encode().hex(),
            "Name": f"/{name}",
            "Created": f"{len(self.raw):03}",
            "RestartCount": 0,
            "State": {"Status": "running", "StartedAt": "2020-01-01T00:00:00Z", "ExitCode": 0},
            "HostConfig": {"Memory": about.get("mem_limit", 0)},
            "Mounts": [{"Type": "bind", "Source": each["source"], "Destination": each["target"]} for each in mounts],
            "NetworkSettings": {"Networks": {}},
            "Config": {
                "Image": about["image"],
                "Env": [f"{key}={value}" for key, value in about["environment"].items()],
                "Labels": {**{f"{_FIELD}{key}": value for key, value in labels.items()}, **about.get("labels", {})},
            },
        }
