"""What may go wrong, in the two families that cross a room's border.

    BambeError
      AwsError            answered to the caller, by AWS's own shape name
        ...one class per shape in services/<name>/errors.py
        CommonError       the errors every AWS service declares implicitly
      EngineError         stays in the control loops: recorded on the resource, backed off
        Unavailable       the engine cannot be reached now
        NotThere          what was named does not exist
        Conflict          it exists already, in another shape
        Refused           the engine will never do this; trying again is pointless

Anything else is a bug; the edge and the loop runner are the only places that catch it.
"""

from __future__ import annotations

from typing import Any, ClassVar


class BambeError(Exception):
    """The root of every error this project raises on purpose."""


class AwsError(BambeError):
    """An error for the caller. A subclass is named as AWS's shape; `code` only where it differs.

    `fields` are further members of the error's shape. HTTP status and fault come from the service's
    model; `status` and `fault` count only for shapes no model declares.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 400
    fault: ClassVar[str] = "client"

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields

    @classmethod
    def wire_code(cls) -> str:
        """The code as clients see it: `code` where a class sets one, else the class's name."""
        return cls.__dict__.get("code") or cls.__name__


class CommonError(AwsError):
    """Errors that any operation may answer though its model does not list them."""


class ValidationException(CommonError):
    """The request breaks a constraint of the model or of the service (json, rest-json)."""


class ValidationError(CommonError):
    """The request breaks a constraint of the model or of the service (query)."""


class AccessDeniedException(CommonError):
    """The caller is known and may not do this."""


class IncompleteSignature(CommonError):
    """The Authorization header lacks a part."""


class InvalidClientTokenId(CommonError):
    """The access key is not one of ours."""

    status = 403


class UnrecognizedClientException(CommonError):
    """The access key or session token is not one of ours (json services)."""


class SignatureDoesNotMatch(CommonError):
    """The signature is not the one the secret key makes."""

    status = 403


class MissingAuthenticationToken(CommonError):
    """The request carries no credentials."""

    status = 403


class ExpiredToken(CommonError):
    """The temporary credentials have run out."""


class RequestExpired(CommonError):
    """The request was signed too long ago."""


class UnknownOperationException(CommonError):
    """No such operation in this service."""

    status = 404


class NotImplementedByBambe(CommonError):
    """AWS has this operation and Bambe does not (yet): always said, never an empty success."""

    code = "NotImplemented"
    status = 501
    fault = "server"


class ThrottlingException(CommonError):
    """Too many requests, or too deep a chain of calls between services."""


class InternalFailure(CommonError):
    """A bug on our side; the request id finds it in the log."""

    status = 500
    fault = "server"


class EngineError(BambeError):
    """Something an engine could not do. Only control loops see these."""


class Unavailable(EngineError):
    """The engine cannot be reached now; try again later."""


class NotThere(EngineError):
    """What was named does not exist."""


class Conflict(EngineError):
    """It exists already and differs from what was asked for."""


class Refused(EngineError):
    """The engine understood and will never do it; the message says why."""
