"""The errors CodeDeploy answers, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class AlarmsLimitExceededException(AwsError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"The maximum number of alarms for a deployment group ({limit}) was exceeded")


class ApplicationAlreadyExistsException(AwsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"Application already exists: {name}")


class ApplicationDoesNotExistException(AwsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"No application found for name: {name}")


class ArnNotSupportedException(AwsError):
    def __init__(self, arn: str) -> None:
        super().__init__(f"The specified ARN is not supported: {arn}")


class BatchLimitExceededException(AwsError):
    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"The maximum number of {what} in one request is {limit}")


class DeploymentAlreadyCompletedException(AwsError):
    def __init__(self, deployment: str) -> None:
        super().__init__(f"The deployment {deployment} is already completed")


class DeploymentConfigAlreadyExistsException(AwsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"Deployment configuration already exists: {name}")


class DeploymentConfigDoesNotExistException(AwsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"No deployment configuration found for name: {name}")


class DeploymentConfigInUseException(AwsError):
    def __init__(self, name: str, group: str) -> None:
        super().__init__(f"The deployment configuration {name} is in use by the deployment group {group}")


class DeploymentDoesNotExistException(AwsError):
    def __init__(self, deployment: str) -> None:
        super().__init__(f"The deployment {deployment} could not be found")


class DeploymentGroupAlreadyExistsException(AwsError):
    def __init__(self, name: str, application: str) -> None:
        super().__init__(f"Deployment Group with name: {name} already exists for application: {application}")


class DeploymentGroupDoesNotExistException(AwsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"No Deployment Group found for name: {name}")


class DeploymentGroupNameRequiredException(AwsError):
    def __init__(self) -> None:
        super().__init__("Deployment Group name is required")


class DeploymentIdRequiredException(AwsError):
    def __init__(self) -> None:
        super().__init__("Deployment id is required")


class DeploymentIsNotInReadyStateException(AwsError):
    """There is no wait of this kind that could be ended."""


class DeploymentLimitExceededException(AwsError):
    def __init__(self, group: str, active: str) -> None:
        super().__init__(f"The Deployment Group '{group}' already has an active Deployment '{active}'")


class DeploymentTargetDoesNotExistException(AwsError):
    def __init__(self, deployment: str, target: str) -> None:
        super().__init__(f"The deployment {deployment} has no target {target}")


class ECSServiceMappingLimitExceededException(AwsError):
    def __init__(self, service: str, group: str) -> None:
        super().__init__(
            f"The Amazon ECS service {service} is already associated with the deployment group {group}. An"
            " Amazon ECS service can be associated with only one deployment group."
        )


class InvalidAlarmConfigException(AwsError):
    """The format of the alarm configuration is invalid."""


class InvalidArnException(AwsError):
    def __init__(self, arn: str) -> None:
        super().__init__(f"The specified ARN is not in a valid format: {arn}")


class InvalidAutoRollbackConfigException(AwsError):
    def __init__(self) -> None:
        super().__init__("At least one rollback event is required when automatic rollback is enabled")


class InvalidBlueGreenDeploymentConfigurationException(AwsError):
    """The waits or actions asked for are not possible on the ECS platform."""


class InvalidDeploymentConfigNameException(AwsError):
    """The name belongs to AWS."""


class InvalidDeploymentIdException(AwsError):
    def __init__(self, deployment: str) -> None:
        super().__init__(f"The deployment id {deployment!r} is not valid: it looks like d-A1B2C3D4E")


class InvalidDeploymentStyleException(AwsError):
    def __init__(self) -> None:
        super().__init__(
            "For ECS deployment group, the deployment style must be BLUE_GREEN with WITH_TRAFFIC_CONTROL"
        )


class InvalidECSServiceException(AwsError):
    """The service is none that CodeDeploy can release."""


class InvalidInputException(AwsError):
    """An input that is not possible on the ECS platform."""


class InvalidLifecycleEventHookExecutionIdException(AwsError):
    def __init__(self, execution: str) -> None:
        super().__init__(f"No lifecycle event hook execution found for id: {execution}")


class InvalidLifecycleEventHookExecutionStatusException(AwsError):
    def __init__(self, status: str) -> None:
        super().__init__(f"A lifecycle event hook reports Succeeded or Failed, not {status}")


class InvalidLoadBalancerInfoException(AwsError):
    """The load balancer part of a deployment group is incomplete."""


class InvalidNextTokenException(AwsError):
    def __init__(self) -> None:
        super().__init__("The next token was specified in an invalid format")


class InvalidOperationException(AwsError):
    """What was asked is not possible with this deployment configuration."""


class InvalidRevisionException(AwsError):
    """The revision's AppSpec cannot be used; the message says where."""


class InvalidTargetGroupPairException(AwsError):
    """The pair of target groups is none."""


class InvalidTrafficRoutingConfigurationException(AwsError):
    """Percentages or intervals that cannot be."""


class LifecycleEventAlreadyCompletedException(AwsError):
    def __init__(self, event: str) -> None:
        super().__init__(f"The lifecycle event {event} is already completed")


class RevisionDoesNotExistException(AwsError):
    def __init__(self) -> None:
        super().__init__("The specified revision is not registered with the application")


class RevisionRequiredException(AwsError):
    def __init__(self) -> None:
        super().__init__("RevisionLocation must be specified")


class UnsupportedActionForDeploymentTypeException(AwsError):
    """This deployment has nothing of the kind."""
