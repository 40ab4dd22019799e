"""Templates: JSON and YAML with short forms, checked for their form, in AWS's words."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.kernel.resources import ResourceType
from bambe.services.cloudformation.forms import IN_RULES, check_rules
from bambe.services.cloudformation.reading import read
from bambe.services.cloudformation.references import (
    attribute_owners,
    conditions_of,
    depends_on,
    functions_in,
    in_order,
    references,
)

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
        "Transform",
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
MOST = {"resources": 500, "parameters": 200, "mappings": 200, "outputs": 200}
"""AWS's limits (CloudFormation quotas)."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template taken apart."""

    resources: dict[str, dict[str, Any]]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    description: str = ""
    transforms: tuple[str, ...] = ()


EMPTY = Template({})


@functools.lru_cache(maxsize=64)
def parse(text: str) -> Template:
    """The template `text` is; ValidationError in AWS's words for one that cannot be used."""
    return parsed(read(text))


def declarations(raw: Mapping[str, Any]) -> Template:
    """Only the parameters of a template, checked."""
    template = Template({}, parameters=_mapping(raw, "Parameters"))
    _check_members(template)
    return template


def parsed(raw: Mapping[str, Any]) -> Template:
    """The template that data read from a template's text is, its loops written out."""
    unknown = sorted(set(raw) - SECTIONS)
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
        rules=_mapping(raw, "Rules"),
        description=str(raw.get("Description", "")),
        transforms=_names(raw.get("Transform", ())),
    )
    _check_numbers(template)
    _check_members(template)
    check_rules(template.rules)
    _check_functions(raw)
    _check_resources(template)
    _check_conditions(template)
    _check_references(template)
    return template


def _mapping(raw: Mapping[str, Any], section: str) -> dict[str, Any]:
    value = raw.get(section, {})
    if not isinstance(value, dict):
        raise ValidationError(f"Template format error: {section} section must be a mapping.")
    return value


def _names(said: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in said) if isinstance(said, list | tuple) else (str(said),)


def _check_functions(raw: Mapping[str, Any]) -> None:
    for section in ("Resources", "Outputs", "Conditions"):
        for name in functions_in(raw.get(section, {})):
            if name in IN_RULES:
                raise ValidationError(
                    f"Template error: the function {name} is supported in the Rules section only"
                )


def _check_numbers(template: Template) -> None:
    for what, most in MOST.items():
        number = len(getattr(template, what))
        if number > most:
            raise ValidationError(
                f"Template format error: Number of {what}, {number}, is greater than maximum allowed, {most}"
            )
    if len(template.description.encode()) > 1024:
        raise ValidationError("Template format error: 'Description' length is greater than 1024.")


def _check_members(template: Template) -> None:
    for name, said in template.parameters.items():
        if not isinstance(said, dict) or not isinstance(said.get("Type"), str):
            raise ValidationError(
                f"Template format error: Every Parameters object must contain a Type member. ({name})"
            )
    for name, said in template.outputs.items():
        if not isinstance(said, dict) or "Value" not in said:
            raise ValidationError(
                f"Template format error: Output {name} is malformed. The Value field is required."
            )
        if not isinstance(said.get("Export", {}), dict):
            raise ValidationError(
                f"Template format error: Output {name} is malformed: Export must be a mapping."
            )
    for name, said in template.mappings.items():
        if not isinstance(said, dict) or not all(isinstance(inner, dict) for inner in said.values()):
            raise ValidationError(
                f"Template format error: Every Mappings attribute must be a mapping. ({name})"
            )


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
        if not isinstance(resource.get("Properties", {}), dict):
            raise ValidationError(f"Template format error: [/Resources/{name}/Properties] must be a mapping.")
        if not all(isinstance(need, str) for need in depends_on(resource)):
            raise ValidationError(
                f"Template format error: DependsOn of {name} must be a string or a list of strings."
            )


def _check_conditions(template: Template) -> None:
    known = {*template.parameters, *PSEUDO}
    missing = sorted({one for said in template.conditions.values() for one in references(said)} - known)
    if missing:
        raise ValidationError(
            f"Template format error: Unresolved dependencies [{', '.join(missing)}]."
            " Cannot reference resources in the Conditions block of the template"
        )
    blocks = {"Resources": template.resources, "Outputs": template.outputs, "Conditions": template.conditions}
    for block, members in blocks.items():
        for name, said in members.items():
            for used in sorted(set(conditions_of(said)) - set(template.conditions)):
                raise ValidationError(
                    f"Template format error: Unresolved condition dependency {used}"
                    f" in the {block} block of the template ({name})"
                )
    needs = {name: set(conditions_of(said)) for name, said in template.conditions.items()}
    if circle := in_order(needs)[1]:
        raise ValidationError(f"Circular dependency between conditions: [{', '.join(circle)}]")


def _check_references(template: Template) -> None:
    known = {*template.resources, *template.parameters, *PSEUDO}
    for resource in template.resources.values():
        missing = sorted(
            set(references(resource)) - known | set(depends_on(resource)) - set(template.resources)
        )
        if missing:
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}]"
                " in the Resources block of the template"
            )
    for undefined in sorted(
        {*attribute_owners(template.resources), *attribute_owners(template.outputs)} - set(template.resources)
    ):
        raise ValidationError(
            f"Template error: instance of Fn::GetAtt references undefined resource {undefined}"
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
        given = set(resource.get("Properties", {}))
        extra = sorted(given - declared.properties)
        missing = sorted(declared.required - given)
        said = [f"#: extraneous key [{one}] is not permitted" for one in extra]
        said += [f"#: required key [{one}] not found" for one in missing]
        if said:
            raise ValidationError(
                f"Properties validation failed for resource {name} with message: {'; '.join(said)}"
            )


def dependencies(template: Template, name: str) -> list[str]:
    """The resources that must be there before `name`."""
    resource = template.resources[name]
    wanted = {*references(resource.get("Properties", {})), *depends_on(resource)}
    return sorted(wanted & set(template.resources))


def order(template: Template) -> list[str]:
    """Resources with each after what it depends on; ValidationError for a circle."""
    done, circle = in_order({name: set(dependencies(template, name)) for name in template.resources})
    if circle:
        raise ValidationError(f"Circular dependency between resources: [{', '.join(circle)}]")
    return done


def retained(resource: Mapping[str, Any], attribute: str = "DeletionPolicy") -> bool:
    """Whether what the template made is to be kept when it is no longer in it."""
    return str(resource.get(attribute, "Delete")) in ("Retain", "RetainExceptOnCreate")
