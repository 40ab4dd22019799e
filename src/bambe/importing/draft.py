"""What an import makes: a bambe.yml in the making, and the builds it knows of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bambe.importing.account import Account, Note
from bambe.importing.words import legal_name

Said = dict[str, Any]
ORDER = (
    "path", "also", "port", "route", "tasks", "cpu", "memory", "stop_timeout", "schedule", "exec",
    "health", "environment", "secrets", "release", "produces", "consumes",
)  # fmt: skip
TOP = ("project", "region", "domain", "host", "test_port", "branch", "release", "events")


class Files(Protocol):
    """The files of a source, by path below its root."""

    def read(self, path: str) -> str | None:
        """The text of a file; None where there is none, or no text."""
        ...

    def below(self, folder: str) -> list[str]:
        """The paths of all files in `folder` and its folders."""
        ...


@dataclass(frozen=True, slots=True)
class Build:
    """How the image of a service is built: paths from where bambe.yml is."""

    dockerfile: str
    context: str = "."
    args: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    base: str = ""
    """The image of a service that builds none of its own."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it: `data` is the bambe.yml, `notes` what it could not carry, `builds` by service."""

    data: Said
    notes: tuple[Note, ...]
    builds: dict[str, Build]


@dataclass(slots=True)
class Draft:
    """A bambe.yml in the making."""

    account: Account
    top: Said = field(default_factory=dict)
    services: dict[str, Said] = field(default_factory=dict)
    builds: dict[str, Build] = field(default_factory=dict)

    def is_rolling(self, service: str) -> bool:
        """Whether ECS updates it in place, as far as has been said."""
        release = self.services[service].get("release", self.top.get("release", {}))
        return release == "rolling" or (isinstance(release, dict) and release.get("strategy") == "rolling")

    def finish(self, source: str) -> Imported:
        """The bambe.yml and the list; `source` is what to name where a note has no place of its own."""
        self._give_each_route_once(source)
        for name, said in self.services.items():
            if said.get("route", "none") == "none" and not self.is_rolling(name):
                if said.get("release", self.top.get("release")):
                    says = f"{name} has no route, so its traffic cannot be shifted: it is updated in place"
                    self.account.add(Note("changed", source, 0, f"services.{name}", says, "", name))
                said["release"] = "rolling"
        data = {key: self.top[key] for key in TOP if self.top.get(key) not in (None, "", {}, 0)}
        data["services"] = {
            name: {key: said[key] for key in ORDER if said.get(key) not in (None, {}, [])}
            for name, said in self.services.items()
        }
        return Imported(data, self.account.close(), dict(self.builds))

    def _give_each_route_once(self, source: str) -> None:
        taken: dict[str, str] = {}
        for name, said in self.services.items():
            route = said.get("route", "none")
            if route == "none":
                continue
            if route in taken:
                says = f"{name} and {taken[route]} both have the route {route!r}: {name} gets none"
                advice = "give it a route of its own"
                self.account.add(Note("changed", source, 0, f"services.{name}", says, advice, name))
                said["route"] = "none"
            taken.setdefault(route, name)


def names_for(found: list[str], reserved: tuple[str, ...] = ()) -> dict[str, str]:
    """A legal name for each: those that are legal keep theirs."""
    made = {name: name for name in found if legal_name(name) == name and name not in reserved}
    for name in found:
        if name not in made:
            made[name] = legal_name(name, {*made.values(), *reserved})
    return {name: made[name] for name in found}
