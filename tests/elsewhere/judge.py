"""Other implementations of CloudFormation as judges of templates: started beside, asked through `Stacks`."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from bambe.cli.stacks import Stacks

REGION = "eu-central-1"


@dataclass
class Judge:
    """One implementation at its endpoint."""

    name: str
    port: int
    reset_path: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, service: str) -> Any:
        """A stock client, made once."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=f"http://127.0.0.1:{self.port}",
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"max_attempts": 0}),
            )
        return self._clients[service]

    @property
    def stacks(self) -> Stacks:
        return Stacks(self.cloudformation)

    def reset(self) -> None:
        """Forget everything."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.reset_path}", method="POST")
        urllib.request.urlopen(request, timeout=60).read()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def network(self) -> dict[str, str]:
        """The default VPC and its subnets, as the parameters of templates."""
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        found = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        return {"VpcId": vpc, "SubnetIds": ",".join(one["SubnetId"] for one in found)}

    def stand_in(self, kind: str, attribute: str) -> str:
        """What a template may say instead of a reference to a resource of a type that is lacking."""
        if kind == "AWS::CertificateManager::Certificate":
            return str(self.acm.request_certificate(DomainName="stand.in")["CertificateArn"])
        return f"stand-in-{kind.rsplit('::', 1)[-1].lower()}{f'-{attribute.lower()}' if attribute else ''}"

    def made(self, stack: str) -> dict[str, str]:
        """Logical ids of the resources that a stack has, with their status."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        rows = [one for page in pages for one in page["StackResourceSummaries"]]
        # moto lists a type that it does not know without a name.
        return {one["LogicalResourceId"]: one["ResourceStatus"] for one in rows if one["LogicalResourceId"]}
