"""Finding the rows a request names, or the AWS error that says they are not there."""

from __future__ import annotations

from datetime import datetime, timedelta

from bambe.kernel.call import Call, Tx
from bambe.kernel.ids import upper_id, uuid_id
from bambe.services.kafka import properties
from bambe.services.kafka.errors import BadRequestException, NotFoundException
from bambe.services.kafka.model import Cluster, Configuration, Operation, Revision, Shape, State
from bambe.services.kafka.tables import (
    CLUSTERS,
    CONFIGURATIONS,
    OPERATIONS,
    OPERATIONS_KEPT,
    operations_of,
)

CHANGEABLE = ("spec", "version", "apache", "brokers", "configuration", "revision", "reboots")
"""What operations change of a cluster."""
COMES_UP = timedelta(minutes=10)
"""What a broker that is begun anew has until it is in the cluster; one of this machine needs seconds."""


def new_version() -> str:
    """A fresh CurrentVersion of a cluster, as AWS spells them: K and letters."""
    return f"K{upper_id(13)}"


def new_id() -> str:
    """The end of a cluster's or a configuration's ARN."""
    return f"{uuid_id()}-2"


def cluster(tx: Tx, call: Call, arn: str) -> Cluster:
    """The cluster of this ARN."""
    row = CLUSTERS.find(tx, call.account, call.region, arn.rsplit("/", 1)[-1])
    if row is None or row.arn != arn:
        raise NotFoundException("The requested cluster doesn't exist.")
    return row


def configuration(tx: Tx, call: Call, arn: str) -> Configuration:
    """The configuration of this ARN."""
    row = CONFIGURATIONS.find(tx, call.account, call.region, arn.rsplit("/", 1)[-1])
    if row is None or row.arn != arn:
        raise NotFoundException("The configuration ARN does not exist.")
    return row


def settings(tx: Tx, row: Cluster) -> dict[str, str]:
    """What the cluster's configuration, in its revision, says of brokers."""
    if not row.configuration:
        return {}
    configured = CONFIGURATIONS.find(tx, row.account, row.region, row.configuration.rsplit("/", 1)[-1])
    revisions = configured.revisions if configured else []
    return properties.parse(next((one.properties for one in revisions if one.number == row.revision), ""))


def check_acls(tx: Tx, row: Cluster) -> None:
    """On MSK users set ACLs first; here they cannot (the guard of the engine) and would be shut out."""
    if row.access.scram and not properties.let_everyone(settings(tx, row)):
        raise BadRequestException(
            f"With {properties.ACLS_ALONE}=false no SASL/SCRAM user could do anything, since the users of"
            " Bambe's clusters cannot set ACLs: take another revision of the configuration.",
            "configurationInfo",
        )


def ready(row: Cluster, version: str | None) -> Cluster:
    """A cluster that can be changed now; `version`: the CurrentVersion the caller knows, None for any."""
    if row.state is not State.ACTIVE:
        raise BadRequestException(
            f"You can't update your cluster because its state is {row.state}. Wait until it is ACTIVE."
        )
    if version is not None and version != row.current_version:
        raise BadRequestException(
            "This operation cannot be performed because the version of the cluster is not the current one.",
            "currentVersion",
        )
    return row


def begin(
    tx: Tx, row: Cluster, changed: Cluster, kind: str, source: Shape, target: Shape, now: datetime
) -> Answer:
    """Write down that the cluster is to become `changed`; the answer of every operation that changes one."""
    made = Operation(
        account=row.account,
        region=row.region,
        cluster=row.id,
        id=uuid_id(),
        cluster_arn=row.arn,
        type=kind,
        created=now,
        source=source,
        target=target,
        former={
            name: getattr(row, name) for name in CHANGEABLE if getattr(row, name) != getattr(changed, name)
        },
    )
    check_acls(tx, changed)
    OPERATIONS.insert(tx, made)
    for old in operations_of(tx, row)[OPERATIONS_KEPT:]:
        OPERATIONS.delete(tx, *OPERATIONS.key_of(old))
    state = State.REBOOTING_BROKER if kind == "REBOOT_NODE" else State.UPDATING
    again = {"crashes": 0, "retry_at": None, "fail_after": now + COMES_UP}
    CLUSTERS.update(tx, changed.moved(state, operation=made.id, **again))
    return {"ClusterArn": row.arn, "ClusterOperationArn": made.arn}


Answer = dict[str, str]


def revision(tx: Tx, call: Call, arn: str, number: int) -> Revision:
    """That revision of a configuration."""
    row = configuration(tx, call, arn)
    found = next((one for one in row.revisions if one.number == number), None)
    if found is None:
        raise NotFoundException("The configuration revision does not exist.")
    return found


def wanted(tx: Tx, account: str, region: str, id: str) -> tuple[Cluster | None, dict[str, str]]:
    """A cluster and the settings of its configuration's revision."""
    row = CLUSTERS.find(tx, account, region, id)
    return row, settings(tx, row) if row is not None else {}
