"""What runs, as the AWS API describes it, and which of it somebody has wished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Described = Mapping[str, Any]
STATE = {
    "service": {
        "serviceArn", "clusterArn", "status", "runningCount", "pendingCount", "taskSets", "deployments",
        "events", "createdAt", "createdBy", "currentServiceDeployment", "currentServiceRevisions",
        "taskDefinition", "roleArn", "resourceManagementType",
    },
    "definition": {
        "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt",
        "registeredBy", "deregisteredAt", "family",
    },
    "targets": {"TargetGroupArn", "TargetGroupName", "LoadBalancerArns", "VpcId"},
    "rule": {"RuleArn", "Priority", "IsDefault", "Port", "Host", "ListenerArn"},
    "name": {"Id", "Arn", "CreateDate", "InstanceCount", "CreatorRequestId", "NamespaceId", "Type",
             "ResourceOwner", "CreatedByAccount"},
    "group": {
        "applicationName", "deploymentGroupId", "deploymentGroupName", "serviceRoleArn", "targetRevision",
        "lastSuccessfulDeployment", "lastAttemptedDeployment", "ecsServices", "computePlatform",
        "loadBalancerInfo", "deploymentConfigName",
    },
    "config": {"deploymentConfigId", "deploymentConfigName", "createTime", "computePlatform"},
    "scaling": {
        "ServiceNamespace", "ResourceId", "ScalableDimension", "RoleARN", "CreationTime", "SuspendedState",
        "ScalableTargetARN",
    },
    "action": {
        "ScheduledActionARN", "ScheduledActionName", "ServiceNamespace", "ResourceId", "ScalableDimension",
        "CreationTime",
    },
}  # fmt: skip
"""By kind: what AWS says of how things are and how they are called, which nobody has to carry."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service and what hangs on it; what it does not have is empty.

    `rules` lead to its target groups, each with its listener's `Port` and certificate's `Host`.
    """

    service: Described
    definition: Described
    target_groups: tuple[Described, ...] = ()
    rules: tuple[Described, ...] = ()
    registry: Described = field(default_factory=dict)
    namespace: Described = field(default_factory=dict)
    group: Described = field(default_factory=dict)
    config: Described = field(default_factory=dict)
    appspec: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    scaling: Described = field(default_factory=dict)
    actions: tuple[Described, ...] = ()
    policies: tuple[Described, ...] = ()
    builder: Described = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.service["serviceName"])


@dataclass(frozen=True, slots=True)
class Running:
    """A cluster."""

    name: str
    region: str
    services: tuple[RunningService, ...]
    unseen: tuple[str, ...] = ()
    """What could not be read: nothing of it is in bambe.yml."""


def wish_of(kind: str, described: Described) -> dict[str, Any]:
    """`described` without what is state."""
    return {key: value for key, value in described.items() if key not in STATE[kind] and _says(value)}


def _says(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}
