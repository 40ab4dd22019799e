"""GetCallerIdentity: who is calling, without a look at the store."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Answer, Call


async def get_caller_identity(call: Call, request: Any) -> Answer:
    caller = call.caller
    user = caller.account if caller.principal.endswith(":root") else caller.principal.rsplit("/", 1)[-1]
    return {"UserId": user, "Account": caller.account, "Arn": caller.principal}
