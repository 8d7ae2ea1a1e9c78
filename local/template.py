"""``template.yaml`` as the local engine needs it: expanded by SAM, every value worked out."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

from local.aws import local_session
from local.errors import UnsupportedTemplateError
from local.intrinsics import Resolver

_CODE_PROPERTIES: Final = ("CodeUri", "ContentUri", "DefinitionUri")
# SAM wants code in S3 by the time it expands; a bucket of this name carries the path through it.
_LOCAL: Final = "local"
_SUBSTITUTION: Final = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function. ``name`` is its folder's; ``timeout`` in seconds, ``memory`` in MB."""

    name: str
    logical_id: str
    arn: str
    directory: Path
    layers: tuple[Path, ...]
    handler: str
    environment: Mapping[str, str]
    timeout: float
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """A state machine. ``name`` is its definition file's stem; ``definition`` has its substitutions made."""

    name: str
    logical_id: str
    arn: str
    physical_name: str
    role_arn: str
    type: str
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue. ``name`` is its physical one; ``visibility_timeout`` in seconds."""

    name: str
    arn: str
    visibility_timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An expanded template: its functions and state machines by name, and all resources by logical id.

    ``resources`` are resolved ``{"Type", "Properties"}``; ``physical_names`` and ``queues`` have logical ids
    too.
    """

    parameters: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    physical_names: Mapping[str, str]
    outputs: Mapping[str, Any]
    functions: Mapping[str, Function]
    state_machines: Mapping[str, StateMachine]
    queues: Mapping[str, Queue]

    def of_type(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Properties of the resources of one CloudFormation type, by logical id."""
        return {key: found["Properties"] for key, found in self.resources.items() if found["Type"] == kind}


class _CloudFormationLoader(yaml.SafeLoader):
    """Reads ``!Ref`` and its kin as the maps they stand for."""


def _read_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the last kind there is
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_CloudFormationLoader.add_multi_constructor("!", _read_tag)


def read_template(path: Path) -> dict[str, Any]:
    """The template as written, short tags made long."""
    template: dict[str, Any] = yaml.load(path.read_text("utf-8"), _CloudFormationLoader)  # noqa: S506 - a SafeLoader
    return template


def load_template(path: Path, overrides: Mapping[str, Any] | None = None, stack: str = "local") -> Template:
    """Expand the template at ``path`` with its parameters' defaults and ``overrides``.

    Raises ``UnsupportedTemplateError`` for one that SAM refuses or that has something the engine does not do.
    """
    source = read_template(path)
    parameters = _parameters(source.get("Parameters", {}), overrides or {})
    root = path.resolve().parent
    for resource in source["Resources"].values():
        properties = resource.get("Properties", {})
        for name in _CODE_PROPERTIES:
            if isinstance(properties.get(name), str):
                properties[name] = f"s3://{_LOCAL}/{properties[name]}"
    expanded = _expand(source, parameters)
    resolver = Resolver(expanded, parameters, stack)
    resources = resolver.resources()
    functions = _functions(resources, resolver, root)
    machines = _state_machines(resources, resolver, root)
    return Template(
        parameters=parameters,
        resources=resources,
        physical_names={logical_id: resolver.physical_name(logical_id) for logical_id in resources},
        outputs=resolver.outputs(),
        functions=functions,
        state_machines=machines,
        queues=_queues(resources, resolver),
    )


def _parameters(declared: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise UnsupportedTemplateError(f"the template has no parameter {', '.join(unknown)}")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        if name not in overrides and "Default" not in declaration:
            raise UnsupportedTemplateError(f"the parameter {name} has no default and was given no value")
        value = overrides.get(name, declaration.get("Default"))
        allowed = declaration.get("AllowedValues")
        if allowed is not None and str(value) not in map(str, allowed):
            raise UnsupportedTemplateError(
                f"the parameter {name} is not one of {', '.join(map(str, allowed))}"
            )
        is_list = declaration.get("Type") == "CommaDelimitedList"
        values[name] = str(value).split(",") if is_list and isinstance(value, str) else value
    return values


def _expand(source: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What ``samtranslator.transform`` does, with our session: its own wants a region set on the machine."""
    # It collects metrics of its own, and warns that nobody publishes them.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    values = dict(parameters)
    to_py27_compatible_template(source, values)
    translator = Translator(None, Parser(), boto_session=local_session())
    try:
        # AWS-managed policies would have to be looked up by name; this project gives ARNs.
        expanded = translator.translate(source, parameter_values=values, get_managed_policy_map=dict)
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise UnsupportedTemplateError(f"SAM refuses the template: {causes}") from error
    found: dict[str, Any] = undo_mark_unicode_str_in_template(expanded)
    return found


def _functions(
    resources: Mapping[str, Mapping[str, Any]], resolver: Resolver, root: Path
) -> dict[str, Function]:
    layers = {
        resolver.arn(logical_id): root / resource["Properties"]["Content"]["S3Key"]
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::LayerVersion"
    }
    functions: dict[str, Function] = {}
    for logical_id, resource in resources.items():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        properties = resource["Properties"]
        directory = root / properties["Code"]["S3Key"]
        if not directory.is_dir():
            raise UnsupportedTemplateError(f"{logical_id}: there is no folder {properties['Code']['S3Key']}")
        variables = properties.get("Environment", {}).get("Variables", {})
        functions[directory.name] = Function(
            name=directory.name,
            logical_id=logical_id,
            arn=resolver.arn(logical_id),
            directory=directory,
            layers=tuple(layers[arn] for arn in properties.get("Layers", [])),
            handler=properties["Handler"],
            environment={name: as_text(value) for name, value in variables.items()},
            timeout=float(properties.get("Timeout", 3)),
            memory=int(properties.get("MemorySize", 128)),
        )
    return functions


def _state_machines(
    resources: Mapping[str, Mapping[str, Any]], resolver: Resolver, root: Path
) -> dict[str, StateMachine]:
    machines: dict[str, StateMachine] = {}
    for logical_id, resource in resources.items():
        if resource["Type"] != "AWS::StepFunctions::StateMachine":
            continue
        properties = resource["Properties"]
        key = properties["DefinitionS3Location"]["Key"]
        if not (root / key).is_file():
            raise UnsupportedTemplateError(f"{logical_id}: there is no file {key}")
        name = Path(key).name.split(".")[0]
        machines[name] = StateMachine(
            name=name,
            logical_id=logical_id,
            arn=resolver.arn(logical_id),
            physical_name=resolver.physical_name(logical_id),
            role_arn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
            definition=read_definition(root / key, properties.get("DefinitionSubstitutions", {})),
        )
    return machines


def _queues(resources: Mapping[str, Mapping[str, Any]], resolver: Resolver) -> dict[str, Queue]:
    return {
        logical_id: Queue(
            name=resolver.physical_name(logical_id),
            arn=resolver.arn(logical_id),
            visibility_timeout=float(resource["Properties"].get("VisibilityTimeout", 30)),
        )
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::SQS::Queue"
    }


def read_definition(path: Path, substitutions: Mapping[str, Any]) -> dict[str, Any]:
    """A state machine's definition with ``${Name}`` replaced in its text, as CloudFormation does it.

    Raises ``UnsupportedTemplateError`` for a name that has no value.
    """

    def replace(match: re.Match[str]) -> str:
        if match[1] not in substitutions:
            raise UnsupportedTemplateError(f"{path.name}: DefinitionSubstitutions has no {match[1]}")
        return as_text(substitutions[match[1]])

    definition: dict[str, Any] = yaml.safe_load(_SUBSTITUTION.sub(replace, path.read_text("utf-8")))
    return definition


def as_text(value: Any) -> str:
    """A value where CloudFormation wants a string: ``true``, ``5000``, JSON for anything with parts."""
    return value if isinstance(value, str) else json.dumps(value)
