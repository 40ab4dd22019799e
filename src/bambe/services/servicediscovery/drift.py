"""How Cloud Map's resources are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _namespace(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.servicediscovery.get_namespace(Id=made.physical_id))["Namespace"]
    return {"Name": found["Name"], "Description": found.get("Description", "")}


async def _service(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.servicediscovery.get_service(Id=made.physical_id))["Service"]
    config = found.get("DnsConfig", {})
    return {**found, **({"DnsConfig": {**config, "NamespaceId": found["NamespaceId"]}} if config else {})}


READS = {
    "AWS::ServiceDiscovery::HttpNamespace": _namespace,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _namespace,
    "AWS::ServiceDiscovery::PublicDnsNamespace": _namespace,
    "AWS::ServiceDiscovery::Service": _service,
}
