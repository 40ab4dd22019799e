"""The errors Application Auto Scaling raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class ValidationException(AwsError):
    """A parameter cannot be used."""


class ObjectNotFoundException(AwsError):
    """What is named does not exist."""


class InvalidNextTokenException(AwsError):
    """The token is none of ours."""


class ResourceNotFoundException(AwsError):
    """The resource to be tagged does not exist."""


class LimitExceededException(AwsError):
    """A quota is used up."""
