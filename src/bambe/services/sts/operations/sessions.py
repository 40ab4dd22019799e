"""AssumeRole and GetSessionToken: temporary credentials."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError, ValidationError
from bambe.kernel.ids import upper_id
from bambe.services.sts.errors import AccessDenied
from bambe.services.sts.model import Session
from bambe.services.sts.sessions import TEMPORARY
from bambe.services.sts.tables import SESSIONS, drop_expired

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import AssumeRoleRequestTypeDef, GetSessionTokenRequestTypeDef

HOUR = 3600
SESSION_DURATION = 12 * HOUR


async def assume_role(call: Call, request: AssumeRoleRequestTypeDef) -> Answer:
    role = _role(request["RoleArn"])
    found = await _find_role(call, role)
    name = request["RoleSessionName"]
    principal = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}"
    session = await _begin(
        call, role.account, principal, f"{found['RoleId']}:{name}", request.get("DurationSeconds", HOUR)
    )
    return {
        "Credentials": _credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": principal},
    }


async def get_session_token(call: Call, request: GetSessionTokenRequestTypeDef) -> Answer:
    seconds = request.get("DurationSeconds", SESSION_DURATION)
    caller = call.caller
    session = await _begin(call, caller.account, caller.principal, caller.account, seconds)
    return {"Credentials": _credentials(session)}


def _role(text: str) -> Arn:
    if not is_arn(text):
        raise ValidationError(f"{text} is invalid")
    role = Arn.parse(text)
    if role.service != "iam" or not role.resource.startswith("role/"):
        raise ValidationError(f"{text} is invalid")
    return role


async def _find_role(call: Call, role: Arn) -> Answer:
    try:
        answer = await call.aws.within(role.account, call.region).iam.get_role(RoleName=role.name)
    except AwsError as error:
        if error.wire_code() != "NoSuchEntity":
            raise
        raise AccessDenied(
            f"User: {call.caller.principal} is not authorized to perform: sts:AssumeRole on resource: {role}"
        ) from error
    found: Answer = answer["Role"]
    return found


async def _begin(call: Call, account: str, principal: str, user_id: str, seconds: int) -> Session:
    now = call.clock.now()
    session = Session(
        access_key=TEMPORARY + upper_id(16),
        secret_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(180),
        expiration=(now + timedelta(seconds=seconds)).replace(microsecond=0),
        account=account,
        region=call.region,
        principal=principal,
        user_id=user_id,
    )

    def begin(tx: Tx) -> None:
        drop_expired(tx, now)
        SESSIONS.insert(tx, session)

    await call.store.write(begin)
    return session


def _credentials(session: Session) -> Answer:
    return {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration,
    }
