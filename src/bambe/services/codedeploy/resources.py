"""CodeDeploy's CloudFormation types: Application, DeploymentConfig, DeploymentGroup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.evidence.wishes import BY_PEOPLE
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish

TOKEN_TAG = "bambe:creation"
GONE = (
    "ApplicationDoesNotExistException",
    "DeploymentGroupDoesNotExistException",
    "DeploymentConfigDoesNotExistException",
)


async def _create_application(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("ApplicationName") or wish.name
    tags = _tags(wish)
    try:
        await aws.codedeploy.create_application(
            applicationName=name, computePlatform=wish.properties.get("ComputePlatform", "Server"), tags=tags
        )
    except AwsError as error:
        await _same_creation(aws, error, "ApplicationAlreadyExistsException", f"application:{name}", wish)
    return Made(name)


async def _update_application(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _retag(aws, f"application:{made.physical_id}", wish)
    return made


async def _delete_application(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.codedeploy.delete_application(applicationName=made.physical_id)


async def _create_config(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("DeploymentConfigName") or wish.name
    routing = _camel(wish.properties.get("TrafficRoutingConfig"))
    request: dict[str, Any] = {
        "deploymentConfigName": name,
        "computePlatform": wish.properties.get("ComputePlatform", "Server"),
    }
    if routing:
        request["trafficRoutingConfig"] = routing
    try:
        await aws.codedeploy.create_deployment_config(**request)
    except AwsError as error:
        if error.wire_code() != "DeploymentConfigAlreadyExistsException":
            raise
        found = await aws.codedeploy.get_deployment_config(deploymentConfigName=name)
        if found["deploymentConfigInfo"]["trafficRoutingConfig"] != routing:
            raise
    return Made(name)


async def _delete_config(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.codedeploy.delete_deployment_config(deploymentConfigName=made.physical_id)


async def _create_group(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("DeploymentGroupName") or wish.name
    application = wish.properties["ApplicationName"]
    try:
        await aws.codedeploy.create_deployment_group(
            deploymentGroupName=name, tags=_tags(wish), **_group(wish.properties)
        )
    except AwsError as error:
        code = "DeploymentGroupAlreadyExistsException"
        await _same_creation(aws, error, code, f"deploymentgroup:{application}/{name}", wish)
    return Made(name, {"Id": await _group_id(aws, application, name)})


async def _update_group(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    application = wish.properties["ApplicationName"]
    request = _group(wish.properties)
    request.setdefault("autoRollbackConfiguration", {"enabled": False})
    request.setdefault("alarmConfiguration", {"enabled": False})
    request.setdefault("triggerConfigurations", [])
    await aws.codedeploy.update_deployment_group(currentDeploymentGroupName=made.physical_id, **request)
    await _retag(aws, f"deploymentgroup:{application}/{made.physical_id}", wish)
    return made


async def _delete_group(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.codedeploy.delete_deployment_group(
        applicationName=properties["ApplicationName"], deploymentGroupName=made.physical_id
    )


async def _group_id(aws: Aws, application: str, name: str) -> str:
    found = await aws.codedeploy.get_deployment_group(applicationName=application, deploymentGroupName=name)
    return str(found["deploymentGroupInfo"]["deploymentGroupId"])


def _group(properties: Properties) -> dict[str, Any]:
    """The members of Create- and UpdateDeploymentGroup; CloudFormation spells them with capitals."""
    renamed = {"ECSServices": "ecsServices", "LoadBalancerInfo": "loadBalancerInfo"}
    found: dict[str, Any] = {}
    for name in _GROUP_MEMBERS:
        if name not in properties:
            continue
        value = properties[name]
        found[renamed.get(name, name[0].lower() + name[1:])] = value if name in _PLAIN else _camel(value)
    return found


def _camel(value: Any) -> Any:
    """CloudFormation's PascalCase as the API's camelCase."""
    if isinstance(value, Mapping):
        return {key[0].lower() + key[1:]: _camel(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(item) for item in value]
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _tags(wish: Wish) -> list[dict[str, str]]:
    own = {tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags", [])}
    every = {**wish.tags, **own, TOKEN_TAG: wish.token}
    return [{"Key": key, "Value": value} for key, value in sorted(every.items())]


async def _same_creation(aws: Aws, error: AwsError, code: str, resource: str, wish: Wish) -> None:
    """What exists already is ours if it carries this creation's token; else the error stands."""
    if error.wire_code() != code or _token(await _tagged(aws, resource, wish)) != wish.token:
        raise error


async def _retag(aws: Aws, resource: str, wish: Wish) -> None:
    """Make the tags those of the wish; what people ask by tags of their own stays."""
    arn = _arn(resource, wish)
    old = await _tagged(aws, resource, wish)
    new = {tag["Key"]: tag["Value"] for tag in _tags(wish)} | {TOKEN_TAG: _token(old)}
    gone = [key for key in old if key not in new and key not in BY_PEOPLE]
    if gone:
        await aws.codedeploy.untag_resource(ResourceArn=arn, TagKeys=gone)
    if new != old:
        tags = [{"Key": key, "Value": value} for key, value in sorted(new.items())]
        await aws.codedeploy.tag_resource(ResourceArn=arn, Tags=tags)


async def _tagged(aws: Aws, resource: str, wish: Wish) -> dict[str, str]:
    answer = await aws.codedeploy.list_tags_for_resource(ResourceArn=_arn(resource, wish))
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def _token(tags: Mapping[str, str]) -> str:
    return tags.get(TOKEN_TAG, "")


def _arn(resource: str, wish: Wish) -> str:
    """In the stack's own account and region."""
    _, _, _, region, account, *_ = wish.stack_id.split(":")
    return f"arn:aws:codedeploy:{region}:{account}:{resource}"


_PLAIN = frozenset({"ApplicationName", "DeploymentConfigName", "ServiceRoleArn", "OutdatedInstancesStrategy"})
_GROUP_MEMBERS = (
    "ApplicationName",
    "DeploymentConfigName",
    "ServiceRoleArn",
    "ECSServices",
    "LoadBalancerInfo",
    "BlueGreenDeploymentConfiguration",
    "DeploymentStyle",
    "AutoRollbackConfiguration",
    "AlarmConfiguration",
    "TriggerConfigurations",
    "OutdatedInstancesStrategy",
)

RESOURCES = (
    ResourceType(
        name="AWS::CodeDeploy::Application",
        properties=frozenset({"ApplicationName", "ComputePlatform", "Tags"}),
        create=_create_application,
        update=_update_application,
        delete=_delete_application,
        replaces=frozenset({"ApplicationName", "ComputePlatform"}),
    ),
    ResourceType(
        name="AWS::CodeDeploy::DeploymentConfig",
        properties=frozenset({"DeploymentConfigName", "ComputePlatform", "TrafficRoutingConfig"}),
        create=_create_config,
        delete=_delete_config,
    ),
    ResourceType(
        name="AWS::CodeDeploy::DeploymentGroup",
        properties=frozenset({*_GROUP_MEMBERS, "DeploymentGroupName", "Tags"}),
        required=frozenset({"ApplicationName", "ServiceRoleArn"}),
        create=_create_group,
        update=_update_group,
        delete=_delete_group,
        within=frozenset({"ApplicationName"}),
        replaces=frozenset({"ApplicationName", "DeploymentGroupName"}),
    ),
)
