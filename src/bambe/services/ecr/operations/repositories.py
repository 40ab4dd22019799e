"""Repositories: create, describe, delete, tag mutability, tags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict, to_list
from bambe.services.ecr.errors import (
    InvalidParameterException,
    RepositoryAlreadyExistsException,
    RepositoryNotEmptyException,
)
from bambe.services.ecr.lookup import get_repository
from bambe.services.ecr.model import Removal, Repository
from bambe.services.ecr.tables import IMAGES, REMOVALS, REPOSITORIES, images_of

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        DeleteRepositoryRequestTypeDef,
        DescribeRepositoriesRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        PutImageScanningConfigurationRequestTypeDef,
        PutImageTagMutabilityRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

PAGE = 100


async def create_repository(call: Call, request: CreateRepositoryRequestTypeDef) -> Answer:
    encryption = request.get("encryptionConfiguration", {})
    row = Repository(
        account=call.account,
        region=call.region,
        name=request["repositoryName"],
        created_at=call.clock.now(),
        mutability=request.get("imageTagMutability", "MUTABLE"),
        scan_on_push=bool(request.get("imageScanningConfiguration", {}).get("scanOnPush")),
        encryption=encryption.get("encryptionType", "AES256"),
        kms_key=encryption.get("kmsKey", ""),
        exclusions=_exclusions(request, request.get("imageTagMutability", "MUTABLE")),
        tags=to_dict(request.get("tags", ())),
    )

    def create(tx: Tx) -> None:
        if REPOSITORIES.find(tx, row.account, row.region, row.name) is not None:
            raise RepositoryAlreadyExistsException(
                f"The repository with name '{row.name}' already exists"
                f" in the registry with id '{row.account}'"
            )
        REPOSITORIES.insert(tx, row)

    await call.store.write(create)
    return {"repository": _shown(call, row)}


async def describe_repositories(call: Call, request: DescribeRepositoriesRequestTypeDef) -> Answer:
    names = request.get("repositoryNames")

    def read(tx: Tx) -> list[Repository]:
        if names:
            return [get_repository(tx, call, name) for name in names]
        return REPOSITORIES.list(tx, account=call.account, region=call.region)

    shown = [_shown(call, row) for row in await call.store.read(read)]
    return paged("repositories", shown, request)


async def delete_repository(call: Call, request: DeleteRepositoryRequestTypeDef) -> Answer:
    name = request["repositoryName"]

    def delete(tx: Tx) -> Repository:
        row = get_repository(tx, call, name)
        images = images_of(tx, row)
        if images and not request.get("force"):
            raise RepositoryNotEmptyException(
                f"The repository with name '{name}' in registry with id '{call.account}' cannot be deleted"
                " because it still contains images"
            )
        for image in images:
            IMAGES.delete(tx, row.account, row.region, name, image.digest)
        REPOSITORIES.delete(tx, row.account, row.region, name)
        REMOVALS.put(tx, Removal(row.account, row.region, name, ""))
        return row

    return {"repository": _shown(call, await call.store.write(delete))}


async def put_image_tag_mutability(call: Call, request: PutImageTagMutabilityRequestTypeDef) -> Answer:
    name, mutability = request["repositoryName"], request["imageTagMutability"]
    exclusions = _exclusions(request, mutability)
    row = await _change(call, name, lambda row: replace(row, mutability=mutability, exclusions=exclusions))
    return {"registryId": call.account, "repositoryName": name, **_mutability(row)}


async def put_image_scanning_configuration(
    call: Call, request: PutImageScanningConfigurationRequestTypeDef
) -> Answer:
    name, wanted = request["repositoryName"], bool(request["imageScanningConfiguration"].get("scanOnPush"))
    await _change(call, name, lambda row: replace(row, scan_on_push=wanted))
    scanning = {"scanOnPush": wanted}
    return {"registryId": call.account, "repositoryName": name, "imageScanningConfiguration": scanning}


async def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Answer:
    fresh = to_dict(request["tags"])

    def tag(tx: Tx) -> None:
        row = _of_arn(tx, call, request["resourceArn"])
        REPOSITORIES.update(tx, replace(row, tags={**row.tags, **fresh}))

    await call.store.write(tag)
    return {}


async def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Answer:
    gone = set(request["tagKeys"])

    def untag(tx: Tx) -> None:
        row = _of_arn(tx, call, request["resourceArn"])
        kept = {key: value for key, value in row.tags.items() if key not in gone}
        REPOSITORIES.update(tx, replace(row, tags=kept))

    await call.store.write(untag)
    return {}


async def list_tags_for_resource(call: Call, request: ListTagsForResourceRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: _of_arn(tx, call, request["resourceArn"]))
    return {"tags": to_list(row.tags)}


def paged(member: str, items: list[Any], request: Any) -> Answer:
    """One page of `items` under `member`."""
    try:
        part, token = page(items, request.get("nextToken"), request.get("maxResults", PAGE))
    except ValueError:
        raise InvalidParameterException("Invalid parameter at 'nextToken'") from None
    return {member: part, **({"nextToken": token} if token else {})}


async def _change(call: Call, name: str, to: Callable[[Repository], Repository]) -> Repository:
    def put(tx: Tx) -> Repository:
        row = to(get_repository(tx, call, name))
        REPOSITORIES.update(tx, row)
        return row

    return await call.store.write(put)


def _exclusions(request: Any, mutability: str) -> list[str]:
    """The patterns of a request, which one kind of mutability needs and the other has not."""
    filters = request.get("imageTagMutabilityExclusionFilters") or ()
    if bool(filters) != mutability.endswith("_WITH_EXCLUSION"):
        raise InvalidParameterException(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
            "'must be given with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, and with them only'"
        )
    return [str(one["filter"]) for one in filters]


def _of_arn(tx: Tx, call: Call, arn: str) -> Repository:
    if ":repository/" not in arn:
        raise InvalidParameterException(f"Invalid parameter at 'resourceArn': '{arn}'")
    return get_repository(tx, call, arn.split(":repository/", 1)[1])


def _shown(call: Call, row: Repository) -> Answer:
    return {
        "repositoryArn": row.arn,
        "registryId": row.account,
        "repositoryName": row.name,
        "repositoryUri": f"{call.site.registry}/{row.name}",
        "createdAt": row.created_at,
        **_mutability(row),
        "imageScanningConfiguration": {"scanOnPush": row.scan_on_push},
        "encryptionConfiguration": {
            "encryptionType": row.encryption,
            **({"kmsKey": row.kms_key} if row.kms_key else {}),
        },
    }


def _mutability(row: Repository) -> Answer:
    filters = [{"filterType": "WILDCARD", "filter": one} for one in row.exclusions]
    shown: Answer = {"imageTagMutability": row.mutability}
    return shown | ({"imageTagMutabilityExclusionFilters": filters} if filters else {})
