"""EC2's errors; its model lists none, the codes are those of EC2's API reference (Error codes)."""

from bambe.kernel.errors import AwsError


class InvalidVpcIDNotFound(AwsError):
    """The VPC does not exist."""

    code = "InvalidVpcID.NotFound"


class InvalidVpcRange(AwsError):
    """A VPC has between 16 and 65,536 addresses."""

    code = "InvalidVpc.Range"


class InvalidSubnetIDNotFound(AwsError):
    """The subnet does not exist."""

    code = "InvalidSubnetID.NotFound"


class InvalidSubnetRange(AwsError):
    """The subnet's block is not one of its VPC's, or has not between 16 and 65,536 addresses."""

    code = "InvalidSubnet.Range"


class InvalidSubnetConflict(AwsError):
    """The subnet's block overlaps another's."""

    code = "InvalidSubnet.Conflict"


class InvalidInternetGatewayIDNotFound(AwsError):
    """The internet gateway does not exist."""

    code = "InvalidInternetGatewayID.NotFound"


class GatewayNotAttached(AwsError):
    """The gateway is not attached to that VPC."""

    code = "Gateway.NotAttached"


class ResourceAlreadyAssociated(AwsError):
    """It is attached or associated already."""

    code = "Resource.AlreadyAssociated"


class InvalidRouteTableIDNotFound(AwsError):
    """The route table does not exist."""

    code = "InvalidRouteTableID.NotFound"


class InvalidAssociationIDNotFound(AwsError):
    """The association does not exist."""

    code = "InvalidAssociationID.NotFound"


class InvalidRouteNotFound(AwsError):
    """The route does not exist."""

    code = "InvalidRoute.NotFound"


class RouteAlreadyExists(AwsError):
    """The table has a route to that destination."""


class InvalidAllocationIDNotFound(AwsError):
    """The Elastic IP address does not exist."""

    code = "InvalidAllocationID.NotFound"


class InvalidAddressNotFound(AwsError):
    """There is no such address."""

    code = "InvalidAddress.NotFound"


class InvalidIPAddressInUse(AwsError):
    """The address is in use."""

    code = "InvalidIPAddress.InUse"


class AddressLimitExceeded(AwsError):
    """There are no more addresses."""


class NatGatewayNotFound(AwsError):
    """The NAT gateway does not exist."""


class InvalidNatGatewayIDNotFound(AwsError):
    """The NAT gateway that a route names does not exist."""

    code = "InvalidNatGatewayID.NotFound"


class InvalidVpcEndpointIdNotFound(AwsError):
    """The VPC endpoint does not exist."""

    code = "InvalidVpcEndpointId.NotFound"


class InvalidServiceName(AwsError):
    """There is no endpoint service of that name."""


class InvalidParameter(AwsError):
    """What was asked for cannot be as things are."""


class DuplicateSubnetsInSameZone(AwsError):
    """An endpoint has one subnet in each zone."""


class InvalidFlowLogIdNotFound(AwsError):
    """The flow log does not exist."""

    code = "InvalidFlowLogId.NotFound"


class FlowLogAlreadyExists(AwsError):
    """There is such a flow log of that resource."""


class InvalidGroupNotFound(AwsError):
    """The security group does not exist."""

    code = "InvalidGroup.NotFound"


class InvalidGroupDuplicate(AwsError):
    """The VPC has a security group of that name."""

    code = "InvalidGroup.Duplicate"


class InvalidPermissionDuplicate(AwsError):
    """The rule exists already."""

    code = "InvalidPermission.Duplicate"


class InvalidPermissionNotFound(AwsError):
    """There is no such rule."""

    code = "InvalidPermission.NotFound"


class InvalidSecurityGroupRuleIdNotFound(AwsError):
    """There is no rule of that id."""

    code = "InvalidSecurityGroupRuleId.NotFound"


class RulesPerSecurityGroupLimitExceeded(AwsError):
    """A security group has no more rules than that."""


class CannotDelete(AwsError):
    """The default security group stays."""


class DependencyViolation(AwsError):
    """Something else needs it."""


class InvalidParameterValue(AwsError):
    """A value EC2 does not take."""


class InvalidParameterCombination(AwsError):
    """Values that do not go together."""


class MissingParameter(AwsError):
    """A parameter is needed that was not given."""


class InvalidID(AwsError):
    """A resource that cannot be tagged here."""


class InvalidPaginationToken(AwsError):
    """The token is none of ours."""


class InvalidNetworkInterfaceIDNotFound(AwsError):
    """The network interface does not exist."""

    code = "InvalidNetworkInterfaceID.NotFound"
