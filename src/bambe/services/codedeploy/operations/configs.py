"""Deployment configurations: how traffic is shifted, by AWS's five or your own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.ids import uuid_id
from bambe.services.codedeploy import configs, lookups, shapes, tables
from bambe.services.codedeploy.errors import (
    DeploymentConfigAlreadyExistsException,
    DeploymentConfigInUseException,
    InvalidDeploymentConfigNameException,
    InvalidOperationException,
    InvalidTrafficRoutingConfigurationException,
)
from bambe.services.codedeploy.model import Config

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        CreateDeploymentConfigInputTypeDef,
        DeleteDeploymentConfigInputTypeDef,
        GetDeploymentConfigInputTypeDef,
        ListDeploymentConfigsInputTypeDef,
    )


async def create_deployment_config(call: Call, request: CreateDeploymentConfigInputTypeDef) -> Answer:
    name = request["deploymentConfigName"]
    if name.startswith(configs.PREFIX):
        raise InvalidDeploymentConfigNameException(
            f"Deployment configuration names that begin with {configs.PREFIX} are reserved"
        )
    platform = request.get("computePlatform", "Server")
    if platform != "ECS":
        raise NotImplementedByBambe(
            f"Bambe deploys on the compute platform ECS, not {platform}: give computePlatform=ECS"
        )
    routing = request.get("trafficRoutingConfig")
    if not routing:
        raise InvalidTrafficRoutingConfigurationException("Traffic routing configuration is required for ECS")
    configs.check(routing)
    row = Config(call.account, call.region, name, uuid_id(), dict(routing), call.clock.now())

    def write(tx: Tx) -> None:
        if tables.configs.find(tx, call.account, call.region, name):
            raise DeploymentConfigAlreadyExistsException(name)
        tables.configs.insert(tx, row)

    await call.store.write(write)
    return {"deploymentConfigId": row.id}


async def get_deployment_config(call: Call, request: GetDeploymentConfigInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookups.config(tx, call, request["deploymentConfigName"]))
    return {"deploymentConfigInfo": shapes.config(row)}


async def list_deployment_configs(call: Call, request: ListDeploymentConfigsInputTypeDef) -> Answer:
    rows = await call.store.read(lambda tx: tables.configs.list(tx, account=call.account, region=call.region))
    names = [*configs.PREDEFINED, *(row.name for row in rows)]
    found, more = lookups.page(names, request.get("nextToken"))
    return {"deploymentConfigsList": found, **more}


async def delete_deployment_config(call: Call, request: DeleteDeploymentConfigInputTypeDef) -> Answer:
    name = request["deploymentConfigName"]
    if name in configs.PREDEFINED:
        raise InvalidOperationException(f"{name} is a predefined configuration and cannot be deleted")

    def write(tx: Tx) -> None:
        for group in tables.deployment_groups.list(tx, account=call.account, region=call.region):
            if group.config == name:
                raise DeploymentConfigInUseException(name, group.name)
        tables.configs.delete(tx, call.account, call.region, name)

    await call.store.write(write)
    return {}
