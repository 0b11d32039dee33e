"""What the pods of Connect may carry, in the form that Kubernetes has for it."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from settings.kubernetes_shapes import Shape
from settings.marks import Words
from settings.types.kubernetes import OBJECT, DataKey, Label, LabelKey, LabelValue, ObjectName
from settings.types.text import FOLDER, ListInText, MapInText, Text, WholeNumber, form, scalar_as_text

_SUB_PATH = re.compile(r"(?!/)(?!(.*/)?\.\.(/|\Z)).*[^/]", re.ASCII)
_LONGEST_ANNOTATION = 16_384
"""All annotations of an object together may have 256 KiB."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    def as_kubernetes(self) -> dict[str, Any]:
        """As the API takes it."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Toleration(_Part):
    """A taint that the pods tolerate."""

    key: LabelKey | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: Annotated[str, BeforeValidator(scalar_as_text)] | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: WholeNumber | None = None


def _sensible(toleration: Toleration) -> Toleration:
    wrong = []
    if toleration.operator == "Exists" and toleration.value is not None:
        wrong.append("must have no value with operator: Exists; remove value, or write operator: Equal")
    if toleration.key is None and toleration.operator == "Equal":
        wrong.append("must have a key with operator: Equal, for example key: workload")
    if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
        wrong.append("must have effect: NoExecute beside tolerationSeconds; remove tolerationSeconds")
    if wrong:
        raise ValueError("; and ".join(wrong))
    return toleration


class SecretKeyReference(_Part):
    """One key of a Secret that exists already."""

    name: ObjectName
    key: DataKey


class CaSecret(_Part):
    """A PEM file in a Secret that exists already."""

    name: ObjectName
    key: DataKey = "ca.crt"


class CertificateSource(_Part):
    """A PEM file in a ConfigMap or in a Secret that exists already."""

    config_map: ObjectName | None = None
    secret: ObjectName | None = None
    key: DataKey = "ca.crt"


def having_one(keys: tuple[str, ...], message: str, part: _Part) -> _Part:
    """The part, if it has one of the keys.

    Raises:
        ValueError: it has several of them, or none.
    """
    if len(part.as_kubernetes().keys() & set(keys)) != 1:
        raise ValueError(message)
    return part


_ONE_SOURCE = AfterValidator(
    partial(
        having_one,
        ("configMap", "secret"),
        "must have one of configMap and secret, for example {configMap: acme-ca, key: ca.crt}",
    )
)


def called(key: str, value: Any) -> Any:
    """The map of an object that is written as its name; anything else is returned as it is."""
    return {key: value} if isinstance(value, str) and not value.strip().startswith("{") else value


def _called(key: str) -> BeforeValidator:
    """Takes a name for the object with that name."""
    return BeforeValidator(partial(called, key))


class Mount(_Part):
    """Where one of the extra volumes is mounted in proxy and server."""

    name: Label
    mount_path: Annotated[Text, form(FOLDER, "must be an absolute path, for example /etc/extra")]
    sub_path: (
        Annotated[Text, form(_SUB_PATH, "must be a path within the volume, for example certificates/ca.crt")] | None
    ) = None
    read_only: bool = True


def _volume(value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("name"), str) or len(value) != 2 or None in value.values():
        raise ValueError("must have a name and one source, for example {name: extra, configMap: {name: acme}}")
    return value


AFFINITY = Shape("V1Affinity")
VOLUME = Shape("V1Volume")
Tolerations = Annotated[tuple[Annotated[Toleration, AfterValidator(_sensible)], ...], ListInText]
Affinity = Annotated[dict[Literal["nodeAffinity", "podAffinity", "podAntiAffinity"], Any], MapInText, AFFINITY]
"""As Kubernetes has it: `settings.rules.shapes` compares it with the shape."""
PriorityClass = Annotated[
    Text, form(OBJECT, "must be the name of a PriorityClass; `kubectl get priorityclasses` prints them")
]
Labels = Annotated[dict[LabelKey, LabelValue], MapInText]
Annotations = Annotated[
    dict[LabelKey, Annotated[str, BeforeValidator(scalar_as_text), Field(max_length=_LONGEST_ANNOTATION)]], MapInText
]
Certificate = Annotated[CertificateSource, _called("configMap"), MapInText, _ONE_SOURCE]
RedisCa = Annotated[CaSecret, _called("name"), MapInText]
Volumes = Annotated[
    tuple[Annotated[dict[str, Any], AfterValidator(_volume), Field(min_length=2, max_length=2), VOLUME], ...],
    ListInText,
]
Mounts = Annotated[tuple[Mount, ...], ListInText]


def _auto(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip() == AUTO else value


AUTO = "auto"
"""In the place of a number of pods: an autoscaler decides."""
Replicas = Annotated[Annotated[int, Field(ge=1, le=100)] | None, BeforeValidator(_auto), Words(AUTO)]
"""A number of pods; None where an autoscaler decides."""
