"""Rows as Cloud Map's API shows them."""

from __future__ import annotations

from bambe.kernel.call import Answer
from bambe.services.servicediscovery.model import Instance, Namespace, Operation, Service


def namespace_summary(row: Namespace) -> Answer:
    """`NamespaceSummary`."""
    properties: Answer = {"HttpProperties": {"HttpName": row.name}}
    if row.has_dns:
        properties["DnsProperties"] = {"HostedZoneId": row.hosted_zone, "SOA": {"TTL": row.soa_ttl}}
    return _said(
        {
            "Id": row.id,
            "Arn": row.arn,
            "ResourceOwner": row.account,
            "Name": row.name,
            "Type": row.type.value,
            "Description": row.description,
            "Properties": properties,
            "CreateDate": row.created_at,
        }
    )


def namespace_shape(row: Namespace, services: int) -> Answer:
    """`Namespace`."""
    more = {"ServiceCount": services, "CreatorRequestId": row.creator_request_id}
    return namespace_summary(row) | _said(more)


def service_summary(row: Service, instances: int) -> Answer:
    """`ServiceSummary`."""
    shown: Answer = {
        "Id": row.id,
        "Arn": row.arn,
        "ResourceOwner": row.account,
        "Name": row.name,
        "Type": row.type,
        "Description": row.description,
        "InstanceCount": instances,
        "CreateDate": row.created_at,
        "CreatedByAccount": row.account,
    }
    if row.records:
        records = [{"Type": kind, "TTL": ttl} for kind, ttl in row.records.items()]
        shown["DnsConfig"] = {
            "NamespaceId": row.namespace,
            "RoutingPolicy": row.routing,
            "DnsRecords": records,
        }
    if row.custom_health:
        shown["HealthCheckCustomConfig"] = {"FailureThreshold": 1}
    return _said(shown)


def service_shape(row: Service, instances: int) -> Answer:
    """`Service`."""
    more = {"NamespaceId": row.namespace, "CreatorRequestId": row.creator_request_id}
    return service_summary(row, instances) | _said(more)


def instance_shape(row: Instance) -> Answer:
    """`Instance`."""
    shown = {
        "Id": row.id,
        "CreatorRequestId": row.creator_request_id,
        "Attributes": row.attributes,
        "CreatedByAccount": row.account,
    }
    return _said(shown)


def discovered_shape(namespace: Namespace, service: Service, row: Instance) -> Answer:
    """`HttpInstanceSummary`."""
    return {
        "InstanceId": row.id,
        "NamespaceName": namespace.name,
        "ServiceName": service.name,
        "HealthStatus": health(service, row),
        "Attributes": row.attributes,
    }


def health(service: Service, row: Instance) -> str:
    """HEALTHY or UNHEALTHY; UNKNOWN where the service has no health check."""
    if not service.custom_health:
        return "UNKNOWN"
    return "HEALTHY" if row.healthy else "UNHEALTHY"


def operation_shape(row: Operation) -> Answer:
    """`Operation`."""
    return {
        "Id": row.id,
        "OwnerAccount": row.account,
        "Type": row.type.value,
        "Status": row.status.value,
        "CreateDate": row.created_at,
        "UpdateDate": row.updated_at,
        "Targets": row.targets,
    }


def _said(shown: Answer) -> Answer:
    return {key: value for key, value in shown.items() if value not in (None, "")}
