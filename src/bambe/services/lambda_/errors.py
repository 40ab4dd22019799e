"""The errors Lambda answers, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class CodeVerificationFailedException(AwsError):
    """The code is not what its digest says."""


class InvalidParameterValueException(AwsError):
    """One of the parameters in the request is not valid."""


class InvalidRequestContentException(AwsError):
    """The payload is no JSON."""


class PreconditionFailedException(AwsError):
    def __init__(self) -> None:
        super().__init__("The RevisionId provided does not match the latest Lambda function RevisionId")


class RequestTooLargeException(AwsError):
    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation, it has {size}"
        )


class ResourceConflictException(AwsError):
    """The name or the statement is taken."""


class ResourceNotFoundException(AwsError):
    """There is no such function or statement."""


class ServiceException(AwsError):
    """The function could not be run; trying again may help."""
