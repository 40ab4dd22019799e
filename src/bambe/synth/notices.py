"""Who hears of releases and alarms: an SNS topic, and what is told there."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth.names import Names, imported
from bambe.synth.roles import HERE, allow, arn, document

Resource = dict[str, Any]
EVENTS = ("Start", "Success", "Failure", "Stop", "Rollback", "Ready")


def topic(project: Project, names: Names) -> dict[str, Resource]:
    """The topic with its readers, where `notify` names addresses."""
    if not project.notify or project.topic:
        return {}
    readers = [{"Endpoint": one, "Protocol": "email"} for one in project.notify]
    return {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": names.topic, "Subscription": readers},
        },
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": document([_alarms_may_speak()]),
            },
        },
    }


def _alarms_may_speak() -> Resource:
    """CodeDeploy speaks by the role of its deployment group; alarms have none."""
    only = {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {"aws:SourceArn": arn(f"cloudwatch:{HERE}:alarm:*")},
    }
    said = allow(["sns:Publish"], {"Ref": "Topic"}, only=only)
    return {"Sid": "AlarmsMaySpeak", "Principal": {"Service": "cloudwatch.amazonaws.com"}, **said}


def exported(project: Project) -> Resource:
    """What the shared stack exports of it."""
    if not project.notify:
        return {}
    return {"Topic": project.topic or {"Ref": "Topic"}}


def actions(project: Project, names: Names) -> Resource:
    """What an alarm does when it goes off."""
    return {"AlarmActions": [imported(names, "Topic")]} if project.notify else {}


def triggers(project: Project, names: Names) -> Resource:
    """What a deployment group tells."""
    if not project.notify:
        return {}
    said = {
        "TriggerName": "notify",
        "TriggerTargetArn": imported(names, "Topic"),
        "TriggerEvents": [f"Deployment{event}" for event in EVENTS],
    }
    return {"TriggerConfigurations": [said]}


def rights(project: Project, names: Names) -> list[Resource]:
    """What a deployment group's role needs for that."""
    return [allow(["sns:Publish"], imported(names, "Topic"))] if project.notify else []
