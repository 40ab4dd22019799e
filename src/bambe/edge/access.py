"""Who is calling: from a signed request to the caller, or to the reason why not."""

from __future__ import annotations

from bambe.edge.credentials import KeyRing, Keys
from bambe.edge.errors import Denied, Reason
from bambe.edge.sigv4 import Signature, check_signature, check_time
from bambe.kernel.call import Caller
from bambe.kernel.clock import Clock
from bambe.wire import Request


class Gate:
    """Lets callers in whose signature holds."""

    def __init__(self, keyring: KeyRing, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    async def admit(self, request: Request, signature: Signature) -> Caller:
        """The caller behind `signature`, in the region it is scoped to; `Denied` when it does not hold."""
        now = self._clock.now()
        check_time(signature, now)
        access_key = signature.scope.access_key
        found = self._keyring.root(access_key) or await self._keyring.find(access_key)
        if found is None:
            raise Denied(Reason.UNKNOWN_KEY)
        if not self._keyring.any_credentials:
            if signature.token != found.session_token:
                raise Denied(Reason.UNKNOWN_KEY)
            check_signature(request, signature, found.secret_key)
        if found.expiration is not None and found.expiration <= now:
            raise Denied(Reason.EXPIRED_TOKEN)
        return self._caller(found, signature.scope.region)

    def anonymous(self) -> Caller:
        """Who calls the few operations that AWS takes unsigned."""
        return self._keyring.anonymous()

    def _caller(self, found: Keys, region: str) -> Caller:
        caller = found.caller
        if caller.region == region:
            return caller
        return Caller(caller.account, region, caller.principal, caller.access_key)
