"""The errors Cloud Map raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class CustomHealthNotFound(AwsError):
    """The service has no custom health check."""


class InstanceNotFound(AwsError):
    """No such instance is registered with the service."""


class InvalidInput(AwsError):
    """A parameter, or several together, cannot be used."""


class NamespaceAlreadyExists(AwsError):
    """The name is taken; the fields say by which namespace and which request made it."""


class NamespaceNotFound(AwsError):
    """The namespace does not exist."""


class OperationNotFound(AwsError):
    """The operation does not exist, or ended long ago."""


class ResourceInUse(AwsError):
    """The namespace still has services, or the service instances."""


class ResourceNotFoundException(AwsError):
    """Nothing with that ARN can have tags."""


class ServiceAlreadyExists(AwsError):
    """The name is taken in its namespace; the fields say by which service and which request made it."""


class ServiceAttributesLimitExceededException(AwsError):
    """More attributes than a service may have."""


class ServiceNotFound(AwsError):
    """The service does not exist."""


class TooManyTagsException(AwsError):
    """More than 50 tags."""
