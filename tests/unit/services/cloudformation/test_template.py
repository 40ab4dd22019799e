"""Templates and intrinsic functions, by table."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation import rules
from bambe.services.cloudformation.forms import FORMS, IN_RULES
from bambe.services.cloudformation.intrinsics import FUNCTIONS, NO_VALUE, Scope, evaluate, without_ifs
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
    ({"Fn::Cidr": ["10.0.0.0/16", 2, "8"]}, ["10.0.0.0/24", "10.0.1.0/24"]),
    ({"Fn::Equals": [True, "true"]}, True),
    ({"Fn::Join": ["", [True, 1]]}, "true1"),
    ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
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
        ({"Fn::Select": ["x", ["a"]]}, "Fn::Select requires a list argument"),
        ({"Fn::Join": ["-", {"Ref": "B"}]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Cidr": ["10.0.0.0/30", 9, 8]}, "every Fn::Cidr object"),
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
        ({"Type": "Number", "MinValue": 3}, "2", "not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "not greater than 3"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, "a,b", "AllowedValues"),
        ({"Type": "String", "AllowedPattern": "("}, "x", "no regular expression"),
        ({"Type": "Nope"}, "x", "Unrecognized parameter type: Nope"),
        ({"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "an a"}, "x", "constraint: an a"),
        ({"Type": "AWS::SSM::Parameter::Value<Number>"}, "x", "Unrecognized parameter type"),
        ({"Type": "String"}, "x" * 4097, "at most 4096"),
    ],
)
def test_parameters_keep_their_constraints(declared: dict[str, Any], value: str, says: str) -> None:
    template = Template({}, {"P": declared})
    with pytest.raises(ValidationError, match=says):
        chosen(template, [{"ParameterKey": "P", "ParameterValue": value}], {})


def test_a_default_of_true_is_the_text_true() -> None:
    template = parse("Parameters: {P: {Type: String, Default: true, AllowedValues: [true, false]}}\n" + A)
    assert chosen(template, [], {}) == {"P": "true"}
    assert chosen(template, [{"ParameterKey": "P", "ParameterValue": "false"}], {}) == {"P": "false"}


A = "Resources: {A: {Type: T}}"
REFUSED = [
    ("a: &x 1\nb: *x", "YAML aliases are not allowed"),
    ("Hooks: {}\n" + A, r"Invalid template property or properties \[Hooks\]"),
    ("Conditions: \n" + A, r"\[/Conditions\] 'null' values are not allowed"),
    ("Resources: {A: {Type: T, Properties: {p: !Nope x}}}", "Fn::Nope is not supported"),
    ("Resources: {A: {Type: T, Properties: {p: !GetAtt x}}}", "every Fn::GetAtt object requires"),
    ("Resources: {A: {Type: T, Properties: {p: !Join [a, b]}}}", "every Fn::Join object requires"),
    ("Resources: {A: {Type: T, Properties: {p: !GetAtt B.C}}}", r"Unresolved resource dependencies \[B\]"),
    ("Resources: {A: {Type: T, DependsOn: {}}}", "DependsOn of A must be a string"),
    ("Resources: {A: {Type: T, Condition: C}}", "Unresolved condition dependency C"),
    ("Resources: {A: {Type: T, Properties: {p: !If [C, 1, 2]}}}", "Unresolved condition dependency C"),
    ("Conditions: {C: !Equals [!Ref A, 1]}\n" + A, r"Unresolved dependencies \[A\]. Cannot reference"),
    (
        "Conditions: {C: !Not [!Condition D], D: !Not [!Condition C]}\n" + A,
        r"Circular dependency between conditions: \[C, D\]",
    ),
    ("Parameters: {P: {}}\n" + A, "must contain a Type member"),
    ("Outputs: {O: {}}\n" + A, "Output O is malformed"),
    ("Mappings: {M: 1}\n" + A, "Every Mappings attribute must be a mapping"),
    ("Description: " + "[" * 200 + "]" * 200 + "\n" + A, "nested deeper than 100 levels"),
]


@pytest.mark.parametrize(("body", "says"), REFUSED)
def test_a_template_that_cannot_be_used_says_why(body: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        parse(body)


def test_every_function_has_a_form() -> None:
    assert set(FORMS) == {*FUNCTIONS, *IN_RULES}
    assert set(IN_RULES) <= set(rules.FUNCTIONS)


names = st.sampled_from(
    ["A", "B", "P", "C", "D", "M", "AWS::Region", "AWS::NoValue", "x", "B.Arn", "${A}", "0"]
)
values = st.recursive(
    names | st.integers(-1, 3) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FUNCTIONS, "Condition", "k"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(a=values, b=values, condition=values, output=values)
def test_random_functions_are_evaluated_or_refused(a: Any, b: Any, condition: Any, output: Any) -> None:
    body = {
        "Parameters": {"P": {"Type": "CommaDelimitedList", "Default": "1,2"}},
        "Mappings": {"M": {"A": {"B": 1}}},
        "Conditions": {"C": condition, "D": {"Fn::Equals": ["1", {"Ref": "AWS::Region"}]}},
        "Resources": {"A": {"Type": "T", "Properties": {"k": a}}, "B": {"Type": "T", "Properties": {"k": b}}},
        "Outputs": {"O": {"Value": output}},
    }
    with suppress(ValidationError):
        template = parse(json.dumps(body))
        scope = replace(SCOPE, template=template, parameters=typed(template, chosen(template, [], {})))
        for value in (*template.resources.values(), *template.outputs.values()):
            evaluate(value, scope)
            evaluate(without_ifs(value, scope), scope)


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
