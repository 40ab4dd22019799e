"""The story: up, traffic, a good release, a broken one that is found out, and what was counted."""

from __future__ import annotations

import json
import shutil
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bambe.cli import ledgers
from bambe.cli.builds import why_it_failed
from bambe.cli.commands.down import down
from bambe.cli.commands.up import up
from bambe.cli.demo.counts import Answered, Phase, Share, share
from bambe.cli.demo.shop import Shop
from bambe.cli.demo.traffic import Traffic
from bambe.cli.ledgers import Ledger
from bambe.cli.place import Local
from bambe.cli.progress import Progress
from bambe.cli.releases import Releases
from bambe.cli.repository import Repository
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import SystemClock, monotonic

SERVICE = "orders"
CONSUMER = "notifier"
ROUTES = ("/", "/orders", "/inventory")
RATE = 150.0
WEIGHT = 10.0
PATIENCE = 300.0
BEFORE, CANARY, GREEN, AFTER = "before", "good release: 10 %", "good release: all on green", "after it"
BROKEN, BACK = "broken release", "rolled back"


@dataclass(slots=True)
class Told:
    """All that happened, for the summary and the verdict."""

    pushed: list[str] = field(default_factory=list)
    builds: dict[str, list[str]] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    good: Share | None = None
    good_deployment: dict[str, Any] = field(default_factory=dict)
    ledger: Ledger | None = None
    rollback: dict[str, Any] = field(default_factory=dict)
    rollback_sentence: str = ""
    accepted: int = 0
    untold: int = 0
    twice: int = 0
    took: list[tuple[str, float]] = field(default_factory=list)


