"""What the operations check and answer, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.unit.services.ecs.conftest import NETWORK, Town, task_id
from tests.unit.services.ecs.neighbours import group_arn


async def refused(call: Any) -> tuple[str, str]:
    """Code and message of the error a call ends with."""
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message


async def test_clusters(town: Town) -> None:
    again = (await town.aws.ecs.create_cluster(clusterName="shop"))["cluster"]
    assert again["clusterArn"] == "arn:aws:ecs:eu-central-1:000000000000:cluster/shop"
    assert (await town.aws.ecs.list_clusters())["clusterArns"] == [again["clusterArn"]]
    answer = await town.aws.ecs.describe_clusters(clusters=["shop", "nowhere"])
    assert [c["status"] for c in answer["clusters"]] == ["ACTIVE"]
    assert answer["failures"][0]["reason"] == "MISSING"
    await town.serve()
    await town.settle()
    assert (await refused(town.aws.ecs.delete_cluster(cluster="shop")))[
        0
    ] == "ClusterContainsServicesException"
    await town.aws.ecs.delete_service(cluster="shop", service="web", force=True)
    await town.advance(2)
    assert (await town.aws.ecs.delete_cluster(cluster="shop"))["cluster"]["status"] == "INACTIVE"
    code, words = await refused(town.aws.ecs.list_services(cluster="shop"))
    assert (code, words) == ("ClusterNotFoundException", "Cluster not found.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists for given values."),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        ({"networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),
        ({"containerDefinitions": []}, "Container list cannot be empty."),
        ({"containerDefinitions": [{"name": "a b", "image": "x"}]}, "Container.name contains invalid"),
        ({"containerDefinitions": [{"name": "a"}]}, "Container.image should not be null or empty."),
        (
            {
                "containerDefinitions": [
                    {"name": "a", "image": "x", "portMappings": [{"containerPort": 80, "hostPort": 81}]}
                ]
            },
            "the host ports and container ports in port mappings must match",
        ),
        (
            {"containerDefinitions": [{"name": "a", "image": "1.dkr/x", "essential": False}]},
            "at least one container must be essential",
        ),
    ],
)
async def test_what_fargate_refuses(town: Town, changes: dict[str, Any], words: str) -> None:
    wanted = {
        "family": "bad",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "a", "image": "x"}],
        **changes,
    }
    said = {name: value for name, value in wanted.items() if value is not None}
    code, message = await refused(town.aws.ecs.register_task_definition(**said))
    assert code == "ClientException"
    assert words in message
    assert (await town.aws.ecs.list_task_definition_families())["families"] == ["web"]


async def test_awslogs_needs_an_execution_role(town: Town) -> None:
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-stream-prefix": "p"}}
    code, message = await refused(
        town.aws.ecs.register_task_definition(
            family="logs",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu=".25 vCPU",
            memory="0.5 GB",
            containerDefinitions=[{"name": "a", "image": "x", "logConfiguration": log}],
        )
    )
    assert (
        message
        == "Fargate requires task definition to have execution role ARN to support log driver awslogs."
    )
    assert code == "ClientException"


async def test_revisions(town: Town) -> None:
    second = await town.define()
    assert second.endswith(":task-definition/web:2")
    shown = (await town.aws.ecs.describe_task_definition(taskDefinition="web"))["taskDefinition"]
    assert (shown["revision"], shown["status"]) == (2, "ACTIVE")
    assert shown["compatibilities"] == ["EC2", "FARGATE"]
    await town.aws.ecs.deregister_task_definition(taskDefinition="web:2")
    assert (await refused(town.serve(taskDefinition="web:2")))[1] == "TaskDefinition is inactive"
    listed = await town.aws.ecs.list_task_definitions(familyPrefix="web")
    assert [arn.rsplit("/")[-1] for arn in listed["taskDefinitionArns"]] == ["web:1"]
    answer = await town.aws.ecs.delete_task_definitions(taskDefinitions=["web:1", "web:2", "web:9"])
    assert [d["revision"] for d in answer["taskDefinitions"]] == [2]
    assert len(answer["failures"]) == 2
    unknown = await refused(town.aws.ecs.describe_task_definition(taskDefinition="nothing"))
    assert unknown == ("ClientException", "Unable to describe task definition.")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"cluster": "nowhere"}, "ClusterNotFoundException", "Cluster not found."),
        ({"taskDefinition": "nothing"}, "ClientException", "TaskDefinition not found."),
        (
            {"networkConfiguration": None},
            "InvalidParameterException",
            "Network Configuration must be provided",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-x"]}}},
            "InvalidParameterException",
            "Error retrieving subnet information for [subnet-x]: The subnet ID 'subnet-x' does not exist"
            " (ErrorCode: InvalidSubnetID.NotFound)",
        ),
        ({"desiredCount": None}, "InvalidParameterException", "Desired count"),
        ({"serviceName": "a b"}, "InvalidParameterException", "Invalid service name"),
        ({"launchType": "EC2"}, "NotImplemented", "FARGATE"),
        ({"platformVersion": "9.9.9"}, "PlatformUnknownException", "platform version"),
        (
            {"deploymentConfiguration": {"strategy": "CANARY", "bakeTimeInMinutes": 1441}},
            "InvalidParameterException",
            "bakeTimeInMinutes must be between 0 and 1440",
        ),
        (
            {"healthCheckGracePeriodSeconds": 5},
            "InvalidParameterException",
            "Health check grace period is only valid",
        ),
    ],
)
async def test_what_create_service_refuses(
    town: Town, changes: dict[str, Any], code: str, words: str
) -> None:
    found = await refused(town.serve(**changes))
    assert found[0] == code
    assert words in found[1]
    assert (await town.aws.ecs.list_services(cluster="shop"))["serviceArns"] == []


async def test_a_grace_period_comes_and_goes_with_the_load_balancer(town: Town) -> None:
    update = town.aws.ecs.update_service
    await town.serve(loadBalancers=[town.balancer()])
    asked = {"cluster": "shop", "service": "web"}
    shown = (await update(**asked, healthCheckGracePeriodSeconds=30))["service"]
    assert shown["healthCheckGracePeriodSeconds"] == 30
    shown = (await update(**asked, loadBalancers=[]))["service"]
    assert "healthCheckGracePeriodSeconds" not in shown
    assert await refused(update(**asked, healthCheckGracePeriodSeconds=10)) == (
        "InvalidParameterException",
        "Health check grace period is only valid for services configured to use load balancers",
    )


async def test_subnets_have_to_be_there(town: Town) -> None:
    await town.serve()
    strange = {"awsvpcConfiguration": {"subnets": ["subnet-x"]}}
    run = town.aws.ecs.run_task(cluster="shop", taskDefinition="web", networkConfiguration=strange)
    update = town.aws.ecs.update_service(cluster="shop", service="web", networkConfiguration=strange)
    for call in (run, update):
        code, words = await refused(call)
        assert code == "InvalidParameterException"
        assert words.startswith("Error retrieving subnet information for [subnet-x]")
    assert len((await town.aws.ecs.list_tasks(cluster="shop"))["taskArns"]) == 0


async def test_what_it_refuses_of_load_balancers_and_registries(town: Town) -> None:
    async def words(**changes: Any) -> str:
        return (await refused(town.serve(**changes)))[1]

    stranger = {**town.balancer(), "containerName": "web2"}
    assert "The container web2 does not exist in the task definition." in await words(
        loadBalancers=[stranger]
    )
    closed = {**town.balancer(), "containerPort": 81}
    assert (
        await words(loadBalancers=[closed]) == "The container web did not have a container port 81 defined."
    )
    town.balancers.target_type = "instance"
    assert "is incompatible with the awsvpc network mode" in await words(loadBalancers=[town.balancer()])
    town.balancers.target_type = "ip"
    town.balancers.behind = False
    arn = town.balancer()["targetGroupArn"]
    assert await words(loadBalancers=[town.balancer()]) == (
        f"The target group with targetGroupArn {arn} does not have an associated load balancer."
    )
    missing = town.map.arn.replace("srv-1", "srv-2")
    assert "does not exist" in await words(serviceRegistries=[{"registryArn": missing}])


async def test_a_repeated_creation(town: Town) -> None:
    first = await town.serve()
    await town.advance(2)
    assert (await town.serve())["serviceArn"] == first["serviceArn"]
    assert (await refused(town.serve(desiredCount=3)))[1] == "Creation of service was not idempotent."
    code, words = await refused(town.aws.ecs.delete_service(cluster="shop", service="web"))
    assert words == "The service cannot be stopped while it is scaled above 0."
    await town.aws.ecs.delete_service(cluster="shop", service="web", force=True)
    assert (await refused(town.serve()))[1] == "Unable to Start a service that is still Draining."
    code, _ = await refused(town.aws.ecs.update_service(cluster="shop", service="web", desiredCount=1))
    assert code == "ServiceNotActiveException"
    await town.advance(2)
    await town.serve()
    await town.advance(2)
    assert (await town.shown())["runningCount"] == 2


async def test_services_are_listed_in_pages_and_described_ten_at_a_time(town: Town) -> None:
    for number in range(12):
        await town.serve(serviceName=f"s{number:02}", desiredCount=0)
    first = await town.aws.ecs.list_services(cluster="shop")
    assert len(first["serviceArns"]) == 10
    second = await town.aws.ecs.list_services(cluster="shop", nextToken=first["nextToken"])
    assert len(second["serviceArns"]) == 2
    assert "nextToken" not in second
    every = first["serviceArns"] + second["serviceArns"]
    code, _ = await refused(town.aws.ecs.describe_services(cluster="shop", services=every[:11]))
    assert code == "InvalidParameterException"
    answer = await town.aws.ecs.describe_services(cluster="shop", services=[every[0], "nothing"])
    assert answer["services"][0]["serviceArn"] == every[0]
    assert answer["failures"] == [
        {"arn": "arn:aws:ecs:eu-central-1:000000000000:service/shop/nothing", "reason": "MISSING"}
    ]
    code, _ = await refused(town.aws.ecs.list_services(cluster="shop", nextToken="nonsense"))
    assert code == "InvalidParameterException"


async def test_a_task_of_its_own(town: Town) -> None:
    override = {"name": "web", "command": ["true"], "environment": [{"name": "A", "value": "2"}]}
    await town.define(container={"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]})
    answer = await town.aws.ecs.run_task(
        cluster="shop",
        taskDefinition="web",
        networkConfiguration=NETWORK,
        overrides={"containerOverrides": [override]},
        startedBy="me",
    )
    (task,) = answer["tasks"]
    assert (task["lastStatus"], task["group"]) == ("PROVISIONING", "family:web")
    await town.advance(2)
    (spec,) = town.containers.specs.values()
    container = spec.containers[0]
    assert container.command == ("true",)
    assert (container.environment["A"], container.environment["B"]) == ("2", "1")
    assert spec.labels["bambe.task"] == task["taskArn"]
    (shown,) = await town.tasks()
    interface = shown["containers"][0]["networkInterfaces"][0]
    assert interface["privateIpv4Address"] == town.containers.task(spec.id).address
    assert {"name": "privateIPv4Address", "value": interface["privateIpv4Address"]} in shown["attachments"][
        0
    ]["details"]
    town.containers.exit(spec.id, code=0)
    await town.advance(1)
    (over,) = await town.tasks("STOPPED")
    assert over["containers"][0]["exitCode"] == 0
    assert over["stopCode"] == "EssentialContainerExited"


async def test_a_stopped_task(town: Town) -> None:
    await town.serve(desiredCount=1)
    await town.advance(2)
    (task,) = await town.tasks()
    answer = await town.aws.ecs.stop_task(cluster="shop", task=task["taskArn"], reason="enough")
    assert answer["task"]["desiredStatus"] == "STOPPED"
    await town.advance(2)
    (over,) = await town.tasks("STOPPED")
    assert (over["stopCode"], over["stoppedReason"]) == ("UserInitiated", "enough")
    (other,) = await town.tasks()
    assert task_id(other) != task_id(task)
    assert (await refused(town.aws.ecs.stop_task(cluster="shop", task="0" * 32)))[1] == (
        "The referenced task was not found."
    )


async def test_the_log_stream_is_prefix_container_task(town: Town) -> None:
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/shop", "awslogs-stream-prefix": "ecs"}}
    await town.define(container={"logConfiguration": log})
    await town.serve(desiredCount=1)
    await town.advance(1)
    (spec,) = town.containers.specs.values()
    assert spec.containers[0].log_group == "/shop"
    assert spec.containers[0].log_stream == f"ecs/web/{spec.id}"


async def test_tags(town: Town) -> None:
    arn = (await town.serve(tags=[{"key": "team", "value": "a"}]))["serviceArn"]
    await town.aws.ecs.tag_resource(resourceArn=arn, tags=[{"key": "x", "value": "1"}])
    await town.aws.ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert (await town.aws.ecs.list_tags_for_resource(resourceArn=arn))["tags"] == [
        {"key": "x", "value": "1"}
    ]
    assert "tags" not in await town.shown()
    code, _ = await refused(town.aws.ecs.list_tags_for_resource(resourceArn=f"{arn}x"))
    assert code == "InvalidParameterException"
    task_definition = await town.define()
    assert (await town.aws.ecs.list_tags_for_resource(resourceArn=task_definition))["tags"] == []


async def test_a_token_stands_for_one_request(town: Town) -> None:
    asked = {"cluster": "shop", "taskDefinition": "web", "networkConfiguration": NETWORK, "clientToken": "t"}
    first = await town.aws.ecs.run_task(**asked, count=2)
    arns = [task["taskArn"] for task in first["tasks"]]
    again = await town.aws.ecs.run_task(**asked, count=2)
    assert {task["taskArn"] for task in again["tasks"]} == set(arns)
    for other in ({"count": 3}, {"count": 2, "startedBy": "me"}):
        with pytest.raises(AwsError) as caught:
            await town.aws.ecs.run_task(**{**asked, **other})
        assert caught.value.wire_code() == "ConflictException"
        assert set(caught.value.fields["resourceIds"]) == set(arns)


async def test_the_size_of_a_task_of_its_own(town: Town) -> None:
    asked = {"cluster": "shop", "taskDefinition": "web", "networkConfiguration": NETWORK}
    size = {"cpu": ".5 vCPU", "memory": "1 GB"}
    (task,) = (await town.aws.ecs.run_task(**asked, overrides=size))["tasks"]
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    call = town.aws.ecs.run_task(**asked, overrides={"cpu": "300"})
    assert await refused(call) == ("ClientException", "No Fargate configuration exists for given values.")
    call = town.aws.ecs.run_task(**asked, propagateTags="SERVICE")
    assert (await refused(call))[0] == "InvalidParameterException"


async def test_labels_and_an_init_process(town: Town) -> None:
    parameters = {"linuxParameters": {"initProcessEnabled": True}, "dockerLabels": {"team": "a"}}
    await town.define(container=parameters)
    await town.aws.ecs.run_task(cluster="shop", taskDefinition="web", networkConfiguration=NETWORK)
    await town.advance(1)
    (spec,) = town.containers.specs.values()
    assert (dict(spec.containers[0].labels), spec.containers[0].init) == ({"team": "a"}, True)


OF = "arn:aws:ecs:eu-central-1:000000000000"


@pytest.mark.parametrize("arn", [f"{OF}:service/web", f"{OF}:task-set/shop", f"{OF}:task"])
async def test_arns_that_leave_parts_out_get_an_error_of_aws(town: Town, arn: str) -> None:
    await town.serve()
    with pytest.raises(AwsError) as caught:
        await town.aws.ecs.list_tags_for_resource(resourceArn=arn)
    assert caught.value.wire_code() == "InvalidParameterException"


async def test_an_update_of_one_part_has_to_fit_the_others(town: Town) -> None:
    await town.serve()
    wrong: dict[str, Any] = {
        "targetGroupArn": group_arn("blue"),
        "containerName": "nobody",
        "containerPort": 1,
    }
    with pytest.raises(AwsError, match="nobody"):
        await town.aws.ecs.update_service(cluster="shop", service="web", loadBalancers=[wrong])
    nowhere: dict[str, Any] = {"awsvpcConfiguration": {"subnets": []}}
    with pytest.raises(AwsError, match="Network Configuration must be provided"):
        await town.aws.ecs.update_service(cluster="shop", service="web", networkConfiguration=nowhere)
