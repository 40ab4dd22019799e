"""The errors CloudWatch Logs raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class ResourceAlreadyExistsException(AwsError):
    """The name is taken."""


class ResourceNotFoundException(AwsError):
    """The group, the stream or the resource does not exist."""


class InvalidParameterException(AwsError):
    """A parameter is not what it should be, or two exclude each other."""


class TooManyTagsException(AwsError):
    """More than 50 tags."""
