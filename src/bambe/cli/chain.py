"""AWS, spoken to with the credentials that the AWS CLI would use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bambe.cli.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Chain:
    """Clients by the usual chain: the environment, a profile, SSO, a role of this machine."""

    profile: str = ""
    asked_region: str = ""

    def _session(self) -> Any:
        import boto3
        from botocore.exceptions import ProfileNotFound

        try:
            return boto3.session.Session(
                profile_name=self.profile or None, region_name=self.asked_region or None
            )
        except ProfileNotFound:
            raise Trouble(f"the AWS CLI has no profile {self.profile!r}.") from None

    @property
    def region(self) -> str:
        """The region asked for, or the profile's; Trouble without one."""
        found = self._session().region_name
        if not found:
            raise Trouble("no region is set: give --region, or set one in the profile.")
        return str(found)

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client of `service`."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "max_attempts": 5})
        return self._session().client(service, region_name=region or self.region, config=config)
