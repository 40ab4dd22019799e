"""ResumeSession, as the Session Manager plugin asks it when a connection is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call
from bambe.services.ssm.errors import DoesNotExistException

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import ResumeSessionRequestTypeDef

OF_ECS = "ecs-execute-command-"


async def resume_session(call: Call, request: ResumeSessionRequestTypeDef) -> Answer:
    """A session of ECS Exec ends with its connection, so there is never a token to come back with: by
    that the plugin knows that it is over, and ends (src/sessionmanagerplugin/session/sessionhandler.go)."""
    if not request["SessionId"].startswith(OF_ECS):
        raise DoesNotExistException(f"Session {request['SessionId']} does not exist.")
    return {"SessionId": request["SessionId"]}
