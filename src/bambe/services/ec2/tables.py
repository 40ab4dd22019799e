"""The table of security groups."""

from __future__ import annotations

from bambe.services.ec2.model import SecurityGroup
from bambe.store import Migration, Table

GROUPS = Table("ec2_security_groups", SecurityGroup, ("account", "region", "id"))

MIGRATIONS = (Migration("ec2/0001_tables", GROUPS.create),)
