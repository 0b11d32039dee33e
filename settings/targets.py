"""The kinds of Platform install that Studios is put beside: one object each.

Settings of one target are marked `Only(...)`. The component that is Studios on it, with its outputs, is in
`components.studios_on_<target>`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

KUBERNETES: Final = "kubernetes"
COMPOSE: Final = "compose"


@dataclass(frozen=True)
class Target:
    """A kind of Platform install.

    Args:
        title: what documents call it.
        where: what Platform runs on there.
        meaning: what Studios on it is, for the package's schema.
        edited_files: Platform's files that are edited in place, as `takeOver` names them.
        one_environment: whether proxy and server read the same file of variables.
    """

    title: str
    where: str
    meaning: str
    edited_files: tuple[str, ...] = ()
    one_environment: bool = False

    @property
    def component(self) -> str:
        """The name of the component that is Studios on it."""
        return f"{self.title}Studios"


TARGETS: Mapping[str, Target] = {
    KUBERNETES: Target(
        "Kubernetes",
        "EKS",
        "Studios beside a Platform on Kubernetes: everything that this package has, and the changes to Platform "
        "itself, which its removal takes back. The install is surveyed first, and nothing is made if it doesn't fit.",
    ),
    COMPOSE: Target(
        "Compose",
        "Docker Compose on an EC2 instance",
        "Studios beside a Platform that runs with Docker Compose on an EC2 instance behind an Application Load "
        "Balancer. The install is surveyed first, and nothing is made if it doesn't fit.",
        edited_files=("tower.yml", "tower.env"),
        one_environment=True,
    ),
}
"""The value of the setting `target` → the target."""

if TYPE_CHECKING:
    TargetName = str
else:
    TargetName = Literal[tuple(TARGETS)]
"""The type of the setting `target`."""

TITLES: Mapping[str, str] = {name: target.title for name, target in TARGETS.items()}
"""Target → what documents call it."""

ALL_TITLES = "both" if len(TITLES) == 2 else "all"
"""What documents call all of them."""


def titles_of(targets: Collection[str]) -> str:
    """What documents call some targets."""
    return ALL_TITLES if set(targets) == set(TARGETS) else " and ".join(TITLES[target] for target in targets)
