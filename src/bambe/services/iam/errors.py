"""The errors IAM raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class NoSuchEntityException(AwsError):
    """The role or policy does not exist."""

    code = "NoSuchEntity"


class EntityAlreadyExistsException(AwsError):
    """The name is taken."""

    code = "EntityAlreadyExists"


class DeleteConflictException(AwsError):
    """Something is still attached."""

    code = "DeleteConflict"


class MalformedPolicyDocumentException(AwsError):
    """A policy that is no JSON object with statements."""

    code = "MalformedPolicyDocument"
