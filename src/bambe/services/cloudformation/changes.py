"""What an update would do to each resource, as a change set lists it, worked out without touching any."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceType
from bambe.services.cloudformation.intrinsics import Scope, evaluate, is_wanted, without_ifs
from bambe.services.cloudformation.model import Resource, Version
from bambe.services.cloudformation.references import VARIABLE
from bambe.services.cloudformation.template import Template, order, parse, retained

Change = dict[str, Any]
ATTRIBUTES = ("CreationPolicy", "DeletionPolicy", "Metadata", "UpdatePolicy", "UpdateReplacePolicy")
UNKNOWN = object()
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class Update:
    """One update: what is there, what is wanted, and (while it is gone through) what was found so far."""

    before: Version | None
    after: Version
    rows: Mapping[str, Resource]
    scope: Scope
    types: Mapping[str, ResourceType]
    tags_change: bool = False
    replaced: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    modified: set[str] = field(default_factory=set)

    @property
    def template(self) -> Template:
        return self.scope.template

    @property
    def old(self) -> Mapping[str, Any]:
        return parse(self.before.template).resources if self.before else {}

    @property
    def parameters(self) -> set[str]:
        """Names of parameters whose values change."""
        if self.before is None:
            return set()
        old, new = self.before.values, self.after.values
        return {name for name in {*old, *new} if old.get(name) != new.get(name)}

    def known(self) -> Scope:
        """The scope without what will only be known when the update is made."""
        gone = self.replaced | self.unsure
        return replace(
            self.scope,
            physical={name: one for name, one in self.scope.physical.items() if name not in gone},
            attributes={
                name: one for name, one in self.scope.attributes.items() if name not in gone | self.modified
            },
        )


def changes(update: Update) -> list[Change]:
    """The list of a change set, in the order of the resources' names."""
    wanted = [name for name in order(update.template) if is_wanted(name, update.scope)]
    found: dict[str, Change] = {}
    for name in wanted:
        row = update.rows.get(name)
        if row is None or not row.exists:
            found[name] = _added(update, name)
        elif (change := _modified(update, name, row)) is not None:
            found[name] = change
    for name, row in update.rows.items():
        if row.exists and name not in wanted:
            found[name] = _removed(row)
    return [{"Type": "Resource", "ResourceChange": found[name]} for name in sorted(found)]


def _added(update: Update, name: str) -> Change:
    update.replaced.add(name)
    resource = update.template.resources[name]
    properties = {
        key: _shown(_new(value, update)) for key, value in (resource.get("Properties") or NOTHING).items()
    }
    return {
        "Action": "Add",
        "LogicalResourceId": name,
        "ResourceType": resource["Type"],
        "Scope": [],
        "Details": [],
        "AfterContext": json.dumps({"Properties": properties}),
    }


def _removed(row: Resource) -> Change:
    return {
        "PolicyAction": "Retain" if row.retained else "Delete",
        "Action": "Remove",
        "LogicalResourceId": row.logical_id,
        "PhysicalResourceId": row.physical_id,
        "ResourceType": row.type,
        "Scope": [],
        "Details": [],
        "BeforeContext": json.dumps({"Properties": row.properties}),
    }


def _modified(update: Update, name: str, row: Resource) -> Change | None:
    """How an existing resource changes, or None; notes what that means for those that refer to it."""
    resource, declared = update.template.resources[name], update.types[row.type]
    new = resource.get("Properties") or NOTHING
    values = {key: _new(value, update) for key, value in new.items()}
    details = [
        detail
        for key in sorted({*row.properties, *new})
        for detail in _details(update, name, row, key, values.get(key), declared)
    ]
    details += _attribute_details(update.old.get(name, NOTHING), resource)
    if update.tags_change and "Tags" in declared.properties and declared.update is not None:
        details.append(_detail({"Attribute": "Tags", "RequiresRecreation": "Never"}, "DirectModification"))
    if not details and not row.status.failed:
        return None
    replacement = _replacement(details)
    {"True": update.replaced, "Conditional": update.unsure}.get(replacement, update.modified).add(name)
    change = {
        "Action": "Modify",
        "LogicalResourceId": name,
        "PhysicalResourceId": row.physical_id,
        "ResourceType": row.type,
        "Replacement": replacement,
        "Scope": sorted({one["Target"]["Attribute"] for one in details}),
        "Details": details,
        "BeforeContext": json.dumps({"Properties": row.properties}),
        "AfterContext": json.dumps({"Properties": {key: _shown(one) for key, one in values.items()}}),
    }
    if replacement != "False":
        kept = retained(resource, "UpdateReplacePolicy")
        change["PolicyAction"] = "ReplaceAndRetain" if kept else "ReplaceAndDelete"
    return change


