"""The errors KMS raises, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class NotFoundException(AwsError):
    """No such key or alias."""


class AlreadyExistsException(AwsError):
    """The alias exists."""


class DisabledException(AwsError):
    """The key is disabled."""


class KMSInvalidStateException(AwsError):
    """The key is not in a state for this."""


class InvalidAliasNameException(AwsError):
    """This is no name for an alias."""


class InvalidMarkerException(AwsError):
    """The marker is not one of ours."""


class MalformedPolicyDocumentException(AwsError):
    """The policy is no policy."""

    def __init__(self, message: str = "The new key policy is not a valid policy document.") -> None:
        super().__init__(message)


class TagException(AwsError):
    """A tag cannot be used."""
