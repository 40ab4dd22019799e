"""How CodeDeploy's resources are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _application(aws: Aws, made: Made, expected: Properties) -> Properties:
    return dict((await aws.codedeploy.get_application(applicationName=made.physical_id))["application"])


async def _config(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.codedeploy.get_deployment_config(deploymentConfigName=made.physical_id)
    return dict(answer["deploymentConfigInfo"])


async def _group(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.codedeploy.get_deployment_group(
        applicationName=expected["ApplicationName"], deploymentGroupName=made.physical_id
    )
    return dict(answer["deploymentGroupInfo"])


READS = {
    "AWS::CodeDeploy::Application": _application,
    "AWS::CodeDeploy::DeploymentConfig": _config,
    "AWS::CodeDeploy::DeploymentGroup": _group,
}
