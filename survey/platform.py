"""Finds what the settings name in the Platform install, and refuses what does not fit before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from live.api import FORBIDDEN, ApiError, ClusterApi, NotFoundError
from live.cluster import Cluster
from live.entry_conflicts import has_changed_any
from live.fields import Object
from settings.environment import tower_yml_entries
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.rules.names import taken_over_without_effect
from survey import identity
from survey.admission import changes_platform, failed_rollouts, unchangeable
from survey.adopting import as_adopted
from survey.conflicts import conflicts
from survey.effective_environment import EffectiveEnvironment, shadowed
from survey.gitops import reverted
from survey.group_members import Group, find_group
from survey.group_rules import rules_out_of_order
from survey.ingress_class import IngressController, find_controller, new_disagreements_with_class
from survey.ingresses import (
    attributes_to_reset,
    changes_for_the_group,
    disagreements_in_group,
    protected_from_deletion,
    routes_to_the_same_host,
)
from survey.install import Install, another_namespace, missing, read_install
from survey.leftover_templates import leftover_templates
from survey.monitoring import monitoring_problems, service_monitors
from survey.mounts import mount_problems
from survey.name_conflicts import name_conflicts, names_in_use, unproven_own
from survey.named_objects import not_found
from survey.oidc_in_use import oidc_in_use
from survey.plain_http import turned_away_from_http
from survey.quota import beyond_quota
from survey.rights import POD, Review, review_rights
from survey.secrets import config_map_problems, existing_secret_problems
from survey.trial import Trial, no_pods_tried, warnings_of


@dataclass(frozen=True, kw_only=True)
class PlatformSurvey:
    """What a survey leads to.

    Args:
        settings: the stack's, with what the user has not named and the install decides.
        warnings: what the user should know and what stops nothing.
        unproven: by ``Deployment/connect-proxy``, what stands against the stack if the engine is about to make it.
    """

    settings: Settings
    warnings: tuple[str, ...] = ()
    unproven: Mapping[str, Problem] = field(default_factory=dict)


def survey_platform(
    cluster: Cluster,
    settings: Settings,
    *,
    field_manager: str | None = None,
    tell_trace: Callable[[bool], None] = lambda _: None,
    updating: bool = False,
    planned: Callable[[Settings], Sequence[Object]] = lambda _: (),
) -> PlatformSurvey:
    """Reads the Platform install, and checks that everything the settings name is there and takes effect.

    Args:
        cluster: the way to it.
        settings: the stack's settings.
        field_manager: the name under which this stack owns what it adds and makes; what has that owner is no
            conflict. None for a stack that has nothing yet and only asks for what exists.
        tell_trace: is told whether something in the namespace is this stack's, before anything is refused.
        updating: whether this is an update, which needs to write, and no preview.
        planned: the objects that a stack makes.

    Raises:
        SettingsError: something is missing, has another value and another owner, or would not reach Platform; or a
            name is taken; or the cluster cannot be read.
    """
    api = ClusterApi(cluster)
    install, rights = _read(api, settings)
    install = as_adopted(install, field_manager)
    is_here = has_changed_any(field_manager, install.everything())
    tell_trace(is_here)
    settings = identity.resolved(settings, install)
    controller = find_controller(api, settings)
    if (elsewhere := another_namespace(api, install, settings)) is not None:
        # All else that is missing follows from it.
        of_cluster = (*controller.problems, *protected_from_deletion(settings), *monitoring_problems(api, settings))
        raise SettingsError([*rights.problems(updating=updating), elsewhere, *of_cluster])
    group = find_group(api, install, settings, field_manager, controller) if field_manager else Group()
    environment = EffectiveEnvironment(api, install)
    objects = {**install.by_kind(), "ServiceMonitor": service_monitors(api, settings)}
    problems = [
        *rights.problems(updating=updating),
        *not_found(install, settings),
        *taken_over_without_effect(settings),
        *_secret_problems(install, settings),
        *existing_secret_problems(api, settings, install.secrets),
        *config_map_problems(settings, install),
        *identity.another_platform(environment, install, settings),
        *controller.problems,
        *protected_from_deletion(settings),
        *monitoring_problems(api, settings),
        *(name_conflicts(settings, objects, field_manager, is_here=is_here) if field_manager else []),
        *(_in_the_way(install, settings, field_manager, group, controller, is_here=is_here) if field_manager else []),
        *(_beyond_quota(api, install, settings, planned(settings), is_here=is_here) if field_manager else []),
    ]
    if not problems:
        config_maps = (settings.backend_config_map, settings.cron_config_map)
        by_file = bool(tower_yml_entries(settings))
        problems = [
            *mount_problems(install, settings, field_manager, is_here=is_here),
            *conflicts(
                settings,
                config_maps={name: install.config_maps[name] for name in config_maps},
                deployments=install.deployments,
                # What this stack may have written has a record, with which its resource decides.
                tower_yml=None if is_here or not by_file else install.config_maps[settings.tower_yml_config_map],
                field_manager=field_manager,
                # What this stack has replaced there before was asked then.
                in_use=() if is_here else [*oidc_in_use(api, environment, install, settings)],
            ),
            *shadowed(environment, install, settings, is_here=is_here),
        ]
    warnings = [
        *(str(each) for each in unchangeable(install, settings)),
        *rights.warnings(updating=updating),
        *identity.another_release(install, settings),
        *leftover_templates(environment, install, settings, field_manager),
    ]
    if not problems and field_manager is not None:
        trial = Trial(
            api=api,
            settings=settings,
            install=install,
            field_manager=field_manager,
            may=rights.may,
            is_here=is_here,
        )
        told = trial.of(planned(controller.settled(settings)))
        problems = [each.refusal for each in told if each.refusal is not None]
        warnings += warnings_of(told)
        if not rights.missing and not rights.may(POD):
            warnings.append(no_pods_tried(settings.namespace))
    if problems:
        # One answer that does not come may be waited for in several places.
        raise SettingsError(dict.fromkeys(problems))
    if not is_here:
        # Later, a preview shows what a tool has put back.
        warnings += reverted(install, settings)
    settled = controller.settled(settings)
    reset = attributes_to_reset(install, settled, field_manager, group, controller) if field_manager else {}
    attributes = {**reset, **settled.load_balancer_attributes}
    settled = settled.model_copy(update={"load_balancer_attributes": attributes})
    unproven = unproven_own(settings, objects, field_manager) if field_manager else {}
    return PlatformSurvey(settings=settled, warnings=tuple(warnings), unproven=unproven)


def _read(api: ClusterApi, settings: Settings) -> tuple[Install, Review]:
    """The install, and the rights there: what is missing of them says more than the first call that is refused."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        reviewing = pool.submit(review_rights, api, settings, names_in_use(settings))
        try:
            return read_install(api, settings.namespace), reviewing.result()
        except ApiError as error:
            problems = list(reviewing.result().problems(updating=False)) if error.status == FORBIDDEN else []
            raise SettingsError(problems or error.problems) from None


