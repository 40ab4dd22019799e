"""Rows as AWS spells them in its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bambe.kernel.call import Answer
from bambe.services.codedeploy.deployment import Deployment, LifecycleEvent, Phase, Status
from bambe.services.codedeploy.model import Application, Config, Group, Revision

STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
OVERVIEW = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")


def application(row: Application) -> Answer:
    return {
        "applicationId": row.id,
        "applicationName": row.name,
        "createTime": row.created,
        "linkedToGitHub": False,
        "computePlatform": row.platform,
    }


def config(row: Config) -> Answer:
    return {
        "deploymentConfigId": row.id,
        "deploymentConfigName": row.name,
        "createTime": row.created,
        "computePlatform": "ECS",
        "trafficRoutingConfig": row.routing,
    }


def group(row: Group, history: Sequence[Deployment]) -> Answer:
    """A DeploymentGroupInfo; `history` are its deployments, oldest first."""
    answer: Answer = {
        "applicationName": row.application,
        "deploymentGroupId": row.id,
        "deploymentGroupName": row.name,
        "deploymentConfigName": row.config,
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "serviceRoleArn": row.role,
        "triggerConfigurations": row.triggers,
        "deploymentStyle": STYLE,
        "outdatedInstancesStrategy": row.outdated,
        "blueGreenDeploymentConfiguration": row.blue_green,
        "loadBalancerInfo": row.load_balancer,
        "computePlatform": "ECS",
        "ecsServices": [{"serviceName": row.service, "clusterName": row.cluster}],
        "terminationHookEnabled": False,
    }
    if row.alarms:
        answer["alarmConfiguration"] = row.alarms
    if row.auto_rollback:
        answer["autoRollbackConfiguration"] = row.auto_rollback
    good = [item for item in history if item.status is Status.SUCCEEDED]
    if good:
        answer["targetRevision"] = good[-1].revision
        answer["lastSuccessfulDeployment"] = _last(good[-1])
    if history:
        answer["lastAttemptedDeployment"] = _last(history[-1])
    return answer


def _last(row: Deployment) -> Answer:
    answer: Answer = {"deploymentId": row.id, "status": row.status, "createTime": row.created}
    if row.completed:
        answer["endTime"] = row.completed
    return answer


def deployment(row: Deployment) -> Answer:
    """A DeploymentInfo."""
    answer: Answer = {
        "applicationName": row.application,
        "deploymentGroupName": row.group,
        "deploymentConfigName": row.config,
        "deploymentId": row.id,
        "revision": row.revision,
        "status": row.status,
        "createTime": row.created,
        "deploymentOverview": {**dict.fromkeys(OVERVIEW, 0), target_status(row): 1},
        "description": row.description,
        "creator": row.creator,
        "ignoreApplicationStopFailures": False,
        "updateOutdatedInstancesOnly": False,
        "deploymentStyle": STYLE,
        "instanceTerminationWaitTimeStarted": row.wait_started,
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": _messages(row),
        "computePlatform": "ECS",
        **row.group_info,
    }
    optional = {
        "previousRevision": row.previous_revision,
        "startTime": row.started,
        "completeTime": row.completed,
        "rollbackInfo": _rollback(row),
        "errorInformation": _error(row),
    }
    return answer | {key: value for key, value in optional.items() if value}


def _error(row: Deployment) -> Answer:
    return {"code": row.error_code, "message": row.error_message} if row.error_code else {}


def _rollback(row: Deployment) -> Answer:
    if row.rolls_back:
        return {"rollbackTriggeringDeploymentId": row.rolls_back, "rollbackMessage": row.rollback_message}
    if row.rollback_id:
        return {"rollbackDeploymentId": row.rollback_id, "rollbackMessage": row.rollback_message}
    return {}


def _messages(row: Deployment) -> list[str]:
    if row.phase is Phase.READY:
        return ["The deployment waits for ContinueDeployment before traffic is shifted."]
    return [row.error_message] if row.error_message else []


def target_status(row: Deployment) -> str:
    """The one target's status: it has succeeded when all events are done, though blue may still run."""
    if row.status is Status.CREATED:
        return "Pending"
    if row.is_shifted or row.status is Status.SUCCEEDED:
        return "Succeeded"
    if row.status in (Status.FAILED, Status.STOPPED):
        return "Failed"
    return "Ready" if row.status is Status.READY else "InProgress"


def target_id(row: Deployment) -> str:
    """`<cluster>:<service>`, names and not ARNs."""
    return f"{row.plan.cluster.rsplit('/', 1)[-1]}:{row.plan.service.rsplit('/', 1)[-1]}"


def target(row: Deployment, sets: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Answer:
    """A DeploymentTarget; `sets` as ECS describes them, `names` of target groups by ARN."""
    cluster, service = target_id(row).split(":")
    arn = f"arn:aws:ecs:{row.region}:{row.account}:service/{cluster}/{service}"
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": row.id,
            "targetId": target_id(row),
            "targetArn": arn,
            "lastUpdatedAt": row.entered,
            "lifecycleEvents": [_event(event) for event in row.events],
            "status": target_status(row),
            "taskSetsInfo": [_task_set(row, item, names) for item in sets if _concerns(row, item)],
        },
    }


def _event(event: LifecycleEvent) -> Answer:
    answer: Answer = {"lifecycleEventName": event.name, "status": event.status}
    if event.start:
        answer["startTime"] = event.start
    if event.end:
        answer["endTime"] = event.end
    if event.message:
        answer["diagnostics"] = {"errorCode": "UnknownError", "message": event.message}
    return answer


def _concerns(row: Deployment, item: Mapping[str, Any]) -> bool:
    return item["id"] == row.blue or item.get("externalId") == row.external_id


def _task_set(row: Deployment, item: Mapping[str, Any], names: Mapping[str, str]) -> Answer:
    is_blue = item["id"] == row.blue
    group_arn = (item.get("loadBalancers") or [{}])[0].get("targetGroupArn", "")
    return {
        "identifer": item["id"],
        "desiredCount": item.get("computedDesiredCount", 0),
        "pendingCount": item.get("pendingCount", 0),
        "runningCount": item.get("runningCount", 0),
        "status": item.get("status", ""),
        "trafficWeight": float(100 - row.weight if is_blue else row.weight),
        "targetGroup": {"name": names.get(group_arn, group_arn)},
        "taskSetLabel": "Blue" if is_blue else "Green",
    }


def revision_info(row: Revision) -> Answer:
    """A GenericRevisionInfo."""
    answer: Answer = {
        "description": row.description,
        "deploymentGroups": list(row.groups),
        "firstUsedTime": row.first_used,
        "lastUsedTime": row.last_used,
        "registerTime": row.registered,
    }
    return {key: value for key, value in answer.items() if value is not None}
