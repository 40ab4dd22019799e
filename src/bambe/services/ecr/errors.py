"""The errors ECR raises, by AWS's own shape names."""

from bambe.kernel.errors import AwsError


class RepositoryNotFoundException(AwsError):
    """The repository does not exist."""


class RepositoryAlreadyExistsException(AwsError):
    """The name is taken."""


class RepositoryNotEmptyException(AwsError):
    """The repository still has images."""


class ImageNotFoundException(AwsError):
    """The image does not exist."""


class ImageTagAlreadyExistsException(AwsError):
    """The tag is taken and the repository's tags are immutable."""


class LifecyclePolicyNotFoundException(AwsError):
    """The repository has no lifecycle policy."""


class RepositoryPolicyNotFoundException(AwsError):
    """The repository has no policy."""


class InvalidParameterException(AwsError):
    """A parameter cannot be used."""