def _beyond_quota(
    api: ClusterApi, install: Install, settings: Settings, planned: Sequence[Object], *, is_here: bool
) -> Iterator[Problem]:
    if not is_here:
        yield from beyond_quota(install, settings, planned)
    elif install.quotas and planned:
        running = [install.deployments[name] for name in (settings.proxy_name,) if name in install.deployments]
        if settings.server_name in install.stateful_sets:
            # Of those, the survey has read no more than the names.
            path = f"/apis/apps/v1/namespaces/{install.namespace}/statefulsets/{settings.server_name}"
            try:
                running.append(api.get(path))
            except (NotFoundError, SettingsError):
                return
        yield from beyond_quota(install, settings, planned, running)


def _in_the_way(
    install: Install, settings: Settings, owner: str, group: Group, controller: IngressController, *, is_here: bool
) -> Iterator[Problem]:
    """What others have set that does not go with what the stack is about to make."""
    yield from disagreements_in_group(group, settings, controller)
    yield from changes_for_the_group(group, settings, controller)
    yield from rules_out_of_order(group, settings)
    yield from turned_away_from_http(group, settings)
    yield from routes_to_the_same_host(install, settings, owner, group, is_here=is_here)
    yield from new_disagreements_with_class(controller, settings, install, owner)
    if not is_here:
        # Later, the change may be what mends it.
        yield from failed_rollouts(install, settings)
    if not is_here or changes_platform(install, settings):
        yield from unchangeable(install, settings)


def _secret_problems(install: Install, settings: Settings) -> Iterator[Problem]:
    named = [(f"imagePullSecrets[{i}]", name) for i, name in enumerate(settings.image_pull_secrets)]
    if settings.redis_tls_secret is not None:
        named.append(("redisTlsSecret", settings.redis_tls_secret))
    for key, name in named:
        if name not in install.secrets:
            yield missing(key, name, "Secret", list(install.secrets), f" in namespace {settings.namespace}")
