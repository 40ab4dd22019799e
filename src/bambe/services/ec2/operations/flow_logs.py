"""Flow logs, recorded: nothing is captured on the bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError, NotImplementedByBambe
from bambe.kernel.tags import to_list
from bambe.services.ec2.errors import (
    FlowLogAlreadyExists,
    InvalidParameter,
    InvalidParameterValue,
    MissingParameter,
)
from bambe.services.ec2.lookup import FLOW_LOGS, SUBNETS, VPCS, Kind
from bambe.services.ec2.model import FlowLog
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateFlowLogsRequestTypeDef,
        DeleteFlowLogsRequestTypeDef,
        DescribeFlowLogsRequestTypeDef,
    )

FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
    "${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)
"""What a line has where nothing else is asked for (VPC Flow Logs: default format)."""
KINDS: dict[str, Kind[Any]] = {"VPC": VPCS, "Subnet": SUBNETS}
CLOUDWATCH = "cloud-watch-logs"
FIELDS: Any = {
    "deliver-log-status": lambda _: ["SUCCESS"],
    "flow-log-id": lambda one: [one.id],
    "log-destination-type": lambda one: [one.destination_type],
    "log-group-name": lambda one: [one.group],
    "resource-id": lambda one: [one.resource],
    "traffic-type": lambda one: [one.traffic],
}


async def create_flow_logs(call: Call, request: CreateFlowLogsRequestTypeDef) -> Answer:
    _check(request)
    token, tags = request.get("ClientToken", ""), tags_of(request, FLOW_LOGS)

    def create(tx: Tx) -> tuple[list[str], list[Answer]]:
        made, failed = [], []
        for resource in request["ResourceIds"]:
            try:
                made.append(_made(tx, call, request, resource, token, tags))
            except AwsError as error:
                reason = {"Code": error.wire_code(), "Message": error.message}
                failed.append({"ResourceId": resource, "Error": reason})
        return made, failed

    made, failed = await call.store.write(create)
    return {
        "FlowLogIds": made,
        "Unsuccessful": failed,
        **({"ClientToken": token} if token else {}),
    }


async def describe_flow_logs(call: Call, request: DescribeFlowLogsRequestTypeDef) -> Answer:
    members = ("FlowLogIds", "FlowLogs")
    return await described(call, request, FLOW_LOGS, members, FIELDS, lambda _, row: _shown(row))


async def delete_flow_logs(call: Call, request: DeleteFlowLogsRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> list[Answer]:
        failed = []
        for id in request["FlowLogIds"]:
            if not FLOW_LOGS.table.delete(tx, call.account, call.region, id):
                missing = FLOW_LOGS.missing(FLOW_LOGS.words.format(id))
                reason = {"Code": missing.wire_code(), "Message": missing.message}
                failed.append({"ResourceId": id, "Error": reason})
        return failed

    return {"Unsuccessful": await call.store.write(delete)}


def _check(request: Any) -> None:
    if request["ResourceType"] not in KINDS:
        raise NotImplementedByBambe(f"Bambe has no flow logs of a {request['ResourceType']}.")
    if not request.get("TrafficType"):
        raise MissingParameter("The request must contain the parameter TrafficType")
    where = request.get("LogDestinationType", CLOUDWATCH)
    if request.get("LogGroupName") and request.get("LogDestination"):
        raise InvalidParameter("Please only provide LogGroupName or only provide LogDestination.")
    if where == CLOUDWATCH:
        if not (request.get("LogGroupName") or request.get("LogDestination")):
            raise InvalidParameter("LogDestination can't be empty if LogGroupName is not provided.")
        if not request.get("DeliverLogsPermissionArn"):
            raise InvalidParameter(
                "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
            )
    elif not request.get("LogDestination"):
        raise InvalidParameter("LogDestination can't be empty.")
    if request.get("MaxAggregationInterval", 600) not in (60, 600):
        raise InvalidParameterValue("Invalid Flow Log Max Aggregation Interval")


def _made(tx: Tx, call: Call, request: Any, resource: str, token: str, tags: dict[str, str]) -> str:
    KINDS[request["ResourceType"]].get(tx, call, resource)
    row = FlowLog(
        account=call.account,
        region=call.region,
        id=fresh_id(FLOW_LOGS),
        resource=resource,
        traffic=request["TrafficType"],
        destination_type=request.get("LogDestinationType", CLOUDWATCH),
        destination=request.get("LogDestination", ""),
        group=request.get("LogGroupName", ""),
        role=request.get("DeliverLogsPermissionArn", ""),
        format=request.get("LogFormat") or FORMAT,
        interval=request.get("MaxAggregationInterval", 600),
        created=call.clock.now(),
        token=token,
        options=dict(request.get("DestinationOptions") or {}),
        tags=tags,
    )
    for known in FLOW_LOGS.rows(tx, call):
        if token and known.token == token and known.resource == resource:
            return known.id
        if _place(known) == _place(row):
            raise FlowLogAlreadyExists(
                "Error. There is an existing Flow Log with the same configuration and log destination."
            )
    FLOW_LOGS.table.insert(tx, row)
    return row.id


def _place(row: FlowLog) -> tuple[str, ...]:
    return (row.resource, row.traffic, row.destination_type, row.destination, row.group, row.format)


def _shown(row: FlowLog) -> Answer:
    given = {
        "DeliverLogsPermissionArn": row.role,
        "LogDestination": row.destination,
        "LogGroupName": row.group,
        "DestinationOptions": row.options,
    }
    return {
        "FlowLogId": row.id,
        "FlowLogStatus": "ACTIVE",
        "DeliverLogsStatus": "SUCCESS",
        "ResourceId": row.resource,
        "TrafficType": row.traffic,
        "LogDestinationType": row.destination_type,
        "LogFormat": row.format,
        "MaxAggregationInterval": row.interval,
        "CreationTime": row.created,
        "Tags": to_list(row.tags),
        **{member: value for member, value in given.items() if value},
    }
