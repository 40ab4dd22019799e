"""Where the AWS API is spoken: an account of AWS."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from bambe.cli.trouble import Trouble
from bambe.project.environments import AWS, Environment

SESSION = "bambe"


@dataclass(slots=True)
class Account:
    """The account and region of an environment. Credentials are those of the AWS CLI: variables, profiles,
    SSO, roles of containers and instances; `wish.role` is taken on with them."""

    name: str
    wish: Environment
    region: str
    _session: Any = field(default=None)

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client of `service`; Trouble without usable credentials."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "max_attempts": 8})
        try:
            return self._opened().client(service, region_name=region or self.region, config=config)
        except (BotoCoreError, ClientError) as error:
            raise self._trouble(error) from None

    def check(self) -> str:
        """The account's number; Trouble where it is not the one that the environment names."""
        try:
            number = str(self.client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise self._trouble(error) from None
        wanted = self.wish.account
        if wanted and number != wanted:
            raise Trouble(
                f"these credentials are of the account {number}, and {self.name} is {wanted}:"
                " name a `profile` (or `role`) of that account in bambe.yml, or set AWS_PROFILE."
            )
        return number

    def environment(self) -> dict[str, str]:
        """What an AWS client of this shell needs to speak to it."""
        self.check()
        frozen = self._opened().get_credentials().get_frozen_credentials()
        said = {
            "AWS_ACCESS_KEY_ID": frozen.access_key,
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
            "AWS_SESSION_TOKEN": frozen.token or "",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }
        return {key: value for key, value in said.items() if value}

    def _opened(self) -> Any:
        if self._session is None:
            import boto3

            first = boto3.Session(profile_name=self.wish.profile or None, region_name=self.region or None)
            self._session = _with_role(first, self.wish.role) if self.wish.role else first
        return self._session

    def _trouble(self, error: Exception) -> Trouble:
        profile = self.wish.profile or os.environ.get("AWS_PROFILE", "")
        option = f" --profile {profile}" if profile else ""
        if isinstance(error, ProfileNotFound):
            return Trouble(f"the AWS CLI has no profile {profile!r}: `aws configure{option}` makes one.")
        if isinstance(error, SSOError | TokenRetrievalError):
            return Trouble(f"the session of AWS's sign-in is over: `aws sso login{option}` begins one.")
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return Trouble(
                f"there are no credentials for {self.name}: `aws configure{option}` or"
                f" `aws configure sso{option}` sets them up, or name a `profile` in bambe.yml."
            )
        if isinstance(error, ClientError):
            said = error.response["Error"]
            return Trouble(f"AWS refuses these credentials: {said.get('Message') or said['Code']}")
        return Trouble(f"AWS cannot be reached: {error}")


def account(name: str, environment: Environment | None, region: str) -> Account:
    """The account of an environment of bambe.yml; `aws` needs no entry there."""
    wish = environment or Environment()
    return Account(name or AWS, wish, wish.region or region)


def of_profile(profile: str, region: str) -> Account:
    """The account that a profile of the AWS CLI leads to; Trouble where neither names a region."""
    made = Account(AWS, Environment(profile=profile), region)
    try:
        made.region = region or made._opened().region_name or ""
    except BotoCoreError as error:
        raise made._trouble(error) from None
    if not made.region:
        raise Trouble("no region is set: give --region, or set one in the profile.")
    return made


def _with_role(first: Any, role: str) -> Any:
    """A session with the credentials of a role, renewed as they end."""
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import get_session

    core = first._session
    source = first.get_credentials()
    if source is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=core.create_client,
        source_credentials=source,
        role_arn=role,
        extra_args={"RoleSessionName": SESSION},
    )
    taken: Any = get_session()
    taken.set_config_variable("region", first.region_name)
    if first.profile_name != "default":
        taken.set_config_variable("profile", first.profile_name)  # it may say where endpoints are
    taken._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=taken, region_name=first.region_name)
