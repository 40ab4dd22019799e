"""Whether Envoy has taken what we wrote: it names the version it runs, per document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bambe.engines.proxy.admin import Admin
from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.render import CLUSTERS, LISTENERS
from bambe.kernel.clock import SystemClock, monotonic
from bambe.kernel.errors import Refused, Unavailable

PAGE = "/stats?format=json&filter=(version_text|update_rejected|warming_clusters)$"
PATIENCE = 5.0
WARMING = 1.0
PAUSE = 0.001


class Taken:
    """Asks the admin page until the versions are the new ones; about a millisecond per question."""

    def __init__(self, admin: Admin, log: Path) -> None:
        self._admin = admin
        self._log = log
        self._clock = SystemClock()
        self._rejected = 0

    async def baseline(self) -> None:
        """Know what was rejected before; Unavailable when Envoy does not answer."""
        self._rejected = _rejected(await self._stats())

    async def wait(self, versions: Mapping[str, str], *, warmed: bool = False) -> None:
        """Return when all `versions` (path -> version) run; Refused with Envoy's words when it will not."""
        wanted = {name: version for path, version in versions.items() if (name := _statistic(path))}
        until = monotonic() + PATIENCE
        warm_until = monotonic() + (WARMING if warmed else 0.0)
        while wanted:
            stats = await self._stats()
            before, self._rejected = self._rejected, _rejected(stats)
            if self._rejected > before:
                raise Refused(f"Envoy refuses its configuration: {self.complaint()}")
            warming = bool(int(stats.get("cluster_manager.warming_clusters", 0))) and monotonic() < warm_until
            if all(_runs(stats, name, version) for name, version in wanted.items()) and not warming:
                return
            if monotonic() > until:
                raise Unavailable(f"Envoy has not taken {', '.join(sorted(versions))}")
            await self._clock.sleep(PAUSE)

    def complaint(self) -> str:
        """The last thing Envoy complained about in its log."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        grave = [line for line in lines if "rejected" in line or "[error]" in line or "[critical]" in line]
        return (grave or lines or ["it said nothing"])[-1]

    async def _stats(self) -> Json:
        page = await self._admin.page(PAGE)
        return {stat["name"]: stat["value"] for stat in page["stats"] if "name" in stat}


def _statistic(path: str) -> str:
    """The end of the statistic's name that holds the version of this document ("" for secrets)."""
    if path == CLUSTERS:
        return "cluster_manager.cds.version_text"
    if path == LISTENERS:
        return "listener_manager.lds.version_text"
    folder, _, file = path.partition("/")
    key = file.removesuffix(".json")
    return {"endpoints": f"cluster.{key}.version_text", "routes": f".rds.{key}.version_text"}.get(folder, "")


def _runs(stats: Json, name: str, version: str) -> bool:
    return any(value == version for key, value in stats.items() if key.endswith(name))


def _rejected(stats: Json) -> int:
    return sum(int(value) for name, value in stats.items() if name.endswith("update_rejected"))
