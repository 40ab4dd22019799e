"""The errors of CloudWatch, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class InvalidParameterValueException(AwsError):
    """The value of an input parameter is bad or out of range."""


class InvalidParameterCombinationException(AwsError):
    """Parameters were used together that cannot be."""


class MissingRequiredParameterException(AwsError):
    """An input parameter that is required is missing."""


class InvalidFormatFault(AwsError):
    """Data was not syntactically valid JSON."""


class InvalidNextToken(AwsError):
    def __init__(self) -> None:
        super().__init__("The specified token is not valid.")


class LimitExceededFault(AwsError):
    """The quota for alarms, tags or metrics is reached."""


class ResourceNotFound(AwsError):
    """The named alarm does not exist."""


class ResourceNotFoundException(AwsError):
    """What an ARN names does not exist (the operations on tags)."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"{arn} does not exist", ResourceType="alarm", ResourceId=arn)


class ValidationError(AwsError):
    """An input breaks a constraint, in the words of the alarms' operations."""


class ResourceConflict(AwsError):
    """What is to be made is there already, and belongs to somebody else."""
