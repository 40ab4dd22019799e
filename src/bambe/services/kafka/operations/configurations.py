"""Configurations of brokers, and the Kafka versions there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.kafka import catalog, checks, lookup, properties, shapes
from bambe.services.kafka.errors import BadRequestException, ConflictException
from bambe.services.kafka.model import Configuration, Revision
from bambe.services.kafka.paging import paged
from bambe.services.kafka.tables import CLUSTERS, CONFIGURATIONS, OPERATIONS


async def create_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    name, now = request["Name"], call.clock.now()
    for version in request.get("KafkaVersions") or ():
        checks.version(version)
    description = request.get("Description", "")
    row = Configuration(
        account=call.account,
        region=call.region,
        name=checks.name(name),
        id=lookup.new_id(),
        created=now,
        description=description,
        versions=list(request.get("KafkaVersions") or ()),
        revisions=[Revision(number=1, created=now, description=description, properties=_checked(request))],
    )

    def create(tx: Tx) -> None:
        if CONFIGURATIONS.list(tx, account=call.account, region=call.region, name=name):
            raise ConflictException(f"A resource with the name {name} already exists.")
        CONFIGURATIONS.insert(tx, row)

    await call.store.write(create)
    shown = shapes.configuration(row)
    return {member: shown[member] for member in ("Arn", "CreationTime", "LatestRevision", "Name", "State")}


async def update_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    text = _checked(request)

    def update(tx: Tx) -> Configuration:
        row = lookup.configuration(tx, call, request["Arn"])
        made = Revision(
            number=row.latest.number + 1,
            created=call.clock.now(),
            description=request.get("Description", ""),
            properties=text,
        )
        changed = replace(row, revisions=[*row.revisions, made])
        CONFIGURATIONS.update(tx, changed)
        return changed

    row = await call.store.write(update)
    return {"Arn": row.arn, "LatestRevision": shapes.revision(row.latest)}


async def describe_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    return shapes.configuration(
        await call.store.read(lambda tx: lookup.configuration(tx, call, request["Arn"]))
    )


async def describe_configuration_revision(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.revision(tx, call, request["Arn"], request["Revision"]))
    return {"Arn": request["Arn"], "ServerProperties": row.properties.encode(), **shapes.revision(row)}


async def list_configurations(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = await call.store.read(lambda tx: CONFIGURATIONS.list(tx, account=call.account, region=call.region))
    shown = [shapes.configuration(row) for row in sorted(rows, key=lambda row: row.created)]
    return paged("Configurations", shown, request)


async def list_configuration_revisions(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.configuration(tx, call, request["Arn"]))
    return paged("Revisions", [shapes.revision(one) for one in row.revisions], request)


async def delete_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    def delete(tx: Tx) -> None:
        row = lookup.configuration(tx, call, request["Arn"])
        here = {"account": call.account, "region": call.region}
        clusters = {one.id: one for one in CLUSTERS.list(tx, **here)}
        used = [one.name for one in clusters.values() if one.configuration == row.arn]
        # What a change that is under way would go back to.
        used += [
            clusters[one.cluster].name
            for one in OPERATIONS.list(tx, **here)
            if one.ended is None and one.former.get("configuration") == row.arn and one.cluster in clusters
        ]
        if used:
            raise BadRequestException(f"The configuration is in use by the cluster {used[0]}.", "arn")
        CONFIGURATIONS.delete(tx, *CONFIGURATIONS.key_of(row))

    await call.store.write(delete)
    return {"Arn": request["Arn"], "State": "DELETING"}


async def list_kafka_versions(call: Call, request: Mapping[str, Any]) -> Answer:
    today = call.clock.now().date()
    shown = [
        {"Version": one.name, "Status": "DEPRECATED" if one.ends and one.ends <= today else "ACTIVE"}
        for one in catalog.VERSIONS
    ]
    return paged("KafkaVersions", shown, request)


async def get_compatible_kafka_versions(call: Call, request: Mapping[str, Any]) -> Answer:
    arn = request.get("ClusterArn")
    names = [one.name for one in catalog.offered()]
    if arn:
        names = [(await call.store.read(lambda tx: lookup.cluster(tx, call, arn))).version]
    return {
        "CompatibleKafkaVersions": [
            {"SourceVersion": name, "TargetVersions": [one.name for one in catalog.upgrades(name)]}
            for name in names
        ]
    }


def _checked(request: Mapping[str, Any]) -> str:
    """The request's server.properties as text."""
    try:
        text: str = request["ServerProperties"].decode()
        properties.check(text)
    except (UnicodeDecodeError, properties.BadProperties) as problem:
        raise BadRequestException(f"Invalid server properties: {problem}.", "serverProperties") from None
    return text
