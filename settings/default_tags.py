"""The tags of `aws:defaultTags`, for what the load balancer controller makes in AWS: it gets them by annotations."""

from __future__ import annotations

from collections.abc import Mapping

from settings.balancers import ALB
from settings.errors import Problem, SettingsError
from settings.model import Settings

TAGS = f"{ALB}tags"
"""The annotation of an Ingress with the tags of its load balancer."""


def with_default_tags(settings: Settings, tags: Mapping[str, str]) -> Settings:
    """The settings with the tags among `ingressAnnotations`, beside those that are there.

    Raises:
        SettingsError: one of the tags is there with another value, or can't be written in the annotation.
    """
    own = pairs_in(settings.ingress_annotations.get(TAGS, ""))
    problems = [
        Problem(
            f"ingressAnnotations.{TAGS}", f"{key}={own[key]}", f"must not contradict aws:defaultTags, {key}={value}"
        )
        for key, value in tags.items()
        if own.get(key, value) != value
    ]
    problems += [
        Problem(
            "aws:defaultTags", key, "must have no comma, which the load balancer controller's annotation can't hold"
        )
        for key, value in tags.items()
        if "," in f"{key}{value}" or "=" in key
    ]
    if problems:
        raise SettingsError(problems)
    if not tags:
        return settings
    text = ",".join(f"{key}={value}" for key, value in sorted({**tags, **own}.items()))
    return settings.model_copy(update={"ingress_annotations": {**settings.ingress_annotations, TAGS: text}})


def pairs_in(annotation: str) -> dict[str, str]:
    """What an annotation of the load balancer controller lists, such as tags or attributes: ``a=1,b=2``."""
    pairs = (pair.partition("=") for pair in annotation.split(","))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}
