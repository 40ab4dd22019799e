"""The errors CodeBuild answers, by AWS's own shape names, and what is wrong with a buildspec."""

from __future__ import annotations

from bambe.kernel.errors import AwsError, BambeError


class InvalidInputException(AwsError):
    """The input value that was provided is not valid."""


class ResourceAlreadyExistsException(AwsError):
    """The specified resource exists already."""


class ResourceNotFoundException(AwsError):
    """The specified resource cannot be found."""

    @classmethod
    def project(cls, name: str, region: str, account: str) -> ResourceNotFoundException:
        """AWS's words for a project that is not there."""
        return cls(f"Project cannot be found: arn:aws:codebuild:{region}:{account}:project/{name}")

    @classmethod
    def build(cls, id: str) -> ResourceNotFoundException:
        return cls(f"Build {id} was not found")


class BadBuildspec(BambeError):
    """A buildspec that cannot be run; becomes the phase context YAML_FILE_ERROR."""


class PhaseFailed(BambeError):
    """A phase that the platform itself carries out has failed; `code` is the phase context's."""

    def __init__(self, phase: str, code: str, message: str) -> None:
        super().__init__(message)
        self.phase = phase
        self.code = code
        self.message = message
