"""Images of a repository: list, describe, get, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.ecr.errors import ImageNotFoundException
from bambe.services.ecr.lifecycle import indexes_of
from bambe.services.ecr.lookup import Referenced, failure, find_image, get_repository, referenced
from bambe.services.ecr.model import Image, Removal, Repository
from bambe.services.ecr.operations.repositories import paged
from bambe.services.ecr.tables import IMAGES, REMOVALS, images_of

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        BatchDeleteImageRequestTypeDef,
        BatchGetImageRequestTypeDef,
        DescribeImagesRequestTypeDef,
        ListImagesRequestTypeDef,
    )


async def list_images(call: Call, request: ListImagesRequestTypeDef) -> Answer:
    wanted = request.get("filter", {}).get("tagStatus", "ANY")
    images = await _images(call, request["repositoryName"])
    ids: list[Answer] = []
    for image in images:
        if image.tags and wanted != "UNTAGGED":
            ids += [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags]
        if not image.tags and wanted != "TAGGED":
            ids.append({"imageDigest": image.digest})
    return paged("imageIds", ids, request)


async def describe_images(call: Call, request: DescribeImagesRequestTypeDef) -> Answer:
    name = request["repositoryName"]

    def read(tx: Tx) -> list[Image]:
        repository = get_repository(tx, call, name)
        if "imageIds" not in request:
            return images_of(tx, repository)
        return [_get(tx, repository, one) for one in request["imageIds"]]  # type: ignore[arg-type]

    images = await call.store.read(read)
    wanted = request.get("filter", {}).get("tagStatus", "ANY")
    if wanted != "ANY":
        images = [image for image in images if bool(image.tags) == (wanted == "TAGGED")]
    return paged("imageDetails", [_detail(image) for image in images], request)


async def batch_get_image(call: Call, request: BatchGetImageRequestTypeDef) -> Answer:
    def read(tx: Tx) -> Answer:
        repository = get_repository(tx, call, request["repositoryName"])
        return _each(
            request["imageIds"],  # type: ignore[arg-type]
            "images",
            lambda named: _find_shown(tx, repository, named),
        )

    return await call.store.read(read)


async def batch_delete_image(call: Call, request: BatchDeleteImageRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> Answer:
        repository = get_repository(tx, call, request["repositoryName"])
        return _each(
            request["imageIds"],  # type: ignore[arg-type]
            "imageIds",
            lambda named: _delete(tx, repository, named),
        )

    return await call.store.write(delete)


async def _images(call: Call, name: str) -> list[Image]:
    return await call.store.read(lambda tx: images_of(tx, get_repository(tx, call, name)))


def _get(tx: Tx, repository: Repository, named: Mapping[str, str]) -> Image:
    found = find_image(tx, repository, named)
    if found is None:
        said = ", ".join(
            f"{key}:'{named[member]}'"
            for key, member in (("imageDigest", "imageDigest"), ("imageTag", "imageTag"))
            if member in named
        )
        raise ImageNotFoundException(
            f"The image with imageId {{{said}}} does not exist within the repository with name"
            f" '{repository.name}' in the registry with id '{repository.account}'"
        )
    return found


def _each(
    ids: Sequence[Mapping[str, str]], member: str, act: Callable[[Mapping[str, str]], Any | None]
) -> Answer:
    done, failures = [], []
    for named in ids:
        try:
            result = act(named) if named else None
        except Referenced as error:
            failures.append(referenced(named, error.indexes))
            continue
        if result is None:
            failures.append(failure(named))
        else:
            done.append(result)
    return {member: done, "failures": failures}


def _find_shown(tx: Tx, repository: Repository, named: Mapping[str, str]) -> Answer | None:
    image = find_image(tx, repository, named)
    if image is None:
        return None
    identity = {"imageDigest": image.digest}
    if "imageTag" in named:
        identity["imageTag"] = named["imageTag"]
    return {
        "registryId": image.account,
        "repositoryName": image.repository,
        "imageId": identity,
        "imageManifest": image.manifest,
        "imageManifestMediaType": image.media_type,
    }


def _delete(tx: Tx, repository: Repository, named: Mapping[str, str]) -> Answer | None:
    """A tag alone takes the tag away, and the image with its last one; a digest takes all of it.

    An image that an index names stays whole.
    """
    image = find_image(tx, repository, named)
    if image is None:
        return None
    tag = named.get("imageTag")
    left = [one for one in image.tags if one != tag]
    if "imageDigest" not in named and left:
        IMAGES.update(tx, replace(image, tags=left))
        REMOVALS.put(tx, Removal(image.account, image.region, image.repository, str(tag)))
    elif indexes := indexes_of(image, images_of(tx, repository)):
        raise Referenced(indexes)
    else:
        IMAGES.delete(tx, image.account, image.region, image.repository, image.digest)
        REMOVALS.put(tx, Removal(image.account, image.region, image.repository, image.digest))
    return {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}


def _detail(image: Image) -> Answer:
    detail: Answer = {
        "registryId": image.account,
        "repositoryName": image.repository,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed_at,
        "imageManifestMediaType": image.media_type,
    }
    return {**detail, "imageTags": image.tags} if image.tags else detail
