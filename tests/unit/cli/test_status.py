"""What `bambe status` and `bambe watch` say of releases: under way, waiting, stuck, ended badly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bambe.cli.by_codedeploy import ByCodeDeploy
from bambe.cli.commands.status import lines
from bambe.cli.commands.watch import Watch, _lines, sentence
from bambe.cli.look import Look, Looker
from bambe.cli.place import Local
from bambe.cli.recent import Recent, how_it_ended
from bambe.cli.stages import how_native_ended
from bambe.cli.terminal import console
from bambe.cli.trouble import Trouble
from bambe.cli.watching import Scene, Side, waits
from bambe.synth import Names
from tests.unit.cli.stage import shop

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
OF = "arn:aws:ecs:eu-central-1:000000000000"
WORSE = "the new version fails more often: 33 % of 9 requests against 0 % of the old one's"
ALARMS = "One or more alarms have been activated ... Alarms: <errors>"


def deployment(id: str, status: str, minute: float = 0, **more: Any) -> dict[str, Any]:
    properties = {"TaskDefinition": f"shop-orders:{more.pop('revision', 2)}"}
    text = json.dumps({"Resources": [{"TargetService": {"Properties": properties}}]})
    return {
        "deploymentId": id,
        "status": status,
        "createTime": NOW + timedelta(minutes=minute),
        "creator": "user",
        "revision": {"string": {"content": text}},
        "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"waitTimeInMinutes": 60}},
        **more,
    }


def ended(status: str, code: str, message: str, back: str = "", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"errorInformation": {"code": code, "message": message}, **more}
    if back:
        said["rollbackInfo"] = {"rollbackDeploymentId": back}
    return deployment("d-1", status, **said)


ROLLED_BACK = ended("Failed", "HEALTH_CONSTRAINTS", WORSE, "d-2")
BACK = deployment("d-2", "Succeeded", 2, creator="codeDeployRollback")


@pytest.mark.parametrize(
    ("info", "says"),
    [
        (ROLLED_BACK, f"d-1 was rolled back: {WORSE}."),
        (ended("Stopped", "ALARM_ACTIVE", ALARMS, "d-2"), "d-1 was rolled back: the alarm errors rang."),
        (
            ended("Stopped", "MANUAL_STOP", "asked", "d-2"),
            "d-1 was rolled back: somebody asked for it.",
        ),
        (ended("Stopped", "MANUAL_STOP", "on request."), "d-1 was stopped: somebody asked for it."),
        (ended("Failed", "TIMEOUT", "It took too long."), "d-1 failed: It took too long."),
        (
            ended("Failed", "ECS_UPDATE_ERROR", "gone", creator="codeDeployRollback"),
            "the rollback d-1 failed: gone.",
        ),
        (deployment("d-1", "Succeeded"), ""),
        (deployment("d-1", "InProgress"), ""),
    ],
)
def test_how_a_release_ended(info: dict[str, Any], says: str) -> None:
    assert how_it_ended(info) == says


def test_the_last_release_is_the_one_that_is_told_of() -> None:
    assert "was rolled back" in Recent((BACK, ROLLED_BACK)).ended_badly
    assert Recent((deployment("d-3", "Succeeded", 5), BACK, ROLLED_BACK)).ended_badly == ""
    assert Recent((deployment("d-3", "InProgress", 5), BACK, ROLLED_BACK)).ended_badly == ""
    overtaken = ended("Stopped", "MANUAL_STOP", "Superseded by the deployment d-9, which is newer")
    assert Recent((overtaken, deployment("d-0", "Succeeded"))).ended_badly == ""


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("ROLLBACK_SUCCESSFUL", "X1 was rolled back: it fails more often."),
        ("STOPPED", "X1 was stopped: it fails more often."),
        ("SUCCESSFUL", ""),
        ("IN_PROGRESS", ""),
    ],
)
def test_how_a_release_by_ecs_ended(status: str, says: str) -> None:
    shown = {"serviceDeploymentArn": f"{OF}:service-deployment/shop/orders/X1", "status": status}
    assert how_native_ended({**shown, "statusReason": "it fails more often."}) == says


def task_set(id: str, status: str, group: str, running: int = 2) -> dict[str, Any]:
    return {
        "id": f"ecs-svc/{id}",
        "status": status,
        "taskDefinition": f"{OF}:task-definition/shop-orders:{id}",
        "computedDesiredCount": 0 if status == "DRAINING" else 2,
        "runningCount": running,
        "loadBalancers": [{"targetGroupArn": group}],
    }


class Platform:
    """ECS, ELB, CodeDeploy and CodeBuild of two services: one answers as it is set, of the other one the
    deployment group is `gone`."""

    def __init__(self) -> None:
        self.sets = [task_set("1", "PRIMARY", "blue")]
        self.weights = {"blue": 100, "green": 0}
        self.infos: list[dict[str, Any]] = []
        self.old: dict[str, datetime] = {}
        self.events: dict[str, str] = {}
        self.tags: list[dict[str, str]] = []
        self.build: dict[str, Any] = {}
        self.tasks: dict[str, list[dict[str, Any]]] = {"RUNNING": [], "STOPPED": []}
        self.told: list[str] = []
        self.gone = False

    @property
    def look(self) -> Look:
        return self.looks["orders"]

    @property
    def looks(self) -> dict[str, Look]:
        looker = Looker(Names("shop"), self, self, self, self)
        return {one.service: one for one in looker.services()}

    def get_paginator(self, operation: str) -> Any:
        return Pages(getattr(self, operation))

    def list_services(self, cluster: str) -> Any:
        return {"serviceArns": ["orders", "inventory"] if self.gone else ["orders"]}

    def describe_services(self, cluster: str, services: list[str], include: list[str]) -> Any:
        return {"services": [self._service(name) for name in services]}

    def _service(self, name: str) -> dict[str, Any]:
        return {
            "serviceName": name,
            "serviceArn": f"{OF}:service/shop/{name}",
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 2,
            "deploymentController": {"type": "CODE_DEPLOY"},
            "taskSets": self.sets,
            "events": [{"message": message} for message in self.told],
        }

    def describe_task_definition(self, taskDefinition: str) -> Any:
        revision = taskDefinition.rpartition(":")[2]
        return {"taskDefinition": {"containerDefinitions": [{"image": f"shop/orders:commit{revision}"}]}}

    def list_tasks(self, desiredStatus: str, **asked: Any) -> Any:
        return {"taskArns": [task["taskArn"] for task in self.tasks[desiredStatus]]}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> Any:
        return {"tasks": [one for all in self.tasks.values() for one in all if one["taskArn"] in tasks]}

    def describe_target_groups(self, **asked: Any) -> Any:
        return {"TargetGroups": [{"LoadBalancerArns": ["balancer"]}]}

    def describe_listeners(self, **asked: Any) -> Any:
        return {"Listeners": [{"ListenerArn": "listener"}]}

    def describe_rules(self, **asked: Any) -> Any:
        groups = [{"TargetGroupArn": name, "Weight": weight} for name, weight in self.weights.items()]
        return {"Rules": [{"Actions": [{"ForwardConfig": {"TargetGroups": groups}}]}]}

    def list_deployments(
        self, applicationName: str = "", deploymentGroupName: str = "", createTimeRange: Any = None
    ) -> Any:
        if createTimeRange:
            start, end = createTimeRange["start"], createTimeRange["end"]
            return {"deployments": [id for id, at in self.old.items() if start <= at <= end]}
        if deploymentGroupName.endswith("inventory"):
            raise ClientError({"Error": {"Code": "DeploymentGroupDoesNotExistException"}}, "ListDeployments")
        return {"deployments": [one["deploymentId"] for one in self.infos]}

    def batch_get_deployments(self, deploymentIds: list[str]) -> Any:
        old = [deployment(id, "Stopped", applicationName="AppECS-shop-orders") for id in self.old]
        known = [*self.infos, *old]
        return {"deploymentsInfo": [one for one in known if one["deploymentId"] in deploymentIds]}

    def get_deployment(self, deploymentId: str) -> Any:
        (info,) = self.batch_get_deployments([deploymentId])["deploymentsInfo"]
        return {"deploymentInfo": info}

    def list_deployment_targets(self, deploymentId: str) -> Any:
        return {"targetIds": ["shop:orders"]}

    def get_deployment_target(self, **asked: Any) -> Any:
        events = [{"lifecycleEventName": name, "status": status} for name, status in self.events.items()]
        return {"deploymentTarget": {"ecsTarget": {"lifecycleEvents": events}}}

    def list_tags_for_resource(self, ResourceArn: str) -> Any:
        assert ResourceArn == (
            "arn:aws:codedeploy:eu-central-1:000000000000:deploymentgroup:"
            "AppECS-shop-orders/DgpECS-shop-orders"
        )
        return {"Tags": self.tags}

    def batch_get_projects(self, names: list[str]) -> Any:
        return {"projects": names if self.build else []}

    def list_builds_for_project(self, **asked: Any) -> Any:
        return {"ids": ["b"]}

    def batch_get_builds(self, ids: list[str]) -> Any:
        return {"builds": [self.build]}


class Pages:
    """One page of what an operation answers."""

    def __init__(self, operation: Any) -> None:
        self._operation = operation

    def paginate(self, **asked: Any) -> Any:
        return [self._operation(**asked)]


@pytest.fixture
def platform() -> Platform:
    return Platform()


def said(platform: Platform) -> list[str]:
    return [line for line, _ in lines(platform.look)]


def build(status: str, commit: str = "commit2") -> dict[str, Any]:
    """One that ran from a minute before NOW to a minute after."""
    minute = timedelta(minutes=1)
    phase = {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 255"}]}
    made = {"buildStatus": status, "resolvedSourceVersion": commit, "startTime": NOW - minute}
    return made | ({"endTime": NOW + minute, "phases": [phase]} if status == "FAILED" else {})


@pytest.mark.parametrize("status", ["FAILED", "IN_PROGRESS"])
def test_a_build_whose_release_was_rolled_back_did_not_fail(platform: Platform, status: str) -> None:
    platform.infos, platform.build = [BACK, ROLLED_BACK], build(status)
    assert said(platform) == [f"d-1 was rolled back: {WORSE}."]


def test_a_build_that_failed_by_itself_is_told_of(platform: Platform) -> None:
    platform.infos, platform.build = [BACK, ROLLED_BACK], build("FAILED", "commit3")
    told = said(platform)
    assert told[0] == f"d-1 was rolled back: {WORSE}."
    assert told[1].startswith("the build failed in BUILD: exit status 255")


def test_a_build_is_not_blamed_once_the_group_of_its_release_is_gone(platform: Platform) -> None:
    platform.build = build("FAILED")
    assert said(platform)[0].startswith("the build failed")
    platform.old = {"d-1": NOW, "d-0": NOW - timedelta(hours=1)}
    assert said(platform) == []


def test_what_a_stop_left_can_be_taken_back(platform: Platform) -> None:
    platform.infos = [ended("Stopped", "MANUAL_STOP", "asked")]
    platform.sets.append(task_set("2", "ACTIVE", "green"))
    assert said(platform) == [
        "d-1 was stopped: somebody asked for it. Both versions run; `bambe rollback orders` goes back."
    ]
    platform.sets.pop()
    assert said(platform) == ["d-1 was stopped: somebody asked for it."]


def test_a_paused_release_says_what_lets_it_go_on(platform: Platform) -> None:
    platform.infos = [deployment("d-1", "InProgress")]
    platform.events = {"Install": "Succeeded", "AllowTraffic": "InProgress"}
    assert platform.look.release_says == "shifting traffic"
    platform.tags = [{"Key": "bambe:hold", "Value": "d-1"}]
    assert platform.look.release_says == "paused (shifting traffic)"
    assert said(platform) == ["d-1 is paused: `bambe approve orders` lets it go on"]
    platform.tags = [{"Key": "bambe:hold", "Value": "d-0"}]
    assert said(platform) == []


def test_a_release_that_waits_for_approval_says_so(platform: Platform) -> None:
    platform.infos = [deployment("d-1", "Ready")]
    assert platform.look.release_says == "waits for approval"
    assert said(platform) == ["d-1 waits for `bambe approve orders`; it is stopped after 60 minutes"]


def test_on_the_way_back_status_and_steering_say_the_same(platform: Platform) -> None:
    platform.infos = [deployment("d-2", "InProgress", 2, creator="codeDeployRollback"), ROLLED_BACK]
    platform.events = {"Install": "Skipped", "AllowTraffic": "InProgress"}
    assert platform.look.release_says == "going back to the version before"
    found = ByCodeDeploy(None, "orders", "d-2", platform.infos[0], platform.events)  # type: ignore[arg-type]
    for ask in (found.pause, found.approve, found.promote, lambda: found.weigh(5)):
        with pytest.raises(Trouble, match="d-2 can no longer be steered: going back to the version before"):
            ask()


def test_a_draining_version_has_no_share_of_the_new_ones_traffic(platform: Platform) -> None:
    platform.sets = [
        task_set("2", "PRIMARY", "blue"),
        task_set("3", "ACTIVE", "green"),
        task_set("1", "DRAINING", "green", 0),
    ]
    platform.weights = {"blue": 90, "green": 10}
    assert [one.weight for one in platform.look.versions] == [90, 10, 0]


def task(name: str, version: str, status: str, **more: Any) -> dict[str, Any]:
    made = {"taskArn": f"{OF}:task/shop/{name}", "startedBy": f"ecs-svc/{version}", "lastStatus": status}
    return made | more


PULL = 'nope/none:1 cannot be pulled: Get "https://registry-1.docker.io/v2/": no such host.'


def test_what_keeps_green_from_starting_is_told_while_it_lasts(platform: Platform) -> None:
    platform.infos = [deployment("d-1", "InProgress")]
    platform.events = {"Install": "InProgress"}
    platform.sets.append(task_set("2", "ACTIVE", "green", 0))
    platform.tasks["RUNNING"] = [task("a", "1", "RUNNING"), task("b", "2", "PENDING")]
    assert said(platform) == [], "it may still come"
    head = "(service orders, taskSet ecs-svc/2)"
    platform.told = [
        f"{head} (task b) {PULL}",
        f"{head} has started 2 tasks: (task b) (task c).",
        "(service orders, taskSet ecs-svc/1) (task a) (port 80) is unhealthy",
    ]
    assert said(platform) == [f"shop-orders:2 has 0/2 tasks: a task does not start: {PULL}"]
    platform.told, platform.tasks["RUNNING"] = [], []
    crash = {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}
    exit = [{"name": "orders", "exitCode": 3}]
    platform.tasks["STOPPED"] = [
        task("c", "2", "STOPPED", stopCode="TaskFailedToStart", stoppedReason="x", stoppedAt=NOW),
        task("d", "2", "STOPPED", **crash, containers=exit, stoppedAt=NOW + timedelta(seconds=9)),
        task("e", "2", "STOPPED", stopCode="UserInitiated", stoppedReason="enough", stoppedAt=NOW),
        task("f", "1", "STOPPED", **crash, stoppedAt=NOW),
    ]
    why = "Essential container in task exited; container orders: exit code 3"
    assert said(platform) == [f"shop-orders:2 has 0/2 tasks: 2 tasks stopped, the last one: {why}"]
    platform.sets[1] = task_set("2", "ACTIVE", "green", 2)
    assert said(platform) == []


def test_a_lost_deployment_group_hides_no_other_service(platform: Platform) -> None:
    platform.gone = True
    looks = platform.looks
    assert list(looks) == ["inventory", "orders"]
    assert looks["inventory"].notes == (
        "its deployment group DgpECS-shop-inventory is gone: `bambe up` makes it anew",
    )
    assert looks["orders"].notes == ()


def test_watch_waits_for_what_is_being_built_or_queued(platform: Platform) -> None:
    assert waits(platform.look, seen="") == []
    platform.build = {**build("IN_PROGRESS", "commit3"), "currentPhase": "BUILD"}
    assert waits(platform.look, seen="") == ["building commit3: build; its release follows"]
    assert waits(platform.look, seen="d-2") == [], "the build of the release that has ended"
    platform.infos = [deployment("d-3", "Queued", 3)]
    for seen in ("d-2", ""):
        assert waits(platform.look, seen=seen) == ["d-3 waits for its turn"]
    platform.infos, platform.build = [BACK, ROLLED_BACK], build("FAILED")
    assert waits(platform.look, seen="") == []


def test_a_line_of_watch_tells_health_and_what_comes_next() -> None:
    sides = (Side("old", "1", 90, 2, 2, 2, 2), Side("new", "2", 10, 2, 2, 1, 2))
    says = "shifting traffic"
    shown = Scene("orders", "d-1", says, sides, "better: by far", "all traffic at 12:00:00 (in 4:00)", ())
    assert sentence(shown) == (
        "orders: d-1 shifting traffic (old 90 %, new 10 %; 1 of 2 new healthy; better);"
        " next: all traffic at 12:00:00"
    )


def test_watch_begins_with_the_build_and_ends_with_how_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def look(**more: Any) -> Look:
        return Look("orders", "ACTIVE", 2, 2, steady=True, **more)

    worse = "X1 was rolled back: it fails more often."
    release = {"release": "X1", "release_says": "rolling update"}
    story = [
        look(build="building c1: build", is_building=True),
        look(build="building c1: build", is_building=True),
        look(**release),
        look(**release, hindrances=("a task does not start: no such image",)),
        look(ended=worse),
    ]
    monkeypatch.setattr(Looker, "service", lambda *_: story.pop(0))
    monkeypatch.setattr("bambe.cli.commands.watch.PACE", 0)
    monkeypatch.setattr(Local, "health", lambda _: None)
    monkeypatch.setattr(Local, "client", lambda *_: None)
    target = shop(tmp_path, release="rolling")
    target.place = Local(tmp_path)
    _lines(Watch(target, "orders"), console())
    assert capsys.readouterr().out.splitlines() == [
        "orders: building c1: build; its release follows",
        "orders: X1 rolling update (2 of 2 tasks run)",
        "orders: a task does not start: no such image",
        f"orders: {worse}",
        "orders: no release under way",
    ]


def test_watch_looks_again_where_a_release_was_over_before_it_could_be_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(**more: Any) -> Look:
        build = {"build": "building c1: build", "is_building": True}
        return Look("orders", "ACTIVE", 2, 4, steady=True, **build, **more)

    story = [look(release="d-1"), look(release="d-1"), look()]
    shown = [Scene("orders", "d-1", "shifting traffic", (), "", "the end", ()), None, None]
    monkeypatch.setattr(Looker, "service", lambda *_: story.pop(0))
    monkeypatch.setattr("bambe.cli.commands.watch.scene", lambda *_: shown.pop(0))
    monkeypatch.setattr(Local, "health", lambda _: None)
    monkeypatch.setattr(Local, "client", lambda *_: None)
    target = shop(tmp_path)
    target.place = Local(tmp_path)
    watch = Watch(target, "orders")
    over = []
    while story:
        watch.look()
        over.append((watch.is_over, watch.waits))
    assert over == [(False, []), (False, []), (True, [])]
    assert watch.end == ["orders: d-1 is done", "orders: no release under way"]
