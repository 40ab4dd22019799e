"""A build from the queue to its end, on containers in memory."""

from __future__ import annotations

from typing import Any

from tests.unit.services.codebuild.conftest import MAIN, Workshop


def phases(info: Any) -> dict[str, str]:
    return {phase["phaseType"]: str(phase.get("phaseStatus", "")) for phase in info["phases"]}


def context(info: Any, phase: str) -> Any:
    (found,) = [item for item in info["phases"] if item["phaseType"] == phase]
    return found["contexts"][0]


async def test_a_build_that_succeeds(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    id = await workshop.build()
    await workshop.advance(0)
    spec = workshop.containers.specs[workshop.task(id)]
    (container,) = spec.containers
    assert container.image == "bambe/build:1"
    assert container.log_group == "/aws/codebuild/orders"
    assert container.log_stream == id.split(":")[1]
    assert {mount.target for mount in container.mounts} == {"/codebuild/output", "/var/run/docker.sock"}
    seen = container.environment
    assert seen["CODEBUILD_RESOLVED_SOURCE_VERSION"] == "abc"
    assert seen["AWS_ENDPOINT_URL"] == "http://bambe.internal:4566"
    assert seen["AWS_SESSION_TOKEN"] == "token"
    assert seen["WHO"] == "project"
    assert spec.labels["bambe.kind"] == "build"
    workshop.report(id, {"phase": "INSTALL", "event": "start"})
    await workshop.advance(0.5)
    assert (await workshop.info(id))["currentPhase"] == "INSTALL"
    workshop.succeed(id)
    (workshop.directory(id) / "run" / "exported").write_bytes(b"TAG\0abc\0")
    await workshop.advance(0.5)
    info = await workshop.info(id)
    assert info["buildStatus"] == "SUCCEEDED"
    assert info["buildComplete"] is True
    assert list(phases(info)) == [
        "SUBMITTED",
        "QUEUED",
        "PROVISIONING",
        "DOWNLOAD_SOURCE",
        "INSTALL",
        "PRE_BUILD",
        "BUILD",
        "POST_BUILD",
        "UPLOAD_ARTIFACTS",
        "FINALIZING",
        "COMPLETED",
    ]
    assert info["exportedEnvironmentVariables"] == [{"name": "TAG", "value": "abc"}]
    assert workshop.containers.specs, "its last lines may still be on their way to the logs"
    await workshop.advance(6)
    assert not workshop.containers.specs
    assert not workshop.directory(id).exists()


async def test_a_failed_command_is_told(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    id = await workshop.build()
    await workshop.advance(0)
    workshop.succeed(id, "FAILED")
    await workshop.advance(1)
    info = await workshop.info(id)
    assert info["buildStatus"] == "FAILED"
    assert context(info, "BUILD") == {
        "statusCode": "COMMAND_EXECUTION_ERROR",
        "message": "Error while executing command: make. Reason: exit status 2",
    }
    assert phases(info)["POST_BUILD"] == "SUCCEEDED"


async def test_overrides_win(workshop: Workshop) -> None:
    await workshop.project(source={"type": "NO_SOURCE", "buildspec": "x.yml"})
    inline = "version: 0.2\nenv: {variables: {WHO: spec, A: spec}}\nphases: {build: {commands: [make]}}"
    id = await workshop.build(
        buildspecOverride=inline,
        environmentVariablesOverride=[
            {"name": "WHO", "value": "call"},
            {"name": "CODEBUILD_X", "value": "y"},
        ],
    )
    await workshop.advance(0)
    seen = workshop.containers.specs[workshop.task(id)].containers[0].environment
    assert (seen["WHO"], seen["A"]) == ("call", "spec")
    assert "CODEBUILD_X" not in seen


async def failed(workshop: Workshop, id: str, phase: str) -> Any:
    await workshop.advance(1)
    info = await workshop.info(id)
    assert info["buildStatus"] == "FAILED"
    assert phases(info)[phase] == "FAILED"
    await workshop.advance(6)
    assert not workshop.directory(id).exists()
    return context(info, phase)


async def test_what_keeps_a_build_from_starting(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    workshop.git.files = {}
    said = await failed(workshop, await workshop.build(), "DOWNLOAD_SOURCE")
    assert said["statusCode"] == "YAML_FILE_ERROR"
    assert "stat /codebuild/output/src/buildspec.yml: no such file or directory" in said["message"]
    workshop.git.files = {"buildspec.yml": "version: 0.2\nphases:\n  biuld: {}\n"}
    said = await failed(workshop, await workshop.build(), "DOWNLOAD_SOURCE")
    assert "unknown phase biuld at line 3" in said["message"]
    said = await failed(workshop, await workshop.build(sourceVersion="missing"), "DOWNLOAD_SOURCE")
    assert said["statusCode"] == "GIT_CLONE_FAILED"
    elsewhere = await workshop.build(sourceLocationOverride="https://github.com/a/b.git")
    assert "not on this installation" in (await failed(workshop, elsewhere, "DOWNLOAD_SOURCE"))["message"]
    workshop.denied = True
    said = await failed(workshop, await workshop.build(), "PROVISIONING")
    assert "not authorized to perform: sts:AssumeRole" in said["message"]
    workshop.denied = False
    workshop.git.files = {"buildspec.yml": "version: 0.2\nphases: {build: {commands: [make]}}"}
    workshop.containers.images = set()
    said = await failed(workshop, await workshop.build(), "DOWNLOAD_SOURCE")
    assert said["statusCode"] == "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"


async def test_stop(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    id = await workshop.build()
    await workshop.advance(0)
    workshop.report(id, {"phase": "INSTALL", "event": "start"})
    await workshop.advance(1)
    await workshop.aws.codebuild.stop_build(id=id)
    await workshop.advance(0)
    info = await workshop.info(id)
    assert info["buildStatus"] == "STOPPED"
    assert phases(info)["INSTALL"] == "STOPPED"
    assert workshop.containers.stopped == [workshop.task(id)]


async def test_timeout(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project(timeoutInMinutes=5)
    id = await workshop.build()
    await workshop.advance(290, 10)
    assert (await workshop.info(id))["buildStatus"] == "IN_PROGRESS"
    await workshop.advance(20, 5)
    info = await workshop.info(id)
    assert info["buildStatus"] == "TIMED_OUT"
    assert workshop.containers.stopped


async def test_a_container_that_dies_is_a_fault(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    id = await workshop.build()
    await workshop.advance(0)
    workshop.containers.exit(workshop.task(id), code=137, reason="OOMKilled")
    await workshop.advance(3)
    info = await workshop.info(id)
    assert info["buildStatus"] == "FAULT"
    assert "OOMKilled" in context(info, "DOWNLOAD_SOURCE")["message"]


async def test_goes_on_after_kill_9(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    id = await workshop.build()
    await workshop.advance(0)
    workshop.restart()
    await workshop.advance(1)
    assert workshop.containers.started == [workshop.task(id)]
    workshop.succeed(id)
    workshop.restart()
    await workshop.advance(0)
    assert (await workshop.info(id))["buildStatus"] == "SUCCEEDED"
    assert workshop.containers.specs
    await workshop.advance(6)
    assert not workshop.containers.specs


async def test_killed_before_the_container_was_started(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    workshop.containers.down = True
    id = await workshop.build()
    await workshop.advance(1)
    assert (await workshop.info(id))["currentPhase"] == "DOWNLOAD_SOURCE"
    workshop.restart()
    workshop.containers.down = False
    await workshop.advance(1)
    assert workshop.containers.started == [workshop.task(id)]


async def test_the_queue(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project("one", concurrentBuildLimit=1)
    await workshop.project("many")
    built = []
    for name in ["one"] * 2 + ["many"] * 9:
        built.append(await workshop.build(name))
        await workshop.clock.advance(0.001)
    ones, many = built[:2], built[2:]
    await workshop.advance(0)
    assert set(workshop.containers.started) == {workshop.task(id) for id in [ones[0], *many[:7]]}
    workshop.succeed(many[0])
    await workshop.advance(0.5)
    assert workshop.task(many[7]) in workshop.containers.started
    workshop.succeed(ones[0])
    await workshop.advance(0.5)
    assert workshop.containers.started[-1] == workshop.task(ones[1])


async def test_pushes_build_what_they_touch_exactly_once(workshop: Workshop) -> None:
    git = workshop.git
    git.push("one", "README.md")
    assert await workshop.pushes.pushed("shop") == []
    await workshop.project("orders", "services/orders")
    await workshop.project("inventory", "services/inventory")
    git.push("two", "services/orders/app.py")
    assert await workshop.pushes.pushed("shop") == [
        "inventory: no build, none of 1 changed file matches ^services/inventory/",
        "orders: builds, services/orders/app.py matches ^services/orders/",
    ]
    assert await workshop.pushes.pushed("shop") == []
    (id,) = (await workshop.aws.codebuild.list_builds())["ids"]
    await workshop.advance(0)
    seen = workshop.containers.specs[workshop.task(id)].containers[0].environment
    assert seen["CODEBUILD_WEBHOOK_EVENT"] == "PUSH"
    assert seen["CODEBUILD_WEBHOOK_PREV_COMMIT"] == "one"
    assert seen["CODEBUILD_WEBHOOK_HEAD_REF"] == MAIN
    assert seen["CODEBUILD_WEBHOOK_TRIGGER"] == "branch/main"
    assert seen["CODEBUILD_SOURCE_VERSION"] == "two"


async def test_a_push_nobody_heard_of_still_builds(workshop: Workshop) -> None:
    workshop.git.push("one", "README.md")
    await workshop.pushes.pushed("shop")
    await workshop.project("orders", "services/orders")
    workshop.git.push("two", "services/orders/app.py")
    workshop.restart()
    await workshop.advance(0)
    workshop.restart()
    await workshop.advance(0)
    assert len((await workshop.aws.codebuild.list_builds())["ids"]) == 1


async def test_lost_history_counts_as_everything(workshop: Workshop) -> None:
    await workshop.project("orders", "everything")
    workshop.git.push("one", "x")
    assert "no build" in (await workshop.pushes.pushed("shop"))[0]
    workshop.git.changes["two"] = ["everything/x"]
    workshop.git.push("two", "everything/x")
    workshop.git.lost.add("one")
    assert "builds" in (await workshop.pushes.pushed("shop"))[0]
    del workshop.git.heads[MAIN]
    assert await workshop.pushes.pushed("shop") == []
