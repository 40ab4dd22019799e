"""EC2's CloudFormation types."""

from __future__ import annotations

from bambe.services.ec2.resources.endpoints import ENDPOINTS
from bambe.services.ec2.resources.gateways import GATEWAYS
from bambe.services.ec2.resources.routing import ROUTING
from bambe.services.ec2.resources.security_groups import SECURITY_GROUPS
from bambe.services.ec2.resources.vpcs import VPCS

RESOURCES = (*VPCS, *ROUTING, *GATEWAYS, *ENDPOINTS, *SECURITY_GROUPS)