class Story:
    """One run in `home`, on `port`, with waits `scale` times faster."""

    def __init__(self, home: Path, port: int, scale: float, progress: Progress) -> None:
        self.home = home
        self.scale = scale
        self.place = Local(home / "platform")
        self.told = Told(took=progress.took)
        self._port = port
        self._progress = progress
        self._clock = SystemClock()

    def run(self) -> Told:
        """Tell it all; Trouble when something cannot go on."""
        self.clear()
        shop = Shop.create(self.home / "shop")
        self.target = self._up(shop)
        traffic = Traffic(self.target.url(), str(self.place.state / "ca" / "ca.pem"), ROUTES, RATE)
        traffic.start()
        try:
            self._phase(BEFORE)
            self._let_traffic_run(2.0)
            self._good_release(shop)
            self._release_of_the_consumer(shop)
            self._broken_release(shop)
        finally:
            self.told.answers = traffic.stop()
        self._events()
        self._builds()
        self._shares()
        return self.told

    def clear(self) -> None:
        """End and forget an earlier run."""
        if (self.place.state / "instance").exists():
            with self._progress.step("remove what an earlier run left"):
                self.place.end()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)

    def end(self) -> None:
        """Remove all that runs."""
        down(self.place, self._progress)

    def _up(self, shop: Shop) -> Target:
        target, _ = up(self._progress, self.place, scale=self.scale, port=self._port, root=shop.root)
        return target

    def _good_release(self, shop: Shop) -> None:
        with self._progress.step(f"commit a change to services/{SERVICE}, git push"):
            shop.release_orders("2")
            self._push(shop)
        with self._progress.step("build, push the image, start green"):
            deployment = self._new_deployment(None)
            self._until(lambda: self._shifting(deployment), "green gets no traffic")
        with self._progress.step("10 % on green for the canary interval, then all"):
            self._until(lambda: self._shifted(deployment), "traffic is not shifted")
        with self._progress.step("the old version is kept for the termination wait, then ended"):
            self._until(lambda: self._ended(deployment), "the deployment does not end")
        info = self._releases.get(deployment)
        if info["status"] != "Succeeded":
            raise Trouble(f"{deployment} is {info['status']}: {info.get('errorInformation', {})}")
        self.told.good_deployment = info
        self.told.ledger = self._until(lambda: self._closed_ledger(deployment), "its ledger is not closed")
        start, end = self._allow_traffic(deployment)
        self.told.phases += [Phase(CANARY, start), Phase(GREEN, end), Phase(AFTER, info["completeTime"])]

    def _release_of_the_consumer(self, shop: Shop) -> None:
        """The notifier's tasks come and go while events come in."""
        with self._progress.step(f"commit a change to services/{CONSUMER}, git push: updated in place"):
            shop.release_notifier("2")
            self._push(shop)
            self._until(self._consumer_is_new, "the new version does not take over")

    def _consumer_is_new(self) -> bool:
        look = self.target.looker().service(CONSUMER)
        return look.steady and not look.build and look.versions[0].task_definition.endswith(":2")

    def _events(self) -> None:
        """Every order that was taken has been told, once."""
        accepted = {one.order for one in self.told.answers if one.order and not one.failed}
        with self._progress.step("every order's event reaches the notifier, once"):
            self._until(lambda: accepted <= self._told_orders().keys(), "some orders were never told")
        told = self._told_orders()
        self.told.accepted = len(accepted)
        self.told.untold = len(accepted - told.keys())
        self.told.twice = sum(times > 1 for times in told.values())

    def _told_orders(self) -> dict[str, int]:
        """How often customers were told of each order, as the notifier says through the gateway."""
        context = ssl.create_default_context(cafile=str(self.place.state / "ca" / "ca.pem"))
        with urllib.request.urlopen(f"{self.target.url()}/told", context=context, timeout=10) as answer:
            body = json.load(answer)["body"]
        found: dict[str, int] = dict.fromkeys(body["once"], 1) | body["more"]
        return found

    def _broken_release(self, shop: Shop) -> None:
        with self._progress.step("commit a broken change, git push"):
            shop.break_orders("3", was="2")
            self._push(shop)
        with self._progress.step("build, push the image, start green"):
            deployment = self._new_deployment(self.told.good_deployment["deploymentId"])
            self._until(lambda: self._shifting(deployment), "green gets no traffic")
        with self._progress.step("green is compared with blue, found worse, and rolled back"):
            back = self._until(lambda: self._found_out(deployment), "it is not found worse")
            self._until(lambda: self._ended(back), "the rollback does not end")
            why = self._releases.get(deployment).get("errorInformation", {}).get("message", "")
            self.told.rollback_sentence = f"{deployment}: {why}"
            self._progress.say(self.told.rollback_sentence)
        with self._progress.step("the broken version's tasks end"):
            self._until(self._is_alone, "they do not end")
        self.told.rollback = self._releases.get(back)
        self.told.phases.append(Phase(BROKEN, self._releases.get(deployment)["createTime"]))
        self._phase(BACK)
        self._let_traffic_run(2.0)

    def _closed_ledger(self, deployment: str) -> Ledger | None:
        found = ledgers.find(self.target.client("logs"), deployment)
        return found if found.is_closed else None

    @property
    def _releases(self) -> Releases:
        return self.target.releases(SERVICE)

    def _push(self, shop: Shop) -> None:
        said = Repository(shop.root).push("main")
        for line in said:
            self._progress.say(line)
        self.told.pushed += said

    def _phase(self, name: str) -> None:
        self.told.phases.append(Phase(name, self._clock.now()))

    def _let_traffic_run(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: TID251 - real traffic needs real time

    def _until(self, condition: Callable[[], Any], otherwise: str) -> Any:
        end = monotonic() + PATIENCE
        while not (value := condition()):
            if monotonic() > end:
                raise Trouble(f"{otherwise} after {PATIENCE:.0f} s (see {self.place.state}/daemon.log).")
            time.sleep(0.1)  # noqa: TID251 - polling the real platform
        return value

    def _new_deployment(self, than: str | None) -> str:
        def found() -> str | None:
            self._check_builds()
            ids = self._releases.ids()
            return ids[0] if ids and ids[0] != than else None

        return str(self._until(found, "the build starts no deployment"))

    def _check_builds(self) -> None:
        codebuild = self.target.client("codebuild")
        ids = codebuild.list_builds_for_project(projectName=self.target.names.build(SERVICE))["ids"]
        for build in codebuild.batch_get_builds(ids=ids[:1])["builds"] if ids else []:
            if build["buildStatus"] not in ("IN_PROGRESS", "SUCCEEDED"):
                raise Trouble(f"{SERVICE}: {why_it_failed(build)}")

    def _event(self, deployment: str, name: str) -> dict[str, Any]:
        events = self._releases.target(deployment).get("lifecycleEvents", [])
        return next((one for one in events if one["lifecycleEventName"] == name), {"status": "Pending"})

    def _shifting(self, deployment: str) -> bool:
        self._check(deployment)
        return bool(self._event(deployment, "AllowTraffic")["status"] != "Pending")

    def _shifted(self, deployment: str) -> bool:
        self._check(deployment)
        return bool(self._event(deployment, "AllowTraffic")["status"] == "Succeeded")

    def _ended(self, deployment: str) -> bool:
        status = str(self._releases.get(deployment)["status"])
        return status in ("Succeeded", "Failed", "Stopped")

    def _check(self, deployment: str) -> None:
        info = self._releases.get(deployment)
        if info["status"] in ("Failed", "Stopped"):
            said = info.get("errorInformation", {}).get("message", "")
            raise Trouble(f"{deployment} is {info['status']}: {said}")

    def _is_alone(self) -> bool:
        """Whether one version is left: until then a request may still have found the other by its name."""
        return len(self.target.looker().service(SERVICE).versions) == 1

    def _found_out(self, deployment: str) -> str | None:
        if self._event(deployment, "AllowTraffic")["status"] == "Succeeded":
            raise Trouble(f"{deployment} got all traffic before it was found worse.")
        return self._rollback_of(deployment)

    def _rollback_of(self, deployment: str) -> str | None:
        back = self._releases.get(deployment).get("rollbackInfo", {}).get("rollbackDeploymentId")
        return str(back) if back else None

    def _allow_traffic(self, deployment: str) -> tuple[datetime, datetime]:
        event = self._event(deployment, "AllowTraffic")
        return event["startTime"], event.get("endTime", event["startTime"])

    def _builds(self) -> None:
        codebuild = self.target.client("codebuild")
        for service in self.target.project.services:
            ids = codebuild.list_builds_for_project(projectName=self.target.names.build(service))["ids"]
            builds = codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
            self.told.builds[service] = [build.get("resolvedSourceVersion", "")[:12] for build in builds]

    def _shares(self) -> None:
        starts = {phase.name: phase.start for phase in self.told.phases}
        answers = self.told.answers
        self.told.good = share(answers, "/orders", "2", starts[CANARY], starts[GREEN], WEIGHT)
