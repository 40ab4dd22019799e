"""The errors of Secrets Manager, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class ResourceNotFoundException(AwsError):
    """No such secret, or no such version of it."""

    def __init__(self, message: str = "Secrets Manager can't find the specified secret.") -> None:
        super().__init__(message)


class ResourceExistsException(AwsError):
    """The name, or the version's id, is taken."""


class InvalidParameterException(AwsError):
    """A parameter does not fit the secret or another parameter."""


class InvalidRequestException(AwsError):
    """The secret is not in a state for this."""


class InvalidNextTokenException(AwsError):
    """The token is not one of ours."""


class LimitExceededException(AwsError):
    """A secret has too many versions."""
