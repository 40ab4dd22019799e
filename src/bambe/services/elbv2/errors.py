"""The errors ELBv2 raises, by AWS's own shape names; codes are without `Exception`, as AWS has them."""

from bambe.kernel.errors import AwsError, CommonError


class CertificateNotFoundException(AwsError):
    """The certificate does not exist."""

    code = "CertificateNotFound"


class DuplicateListenerException(AwsError):
    """The port has a listener."""

    code = "DuplicateListener"


class DuplicateLoadBalancerNameException(AwsError):
    """The name is taken by another load balancer."""

    code = "DuplicateLoadBalancerName"


class DuplicateTargetGroupNameException(AwsError):
    """The name is taken by another target group."""

    code = "DuplicateTargetGroupName"


class IncompatibleProtocolsException(AwsError):
    """Listener and target group do not go together."""

    code = "IncompatibleProtocols"


class InvalidConfigurationRequestException(AwsError):
    """The configuration is not valid."""

    code = "InvalidConfigurationRequest"


class InvalidLoadBalancerActionException(AwsError):
    """The action is not valid."""

    code = "InvalidLoadBalancerAction"


class InvalidSchemeException(AwsError):
    """The scheme is not valid."""

    code = "InvalidScheme"


class InvalidSecurityGroupException(AwsError):
    """A security group is not there, or of another VPC."""

    code = "InvalidSecurityGroup"


class InvalidSubnetException(AwsError):
    """The subnet cannot be used so."""

    code = "InvalidSubnet"


class InvalidTargetException(AwsError):
    """The target does not exist or is of another kind."""

    code = "InvalidTarget"


class ListenerNotFoundException(AwsError):
    """The listener does not exist."""

    code = "ListenerNotFound"


class LoadBalancerNotFoundException(AwsError):
    """The load balancer does not exist."""

    code = "LoadBalancerNotFound"


class OperationNotPermittedException(AwsError):
    """The default rule stays; a protected load balancer too."""

    code = "OperationNotPermitted"


class PriorityInUseException(AwsError):
    """The priority is taken."""

    code = "PriorityInUse"


class ResourceInUseException(AwsError):
    """A rule still forwards to the target group."""

    code = "ResourceInUse"


class RuleNotFoundException(AwsError):
    """The rule does not exist."""

    code = "RuleNotFound"


class SubnetNotFoundException(AwsError):
    """The subnet does not exist."""

    code = "SubnetNotFound"


class TargetGroupAssociationLimitException(AwsError):
    """The target group belongs to another load balancer."""

    code = "TargetGroupAssociationLimit"


class TargetGroupNotFoundException(AwsError):
    """The target group does not exist."""

    code = "TargetGroupNotFound"


class TooManyLoadBalancersException(AwsError):
    """The region has as many load balancers as it may."""

    code = "TooManyLoadBalancers"


class TooManyActionsException(AwsError):
    """More actions than a rule takes."""

    code = "TooManyActions"


class UnsupportedCertificate(CommonError):
    """The certificate is not issued yet (in no model; seen in hashicorp/terraform-provider-aws#41789)."""


class UnsupportedProtocolException(AwsError):
    """The protocol is not supported."""

    code = "UnsupportedProtocol"
