"""What is the same for every type of the AWS stand-in: check, compare, preview, and keep the state true."""

from __future__ import annotations

from typing import Any, Final

from testbed.plugins.aws import config, schema
from testbed.plugins.aws.errors import doing, passing_over
from testbed.plugins.aws.schema import ResourceType, Table
from testbed.plugins.aws.session import Aws, Session
from testbed.plugins.aws.types import LOOKUPS, TYPES
from testbed.plugins.diff import detailed_diff
from testbed.plugins.naming import autoname, did_you_mean
from testbed.plugins.provider import (
    UNKNOWN,
    CheckResult,
    DiffResult,
    PartialFailure,
    Properties,
    ProviderError,
    Resource,
    has_unknowns,
)

#: Which inputs the program left to the provider; the bridge of the official one keeps it under the same key.
_DEFAULTS: Final = "__defaults"
_NAME_SUFFIX: Final = 8  # the hyphen and seven digits of an automatic name


class AwsProvider:
    """The stand-in for ``pulumi-resource-aws``: a method raises :class:`ProviderError` with the words of that.

    Several threads call it at once: the engine works on independent resources side by side. ``preview`` allows
    :data:`UNKNOWN` in what is returned; a timeout is in seconds, 0 for the provider's own.
    """

    package = "aws"

    def __init__(self) -> None:
        self._session: Session | None = None

    # --- the provider itself

    def check_config(self, inputs: Properties) -> CheckResult:
        """Refuses unknown keys and values of another form."""
        return CheckResult(inputs, config.check(inputs))

    def diff_config(self, old: Properties, new: Properties) -> DiffResult:
        """A provider of another region or profile makes other resources."""
        return detailed_diff(old, new, replace_on=("region", "profile"))

    def configure(self, inputs: Properties) -> None:
        """Connects, unless the preview can't know with what."""
        failures = config.check(inputs)
        if failures:
            raise ProviderError("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        if not has_unknowns(inputs):
            self._session = Session(config.settings(inputs))

    def cancel(self) -> None:
        """Ends every wait."""
        if self._session:
            self._session.cancelled.set()

    def secret_outputs(self, type: str) -> tuple[str, ...]:
        """As the type's table says."""
        return _type(type).secrets

    # --- resources

    def check(self, resource: Resource, old: Properties | None, new: Properties, random_seed: bytes) -> CheckResult:
        """Validates against the type's table, and adds defaults, name, region and ``tagsAll``."""
        type_ = _type(resource.type)
        given = {key: value for key, value in new.items() if key not in (_DEFAULTS, "tagsAll")}
        if type_.autonamed and given.get(type_.autonamed) is None:
            given[type_.autonamed] = _name(type_.autonamed, type_.longest_name, resource, old, random_seed)
            defaults: Properties = {_DEFAULTS: [type_.autonamed]}
        else:
            defaults = {}
        if type_.regional and given.get("region") is None and self._session:
            given["region"] = self._session.region
        checked, failures = schema.validate(type_, given)
        if type_.tagged_by:
            tags_all = self._tags_all(checked.get("tags"))
            if tags_all:
                checked["tagsAll"] = tags_all
        if not failures:
            failures = list(type_.check(checked))
        return CheckResult({**checked, **defaults}, failures)

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, old_outputs: Properties, new: Properties
    ) -> DiffResult:
        """Compares the state, which a refresh has brought up to date, with the inputs."""
        type_ = _type(resource.type)
        before, after = schema.views(type_, old_outputs, new)
        patterns = [name for name, argument in type_.all_arguments().items() if argument.replaces]
        # A name that the program gave can't belong to two resources at once.
        keeps_name = (
            type_.autonamed is not None
            and type_.autonamed not in (new.get(_DEFAULTS) or [])
            and type_.autonamed not in before
        )
        return detailed_diff(
            before, after, [*patterns, *type_.replacing(old_outputs, new)], delete_before_replace=keeps_name
        )

    def create(self, resource: Resource, inputs: Properties, preview: bool, timeout: float) -> tuple[str, Properties]:
        """Makes it, and returns what AWS then says of it."""
        type_ = _type(resource.type)
        if preview:
            return "", self._previewed(type_, inputs)
        aws = self._aws(type_, inputs)
        label = type_.label(inputs)
        with doing(f"creating {type_.title} ({label})" if label else f"creating {type_.title}"):
            made = type_.create(aws, inputs, timeout)
        what = f"reading {type_.title} ({made})"
        try:
            with doing(what):
                live = _read(type_, aws, made, inputs)
        except ProviderError as error:
            raise PartialFailure([str(error)], made, inputs) from error
        if live is None:
            raise PartialFailure([f"{what}: couldn't find resource"], made, inputs)
        return made, self._outputs(type_, live, inputs)

    def read(
        self, resource: Resource, id: str, inputs: Properties | None, outputs: Properties | None
    ) -> tuple[str, Properties, Properties] | None:
        """What AWS says now; on an import, inputs made from it."""
        type_ = _type(resource.type)
        state = outputs or {}
        aws = self._aws(type_, state or inputs or {})
        with doing(f"reading {type_.title} ({id})"):
            live = _read(type_, aws, id, state)
        if live is None:
            return None
        now = self._outputs(type_, live, inputs or {})
        if type_.regional:
            now.setdefault("region", aws.region)
        return id, self._inputs(type_, now, inputs, state), now

    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new: Properties,
        preview: bool,
        timeout: float,
    ) -> Properties:
        """Changes it, its tags too, and returns what AWS then says of it."""
        type_ = _type(resource.type)
        if preview:
            kept = {
                key: UNKNOWN if key in type_.volatile else value
                for key, value in old_outputs.items()
                if key in type_.attributes or type_.all_arguments().get(key, schema.Argument("string")).computed
            }
            return {**self._previewed(type_, new), **kept, **_arguments(type_, new)}
        aws = self._aws(type_, new)
        with doing(f"updating {type_.title} ({id})"):
            type_.update(aws, id, old_outputs, new, timeout)
            _retag(type_, aws, id, old_outputs, new)
            live = _read(type_, aws, id, {**old_outputs, **new})
        if live is None:
            raise ProviderError(f"updating {type_.title} ({id}): couldn't find resource")
        return self._outputs(type_, live, new)

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Deletes it."""
        type_ = _type(resource.type)
        with doing(f"deleting {type_.title} ({id})"), passing_over(type_.gone):
            type_.delete(self._aws(type_, outputs), id, outputs, timeout)

    def invoke(self, token: str, args: Properties) -> Properties:
        """Answers one of the functions in :data:`testbed.plugins.aws.types.LOOKUPS`."""
        lookup = LOOKUPS.get(token)
        if lookup is None:
            raise ProviderError(f"unknown function {token}{did_you_mean(token, LOOKUPS.keys())}")
        checked, failures = schema.validate(lookup, args)
        if failures:
            raise ProviderError("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        aws = self._aws(lookup, checked)
        with doing(f"reading {lookup.title}"):
            return {**lookup.find(aws, checked), "region": aws.region} if lookup.regional else lookup.find(aws, checked)

    # --- how it does that

    def _connected(self) -> Session:
        if self._session is None:
            raise ProviderError("the AWS provider is not configured: its configuration is not known yet")
        return self._session

    def _aws(self, table: Table, properties: Properties) -> Aws:
        region = properties.get("region")
        return Aws(self._connected(), table.service, region if isinstance(region, str) else None)

    def _tags_all(self, tags: Any) -> Any:
        default = self._session.default_tags if self._session else {}
        if tags is None:
            return dict(default)
        return {**default, **tags} if isinstance(tags, dict) else UNKNOWN

    def _previewed(self, type_: ResourceType, inputs: Properties) -> Properties:
        unknown = {
            name: UNKNOWN for name, argument in type_.all_arguments().items() if argument.computed
        } | dict.fromkeys(type_.attributes, UNKNOWN)
        return {**unknown, **_arguments(type_, inputs)}

    def _outputs(self, type_: ResourceType, live: Properties, inputs: Properties) -> Properties:
        arguments = type_.all_arguments()
        known = arguments.keys() | type_.attributes
        outputs = {key: value for key, value in live.items() if value is not None and key in known}
        for name, argument in arguments.items():
            if argument.local and inputs.get(name) is not None:
                outputs[name] = inputs[name]
            if argument.unordered and isinstance(outputs.get(name), list):
                outputs[name] = schema.aligned(outputs[name], inputs.get(name))
        if type_.regional:
            outputs.setdefault("region", inputs.get("region") or self._connected().region)
        if type_.tagged_by:
            self._split_tags(outputs, inputs)
        return outputs

    def _split_tags(self, outputs: Properties, inputs: Properties) -> None:
        session = self._connected()
        everything = session.without_ignored(outputs.get("tagsAll") or {})
        own = inputs.get("tags") or {}
        default = session.default_tags
        tags = {key: value for key, value in everything.items() if key in own or default.get(key) != value}
        outputs["tagsAll"] = everything
        if tags or "tags" in inputs:
            outputs["tags"] = tags

    def _inputs(
        self, type_: ResourceType, outputs: Properties, inputs: Properties | None, state: Properties
    ) -> Properties:
        """Inputs that would give these outputs: the old ones, but for what drifted; on an import, all that say
        something."""
        arguments = type_.all_arguments()
        if inputs is None:
            return {name: outputs[name] for name in arguments if outputs.get(name)}
        now = dict(inputs)
        before, after = schema.views(type_, outputs, inputs)
        for name in before:
            if outputs.get(name) is None:
                now.pop(name, None)
            elif after.get(name) is not None or outputs[name] != state.get(name):
                now[name] = outputs[name]
        return now


def _read(type_: ResourceType, aws: Aws, id: str, state: Properties) -> Properties | None:
    with passing_over(type_.gone):
        return type_.read(aws, id, state)
    return None


def _retag(type_: ResourceType, aws: Aws, id: str, old: Properties, new: Properties) -> None:
    was, wanted = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    put = {key: value for key, value in wanted.items() if was.get(key) != value}
    drop = [key for key in was if key not in wanted]
    if put or drop:
        type_.retag(aws, id, put, drop)


def _type(token: str) -> ResourceType:
    found = TYPES.get(token)
    if found is None:
        raise ProviderError(f"unknown resource type {token}{did_you_mean(token, TYPES.keys())}")
    return found


def _arguments(type_: ResourceType, inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key in type_.all_arguments() and value is not None}


def _name(argument: str, longest: int, resource: Resource, old: Properties | None, seed: bytes) -> str:
    """An automatic name; the one there is stays."""
    if old and argument in (old.get(_DEFAULTS) or []):
        return str(old[argument])
    return autoname(resource.name[: longest - _NAME_SUFFIX], seed)
