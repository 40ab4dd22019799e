"""Finding roles and policies, with AWS's words when they are missing."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.iam.errors import NoSuchEntityException
from bambe.services.iam.model import Policy, Role
from bambe.services.iam.tables import POLICIES, ROLES


def get_role(tx: Tx, account: str, name: str) -> Role:
    """The role, or NoSuchEntity."""
    role = ROLES.find(tx, account, name)
    if role is None:
        raise NoSuchEntityException(f"The role with name {name} cannot be found.")
    return role


def get_policy(tx: Tx, account: str, arn: str) -> Policy:
    """The account's own managed policy of this ARN, or NoSuchEntity."""
    policy = POLICIES.find(tx, account, arn.rsplit("/", 1)[-1])
    if policy is None or policy.arn != arn:
        raise NoSuchEntityException(f"Policy {arn} does not exist or is not attachable.")
    return policy


def is_aws_managed(arn: str) -> bool:
    """Whether AWS owns the policy; those are taken as they are named."""
    return arn.startswith("arn:aws:iam::aws:policy/")
