"""A change set's description in lines for a person."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.cli.previews import Preview, additions, previewed


def change(action: str, kind: str = "AWS::ECS::Service", name: str = "S", **more: Any) -> dict[str, Any]:
    said = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **more}
    return {"Type": "Resource", "ResourceChange": said}


def detail(name: str, entity: str = "", attribute: str = "Properties") -> dict[str, Any]:
    target = {"Attribute": attribute, "RequiresRecreation": "Never", **({"Name": name} if name else {})}
    return {"Target": target, **({"CausingEntity": entity} if entity else {})}


@pytest.mark.parametrize(
    ("said", "line", "needs_yes"),
    [
        (change("Add"), "+ S (AWS::ECS::Service)", False),
        (change("Remove", PolicyAction="Delete"), "- S (AWS::ECS::Service) [DELETED]", True),
        (
            change("Remove", PolicyAction="Retain"),
            "- S (AWS::ECS::Service) [kept, no longer the stack's]",
            False,
        ),
        (
            change("Modify", Replacement="False", Details=[detail("DesiredCount"), detail("", "", "Tags")]),
            "~ S (AWS::ECS::Service): DesiredCount, Tags",
            False,
        ),
        (
            change("Modify", Replacement="False", Details=[detail("TaskDefinition", "Task")]),
            "~ S (AWS::ECS::Service): TaskDefinition [its tasks are started anew; because of Task]",
            True,
        ),
        (
            change("Modify", "AWS::Logs::LogGroup", Replacement="False", Details=[detail("RetentionInDays")]),
            "~ S (AWS::Logs::LogGroup): RetentionInDays",
            False,
        ),
        (
            change("Modify", "AWS::IAM::Role", Replacement="True", Details=[detail("RoleName", "N")]),
            "! S (AWS::IAM::Role): RoleName [REPLACED: a new one is made, the old one deleted; because of N]",
            True,
        ),
        (
            change("Modify", "AWS::IAM::Role", Replacement="Conditional", Details=[detail("RoleName")]),
            "? S (AWS::IAM::Role): RoleName [PERHAPS REPLACED: known only when it is done]",
            True,
        ),
    ],
)
def test_one_change(said: dict[str, Any], line: str, needs_yes: bool) -> None:
    (found,) = previewed([said])
    assert (found.line, found.needs_yes) == (line, needs_yes)


def test_what_needs_a_yes_comes_first() -> None:
    found = previewed([change("Add", name="A"), change("Remove", name="Z"), change("Add", name="B")])
    preview = Preview("shop", changes=found)
    assert [one.resource for one in found] == ["Z", "A", "B"]
    assert preview.needs_yes
    assert preview.lines[0] == "shop:"


def test_nothing() -> None:
    assert Preview("shop").lines == ["shop: nothing changes"]
    assert not Preview("shop").any


def test_a_new_stack_from_its_template() -> None:
    found = additions({"Resources": {"B": {"Type": "T::B"}, "A": {"Type": "T::A"}}})
    assert [one.line for one in found] == ["+ A (T::A)", "+ B (T::B)"]
    assert not any(one.needs_yes for one in found)
