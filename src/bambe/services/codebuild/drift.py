"""How projects are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _project(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    found = (await aws.codebuild.batch_get_projects(names=[made.physical_id]))["projects"]
    if not found:
        return None
    hook = found[0].get("webhook")
    triggers = {"webhook": hook is not None, "filterGroups": (hook or {}).get("filterGroups", [])}
    return {**found[0], "triggers": {**expected.get("Triggers", {}), **triggers}}


READS = {"AWS::CodeBuild::Project": _project}
