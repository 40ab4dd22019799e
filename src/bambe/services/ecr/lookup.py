"""Finding repositories and images, with AWS's errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import BambeError
from bambe.services.ecr.errors import RepositoryNotFoundException
from bambe.services.ecr.model import Image, Repository
from bambe.services.ecr.tables import REPOSITORIES, images_of


class Referenced(BambeError):
    """The image is named by others, the `indexes`."""

    def __init__(self, indexes: Sequence[str]) -> None:
        super().__init__(", ".join(indexes))
        self.indexes = indexes


def get_repository(tx: Tx, call: Call, name: str) -> Repository:
    """The repository, or RepositoryNotFoundException as AWS words it."""
    found = REPOSITORIES.find(tx, call.account, call.region, name)
    if found is None:
        raise RepositoryNotFoundException(
            f"The repository with name '{name}' does not exist in the registry with id '{call.account}'"
        )
    return found


def find_image(tx: Tx, repository: Repository, named: Mapping[str, str]) -> Image | None:
    """The image an imageIdentifier (digest, tag, or both) names."""
    digest, tag = named.get("imageDigest"), named.get("imageTag")
    for image in images_of(tx, repository):
        if (digest is None or image.digest == digest) and (tag is None or tag in image.tags):
            return image
    return None


def failure(named: Mapping[str, str]) -> dict[str, object]:
    """An entry of `failures` for an image that is not there, or an identifier that names none."""
    if not named:
        code, reason = "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
    else:
        code, reason = "ImageNotFound", "Requested image not found"
    return {"imageId": dict(named), "failureCode": code, "failureReason": reason}


def referenced(named: Mapping[str, str], indexes: Sequence[str]) -> dict[str, object]:
    """An entry of `failures` for an image that goes only after the `indexes` that name it."""
    reason = f"Requested image referenced by manifest list: [{', '.join(indexes)}]"
    return {
        "imageId": dict(named),
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": reason,
    }
