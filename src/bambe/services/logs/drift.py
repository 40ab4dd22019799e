"""How log groups are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _group(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    name = made.physical_id
    answer = await aws.logs.describe_log_groups(logGroupNamePrefix=name)
    found = [one for one in answer["logGroups"] if one["logGroupName"] == name]
    # A group without retention shows none: it keeps what it has for ever.
    return {"retentionInDays": "never", **found[0]} if found else None


READS = {"AWS::Logs::LogGroup": _group}
