"""Puts ledgers where every client can read them: CloudWatch Logs, a stream for each deployment."""

from __future__ import annotations

from bambe.kernel.call import Aws, Store
from bambe.kernel.errors import AwsError
from bambe.services.codedeploy import tables
from bambe.services.codedeploy.watched import Entry, Watched

GROUP = "/bambe/releases"
EXISTS = "ResourceAlreadyExistsException"


async def ship(aws: Aws, store: Store, known: Watched) -> None:
    """Put the lines that are not there yet."""
    where = {"account": known.account, "region": known.region, "deployment": known.id}
    entries = await store.read(lambda tx: tables.entries.list(tx, **where))
    entries.sort(key=lambda entry: entry.number)
    await _have_stream(aws, known.id)
    there = await aws.logs.get_log_events(logGroupName=GROUP, logStreamName=known.id, startFromHead=True)
    missing = entries[len(there["events"]) :]
    if missing:
        await aws.logs.put_log_events(
            logGroupName=GROUP, logStreamName=known.id, logEvents=[_event(entry) for entry in missing]
        )


async def _have_stream(aws: Aws, name: str) -> None:
    try:
        await aws.logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
    except AwsError as error:
        if error.wire_code() == EXISTS:
            return
        if error.wire_code() != "ResourceNotFoundException":
            raise
        await aws.logs.create_log_group(logGroupName=GROUP)
        await aws.logs.create_log_stream(logGroupName=GROUP, logStreamName=name)


def _event(entry: Entry) -> dict[str, int | str]:
    return {"timestamp": int(entry.at.timestamp() * 1000), "message": entry.line}
