"""Cloud Map's CloudFormation types: the three kinds of namespaces, and Service."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import digest_id
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.kernel.tags import to_list
from bambe.services.servicediscovery.errors import NamespaceAlreadyExists, ServiceAlreadyExists

NAMESPACE = ("Description", "Name", "Properties", "Vpc")
SERVICE = ("Description", "DnsConfig", "HealthCheckConfig", "HealthCheckCustomConfig", "Name", "NamespaceId")
LEAVING = timedelta(minutes=5)
"""How long instances may take to leave a service that is deleted: tasks get at most 120 s to stop."""
NUMBERS = ("FailureThreshold", "TTL")


def _namespace(kind: str, infix: str, *more: str) -> ResourceType:
    """`kind` as in the type's name, `infix` as in the operations' names."""

    async def create(aws: Aws, wish: Wish) -> Made:
        token = digest_id(wish.token)
        request = {"Name": wish.name, **_request(wish.properties, NAMESPACE)}
        make = getattr(aws.servicediscovery, f"create_{infix}_namespace")
        try:
            answer = await make(**request, CreatorRequestId=token, Tags=_tags(wish))
        except NamespaceAlreadyExists as error:
            # An earlier try of the same creation made it.
            if error.fields["CreatorRequestId"] != token:
                raise
            return await _made_namespace(aws, error.fields["NamespaceId"])
        operation = await aws.servicediscovery.get_operation(OperationId=answer["OperationId"])
        return await _made_namespace(aws, operation["Operation"]["Targets"]["NAMESPACE"])

    async def update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
        change = _request(wish.properties, ("Description", "Properties"))
        if change != _request(old, ("Description", "Properties")):
            change = {"Description": "", **change}
            update = getattr(aws.servicediscovery, f"update_{infix}_namespace")
            await update(Id=made.physical_id, Namespace=change)
        await _retag(aws, made.attributes["Arn"], wish)
        return made

    return ResourceType(
        name=f"AWS::ServiceDiscovery::{kind}Namespace",
        properties=frozenset({"Description", "Name", "Tags", *more}),
        required=frozenset({"Name", *more} - {"Properties"}),
        replaces=frozenset({"Name", *more} - {"Properties"}),
        create=create,
        update=update,
        ready=_namespace_ready,
        delete=_delete_namespace,
    )


async def _made_namespace(aws: Aws, id: str) -> Made:
    found = (await aws.servicediscovery.get_namespace(Id=id))["Namespace"]
    zone = found["Properties"].get("DnsProperties", {}).get("HostedZoneId", "")
    return Made(id, {"Arn": found["Arn"], "Id": id, **({"HostedZoneId": zone} if zone else {})})


async def _namespace_ready(aws: Aws, made: Made, properties: Properties) -> bool:
    filters = [{"Name": "NAMESPACE_ID", "Values": [made.physical_id]}]
    answer = await aws.servicediscovery.list_operations(Filters=filters)
    statuses = [one["Status"] for one in answer["Operations"]]
    if "FAIL" in statuses:
        raise ResourceFailed(f"An operation on the namespace {made.physical_id} failed")
    return all(status == "SUCCESS" for status in statuses)


async def _delete_namespace(aws: Aws, made: Made, properties: Properties) -> None:
    await _unless_gone(aws.servicediscovery.delete_namespace(Id=made.physical_id))


async def _create_service(aws: Aws, wish: Wish) -> Made:
    token = digest_id(wish.token)
    request = {"Name": wish.name, **_request(wish.properties, (*SERVICE, "Type"))}
    try:
        answer = await aws.servicediscovery.create_service(
            **request, CreatorRequestId=token, Tags=_tags(wish)
        )
        id = answer["Service"]["Id"]
    except ServiceAlreadyExists as error:
        if error.fields["CreatorRequestId"] != token:
            raise
        id = error.fields["ServiceId"]
    await _set_attributes(aws, id, wish.properties, {})
    return await _made_service(aws, id)


async def _update_service(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    members = ("Description", "DnsConfig", "HealthCheckConfig")
    change = _request(wish.properties, members)
    if change != _request(old, members):
        if "DnsConfig" in change:
            change["DnsConfig"] = {"DnsRecords": change["DnsConfig"]["DnsRecords"]}
        await aws.servicediscovery.update_service(Id=made.physical_id, Service={"Description": "", **change})
    await _set_attributes(aws, made.physical_id, wish.properties, old)
    await _retag(aws, made.attributes["Arn"], wish)
    return made


async def _set_attributes(aws: Aws, id: str, new: Properties, old: Properties) -> None:
    wanted, had = new.get("ServiceAttributes") or {}, old.get("ServiceAttributes") or {}
    gone = sorted(had.keys() - wanted.keys())
    if gone:
        await aws.servicediscovery.delete_service_attributes(ServiceId=id, Attributes=gone)
    if wanted and wanted != had:
        await aws.servicediscovery.update_service_attributes(ServiceId=id, Attributes=wanted)


async def _made_service(aws: Aws, id: str) -> Made:
    found = (await aws.servicediscovery.get_service(Id=id))["Service"]
    return Made(id, {"Arn": found["Arn"], "Id": id, "Name": found["Name"]})


async def _delete_service(aws: Aws, made: Made, properties: Properties) -> None:
    await _unless_gone(aws.servicediscovery.delete_service(Id=made.physical_id))


async def _retag(aws: Aws, arn: str, wish: Wish) -> None:
    """Give the resource the tags of the wish, and no others."""
    tags = _tags(wish)
    found = await aws.servicediscovery.list_tags_for_resource(ResourceARN=arn)
    if found["Tags"] == tags:
        return
    gone = {one["Key"] for one in found["Tags"]} - {one["Key"] for one in tags}
    if gone:
        await aws.servicediscovery.untag_resource(ResourceARN=arn, TagKeys=sorted(gone))
    if tags:
        await aws.servicediscovery.tag_resource(ResourceARN=arn, Tags=tags)


async def _unless_gone(call: Awaitable[Any]) -> None:
    try:
        await call
    except AwsError as error:
        if error.wire_code() not in ("NamespaceNotFound", "ServiceNotFound"):
            raise


def _tags(wish: Wish) -> list[dict[str, str]]:
    own = {one["Key"]: one["Value"] for one in wish.properties.get("Tags", [])}
    return to_list({**wish.tags, **own})


def _request(properties: Properties, members: tuple[str, ...]) -> dict[str, Any]:
    return {key: _typed(key, properties[key]) for key in members if key in properties}


def _typed(key: str, value: Any) -> Any:
    """Template values as the API wants them: numbers may have been written as text."""
    if isinstance(value, Mapping):
        return {inner: _typed(inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_typed(key, one) for one in value]
    return int(value) if key in NUMBERS else value


RESOURCES = (
    _namespace("PrivateDns", "private_dns", "Properties", "Vpc"),
    _namespace("PublicDns", "public_dns", "Properties"),
    _namespace("Http", "http"),
    ResourceType(
        name="AWS::ServiceDiscovery::Service",
        properties=frozenset({*SERVICE, "ServiceAttributes", "Tags", "Type"}),
        within=frozenset({"NamespaceId"}),
        replaces=frozenset({"HealthCheckCustomConfig", "Name", "NamespaceId", "Type"}),
        create=_create_service,
        update=_update_service,
        delete=_delete_service,
        busy=frozenset({"ResourceInUse"}),
        limit=LEAVING,
    ),
)
