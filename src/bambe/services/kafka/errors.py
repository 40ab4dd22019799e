"""The errors MSK answers, by AWS's own shape names."""

from __future__ import annotations

from bambe.kernel.errors import AwsError


class BadRequestException(AwsError):
    """The request is not valid as it is; `invalid_parameter` names the part."""

    def __init__(self, message: str, invalid_parameter: str = "") -> None:
        fields = {"InvalidParameter": invalid_parameter} if invalid_parameter else {}
        super().__init__(message, **fields)


class ConflictException(AwsError):
    """The name is taken."""


class NotFoundException(AwsError):
    """There is no such resource."""


class TopicExistsException(AwsError):
    """The cluster has a topic of this name."""


class UnknownTopicOrPartitionException(AwsError):
    """The cluster has no topic of this name."""
