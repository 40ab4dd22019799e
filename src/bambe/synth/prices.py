"""What AWS asks for what stands still: list prices, in USD; pure.

Prices of us-east-1, on demand, without free tiers and discounts. What is priced by use is named, not counted.
"""

from __future__ import annotations

from datetime import date

PRICES_AS_OF = date(2026, 6, 1)
REGION = "us-east-1"
HOURS = 730
"""Of a month, as AWS's own calculator counts them."""

VCPU_HOUR, GB_HOUR = 0.04048, 0.004445
"""A task on Fargate, Linux on x86; its first 20 GB of disk cost nothing."""
ADDRESS_HOUR = 0.005
"""A public IPv4 address, whoever holds it: a task, a NAT gateway, a load balancer in one zone."""
BALANCER_HOUR = 0.0225
NAT_HOUR = 0.045
ENDPOINT_HOUR = 0.01
"""An interface endpoint in one zone; gateway endpoints cost nothing."""
ZONE_MONTH = 0.50
"""A private hosted zone of Route 53."""
ALARM_MONTH = 0.10
"""Each metric of an alarm: one of metric math has several."""
TRACKED = 2
"""Alarms that Application Auto Scaling makes of a target: one for more tasks, one for fewer."""
KEY_MONTH = 1.00
"""A key of KMS; each of its first two yearly rotations adds as much."""
SECRET_MONTH = 0.40
STORAGE_MONTH = 0.10
"""A GB of a broker of MSK."""

LARGE = {"kafka.m5": 0.21, "kafka.m7g": 0.204}
"""A broker of the size `large`, an hour, by family."""
SIZES = {"large": 1, "xlarge": 2} | {f"{many}xlarge": 2 * many for many in (2, 4, 8, 12, 16, 24)}
"""How many times the price of `large`."""
LARGEST = {"kafka.m5": 24, "kafka.m7g": 16}
BROKERS = {"kafka.t3.small": 0.0456} | {
    f"{family}.{size}": large * times
    for family, large in LARGE.items()
    for size, times in SIZES.items()
    if times <= 2 * LARGEST[family]
}
"""A broker of MSK, an hour, by instance."""

FREE = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::CertificateManager::Certificate",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentConfig",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::MSK::BatchScramSecret",
        "AWS::MSK::Configuration",
        "AWS::MSK::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::ServiceDiscovery::HttpNamespace",
        "AWS::ServiceDiscovery::Service",
    }
)
"""Types without a price: Cloud Map asks none for what ECS registers (ECS guide: service discovery)."""

ONLY_BY_USE = frozenset(
    {
        "AWS::CodeBuild::Project",
        "AWS::EC2::FlowLog",
        "AWS::ECR::Repository",
        "AWS::ECS::Cluster",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
    }
)
"""Types that cost nothing while nobody uses them; a cluster's Container Insights count its tasks."""

BY_USE = (
    "the load balancer's capacity units",
    "data transfer (by NAT gateways and endpoints too)",
    "logs",
    "Container Insights",
    "builds",
    "stored images",
    "requests to AWS's services",
)
"""What an estimate leaves out, in words for people."""
