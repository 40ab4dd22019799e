"""What is left to every client of a cluster that knows users: nothing that concerns the cluster as a whole.

Brokers run with `allow.everyone.if.no.acl.found`, as on MSK: a client may do everything with what has no ACL.
So a user could give another one a password, or take the ACLs away. A resource that has any ACL at all is
closed to everybody whom none allows in: these are the few things that stay open of the resource `Cluster`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confluent_kafka.admin import AclBinding, AclBindingFilter

CLUSTER = "kafka-cluster"
"""The name of the one resource of its kind."""


def left_to_all() -> list[AclBinding]:
    """To look around, and (before Kafka 2.8) to write each record exactly once."""
    from confluent_kafka.admin import (
        AclBinding,
        AclOperation,
        AclPermissionType,
        ResourcePatternType,
        ResourceType,
    )

    operations = (AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.IDEMPOTENT_WRITE)
    everybody = (ResourceType.BROKER, CLUSTER, ResourcePatternType.LITERAL, "User:*", "*")
    return [AclBinding(*everybody, one, AclPermissionType.ALLOW) for one in operations]


def as_filter(one: AclBinding) -> AclBindingFilter:
    """What finds exactly this one."""
    from confluent_kafka.admin import AclBindingFilter

    place = (one.restype, one.name, one.resource_pattern_type)
    return AclBindingFilter(*place, one.principal, one.host, one.operation, one.permission_type)
