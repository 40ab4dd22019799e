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
        create=_create,
        ready=_ready,
        delete=_delete,
    ),
)
