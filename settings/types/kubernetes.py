"""Names, labels and amounts as Kubernetes takes them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from settings.types.text import (
    ListInText,
    MapInText,
    Text,
    WithoutRepeats,
    as_kubernetes_writes,
    form,
    scalar_as_text,
)

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
SUBDOMAIN = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
OBJECT = re.compile(rf"(?=.{{1,253}}\Z){SUBDOMAIN}", re.ASCII)
_STATEFUL_SET = re.compile(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?", re.ASCII)
_DATA_KEY = re.compile(r"(?!\.\.|\.\Z)[A-Za-z0-9._-]{1,253}", re.ASCII)
_LABEL_KEY = re.compile(rf"((?=[^/]{{1,253}}/){SUBDOMAIN}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_QUANTITY = re.compile(r"(?=[0.]*[1-9])\d{1,15}(\.\d{1,3})?(Ki|Mi|Gi|k|M|G)?", re.ASCII)
_PLATFORM_OBJECT = re.compile(rf"(ConfigMap|Deployment)/(?=.{{1,253}}\Z){SUBDOMAIN}|tower\.yml|tower\.env", re.ASCII)


def is_label(text: str) -> bool:
    """Whether a text can be the name of a volume, a container or a namespace."""
    return LABEL.fullmatch(text) is not None


Label = Annotated[
    Text,
    form(
        LABEL,
        "must be a Kubernetes name: at most 63 characters from a-z, 0-9 and '-', "
        "starting and ending with a letter or digit",
    ),
]
StatefulSetName = Annotated[
    Text,
    # The label that Kubernetes gives its pods holds the name and a hash, in 63 characters.
    form(
        _STATEFUL_SET,
        "must be the name of a StatefulSet and its Service: at most 52 characters from a-z, 0-9 and '-', "
        "starting with a letter",
    ),
]
ServiceName = Annotated[
    Text, form(_SERVICE, "must be a Service name: at most 63 characters from a-z, 0-9 and '-', starting with a letter")
]
ObjectName = Annotated[
    Text,
    form(
        OBJECT,
        "must be a Kubernetes name: at most 253 characters from a-z, 0-9, '-' and '.', as `kubectl get` prints it",
    ),
]
DataKey = Annotated[Text, form(_DATA_KEY, "must be a key of a ConfigMap: letters, digits, '-', '_' and '.'")]
SecretDataKey = Annotated[Text, form(_DATA_KEY, "must be a key of a Secret: letters, digits, '-', '_' and '.'")]
Quantity = Annotated[
    Text,
    form(
        _QUANTITY,
        lambda text: f"must be an amount of storage, for example {as_kubernetes_writes(text, '100Mi')}",
    ),
]
ObjectNames = Annotated[tuple[ObjectName, ...], ListInText, WithoutRepeats]
PlatformObjects = Annotated[
    tuple[
        Annotated[
            Text,
            form(
                _PLATFORM_OBJECT,
                "is none of Platform's objects; write ConfigMap/<name> or Deployment/<name>; on Compose, tower.yml or "
                "tower.env",
            ),
        ],
        ...,
    ],
    ListInText,
    WithoutRepeats,
]
LabelKey = Annotated[str, form(_LABEL_KEY, "must be a key such as team or example.com/team")]
LabelValue = Annotated[
    str,
    BeforeValidator(scalar_as_text),
    form(_LABEL_VALUE, "must be up to 63 letters, digits, '-', '_' and '.', for example research"),
]
NodeLabels = Annotated[
    dict[
        Annotated[str, form(_LABEL_KEY, "must be the key of a node label, for example kubernetes.io/arch")],
        Annotated[
            str,
            BeforeValidator(scalar_as_text),
            form(_LABEL_VALUE, "must be the value of a node label: at most 63 letters, digits, '-', '_' and '.'"),
        ],
    ],
    MapInText,
]
