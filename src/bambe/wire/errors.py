"""The errors of the protocols themselves, and which of its own errors each service gives for bad input.

AWS checks a request against the model before the service's own code sees it, and every service
family has its own name for what is wrong. Sources: botocore's models (the shapes) and the services'
"Common Errors" pages (the wording).
"""

from __future__ import annotations

from collections.abc import Sequence

from bambe.kernel.errors import AwsError, CommonError, ValidationError, ValidationException


class SerializationException(CommonError):
    """The body is no valid JSON, or a value has another type than the model says."""


class MalformedInput(CommonError):
    """A form field has another type than the model says."""


class InvalidAction(CommonError):
    """The action is not one of this service (query, ec2)."""


class MissingParameter(CommonError):
    """A required parameter is missing (ec2)."""


class InvalidParameterValue(CommonError):
    """A parameter breaks a constraint of the model (ec2)."""


class InvalidParameterException(CommonError):
    """A parameter breaks a constraint of the model (ecs, ecr, logs)."""


class InvalidInputException(CommonError):
    """A parameter breaks a constraint of the model (codebuild)."""


class InvalidInput(CommonError):
    """A parameter breaks a constraint of the model (servicediscovery)."""


class BadRequestException(CommonError):
    """A parameter breaks a constraint of the model (kafka)."""


class UnknownService(CommonError):
    """Nothing in the request says which service is meant."""

    code = "UnknownOperationException"
    status = 404


BY_SERVICE: dict[str, type[AwsError]] = {
    "ecs": InvalidParameterException,
    "ecr": InvalidParameterException,
    "logs": InvalidParameterException,
    "codebuild": InvalidInputException,
    "servicediscovery": InvalidInput,
    "kafka": BadRequestException,
    "ec2": InvalidParameterValue,
}


def invalid(service: str, protocol: str, problems: Sequence[str]) -> AwsError:
    """The error `service` gives for requests that break these constraints of its model."""
    otherwise = ValidationError if protocol == "query" else ValidationException
    return BY_SERVICE.get(service, otherwise)(summary(problems))


def summary(problems: Sequence[str]) -> str:
    """AWS's sentence over all that is wrong."""
    plural = "" if len(problems) == 1 else "s"
    return f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}"
