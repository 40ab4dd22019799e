"""Rolling deployments on real containers, with AWS's own waiter and traffic that must not notice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bambe.cli.demo.traffic import Traffic
from tests.e2e.platform import wait_for
from tests.e2e.test_other_tools import Bare, bare

__all__ = ["bare"]
WELL = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@contextmanager
def served(bare: Bare) -> Iterator[None]:
    """Forty requests a second meanwhile, of which none may fail."""
    traffic = Traffic(bare.url, str(bare.place.state / "ca" / "ca.pem"), ("/rolling",), 40)
    traffic.start()
    try:
        yield
    finally:
        answers = traffic.stop()
    assert answers
    assert [one.why for one in answers if one.failed] == []


class Shop:
    """A rolling service of two tasks behind the path /rolling."""

    def __init__(self, bare: Bare) -> None:
        self.bare = bare

    def open(self) -> None:
        self.bare.define("shop", "1")
        self.bare.ecs.create_service(
            cluster="tools", serviceName="shop", taskDefinition="shop", desiredCount=2, launchType="FARGATE",
            networkConfiguration=self.bare.network, deploymentConfiguration=WELL,
            loadBalancers=[
                {"targetGroupArn": self.bare.groups["rolling"], "containerName": "web", "containerPort": 8080}
            ],
        )  # fmt: skip
        self.stable()

    def release(self, version: str, configuration: dict[str, Any] | None = None, **changes: Any) -> None:
        self.bare.define("shop", version, **changes)
        said = {"deploymentConfiguration": configuration} if configuration else {}
        self.bare.ecs.update_service(cluster="tools", service="shop", taskDefinition="shop", **said)

    def stable(self) -> None:
        waiter = self.bare.ecs.get_waiter("services_stable")
        waiter.wait(cluster="tools", services=["shop"], WaiterConfig={"Delay": 1, "MaxAttempts": 120})

    def shown(self) -> dict[str, Any]:
        return dict(self.bare.ecs.describe_services(cluster="tools", services=["shop"])["services"][0])

    def deployment(self) -> dict[str, Any]:
        ecs = self.bare.ecs
        newest = ecs.list_service_deployments(cluster="tools", service="shop")["serviceDeployments"][0]
        arns = [newest["serviceDeploymentArn"]]
        return dict(ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])

    def until(self, status: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            found = self.deployment()
            return found if found["status"] == status else None

        return dict(wait_for(reached, f"the deployment is {status}", 90))


@pytest.fixture(scope="module")
def shop(bare: Bare) -> Shop:
    made = Shop(bare)
    made.open()
    return made


def test_the_stock_waiter_returns_when_the_deployment_is_complete(shop: Shop) -> None:
    with served(shop.bare):
        shop.release("2")
        assert shop.deployment()["status"] == "IN_PROGRESS"
        shop.stable()
        assert [one["rolloutState"] for one in shop.shown()["deployments"]] == ["COMPLETED"]
        assert shop.deployment()["status"] == "SUCCESSFUL"


def test_an_early_success(shop: Shop) -> None:
    criteria = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}
    with served(shop.bare):
        shop.release("3", {**WELL, "minimumHealthyPercent": 50, "earlySuccessCriteria": criteria})
        done = shop.until("SUCCESSFUL")
        assert done["targetServiceRevision"]["requestedTaskCount"] == 2
        shop.stable()
    assert shop.shown()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_the_first_failure_takes_a_deployment_back_where_one_is_too_many(shop: Shop) -> None:
    before = shop.shown()["taskDefinition"]
    once = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 1}}
    with served(shop.bare):
        shop.release(
            "4",
            {"deploymentCircuitBreaker": once, "earlySuccessCriteria": {"enable": False}},
            command=["/bin/false"],
        )
        back = shop.until("ROLLBACK_SUCCESSFUL")
        assert back["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
        assert back["deploymentCircuitBreaker"]["threshold"] == 1
        shop.stable()
    assert shop.shown()["taskDefinition"] == before
