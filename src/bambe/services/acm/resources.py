"""ACM's CloudFormation type: Certificate."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import digest_id
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_list

REQUEST = ("DomainName", "KeyAlgorithm", "SubjectAlternativeNames", "ValidationMethod")


async def _create(aws: Aws, wish: Wish) -> Made:
    tags = to_list({**wish.tags, **{one["Key"]: one["Value"] for one in wish.properties.get("Tags", [])}})
    answer = await aws.acm.request_certificate(
        **{key: wish.properties[key] for key in REQUEST if key in wish.properties},
        IdempotencyToken=digest_id(wish.token),
        **({"Tags": tags} if tags else {}),
    )
    return Made(answer["CertificateArn"])


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    """Only tags change in place."""
    wanted = {**wish.tags, **{one["Key"]: one["Value"] for one in wish.properties.get("Tags", [])}}
    said = (await aws.acm.list_tags_for_certificate(CertificateArn=made.physical_id))["Tags"]
    had = {one["Key"]: one["Value"] for one in said}
    gone = [{"Key": key} for key in sorted(had.keys() - wanted.keys())]
    if gone:
        await aws.acm.remove_tags_from_certificate(CertificateArn=made.physical_id, Tags=gone)
    if wanted.items() - had.items():
        await aws.acm.add_tags_to_certificate(CertificateArn=made.physical_id, Tags=to_list(wanted))
    return made


async def _ready(aws: Aws, made: Made, properties: Properties) -> bool:
    answer = await aws.acm.describe_certificate(CertificateArn=made.physical_id)
    return bool(answer["Certificate"]["Status"] == "ISSUED")


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.acm.delete_certificate(CertificateArn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != "ResourceNotFoundException":
            raise


RESOURCES = (
    ResourceType(
        name="AWS::CertificateManager::Certificate",
        properties=frozenset(
            {*REQUEST, "CertificateTransparencyLoggingPreference", "DomainValidationOptions", "Tags"}
        ),
        required=frozenset({"DomainName"}),
        replaces=frozenset({*REQUEST, "DomainValidationOptions"}),
        create=_create,
        update=_update,
        ready=_ready,
        delete=_delete,
    ),
)
