"""What pods and Ingress carry beside what the program gives them: nothing that contradicts it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from settings.errors import Problem
from settings.fields import value_of
from settings.model import Settings
from settings.mounts import CA_MOUNT, REDIS_CA_MOUNT, REDIS_TLS_MOUNT, SSH_KEY_MOUNT, TEMPORARY_FOLDER
from settings.rules.book import RuleBook

RULES = RuleBook()

OWN_LABELS = ("app", "app.kubernetes.io/part-of", "app.kubernetes.io/instance")
"""The labels by which the program selects pods, and knows its objects."""
OWN_ANNOTATION = "checksum/studios"
"""The annotation of the pods that restarts them."""
OWN_VOLUMES = ("tmp", "data", "ca-certificate", "redis-ca")
_SECRET_VOLUME = "secret-"  # noqa: S105 (the beginning of a name)

_ALB = "alb.ingress.kubernetes.io/"
SETTING_OF_ANNOTATION: Mapping[str, str] = {
    f"{_ALB}scheme": "loadBalancerScheme",
    f"{_ALB}target-type": "targetType",
    f"{_ALB}certificate-arn": "certificateArn",
    f"{_ALB}ssl-policy": "sslPolicy",
    f"{_ALB}load-balancer-attributes": "loadBalancerAttributes",
    f"{_ALB}healthcheck-path": "healthCheckPath",
    f"{_ALB}success-codes": "healthCheckSuccessCodes",
    f"{_ALB}group.name": "loadBalancerGroup",
    f"{_ALB}group.order": "loadBalancerGroupOrder",
    f"{_ALB}ip-address-type": "ipAddressType",
    "kubernetes.io/ingress.class": "ingressClass",
}
"""Annotation of the Ingress → the setting that it comes from."""
FIXED_ANNOTATIONS: Mapping[str, str] = {
    f"{_ALB}listen-ports": "sessions are served at 443, and 80 leads there",
    f"{_ALB}ssl-redirect": "sessions are served at 443, and 80 leads there",
    f"{_ALB}create-acm-cert": "the certificate is made by the stack, or that of certificateArn",
    f"{_ALB}acm-pca-arn": "the certificate is made by the stack, or that of certificateArn",
}
"""Annotation that the program sets itself → why it can't be another."""


def _register_labels(key: str) -> None:
    @RULES.needs(key)
    def _ours_stay(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        for name, value in value_of(settings, key).items():
            if name in OWN_LABELS:
                yield Problem(f"{key}.{name}", value, "is a label that the program sets itself; remove it here")


for _key in ("podLabels", "labels"):
    _register_labels(_key)


@RULES.needs("podAnnotations")
def _the_checksum_stays(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if OWN_ANNOTATION in settings.pod_annotations:
        yield Problem(
            f"podAnnotations.{OWN_ANNOTATION}", None, "is an annotation that the program sets itself; remove it here"
        )


@RULES.needs("ingressAnnotations")
def _annotations_of_settings_stay(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for name, value in settings.ingress_annotations.items():
        key = f"ingressAnnotations.{name}"
        if name in SETTING_OF_ANNOTATION:
            yield Problem(
                key, value, f"has a setting of its own; remove it here, and set {SETTING_OF_ANNOTATION[name]}"
            )
        elif name in FIXED_ANNOTATIONS:
            yield Problem(key, value, f"is set by the program: {FIXED_ANNOTATIONS[name]}; remove it here")


@RULES.needs("extraVolumes", "extraMounts", "storageRoot")
def _extra_volumes_have_names_and_places_of_their_own(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    names = [str(volume["name"]) for volume in settings.extra_volumes]
    for index, name in enumerate(names):
        if name in OWN_VOLUMES or name.startswith(_SECRET_VOLUME):
            yield Problem(f"extraVolumes[{index}].name", name, "is a volume of the program's own; write another name")
        elif name in names[:index]:
            yield Problem(f"extraVolumes[{index}].name", name, "is the name of another volume, too; write another one")
    taken = [TEMPORARY_FOLDER, settings.storage_root, REDIS_TLS_MOUNT, CA_MOUNT, REDIS_CA_MOUNT, SSH_KEY_MOUNT]
    for index, mount in enumerate(settings.extra_mounts):
        if mount.name not in names:
            there = f"there are {', '.join(names)}" if names else "there is none"
            yield Problem(f"extraMounts[{index}].name", mount.name, f"is not a volume of extraVolumes; {there}")
        if mount.mount_path in taken:
            yield Problem(
                f"extraMounts[{index}].mountPath", mount.mount_path, "has another mount already; write another path"
            )
        taken.append(mount.mount_path)


@RULES.needs("redisPassword", "redisPasswordSecret")
def _the_password_of_redis_is_given_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.redis_password is not None and settings.redis_password_secret is not None:
        yield Problem(
            "redisPasswordSecret",
            settings.redis_password_secret.name,
            "gives the password of Redis a second time; remove it or redisPassword",
        )


@RULES.needs("redisTls", "redisTlsSkipVerify", "redisCaSecret")
def _a_ca_of_redis_verifies_its_certificate(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.redis_ca_secret is not None and settings.redis_tls_skip_verify and settings.redis_tls:
        name = settings.redis_ca_secret.name
        yield Problem("redisCaSecret", name, "has no effect beside redisTlsSkipVerify; remove one of them")
