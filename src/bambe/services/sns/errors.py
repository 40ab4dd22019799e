"""The errors SNS raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class NotFoundException(AwsError):
    """The topic or subscription does not exist."""

    code = "NotFound"


class InvalidParameterException(AwsError):
    """A parameter cannot be used."""

    code = "InvalidParameter"


class ResourceNotFoundException(AwsError):
    """The topic that is to be tagged does not exist."""

    code = "ResourceNotFound"


class TagLimitExceededException(AwsError):
    """A topic has at most 50 tags."""

    code = "TagLimitExceeded"
