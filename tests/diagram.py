"""The architecture as Mermaid, which GitHub draws, out of the graph of resources that the program asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from pipeline.report import short_type
from settings.fields import example_of, required_on
from settings.parsing import parse_settings
from settings.targets import KUBERNETES
from tests.unit.components.mocks import Recording, run

SETTINGS = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
}
TOP = "studios"
STATE = "Pulumi's state"
PLACES = {"aws": "AWS", "kubernetes": "Kubernetes", "pulumi-python": "Platform", "random": STATE, "tls": STATE}

Edges = set[tuple[str, str]]


def recorded() -> Recording:
    """What the program asks for with the least settings."""
    # A setting that has to be written may be added: its example will do.
    settings = parse_settings({key: example_of(key) for key in required_on(KUBERNETES)} | SETTINGS)
    args = KubernetesStudiosArgs(settings=settings, cluster=Cluster(), field_manager="studios-diagram")

    def program() -> None:
        KubernetesStudios(TOP, args)

    return run(program)


def overview() -> str:
    """The components, what each makes and where, and which needs which: an arrow leads to what comes later."""
    recording = recorded()
    component_of = _component_of(recording)
    edges = {
        (component_of[source], component_of.get(target, target))
        for source, target in _edges(recording)
        if component_of[source] != component_of.get(target, target)
    }
    nodes = [
        f'  {_id(name)}["<b>{_title(recording, name)}</b><br>{"<br>".join(_made_by(recording, name))}"]'
        for name in _components(recording)
    ]
    arrows = [f"  {_id(source)} --> {_id(target)}" for source, target in sorted(_reduced(edges))]
    return _mermaid("flowchart LR", [*nodes, *arrows])


def resources() -> str:
    """Every resource, in its component, and which needs which."""
    recording = recorded()
    lines = []
    for component in _components(recording):
        lines.append(f'  subgraph {_id(component)}["{_title(recording, component)}"]')
        lines += [
            f'    {_id(name)}["{name.removeprefix(f"{component}-")}<br><i>{_kind(asked.type)}</i>"]'
            for name, asked in sorted(recording.resources.items())
            if asked.parent == component
        ]
        lines.append("  end")
    inside = {(component, name) for name, component in _component_of(recording).items()}
    edges = _reduced(_edges(recording) | inside) - inside
    lines += [f"  {_id(source)} --> {_id(target)}" for source, target in sorted(edges)]
    return _mermaid("flowchart LR", lines)


def _components(recording: Recording) -> list[str]:
    # The order of registration is not the same each time.
    return sorted(name for name, asked in recording.resources.items() if asked.parent == TOP)


def _component_of(recording: Recording) -> Mapping[str, str]:
    components = _components(recording)
    return {name: asked.parent for name, asked in recording.resources.items() if asked.parent in components}


def _edges(recording: Recording) -> Edges:
    """Resource → what needs it: a resource, or a component as a whole."""
    resources = _component_of(recording)
    return {
        (source, target)
        for target in [*resources, *_components(recording)]
        for source in recording[target].depends_on
        if source in resources and source != target
    }


def _reduced(edges: Edges) -> Edges:
    """The edges without those that a way over others makes superfluous."""
    after: dict[str, set[str]] = {}
    for source, target in edges:
        after.setdefault(source, set()).add(target)

    def reaches(source: str, target: str, seen: set[str]) -> bool:
        waiting = after.get(source, set()) - seen
        return target in waiting or any(reaches(each, target, seen | waiting) for each in waiting)

    return {
        (source, target)
        for source, target in edges
        if not any(reaches(between, target, {source}) for between in after[source] - {target})
    }


def _made_by(recording: Recording, component: str) -> list[str]:
    """What a component makes, by place: ``AWS: Certificate, 2 Records``."""
    made: dict[str, list[str]] = {}
    for _, asked in sorted(recording.resources.items()):
        if asked.parent == component:
            made.setdefault(_place(asked.type), []).append(_kind(asked.type))
    return [f"{place}: {', '.join(_counted(kinds))}" for place, kinds in sorted(made.items())]


def _place(token: str) -> str:
    return STATE if _kind(token) == "RsaKeyGuard" else PLACES[token.split(":")[0]]


def _counted(kinds: list[str]) -> list[str]:
    return [kind if kinds.count(kind) == 1 else f"{kinds.count(kind)} {_plural(kind)}" for kind in dict.fromkeys(kinds)]


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def _kind(token: str) -> str:
    return short_type(token).rsplit(":", 1)[-1]


def _title(recording: Recording, component: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _kind(recording[component].type))


def _id(name: str) -> str:
    return name.replace("-", "_")


def _mermaid(header: str, lines: list[str]) -> str:
    return "\n".join(["```mermaid", header, *lines, "```"])
