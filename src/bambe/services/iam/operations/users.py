"""GetUser: whose keys these are; there are no users but the account's root."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call
from bambe.services.iam.errors import NoSuchEntityException

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import GetUserRequestTypeDef

NEVER = datetime.fromtimestamp(0, UTC)
"""When the root was made is not recorded, and the answer must say something."""


async def get_user(call: Call, request: GetUserRequestTypeDef) -> Answer:
    if "UserName" in request:
        raise NoSuchEntityException(f"The user with name {request['UserName']} cannot be found.")
    root = f"arn:aws:iam::{call.account}:root"
    return {
        "User": {
            "Path": "/",
            "UserName": "root",
            "UserId": call.account,
            "Arn": root,
            "CreateDate": NEVER,
        }
    }
