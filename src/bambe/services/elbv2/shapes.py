"""Rows as ELBv2's API shows them."""

from __future__ import annotations

from bambe.kernel.call import Answer
from bambe.services.elbv2.model import Listener, LoadBalancer, Rule, Target, TargetGroup, TargetState

DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.ResponseCodeMismatch": "Health checks failed with an unexpected status code",
    "Target.Timeout": "Request timed out",
    "Target.HealthCheckDisabled": "Health checks are disabled for this target group",
}


def balancer_shape(row: LoadBalancer) -> Answer:
    """`LoadBalancer`. Its addresses stand at its first zone: for this machine, and for containers."""
    zones: list[Answer] = [
        {"ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": []}
        for subnet, zone in row.subnets.items()
    ]
    if zones and row.loopback:
        zones[0]["LoadBalancerAddresses"] = [{"IpAddress": row.loopback, "PrivateIPv4Address": row.inner}]
    return {
        "LoadBalancerArn": row.arn,
        "DNSName": row.dns_name,
        "CanonicalHostedZoneId": "Z0BAMBE",
        "CreatedTime": row.created_at,
        "LoadBalancerName": row.name,
        "Scheme": row.scheme,
        "VpcId": row.vpc,
        "State": {"Code": row.state.value},
        "Type": "application",
        "AvailabilityZones": zones,
        "SecurityGroups": row.security_groups,
        "IpAddressType": "ipv4",
    }


def listener_shape(row: Listener, default: Rule, balancer_arn: str) -> Answer:
    """`Listener`."""
    shown: Answer = {
        "ListenerArn": row.arn,
        "LoadBalancerArn": balancer_arn,
        "Port": row.port,
        "Protocol": row.protocol,
        "DefaultActions": default.actions,
    }
    if row.protocol == "HTTPS":
        shown["SslPolicy"] = row.ssl_policy
        shown["Certificates"] = [{"CertificateArn": arn} for arn in row.certificates[:1]]
    return shown


def rule_shape(row: Rule) -> Answer:
    """`Rule`."""
    return {
        "RuleArn": row.arn,
        "Priority": "default" if row.priority is None else str(row.priority),
        "Conditions": row.conditions,
        "Actions": row.actions,
        "IsDefault": row.priority is None,
    }


def group_shape(row: TargetGroup, balancers: list[str]) -> Answer:
    """`TargetGroup`."""
    return {
        "TargetGroupArn": row.arn,
        "TargetGroupName": row.name,
        "Protocol": row.protocol,
        "Port": row.port,
        "VpcId": row.vpc,
        "HealthCheckProtocol": row.check_protocol,
        "HealthCheckPort": row.check_port,
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": row.check_interval,
        "HealthCheckTimeoutSeconds": row.check_timeout,
        "HealthyThresholdCount": row.healthy,
        "UnhealthyThresholdCount": row.unhealthy,
        "HealthCheckPath": row.check_path,
        "Matcher": {"HttpCode": row.matcher},
        "LoadBalancerArns": balancers,
        "TargetType": "ip",
        "ProtocolVersion": row.protocol_version,
        "IpAddressType": "ipv4",
    }


def health_shape(group: TargetGroup, row: Target, in_use: bool) -> Answer:
    """`TargetHealthDescription`; a group in no rule has unused targets."""
    state, reason = row.state, row.reason
    if not in_use and state != TargetState.DRAINING:
        state, reason = TargetState.UNUSED, "Target.NotInUse"
    return _health(group, row.address, row.port, state, reason)


def not_registered(group: TargetGroup, address: str, port: int) -> Answer:
    """What DescribeTargetHealth says of a target nobody registered."""
    return _health(group, address, port, TargetState.UNUSED, "Target.NotRegistered")


def _health(group: TargetGroup, address: str, port: int, state: TargetState, reason: str) -> Answer:
    health: Answer = {"State": state.value}
    if reason:
        health |= {"Reason": reason, "Description": DESCRIPTIONS.get(reason, reason)}
    return {
        "Target": {"Id": address, "Port": port, "AvailabilityZone": "all"},
        "HealthCheckPort": str(port) if group.check_port == "traffic-port" else group.check_port,
        "TargetHealth": health,
    }
