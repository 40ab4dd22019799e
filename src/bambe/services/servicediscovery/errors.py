"""The errors Cloud Map raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class InvalidInput(AwsError):
    """A value that cannot be, or values that do not go together."""


class NamespaceAlreadyExists(AwsError):
    """The name is taken; `CreatorRequestId` and `NamespaceId` say by whom."""


class NamespaceNotFound(AwsError):
    """No namespace of this id or name."""


class ServiceAlreadyExists(AwsError):
    """The name is taken; `CreatorRequestId`, `ServiceId` and `ServiceArn` say by whom."""


class ServiceNotFound(AwsError):
    """No service of this id or name."""


class InstanceNotFound(AwsError):
    """The service has no such instance."""


class OperationNotFound(AwsError):
    """No operation of this id."""


class ResourceInUse(AwsError):
    """A namespace with services, or a service with instances."""


class DuplicateRequest(AwsError):
    """The same is under way already, as `DuplicateOperationId`."""


class CustomHealthNotFound(AwsError):
    """The service has no HealthCheckCustomConfig."""


class ServiceAttributesLimitExceededException(AwsError):
    """More attributes than a service may have."""


class ResourceNotFoundException(AwsError):
    """Nothing has this ARN."""


class TooManyTagsException(AwsError):
    """More tags than a resource may have; `ResourceName` says which."""
