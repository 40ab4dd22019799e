"""`bambe up`, step by step: checks, network, shared stack, events, builders and push, images, services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bambe.cli.builds import is_building
from bambe.cli.cluster import cluster_of, find_cluster
from bambe.cli.controllers import check_controllers, primary_targets
from bambe.cli.definitions import changed_definitions, comparable, live_definitions, live_services
from bambe.cli.drifted import restore_access
from bambe.cli.first_images import has_image, image_of
from bambe.cli.grounds import Ground, ground_of
from bambe.cli.hindrances import hindrance
from bambe.cli.last_words import last_words
from bambe.cli.planning import EVENTS_STAY, Planner, no_longer
from bambe.cli.releases import Releases
from bambe.cli.repository import Repository
from bambe.cli.service_updates import ServiceUpdates, Update, under_way
from bambe.cli.side_by_side import side_by_side
from bambe.cli.stacks import Stacks
from bambe.cli.target import Target
from bambe.cli.topics import Change
from bambe.cli.trouble import Trouble
from bambe.cli.wanted import Wanted, is_running
from bambe.cli.ways import in_use
from bambe.project.events import Events
from bambe.synth import Stack, appspec, task_definition
from bambe.synth.service import WEIGHTS

__all__ = ["BringingUp", "Changes", "check_topics", "comparable"]

Say = Callable[[str], None]
Step = Callable[[str], AbstractContextManager[None]]
"""Tells the person at the terminal of a step: its title, and when it is done."""
NOT_YET = "; `bambe up --yes` deletes it"
FIRST_WEIGHTS = dict(zip(WEIGHTS, ("1", "0"), strict=True))
TOGETHER = 20
"""Stacks that are on their way at a time."""


@dataclass(slots=True)
class Changes:
    """What an `up` changed, for the person who ran it."""

    stacks: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    released: dict[str, str] = field(default_factory=dict)
    pushed: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    """Services whose changes wait for a release under way."""

    @property
    def any(self) -> bool:
        return bool(self.stacks or self.built or self.released or self.pushed)


class BringingUp:
    """One `bambe up` of `target`; `say` hears of progress."""

    def __init__(self, target: Target, say: Say, ground: Ground | None = None) -> None:
        self.target = target
        self.say = say
        self.ground = ground or ground_of(target)
        self.changes = Changes()
        self.repository = Repository(target.root)
        self.stacks = Stacks(target.client("cloudformation"), self.ground.pace)
        self._account = str(target.client("sts").get_caller_identity()["Account"])
        self._updates = ServiceUpdates(target, self.stacks, say)
        self._wanted: Wanted | None = None

    @property
    def wanted(self) -> Wanted:
        """Every stack as it is to be."""
        if self._wanted is None:
            used = in_use(self.target) if self.target.project.events else {}
            self._wanted = Wanted(self.stacks, self.ground.placed(), used)
        return self._wanted

    def run(self, step: Step, may_lose: bool = False, yes: bool = False) -> Changes:
        """Make everything true that bambe.yml says; nothing of it where something cannot be, or may not.

        `yes` goes for what replaces, interrupts or deletes something.
        """
        with step("compare with what is there"):
            check_controllers(self.target)
            self.ground.check()
            self.check_events(may_lose)
            self.check_plan(yes)
            if self.ground.asks and self._without_images():
                self.ground.check_commit()
        if self.ground.has_builds:
            with step("base images"):
                self.ground.prepare(self.say)
        if self.wanted.of("network"):
            with step("network"):
                self.apply(self.wanted.of("network"))
        with step("what the services share"):
            self.shared()
        wish, later = self.target.project.events, False
        if wish is not None:
            with step("events"):
                later = self.events(wish)
        with step("builders and the repository"):
            self.builders_and_push()
        with step("images"):
            self.first_builds()
        if wish is not None and later:
            with step("the Kafka cluster"):
                self.stacks.finish([self.target.names.events_stack], self.say)
                self.tell_of_events()
        with step("services"):
            self.services()
            self.changed_services()
            self.remove_gone(yes)
            self.changes.later = sorted(set(self._updates.later))
            if not self.changes.later:
                self.apply(self.wanted.of("shared"))  # without the exports that services used until now
        return self.changes

    def check_plan(self, yes: bool) -> None:
        """Trouble where a stack is another project's; where the place asks, also for what AWS would refuse,
        and, without a yes, for what replaces, interrupts or deletes something."""
        if not self.ground.asks:
            self.wanted.check_owners()
            return
        for name, status in ((one, two["StackStatus"]) for one, two in self.stacks.all().items()):
            if status.endswith("_IN_PROGRESS") and name in {one.name for one in self.wanted.every}:
                self.say(f"{name} is {status}: waiting for what was begun before")
                self.stacks.there(name)
        plan = Planner(self.target, self.stacks, self.wanted).plan()
        if plan.refused:
            raise Trouble(f"{plan.refused[0]}.")
        for line in plan.needs_yes:
            self.say(line)
        if plan.needs_yes and not yes:
            count = len(plan.needs_yes)
            what = "a change needs" if count == 1 else f"{count} changes need"
            raise Trouble(f"{what} a yes (`bambe plan` shows all): `bambe up --yes` makes them.")

    def remove_gone(self, yes: bool) -> None:
        """Delete, with a yes, the stacks of services that bambe.yml does not have any more; tell of them and
        of what is kept otherwise."""
        gone, kept = no_longer(self.target.project, self.stacks.all())
        for name in gone:
            self.say(f"{name}: bambe.yml does not have it any more" + ("" if yes else NOT_YET))
            if yes:
                self.stacks.delete([name])
                self.changes.stacks.append(name)
        for name in kept:
            self.say(f"{name}: {EVENTS_STAY}")

    def check_events(self, may_lose: bool = False) -> None:
        """Say what changes in topics: Trouble for what Kafka cannot do, and for what would lose events unless
        that is wanted."""
        wish, there = self.target.project.events, find_cluster(self.target)
        if wish is None or there is None:
            return
        if refused := there.why_not():
            raise Trouble(f"events: {refused}.")
        check_topics(there.changes(self.stacks), may_lose, self.say)

    def apply(self, stacks: Sequence[Stack]) -> None:
        """Make or update stacks, some at a time, and wait until they are done."""
        for start in range(0, len(stacks), TOGETHER):
            some = stacks[start : start + TOGETHER]
            began = side_by_side(self._begin, some)
            begun = [one.name for one, has in zip(some, began, strict=True) if has]
            self.changes.stacks += begun
            self.stacks.finish(begun, self.say)

    def _begin(self, stack: Stack) -> bool:
        return self.stacks.begin(stack.name, stack.template, self.wanted.given(stack))

    def push(self) -> None:
        """Push HEAD; services that run already and changed are built and released by the push itself."""
        self.changes.pushed = self.ground.push()
        for line in self.changes.pushed:
            self.say(line)

    def shared(self) -> None:
        """The stack of what the services share."""
        name = self.target.names.shared_stack
        outputs = (self.stacks.find(name) or {}).get("Outputs", [])
        if any(one.get("ExportName") == f"{name}-DeployRole" for one in outputs):
            raise Trouble(
                f"the stack {name} is of an earlier Bambe, whose stacks were cut otherwise:"
                " `bambe down`, then `bambe up` (the repository is kept; images are built anew)."
            )
        (stack,) = self.wanted.of("shared")
        self.apply([self._with_what_is_used(stack)])

    def _with_what_is_used(self, stack: Stack) -> Stack:
        """A stack with the exports that it is to lose, too: services still use them, and lose them first."""
        there = self.stacks.find(stack.name) or {}
        exported = {one["OutputKey"] for one in there.get("Outputs", ()) if one.get("ExportName")}
        dropped = exported - set(stack.template["Outputs"])
        if not dropped:
            return stack
        now, wanted = self.stacks.template(stack.name), stack.template
        outputs = {**{key: now["Outputs"][key] for key in dropped}, **wanted["Outputs"]}
        resources = {**now["Resources"], **wanted["Resources"]}
        return replace(stack, template={**wanted, "Resources": resources, "Outputs": outputs})

    def events(self, wish: Events) -> bool:
        """The stack of the Kafka cluster and its topics; whether a new one is left on its way, since it takes
        its time and images can be built meanwhile."""
        (stack,) = self.wanted.of("events")
        self._tell_of_ways(wish)
        is_new = self.stacks.there(stack.name) is None
        if is_new and self.ground.at_once:
            self._begin(stack)
            self.changes.stacks.append(stack.name)
            self.say(f"{stack.name}: brokers are being made; this goes on meanwhile")
            return True
        self.apply([stack])
        self.tell_of_events()
        return False

    def tell_of_events(self) -> None:
        """Have the cluster's access as bambe.yml says, and tasks told where the brokers are."""
        (stack,), cluster = self.wanted.of("events"), cluster_of(self.target)
        if not self.ground.placed().existing.kafka:
            restore_access(self.target.client("kafka"), cluster.arn, stack.template, self.say)
        if cluster.tell_tasks():
            self.say(f"{stack.name}: tasks that start from now on find the brokers")

    def _tell_of_ways(self, wish: Events) -> None:
        """Tell of accesses that bambe.yml does not name any more, and that running tasks still use."""
        others = {way: who for way, who in self.wanted.in_use.items() if way != wish.access}
        for way, who in sorted(others.items()):
            self.say(
                f"{self.target.names.events_stack}: brokers also let in by {way}, as long as tasks of"
                f" {', '.join(sorted(who))} use it: `bambe up` after these have ended closes it"
            )

    def builders_and_push(self) -> None:
        """Builders before the push, so that it is built as bambe.yml says now; those of new services after,
        since `first_builds` makes the first image, and not the push."""
        builds = self.wanted.of("build")
        new = [one for one in builds if not self._has_service(one.service)]
        self.apply([one for one in builds if one not in new])
        self.push()
        self.apply(new)

    def first_builds(self) -> None:
        """An image for every service that does not run yet."""
        if without := self._without_images():
            self.ground.make_images(without, self.repository.head(), self.say)
            self.changes.built += without

    def _without_images(self) -> list[str]:
        """Services that do not run yet, and have no image of HEAD."""
        head, services = self.repository.head(), self.target.project.services
        missing = [one for one in services if not self._has_service(one)]
        return [one for one in missing if not has_image(self.target, one, head)]

    def services(self) -> None:
        """One stack per service."""
        stacks = self.wanted.of("service")
        running = [one for one in stacks if self._has_service(one.service)]
        by_codedeploy = [one for one in running if self.target.project.has_codedeploy(one.service)]
        self._updates.make_lost_anew(by_codedeploy)
        for start in range(0, len(stacks), TOGETHER):
            some = {one.name: one.service for one in stacks[start : start + TOGETHER]}
            begun = self._begin_services(stacks[start : start + TOGETHER])
            self.changes.stacks += begun
            self.stacks.finish(begun, self.say, partial(self._hindrances, some))

    def _begin_services(self, stacks: Sequence[Stack]) -> list[str]:
        """Begin to make or update stacks; those that are on their way."""
        found = dict(zip((one.name for one in stacks), self._there(stacks), strict=True))
        begun, updates = [], []
        for stack in stacks:
            there = found[stack.name]
            running = there if is_running(there) else None
            primary = primary_targets(self.target, stack.service, running)
            if running is not None:
                updates.append(Update(stack, running, self.wanted.given_later(stack) | primary))
                continue
            given = self.wanted.given(stack) | primary
            given |= {"TaskDefinition": self._register(stack.service)}
            given |= {name: value for name, value in FIRST_WEIGHTS.items() if name in given}
            if self.stacks.begin(stack.name, stack.template, given):
                begun.append(stack.name)
        return [*begun, *self._updates.begin(updates)]

    def _there(self, stacks: Sequence[Stack]) -> list[dict[str, Any] | None]:
        return side_by_side(lambda one: self.stacks.there(one.name), stacks)

    def _hindrances(self, services: Mapping[str, str], left: Sequence[str]) -> Iterator[str]:
        """What keeps tasks of services from running, whose stacks are not done."""
        ecs, cluster = self.target.client("ecs"), self.target.cluster
        for shown in live_services(self.target, [services[name] for name in left]):
            for version in (*shown.get("taskSets", ()), *shown.get("deployments", ())):
                if why := hindrance(ecs, cluster, shown, str(version["id"])):
                    name = str(shown["serviceName"])
                    yield f"{name}: {why}"
                    said = last_words(self.target.client("logs"), self.target.names.log_group(name))
                    yield from (f"{name} printed: {line}" for line in said)

    def changed_services(self) -> None:
        """Release what bambe.yml says anew of a task (environment, size): the image stays as it is."""
        live = live_definitions(self.target)
        place = self._account, self.target.place.region
        for service in changed_definitions(self.target.project, live, *place):
            if self._is_being_built(service):
                continue
            if release := under_way(self.target, service):
                self._updates.later.append(service)
                self.say(f"{service}: its task definition changed; `bambe up` releases it after {release}")
                continue
            image = live[service]["containerDefinitions"][0]["image"]
            self.changes.released[service] = self.release(service, image)
            self.say(f"{service}: its task definition changed; {self.changes.released[service]} releases it")

    def release(self, service: str, image: str) -> str:
        """Release `image` of a service with today's task definition: a deployment's id, or the revision."""
        arn = self._register(service, image)
        if self.target.is_by_ecs(service):
            cluster = self.target.cluster
            self.target.client("ecs").update_service(cluster=cluster, service=service, taskDefinition=arn)
            return arn.rsplit("/", 1)[-1]
        releases: Releases = self.target.releases(service)
        return releases.create(appspec(self.target.project, service, arn))

    def _is_being_built(self, service: str) -> bool:
        """Whether a build is under way, which will release today's task definition itself."""
        name = self.target.names.build(service)
        pushed = any(line.startswith(f"{name}: builds") for line in self.changes.pushed)
        return pushed or is_building(self.target.client("codebuild"), name)

    def _has_service(self, service: str) -> bool:
        return is_running(self.stacks.find(self.target.names.stack(service)))

    def _register(self, service: str, image: str = "") -> str:
        made = image or image_of(self.target, service, self.repository.head())
        request = task_definition(self.target.project, service, made, self._account, self.target.place.region)
        answer = self.target.client("ecs").register_task_definition(**request)
        return str(answer["taskDefinition"]["taskDefinitionArn"])


def check_topics(found: Sequence[Change], may_lose: bool, say: Say) -> None:
    """Say what changes in the topics; Trouble where it cannot, or may not."""
    for one in found:
        say(f"{one.topic}: {one.says}")
    refused = [one.refused for one in found if one.refused]
    if refused:
        raise Trouble(f"{refused[0]}.")
    losses = [one.loses for one in found if one.loses]
    if losses and not may_lose:
        raise Trouble(f"{losses[0]}: `bambe up --lose-events` does it all the same.")
