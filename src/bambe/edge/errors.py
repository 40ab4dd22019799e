"""What a caller hears whose credentials do not hold, by the protocol of the service called.

The same failure has three spellings at AWS. Sources: "Common Errors" of IAM (query), ECS (json) and
the EC2 API reference, and the wording of the services themselves.
"""

from __future__ import annotations

from enum import Enum

from bambe.kernel.errors import (
    AwsError,
    BambeError,
    CommonError,
    ExpiredToken,
    IncompleteSignature,
    InvalidClientTokenId,
    MissingAuthenticationToken,
    SignatureDoesNotMatch,
    UnrecognizedClientException,
)


class MissingAuthenticationTokenException(CommonError):
    """The request carries no credentials (json)."""


class IncompleteSignatureException(CommonError):
    """The Authorization header lacks a part (json)."""


class InvalidSignatureException(CommonError):
    """The signature is not the one the secret key makes, or is too old (json)."""


class ExpiredTokenException(CommonError):
    """The temporary credentials have run out (json)."""


class AuthFailure(CommonError):
    """The credentials or the signature do not hold (ec2)."""

    status = 401


class RequestExpired(CommonError):
    """The request was signed too long ago (ec2)."""


class RequestTooLarge(CommonError):
    """The body is larger than any AWS request."""

    code = "RequestEntityTooLargeException"
    status = 413


class Reason(Enum):
    """Why a caller is not let in."""

    MISSING = "Missing Authentication Token"
    INCOMPLETE = ""
    UNKNOWN_KEY = "The security token included in the request is invalid."
    EXPIRED_TOKEN = "The security token included in the request is expired"
    SKEWED = "Signature expired"
    WRONG = (
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details."
    )


class Denied(BambeError):
    """The caller is not let in; `error` says it in the words of a protocol."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(message or reason.value)
        self.reason = reason

    def error(self, protocol: str) -> AwsError:
        """The error for a service that speaks `protocol`."""
        spelled = _EC2 if protocol == "ec2" else _QUERY if protocol in ("query", "rest-xml") else _JSON
        message = "Request has expired." if spelled[self.reason] is RequestExpired else str(self)
        if spelled[self.reason] is AuthFailure:
            message = "AWS was not able to validate the provided access credentials"
        return spelled[self.reason](message)


_JSON: dict[Reason, type[AwsError]] = {
    Reason.MISSING: MissingAuthenticationTokenException,
    Reason.INCOMPLETE: IncompleteSignatureException,
    Reason.UNKNOWN_KEY: UnrecognizedClientException,
    Reason.EXPIRED_TOKEN: ExpiredTokenException,
    Reason.SKEWED: InvalidSignatureException,
    Reason.WRONG: InvalidSignatureException,
}
_QUERY: dict[Reason, type[AwsError]] = {
    Reason.MISSING: MissingAuthenticationToken,
    Reason.INCOMPLETE: IncompleteSignature,
    Reason.UNKNOWN_KEY: InvalidClientTokenId,
    Reason.EXPIRED_TOKEN: ExpiredToken,
    Reason.SKEWED: SignatureDoesNotMatch,
    Reason.WRONG: SignatureDoesNotMatch,
}
_EC2: dict[Reason, type[AwsError]] = {
    **_QUERY,
    Reason.UNKNOWN_KEY: AuthFailure,
    Reason.SKEWED: RequestExpired,
    Reason.WRONG: AuthFailure,
}
