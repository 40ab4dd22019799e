"""The ECS error shapes, by AWS's own names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class ClientException(AwsError):
    """The caller asked for something that cannot be."""


class InvalidParameterException(AwsError):
    """A parameter has a value this operation does not take."""


class ClusterNotFoundException(AwsError):
    """No such cluster in this account and region."""

    def __init__(self) -> None:
        super().__init__("Cluster not found.")


class ClusterContainsServicesException(AwsError):
    """The cluster still holds active services."""

    def __init__(self) -> None:
        super().__init__("The Cluster cannot be deleted while Services are active.")


class ClusterContainsTasksException(AwsError):
    """The cluster still runs tasks."""

    def __init__(self) -> None:
        super().__init__("The Cluster cannot be deleted while Tasks are active.")


class ServiceNotFoundException(AwsError):
    """No such service in the cluster."""

    def __init__(self) -> None:
        super().__init__("Service not found.")


class ServiceNotActiveException(AwsError):
    """The service is draining or gone."""

    def __init__(self) -> None:
        super().__init__("Service was not ACTIVE.")


class ServiceDeploymentNotFoundException(AwsError):
    """No such service deployment."""

    def __init__(self) -> None:
        super().__init__("Service deployment not found.")


class ConflictException(AwsError):
    """What was asked for does not go with what is under way."""


class TaskSetNotFoundException(AwsError):
    """No such task set in the service."""

    def __init__(self) -> None:
        super().__init__("The specified task set was not found.")


class PlatformUnknownException(AwsError):
    """No such platform version."""


class TargetNotConnectedException(AwsError):
    """The container has no agent to run a command: it does not run (yet, or any more)."""

    def __init__(self) -> None:
        super().__init__("The execute command failed due to an internal error. Try again later.")
