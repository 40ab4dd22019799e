"""Templates and intrinsic functions, by table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.intrinsics import NO_VALUE, Scope, evaluate
from bambe.services.cloudformation.parameters import chosen, typed
from bambe.services.cloudformation.template import Template, dependencies, order, parse

YAML = """
Parameters:
  Names: {Type: CommaDelimitedList, Default: "x, y"}
Conditions:
  IsHere: !Equals [!Ref "AWS::Region", here]
Mappings:
  Map: {here: {size: 3}}
Resources:
  A:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17}
      RoleName: !Sub "${AWS::Region}-${B.Arn}-${!literal}"
  B:
    Type: AWS::IAM::Role
    DependsOn: [C]
    Properties: {AssumeRolePolicyDocument: x}
  C:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: x}
"""
TEMPLATE = parse(YAML)
SCOPE = Scope(
    template=TEMPLATE,
    parameters=typed(TEMPLATE, {"Names": "x, y"}),
    pseudo={"AWS::Region": "here", "AWS::NoValue": NO_VALUE},
    physical={"B": "b-1"},
    attributes={"B": {"Arn": "arn-b"}},
    exports={"e": "v"},
)
VALUES: list[tuple[Any, Any]] = [
    ({"Ref": "Names"}, ["x", "y"]),
    ({"Ref": "B"}, "b-1"),
    ({"Fn::GetAtt": ["B", "Arn"]}, "arn-b"),
    ({"Fn::Join": ["-", {"Ref": "Names"}]}, "x-y"),
    ({"Fn::Select": ["1", {"Ref": "Names"}]}, "y"),
    ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
    ({"Fn::Sub": ["${q}/${B}", {"q": {"Ref": "AWS::Region"}}]}, "here/b-1"),
    ({"Fn::If": ["IsHere", 1, 2]}, 1),
    ({"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "size"]}, 3),
    ({"Fn::Not": [{"Condition": "IsHere"}]}, False),
    ({"Fn::And": [{"Condition": "IsHere"}, {"Fn::Equals": ["1", 1]}]}, True),
    ({"Fn::Or": [{"Fn::Equals": ["1", 2]}, {"Fn::Equals": ["1", 1]}]}, True),
    ({"Fn::ImportValue": "e"}, "v"),
    ({"Fn::Base64": "x"}, "eA=="),
    ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
]


@pytest.mark.parametrize(("value", "result"), VALUES)
def test_functions(value: Any, result: Any) -> None:
    assert evaluate(value, SCOPE) == result


def test_yaml_short_forms_are_the_long_ones_and_dates_are_text() -> None:
    properties = TEMPLATE.resources["A"]["Properties"]
    assert properties["AssumeRolePolicyDocument"] == {"Version": "2012-10-17"}
    assert evaluate(properties["RoleName"], SCOPE) == "here-arn-b-${literal}"


def test_order_follows_dependencies() -> None:
    assert dependencies(TEMPLATE, "A") == ["B"]
    assert order(TEMPLATE) == ["C", "B", "A"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"Fn::Select": [5, ["a"]]}, "nonexistent value at index 5"),
        ({"Fn::ImportValue": "nope"}, "No export named nope found"),
        ({"Fn::GetAtt": ["B", "Nope"]}, "does not support attribute type Nope"),
        ({"Fn::FindInMap": ["Map", "there", "size"]}, "Unable to get mapping"),
    ],
)
def test_what_cannot_be_evaluated_says_so(value: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        evaluate(value, SCOPE)


@pytest.mark.parametrize(
    ("declared", "value", "says"),
    [
        ({"Type": "Number"}, "x", "must be a number"),
        ({"Type": "String", "AllowedValues": ["a"]}, "b", "AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "B", "must match pattern"),
        ({"Type": "String", "MinLength": 3}, "ab", "at least 3"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "x", "not supported"),
    ],
)
def test_parameters_keep_their_constraints(declared: dict[str, Any], value: str, says: str) -> None:
    template = Template({}, {"P": declared})
    with pytest.raises(ValidationError, match=says):
        chosen(template, [{"ParameterKey": "P", "ParameterValue": value}], {})


@given(st.text(max_size=120))
def test_random_text_is_refused_in_aws_words(text: str) -> None:
    with pytest.raises(ValidationError):
        parse(text)


@given(st.dictionaries(st.sampled_from("ABCDE"), st.lists(st.sampled_from("ABCDE"), max_size=3), min_size=1))
def test_order_is_complete_and_sound_or_names_the_circle(graph: dict[str, list[str]]) -> None:
    resources = {
        n: {"Type": "T", "DependsOn": [d for d in needs if d in graph]} for n, needs in graph.items()
    }
    template = Template(resources)
    try:
        ordered = order(template)
    except ValidationError as error:
        assert "Circular dependency" in error.message  # noqa: PT017 - a circle is one of two right answers
        return
    assert sorted(ordered) == sorted(graph)
    for name in ordered:
        assert all(ordered.index(need) < ordered.index(name) for need in dependencies(template, name))
