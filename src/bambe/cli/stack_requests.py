"""What CloudFormation is told of a stack, and whether a stack is so already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bambe.cli.trouble import Trouble
from bambe.kernel.ids import digest_id
from bambe.synth.limits import TEMPLATE_BYTES

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
KEEP = object()
"""As a parameter's value: what it is now; the template's default where it has none yet."""
MARK = "Template"
"""The output by which a stack says of which template it is."""
AT_REST = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
"""Statuses of a stack that is as it was told to be."""


def request(
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    stack: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What CreateStack and CreateChangeSet are told."""
    text = json.dumps(_marked(template), separators=(",", ":"))
    if len(text.encode()) > TEMPLATE_BYTES:
        raise Trouble(
            f"the template of the stack {name} has {len(text.encode())} bytes, and CloudFormation takes"
            f" {TEMPLATE_BYTES}: put fewer services into one bambe.yml."
        )
    has = {one["ParameterKey"] for one in (stack or {}).get("Parameters", ())}
    return {
        "StackName": name,
        "TemplateBody": text,
        "Parameters": [
            parameter(key, value) for key, value in parameters.items() if value is not KEEP or key in has
        ],
        "Capabilities": CAPABILITIES,
    }


def _marked(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template of ours that puts out its own digest, which DescribeStacks shows."""
    if "Outputs" not in template:
        return dict(template)
    digest = digest_id(json.dumps(template, sort_keys=True), length=12)
    return {**template, "Outputs": {**template["Outputs"], MARK: {"Value": digest}}}


def body(words: Mapping[str, Any]) -> dict[str, Any]:
    """The template that CloudFormation is told."""
    return dict(json.loads(words["TemplateBody"]))


def parameter(key: str, value: Any) -> dict[str, Any]:
    if value is KEEP:
        return {"ParameterKey": key, "UsePreviousValue": True}
    return {"ParameterKey": key, "ParameterValue": value}


def is_so(stack: Mapping[str, Any], words: Mapping[str, Any]) -> bool:
    """Whether a stack at rest has this very template and these parameters, by the mark that it puts out."""
    wanted = body(words).get("Outputs", {}).get(MARK, {}).get("Value")
    marks = [one["OutputValue"] for one in stack.get("Outputs", ()) if one["OutputKey"] == MARK]
    now = {one["ParameterKey"]: one.get("ParameterValue") for one in stack.get("Parameters", ())}
    given = {one["ParameterKey"]: one.get("ParameterValue", KEEP) for one in words["Parameters"]}
    same = all(value is KEEP or now.get(key) == value for key, value in given.items())
    return bool(wanted) and marks == [wanted] and stack["StackStatus"] in AT_REST and same
