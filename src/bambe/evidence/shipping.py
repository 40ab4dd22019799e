"""Puts ledgers where every client can read them: CloudWatch Logs, a stream for each release."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.evidence import ledger
from bambe.evidence.watched import Entry
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError

GROUP = "/bambe/releases"
AT_ONCE = 500
"""Records are small: so many are well within what one PutLogEvents takes."""
EXISTS = "ResourceAlreadyExistsException"


async def ship(aws: Aws, stream: str, entries: Sequence[Entry]) -> None:
    """Put those of a ledger's next lines that are not there yet, in order."""
    await _have_stream(aws, stream)
    newest = await aws.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, limit=1)
    there = max((ledger.read(one["message"]).number for one in newest["events"]), default=-1)
    missing = sorted((one for one in entries if one.number > there), key=lambda entry: entry.number)
    for start in range(0, len(missing), AT_ONCE):
        events = [_event(entry) for entry in missing[start : start + AT_ONCE]]
        await aws.logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


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