def _replacement(details: Iterable[Change]) -> str:
    always = [one for one in details if one["Target"]["RequiresRecreation"] == "Always"]
    if any(one["Evaluation"] == "Static" for one in always):
        return "True"
    return "Conditional" if always else "False"


def _attribute_details(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    return [
        _detail({"Attribute": name, "RequiresRecreation": "Never"}, "DirectModification")
        for name in ATTRIBUTES
        if before and before.get(name) != after.get(name)
    ]


def _details(
    update: Update, name: str, row: Resource, key: str, value: Any, declared: ResourceType
) -> list[Change]:
    """Why one property changes, or nothing where it does not."""
    was = row.properties.get(key)
    if value == was or (value is None and key not in row.properties):
        return []
    raw = update.template.resources[name].get("Properties", {}).get(key)
    recreates = declared.update is None or key in declared.replaces
    target = {
        "Attribute": "Tags" if key == "Tags" else "Properties",
        **({} if key == "Tags" else {"Name": key}),
        "RequiresRecreation": "Always" if recreates else "Never",
        "Path": f"/Properties/{key}",
        **({"BeforeValue": _text(was)} if was is not None else {}),
        **({"AfterValue": _text(_shown(value))} if value is not None else {}),
        "AttributeChangeType": "Add" if was is None else "Remove" if value is None else "Modify",
    }
    old = (update.old.get(name, NOTHING).get("Properties") or NOTHING).get(key)
    found = []
    if raw != old:
        found.append(_detail(target, "DirectModification", "", value is not UNKNOWN))
    for source, entity in sorted(set(_causes(without_ifs(raw, update.scope), update))):
        found.append(_detail(target, source, entity, source == "ParameterReference"))
    return found or [_detail(target, "DirectModification", "", value is not UNKNOWN)]


def _detail(target: Change, source: str, entity: str = "", static: bool = True) -> Change:
    return {
        "Target": target,
        "Evaluation": "Static" if static else "Dynamic",
        "ChangeSource": source,
        **({"CausingEntity": entity} if entity else {}),
    }


def _causes(raw: Any, update: Update) -> Iterator[tuple[str, str]]:
    """What else that changes a property's value refers to: (source, entity)."""
    if isinstance(raw, list):
        for inner in raw:
            yield from _causes(inner, update)
    if not isinstance(raw, dict):
        return
    for key, inner in raw.items():
        if key == "Ref" and len(raw) == 1:
            yield from _caused(inner, update)
        elif key == "Fn::GetAtt":
            yield from _caused(inner if isinstance(inner, str) else ".".join(map(str, inner)), update)
        elif key == "Fn::Sub":
            text, bound = inner if isinstance(inner, list) else (inner, {})
            yield from _causes(bound, update)
            for hit in VARIABLE.findall(text):
                if hit.strip() not in bound:
                    yield from _caused(hit.strip(), update)
        else:
            yield from _causes(inner, update)


def _caused(said: str, update: Update) -> Iterator[tuple[str, str]]:
    name = said.partition(".")[0]
    if said in update.parameters:
        yield "ParameterReference", said
    elif "." in said and name in update.replaced | update.unsure | update.modified:
        yield "ResourceAttribute", said
    elif name in update.replaced | update.unsure:
        yield "ResourceReference", said


def _new(raw: Any, update: Update) -> Any:
    try:
        return evaluate(raw, update.known())
    except AwsError:
        return UNKNOWN


def _shown(value: Any) -> Any:
    return LATER if value is UNKNOWN else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def without_values(found: list[Change]) -> list[Change]:
    """The list as it is shown to those who did not ask for the properties' values."""
    return [{**one, "ResourceChange": _without(one["ResourceChange"])} for one in found]


def _without(change: Change) -> Change:
    kept = {key: value for key, value in change.items() if key not in ("BeforeContext", "AfterContext")}
    values = ("BeforeValue", "AfterValue", "Path", "AttributeChangeType")
    return {
        **kept,
        "Details": [
            {**one, "Target": {key: value for key, value in one["Target"].items() if key not in values}}
            for one in change["Details"]
        ],
    }
