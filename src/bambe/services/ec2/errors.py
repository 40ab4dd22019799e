"""EC2's errors; its model lists none, the codes are those of EC2's API reference (Error codes)."""

from bambe.kernel.errors import AwsError


class InvalidVpcIDNotFound(AwsError):
    """The VPC does not exist."""

    code = "InvalidVpcID.NotFound"


class InvalidSubnetIDNotFound(AwsError):
    """The subnet does not exist."""

    code = "InvalidSubnetID.NotFound"


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


class CannotDelete(AwsError):
    """The default security group stays."""


class InvalidParameterValue(AwsError):
    """A value EC2 does not take."""


class InvalidID(AwsError):
    """A resource that cannot be tagged here."""


class InvalidNetworkInterfaceIDNotFound(AwsError):
    """The network interface does not exist."""

    code = "InvalidNetworkInterfaceID.NotFound"
