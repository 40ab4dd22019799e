"""Templates: JSON and YAML with short forms, checked for their form, in AWS's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bambe.kernel.errors import ValidationError
from bambe.kernel.resources import ResourceType

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
    }
)
ATTRIBUTES = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    }
)
PSEUDO = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)
LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A template taken apart."""

    resources: dict[str, dict[str, Any]]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    description: str = ""


EMPTY = Template({})


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short forms, and dates stay text."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


def _date_as_text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date_as_text)


def parse(text: str) -> Template:
    """The template `text` is; ValidationError in AWS's words for one that cannot be used."""
    raw = _read(text)
    unknown = sorted(set(raw) - SECTIONS)
    if "Transform" in unknown:
        raise ValidationError(
            "Template error: transforms are not supported by Bambe: expand the template first"
        )
    if unknown:
        raise ValidationError(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = raw.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError("Template format error: At least one Resources member must be defined.")
    template = Template(
        resources=resources,
        parameters=_mapping(raw, "Parameters"),
        mappings=_mapping(raw, "Mappings"),
        conditions=_mapping(raw, "Conditions"),
        outputs=_mapping(raw, "Outputs"),
        description=str(raw.get("Description", "")),
    )
    _check_resources(template)
    _check_references(template)
    return template


def _read(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else f": {error}"
        kind = "JSON" if text.lstrip().startswith("{") else "YAML"
        raise ValidationError(f"Template format error: {kind} not well-formed.{where}") from None
    if not isinstance(raw, dict):
        raise ValidationError("Template format error: unsupported structure.")
    return raw


def _mapping(raw: Mapping[str, Any], section: str) -> dict[str, Any]:
    value = raw.get(section) or {}
    if not isinstance(value, dict):
        raise ValidationError(f"Template format error: {section} section must be a mapping.")
    return value


def _check_resources(template: Template) -> None:
    for name, resource in template.resources.items():
        if not LOGICAL_ID.fullmatch(str(name)):
            raise ValidationError(f"Template format error: Resource name {name} is non alphanumeric.")
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise ValidationError(
                f"Template format error: [/Resources/{name}] Every Resource must have a Type."
            )
        unknown = sorted(set(resource) - ATTRIBUTES)
        if unknown:
            raise ValidationError(f"Invalid template resource property '{unknown[0]}'")
        if not isinstance(resource.get("Properties") or {}, dict):
            raise ValidationError(f"Template format error: [/Resources/{name}/Properties] must be a mapping.")


def _check_references(template: Template) -> None:
    known = {*template.resources, *template.parameters, *PSEUDO}
    for name, resource in template.resources.items():
        wanted = set(references(resource)) | set(depends_on(resource))
        missing = sorted(wanted - known)
        if missing:
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}]"
                " in the Resources block of the template"
            )
        condition = resource.get("Condition")
        if condition is not None and condition not in template.conditions:
            raise ValidationError(
                f"Template format error: Unresolved condition dependency {condition}"
                f" in the Resources block of the template (resource {name})"
            )
    missing = sorted({one for out in template.outputs.values() for one in references(out)} - known)
    if missing:
        raise ValidationError(
            f"Template format error: Unresolved resource dependencies [{', '.join(missing)}]"
            " in the Outputs block of the template"
        )
    order(template)


def check_types(template: Template, types: Mapping[str, ResourceType]) -> None:
    """ValidationError for a type or property nobody declares, or one that is missing."""
    unknown = sorted({one["Type"] for one in template.resources.values()} - set(types))
    if unknown:
        raise ValidationError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    for name, resource in template.resources.items():
        declared = types[resource["Type"]]
        given = set(resource.get("Properties") or {})
        extra = sorted(given - declared.properties)
        missing = sorted(declared.required - given)
        said = [f"#: extraneous key [{one}] is not permitted" for one in extra]
        said += [f"#: required key [{one}] not found" for one in missing]
        if said:
            raise ValidationError(
                f"Properties validation failed for resource {name} with message: {'; '.join(said)}"
            )


def references(value: Any) -> Iterator[str]:
    """Every name `value` refers to: Ref, Fn::GetAtt, and the variables of Fn::Sub that it does not bind."""
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref" and len(value) == 1:
            yield str(inner)
        elif key == "Fn::GetAtt":
            yield (inner if isinstance(inner, list) else str(inner).split("."))[0]
        elif key == "Fn::Sub":
            yield from _sub_references(inner)
        else:
            yield from references(inner)


def _sub_references(inner: Any) -> Iterator[str]:
    text, bound = (inner[0], inner[1]) if isinstance(inner, list) else (inner, {})
    yield from references(bound)
    for name in VARIABLE.findall(str(text)):
        if name not in bound:
            yield name.strip().split(".")[0]


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """A resource's DependsOn as a list."""
    said = resource.get("DependsOn") or []
    return [said] if isinstance(said, str) else list(said)


def dependencies(template: Template, name: str) -> list[str]:
    """The resources that must be there before `name`."""
    resource = template.resources[name]
    wanted = {*references(resource.get("Properties") or {}), *depends_on(resource)}
    return sorted(wanted & set(template.resources))


def order(template: Template) -> list[str]:
    """Resources with each after what it depends on; ValidationError for a circle."""
    left = {name: set(dependencies(template, name)) for name in template.resources}
    done: list[str] = []
    while left:
        free = sorted(name for name, wanted in left.items() if not wanted - set(done))
        if not free:
            raise ValidationError(f"Circular dependency between resources: [{', '.join(sorted(left))}]")
        done += free
        left = {name: wanted for name, wanted in left.items() if name not in free}
    return done


def retained(resource: Mapping[str, Any], attribute: str = "DeletionPolicy") -> bool:
    """Whether what the template made is to be kept when it is no longer in it."""
    return str(resource.get(attribute, "Delete")) in ("Retain", "RetainExceptOnCreate")
