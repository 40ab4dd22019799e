"""Releases that ECS shifts, taken into one's own hands by the command line, and what is said to come next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bambe.cli.coming import native_next
from bambe.cli.native import Native
from bambe.cli.stages import says
from bambe.cli.trouble import Trouble

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ARN = "arn:aws:ecs:eu-central-1:000000000000:service-deployment/shop/orders/D1"
LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/shop/1/2"
RULE = f"{LISTENER.replace(':listener/', ':listener-rule/')}/3"
CANARY = {
    "strategy": "CANARY",
    "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5},
    "bakeTimeInMinutes": 30,
}
LINEAR = {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 12.5, "stepBakeTimeInMinutes": 5}}


class Platform:
    """Stands in for a target and its clients: answers what the release reads, and keeps what it asks."""

    def __init__(self, colour: str = "green", default: bool = False) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._colour = colour
        self._default = default

    def client(self, _service: str) -> Platform:
        return self

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        advanced = {"alternateTargetGroupArn": "green", "productionListenerRule": RULE}
        revision = {
            "loadBalancers": [{"targetGroupArn": "blue", "advancedConfiguration": advanced}],
            "resolvedConfiguration": {"loadBalancers": [{"targetGroupArn": self._colour}]},
        }
        return {"serviceRevisions": [revision for _ in serviceRevisionArns]}

    def describe_rules(self, RuleArns: list[str]) -> dict[str, Any]:
        assert RuleArns == [RULE]
        weights = [("blue", 90), ("green", 10), ("other", 3)]
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
        forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        authenticate = {"Type": "authenticate-oidc"}
        return {"Rules": [{"RuleArn": RULE, "IsDefault": self._default, "Actions": [authenticate, forward]}]}

    def __getattr__(self, name: str) -> Any:
        return lambda **said: self.asked.append((name, said))


def release(
    stage: str = "PRODUCTION_TRAFFIC_SHIFT",
    *events: tuple[float, int],
    status: str = "IN_PROGRESS",
    tags: dict[str, str] | None = None,
    hooks: tuple[str, ...] = (),
    configuration: dict[str, Any] = CANARY,
    platform: Platform | None = None,
    first: bool = False,
) -> Native:
    """A deployment; `events` are its steps: percent, and how many seconds ago, newest first."""
    shown = {
        "serviceDeploymentArn": ARN,
        "status": status,
        "lifecycleStage": stage,
        "updatedAt": NOW - timedelta(minutes=1),
        "deploymentConfiguration": configuration,
        "sourceServiceRevisions": [] if first else [{"arn": "old"}],
        "targetServiceRevision": {"arn": "new"},
        "lifecycleHookDetails": [{"hookId": f"h{n}", "status": one} for n, one in enumerate(hooks)],
    }
    said = [
        {
            "message": f"(service orders) (deployment ecs-svc/1) shifted {percent:g} percent of production"
            " traffic.",
            "createdAt": NOW - timedelta(seconds=ago),
        }
        for percent, ago in events
    ]
    about = {
        "serviceArn": "service",
        "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY"}, {"id": "ecs-svc/0", "status": "ACTIVE"}],
        "events": said,
    }
    return Native(platform or Platform(), "orders", shown, about)  # type: ignore[arg-type]


def asked(found: Native) -> list[tuple[str, dict[str, Any]]]:
    calls: list[tuple[str, dict[str, Any]]] = found.target.asked  # type: ignore[attr-defined]
    return [one for one in calls if one[0] != "check_heeds"]


HELD = {"bambe:hold": "D1"}
UNTAG = ("untag_resource", {"resourceArn": "service", "tagKeys": ["bambe:hold"]})


def tag(key: str) -> tuple[str, dict[str, Any]]:
    return "tag_resource", {"resourceArn": "service", "tags": [{"key": key, "value": "D1"}]}


def test_pause_holds_and_approve_lets_go() -> None:
    found = release()
    assert "bambe approve orders" in found.pause()
    assert asked(found) == [tag("bambe:hold")]
    held = release(tags=HELD, hooks=("AWAITING_ACTION",))
    assert held.approve() == "orders: D1 goes on."
    assert asked(held) == [UNTAG], "a hold is released first"
    with pytest.raises(Trouble, match="does not wait for approval"):
        release(tags={"bambe:hold": "of another one"}).approve()
    waits = release(hooks=("SUCCEEDED", "AWAITING_ACTION"))
    waits.approve()
    ((call, said),) = asked(waits)
    assert (call, said["hookId"], said["action"]) == ("continue_service_deployment", "h1", "CONTINUE")


def test_promote_gives_all_traffic_and_then_ends_the_old_version() -> None:
    found = release(tags=HELD)
    assert found.promote() == "orders: D1 gives the new version all traffic now."
    assert asked(found) == [tag("bambe:promote"), UNTAG], "no step in between"
    baking = release("BAKE_TIME")
    assert baking.promote() == "orders: D1 ends the old version now."
    assert asked(baking) == [tag("bambe:finish"), UNTAG]
    assert "once its hooks are content" in release("POST_SCALE_UP", hooks=("IN_PROGRESS",)).promote()
    with pytest.raises(Trouble, match="no healthy new version to promote yet"):
        release("SCALE_UP").promote()


@pytest.mark.parametrize("ask", ["promote", "pause"])
def test_what_cannot_be_steered_says_so(ask: str) -> None:
    for found, sentence in (
        (release(status="ROLLBACK_IN_PROGRESS"), "going back to the version before"),
        (release("CLEAN_UP"), "ending the version that is not needed"),
        (release(configuration={"strategy": "ROLLING"}), "shifts no traffic"),
        (release("SCALE_UP", first=True), "shifts no traffic"),
    ):
        with pytest.raises(Trouble, match=sentence):
            getattr(found, ask)()
        assert asked(found) == []


@pytest.mark.parametrize(("colour", "weights"), [("green", [60, 40, 3]), ("blue", [40, 60, 3])])
def test_a_share_by_hand_is_the_new_versions(colour: str, weights: list[int]) -> None:
    found = release("PRODUCTION_TRAFFIC_SHIFT", (10, 5), platform=Platform(colour))
    assert "40 %" in found.weigh(40)
    ((call, said),) = asked(found)
    assert (call, said["RuleArn"]) == ("modify_rule", RULE)
    assert said["Actions"][0] == {"Type": "authenticate-oidc"}
    assert [one["Weight"] for one in said["Actions"][1]["ForwardConfig"]["TargetGroups"]] == weights


def test_a_default_rule_is_the_listeners() -> None:
    found = release("PRODUCTION_TRAFFIC_SHIFT", (10, 5), platform=Platform(default=True))
    found.weigh(0)
    ((call, said),) = asked(found)
    assert (call, said["ListenerArn"]) == ("modify_listener", LISTENER)


@pytest.mark.parametrize("stage", ["POST_TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"])
def test_outside_of_the_shift_there_is_no_share_to_set(stage: str) -> None:
    found = release(stage)
    with pytest.raises(Trouble, match="not shifting traffic now"):
        found.weigh(40)
    assert asked(found) == []


def coming(found: Native, scale: float = 1) -> str:
    return native_next(found, scale, NOW)


def test_what_comes_next_and_when() -> None:
    shift = "PRODUCTION_TRAFFIC_SHIFT"
    assert coming(release("SCALE_UP")) == "10 % to the new version, once it is healthy"
    assert coming(release("SCALE_UP", first=True)) == "all traffic to the new version, once it is healthy"
    assert coming(release("POST_TEST_TRAFFIC_SHIFT")) == "10 % to the new version"
    assert coming(release(shift, (10, 60))).startswith("all traffic to the new version at ")
    assert coming(release(shift, (10, 60))).endswith("(in 4:00)")
    assert coming(release(shift, (10, 2)), scale=60).endswith("(in 0:03)")
    assert coming(release(shift, (25, 60), (12.5, 360), configuration=LINEAR)).startswith("37.5 % to the new")
    assert (
        coming(release(shift, (10, 60), tags={"bambe:promote": "D1"})) == "all traffic to the new version now"
    )
    assert coming(release(shift, (100, 1))) == "the bake time"
    assert coming(release("BAKE_TIME", (100, 60))).endswith("(in 29:00)")
    assert coming(release("BAKE_TIME", tags={"bambe:finish": "D1"})) == "the old version ends now"
    assert (
        coming(release(shift, configuration={"strategy": "BLUE_GREEN"})) == "all traffic to the new version"
    )
    assert coming(release(status="ROLLBACK_IN_PROGRESS", tags=HELD)) == "the new version ends"
    assert coming(release(hooks=("AWAITING_ACTION",))) == "waits for `bambe approve orders`"
    paused = release(shift, (10, 900), tags=HELD, hooks=("AWAITING_ACTION",))
    assert coming(paused) == "paused: `bambe approve orders` lets it go on"


def test_steps_of_an_earlier_deployment_say_nothing() -> None:
    found = release("PRODUCTION_TRAFFIC_SHIFT", (10, 60))
    found.about["deployments"][0]["id"] = "ecs-svc/2"
    assert found.shift is None


def test_without_traffic_nobody_says_that_it_shifts() -> None:
    shown = {
        "status": "IN_PROGRESS",
        "lifecycleStage": "BAKE_TIME",
        "deploymentConfiguration": {"strategy": "BLUE_GREEN"},
    }
    assert says(shown, {"loadBalancers": [{}]}).startswith("all traffic on the new version")
    assert says(shown, {}).startswith("both versions run")
