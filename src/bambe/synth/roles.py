"""Roles: who may take one, and what it allows. Each is for one purpose, of one service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Resource = dict[str, Any]
HERE = "${AWS::Region}:${AWS::AccountId}"
PASSED_TO_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def role(name: str, service: str, statements: Sequence[Resource], source: str = "") -> Resource:
    """A role that `service` takes; with `source` only on behalf of this account's resources of that ARN."""
    trust: Resource = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if source:
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "ArnLike": {"aws:SourceArn": arn(source)},
        }
    properties: Resource = {"RoleName": name, "AssumeRolePolicyDocument": document([trust])}
    if statements:
        properties["Policies"] = [{"PolicyName": "own", "PolicyDocument": document(statements)}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def document(statements: Sequence[Resource]) -> Resource:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], *resources: Any, only: Resource | None = None) -> Resource:
    """A statement of a policy, with its condition."""
    said: Resource = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    return said | ({"Condition": only} if only else {})


def arn(text: str) -> Resource:
    """An ARN of this partition."""
    return {"Fn::Sub": "arn:${AWS::Partition}:" + text}


def role_arn(name: str) -> Resource:
    """The ARN of the account's role of that name."""
    return arn("iam::${AWS::AccountId}:role/" + name)


def functions(names: Sequence[str]) -> list[Any]:
    """The ARNs of Lambda functions given by name or ARN."""
    return [one if one.startswith("arn:") else arn(f"lambda:{HERE}:function:{one}") for one in sorted(names)]
