"""Since when the proxy knows its targets, and which of them were ever healthy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bambe.engines.proxy.naming import group_key
from bambe.engines.proxy.port import TargetGroup, TargetHealth, TargetSeen
from bambe.engines.proxy.seen import Host, Key, judge


class Memory:
    """Kept in the process only: after a restart a failing target is `initial` once more for a while."""

    def __init__(self) -> None:
        self.groups: tuple[TargetGroup, ...] = ()
        self._since: dict[Key, float] = {}
        self._passed: set[Key] = set()

    def targets(self, groups: Iterable[TargetGroup], now: float) -> bool:
        """Remember what is told of; whether a group is new and has targets."""
        known = {group.id for group in self.groups}
        self.groups = tuple(groups)
        keys = {key for group in self.groups for key in _keys(group)}
        self._since = {key: self._since.get(key, now) for key in keys}
        self._passed &= keys
        return any(group.id not in known and group.targets for group in self.groups)

    def judge(self, hosts: Mapping[Key, Host], now: float) -> dict[Key, TargetSeen]:
        """Every target, by (group id, address, port)."""
        seen = {}
        for group in self.groups:
            for key in _keys(group):
                _, address, port = key
                host = hosts.get((group_key(group.id), address, port))
                seen[key] = judge(group, host, self._since[key], key in self._passed, now)
                if seen[key].health is TargetHealth.HEALTHY:
                    self._passed.add(key)
        return seen


def _keys(group: TargetGroup) -> list[Key]:
    return [(group.id, target.address, target.port) for target in group.targets]
