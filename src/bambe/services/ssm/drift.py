"""How parameters are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _parameter(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.ssm.get_parameter(Name=made.physical_id))["Parameter"]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [made.physical_id]}]
    described = (await aws.ssm.describe_parameters(ParameterFilters=filters))["Parameters"][0]
    members = ("AllowedPattern", "DataType", "Description", "Tier")
    return {
        **{name: described.get(name, "") for name in members},
        "Name": found["Name"],
        "Type": found["Type"],
        "Value": found["Value"],
    }


READS = {"AWS::SSM::Parameter": _parameter}
