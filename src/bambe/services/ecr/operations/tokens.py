"""GetAuthorizationToken: a password for the registry, good for twelve hours."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.ecr.model import Password
from bambe.services.ecr.passwords import USERNAME, fresh_secret, hashed
from bambe.services.ecr.tables import PASSWORDS

LIFE = timedelta(hours=12)


async def get_authorization_token(call: Call, request: Any) -> Answer:
    secret, now = fresh_secret(), call.clock.now()
    row = Password(hashed(secret), call.account, call.region, now + LIFE)

    def write(tx: Tx) -> None:
        for old in PASSWORDS.list(tx):
            if old.expires_at <= now:
                PASSWORDS.delete(tx, old.hash)
        PASSWORDS.insert(tx, row)

    await call.store.write(write)
    token = base64.b64encode(f"{USERNAME}:{secret}".encode()).decode()
    data = {
        "authorizationToken": token,
        "expiresAt": row.expires_at,
        "proxyEndpoint": f"http://{call.site.registry}",
    }
    return {"authorizationData": [data]}
