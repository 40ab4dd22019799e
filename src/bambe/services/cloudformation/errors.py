"""The errors CloudFormation raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class AlreadyExistsException(AwsError):
    """A stack of that name exists."""


class InsufficientCapabilitiesException(AwsError):
    """The template makes IAM resources and nobody said that this is well."""


class ChangeSetNotFoundException(AwsError):
    """No such change set."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatusException(AwsError):
    """The change set cannot be executed as it is."""

    code = "InvalidChangeSetStatus"
