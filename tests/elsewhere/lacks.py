"""What each judge lacks of the types in Bambe's templates, found by asking, with what it answers.

The answers are asserted: a type that a judge has learned, or refuses otherwise, fails the test, so that this
list says what is true of the versions that benchmarks/servers.py names.
"""

from __future__ import annotations

UNKNOWN = "Template format error: Unrecognized resource types: [{type}]"
LEFT_OUT = "CREATE_COMPLETE without it"
"""moto says of a type that it does not know only that the stack was made."""

LACKS: dict[str, dict[str, str]] = {
    "moto": {
        "AWS::ApplicationAutoScaling::ScalableTarget": LEFT_OUT,
        "AWS::ApplicationAutoScaling::ScalingPolicy": LEFT_OUT,
        "AWS::CertificateManager::Certificate": LEFT_OUT,
        "AWS::CloudWatch::Alarm": LEFT_OUT,
        "AWS::CodeBuild::Project": LEFT_OUT,
        "AWS::CodeDeploy::Application": LEFT_OUT,
        "AWS::CodeDeploy::DeploymentConfig": LEFT_OUT,
        "AWS::CodeDeploy::DeploymentGroup": LEFT_OUT,
        "AWS::MSK::BatchScramSecret": LEFT_OUT,
        "AWS::MSK::Cluster": LEFT_OUT,
        "AWS::MSK::Configuration": LEFT_OUT,
        "AWS::MSK::Topic": LEFT_OUT,
        "AWS::SNS::TopicPolicy": LEFT_OUT,
        "AWS::SecretsManager::Secret": LEFT_OUT,
        "AWS::ServiceDiscovery::PrivateDnsNamespace": LEFT_OUT,
        "AWS::ServiceDiscovery::Service": LEFT_OUT,
    },
    "MiniStack": {
        "AWS::ApplicationAutoScaling::ScalableTarget": UNKNOWN,
        "AWS::ApplicationAutoScaling::ScalingPolicy": UNKNOWN,
        "AWS::CodeDeploy::Application": UNKNOWN,
        "AWS::CodeDeploy::DeploymentConfig": UNKNOWN,
        "AWS::CodeDeploy::DeploymentGroup": UNKNOWN,
        "AWS::EC2::EIP": UNKNOWN,
        "AWS::EC2::NatGateway": UNKNOWN,
        "AWS::EC2::SecurityGroupIngress": UNKNOWN,
        "AWS::MSK::BatchScramSecret": UNKNOWN,
        "AWS::MSK::Cluster": UNKNOWN,
        "AWS::MSK::Configuration": UNKNOWN,
        "AWS::MSK::Topic": UNKNOWN,
    },
}
STUCK = {"moto": {"AWS::EC2::NatGateway": "DependencyViolation"}}
"""Types whose resources a judge makes and never deletes, with what it answers to the stack's deletion."""

WITHOUT_IMPORTS = ("moto",)
"""Judges that cannot say who imports what (ListImports), which `bambe down` asks to delete in order."""

KEEPS_OUTPUTS = ("moto",)
"""Judges whose stacks put out for ever what they put out first: a template is not known by its mark there."""

PAGE = (
    "  ? what drifted is not known: Unable to parse response (syntax error: line 1, column 0), invalid XML"
    " received. Further retries may succeed:"
)
DRIFT = {
    "moto": ["asked: 1 not known", PAGE, "nobody: 1 not known", PAGE],
    "MiniStack": [
        "asked: 1 changed, 1 deleted",
        "  - More (AWS::Logs::LogGroup) is gone",
        "  ~ Added (AWS::Logs::LogGroup): RetentionInDays is 30, the template says 7",
    ],
}
"""What is told of a stack with a resource that was changed and one that was deleted."""
WITHOUT_DRIFT = ("moto",)
"""Judges that answer a page which is no answer."""

SERVICE_CHANGES = {"moto": "change", "MiniStack": "perhaps replace"}
"""What a change set foresees of a service that gets another controller and a pair of target groups. AWS has
these among what is changed in place (its schema of the type); MiniStack does not know of each property."""

WITHOUT_PAIRS = ("moto",)
"""Judges whose stacks make services without their load balancers."""

WITHOUT_WEIGHTS = ("MiniStack",)
"""Judges whose rules forget the weights of target groups."""
