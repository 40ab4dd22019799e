"""The errors ACM raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class ResourceNotFoundException(AwsError):
    """The certificate does not exist."""


class ResourceInUseException(AwsError):
    """A listener uses the certificate."""


class RequestInProgressException(AwsError):
    """The certificate is not issued yet."""


class ValidationException(AwsError):
    """The certificate, its key or its chain cannot be used."""


class InvalidParameterException(AwsError):
    """A parameter cannot be used."""
