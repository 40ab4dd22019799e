"""The errors of Parameter Store, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class ParameterAlreadyExists(AwsError):
    """The name is taken, and the caller did not ask to overwrite."""

    def __init__(self) -> None:
        super().__init__(
            "The parameter already exists. To overwrite this value, set the overwrite option in the request"
            " to true."
        )


class ParameterNotFound(AwsError):
    """No such parameter. AWS gives no message."""


class ParameterVersionNotFound(AwsError):
    """The parameter has no such version or label."""


class ParameterMaxVersionLimitExceeded(AwsError):
    """The oldest version would have to go, and carries a label."""


class ParameterVersionLabelLimitExceeded(AwsError):
    """A version has at most ten labels."""


class ParameterPatternMismatchException(AwsError):
    """The value does not match the parameter's allowed pattern."""


class InvalidAllowedPatternException(AwsError):
    """The allowed pattern is no regular expression."""


class HierarchyLevelLimitExceededException(AwsError):
    """A name has at most fifteen levels."""


class HierarchyTypeMismatchException(AwsError):
    """A parameter keeps its type."""


class InvalidFilterKey(AwsError):
    """A filter that this operation does not have."""


class InvalidFilterOption(AwsError):
    """An option that the filter does not have."""


class InvalidFilterValue(AwsError):
    """A value that the filter does not take."""


class InvalidNextToken(AwsError):
    """The token is not one of ours."""


class InvalidResourceId(AwsError):
    """What is to be tagged does not exist."""


class TooManyTagsError(AwsError):
    """More than fifty tags."""


class DoesNotExistException(AwsError):
    """No such session."""
