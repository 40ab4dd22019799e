"""Which differences are drift, and how a person reads them; pure.

One owner per property: what releases, schedules and AWS itself own is no drift, however it differs from the
template. Shapes are those of DescribeStackResourceDrifts' `StackResourceDrifts`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bambe.evidence.wishes import BY_PEOPLE

Seen = Mapping[str, Any]
"""One of DescribeStackResourceDrifts' `StackResourceDrifts`."""
SERVICE = "AWS::ECS::Service"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
SCALED = "AWS::ApplicationAutoScaling::ScalableTarget"
ACTIONS = {
    "AWS::ElasticLoadBalancingV2::ListenerRule": "Actions",
    "AWS::ElasticLoadBalancingV2::Listener": "DefaultActions",
}
"""Where traffic is led to: weights are the releases', the target groups the template's."""
OF_SCHEDULES = ("/MinCapacity", "/MaxCapacity")
OF_OTHERS = ("ListenerAttributes", "LoadBalancerAttributes", "SecretArnList", "TargetGroupAttributes")
"""Lists to which AWS adds its defaults, and other projects the secrets of their users."""
TOPIC = ("AWS::MSK::Topic", "/Configs")
SECRET = re.compile(
    r"password|secret|token|credential|private_?key|api_?key|^/environment($|/(environment)?variables)",
    re.IGNORECASE,
)
SECRETS = ("AWS::SSM::Parameter", "AWS::SecretsManager::Secret")
VALUES = re.compile(r"^/(Value|SecretString|GenerateSecretString)\b")
LONG = 60
BEFORE = 15


@dataclass(frozen=True, slots=True)
class Difference:
    """One property (`path` as /HealthCheckPath, /Tags/0/Value) and what is where. None is not there; both are
    "" where the values are `hidden`: secrets are not told."""

    path: str
    expected: str | None
    actual: str | None
    hidden: bool = False

    @property
    def line(self) -> str:
        name = self.path.strip("/")
        if self.hidden:
            return f"{name} is another one than the template says (not shown here)"
        if self.actual is None:
            return f"{name} is gone, the template says {_shortened(self.expected or '', '')}"
        if self.expected is None:
            return f"{name} is {_shortened(self.actual, '')}, the template has none"
        actual, expected = (
            _shortened(self.actual, self.expected),
            _shortened(self.expected, self.actual),
        )
        return f"{name} is {actual}, the template says {expected}"


def differences(seen: Seen, stack: Sequence[Seen]) -> tuple[Difference, ...]:
    """What of a changed resource is drift; `stack` is all that was seen of its stack."""
    kind = str(seen["ResourceType"])
    found = [_difference(kind, one) for one in seen.get("PropertyDifferences", ())]
    property = ACTIONS.get(kind, "")
    left = [one for one in found if not _is_others(kind, one, seen, stack)]
    if property and any(_top(one.path) == property for one in left):
        elsewhere = _led_elsewhere(property, seen, stack)
        left = [*(one for one in left if _top(one.path) != property), *elsewhere]
    return tuple(left)


def _difference(kind: str, said: Mapping[str, str]) -> Difference:
    path = said["PropertyPath"]
    expected, actual = _present(said, "ExpectedValue", "ADD"), _present(said, "ActualValue", "REMOVE")
    if (kind, path) == TOPIC:
        expected, actual = _settings(expected), _settings(actual)
    if _is_secret(kind, path, expected, actual):
        return Difference(path, "", "", hidden=True)
    return Difference(path, expected, actual)


def _settings(encoded: str | None) -> str | None:
    """A topic's settings as they are written; MSK has them in Base64."""
    try:
        return ", ".join(sorted(base64.b64decode(encoded or "", validate=True).decode().splitlines()))
    except ValueError:
        return encoded


def _present(said: Mapping[str, str], member: str, without: str) -> str | None:
    """A value, or None where this kind of difference has none."""
    return None if said.get("DifferenceType") == without else said.get(member)


def _is_secret(kind: str, path: str, expected: str | None, actual: str | None) -> bool:
    if kind in SECRETS and VALUES.match(path):
        return True
    values = [one for one in (expected, actual) if one is not None]
    return bool(SECRET.search(path)) and not all(one.startswith("arn:") for one in values)


def _is_others(kind: str, one: Difference, seen: Seen, stack: Sequence[Seen]) -> bool:
    """Whether somebody else than the template owns the property, or nothing differs but the spelling."""
    if not one.hidden and same(one.expected, one.actual):
        return True
    if _top(one.path) == "Tags":
        return _is_others_tag(one)
    if one.expected is None and not one.hidden and _top(one.path) in OF_OTHERS:
        return True
    owner = OWNERS.get(kind)
    return owner is not None and owner(one, seen, stack)


def _of_service(one: Difference, seen: Seen, stack: Sequence[Seen]) -> bool:
    """Releases say what runs and which of the pair of target groups has it; what scales counts itself."""
    if _top(one.path) == "LoadBalancers":
        return one.actual in _groups_of(stack)
    if _top(one.path) == "DesiredCount":
        return any(other["ResourceType"] == SCALED for other in stack)
    return _top(one.path) == "TaskDefinition"


def _of_scaled(one: Difference, seen: Seen, stack: Sequence[Seen]) -> bool:
    """The limits are those of the last time of its schedule."""
    return one.path in OF_SCHEDULES and bool(_properties(seen, "Expected").get("scheduledactions"))


OWNERS: Mapping[str, Callable[[Difference, Seen, Sequence[Seen]], bool]] = {
    SERVICE: _of_service,
    SCALED: _of_scaled,
}


def _is_others_tag(one: Difference) -> bool:
    """AWS's own, and what a person asks of a release under way."""
    value = _data(one.actual if one.expected is None else one.expected)
    names = [str(value["Key"]) if isinstance(value, Mapping) and "Key" in value else one.path.split("/")[-1]]
    return any(name.startswith("aws:") or name in BY_PEOPLE for name in names)


def _led_elsewhere(property: str, seen: Seen, stack: Sequence[Seen]) -> list[Difference]:
    """What a rule does that no release has it do: it leads to other target groups, or does something else."""
    expected, actual = (_properties(seen, one).get(property.lower(), []) for one in ("Expected", "Actual"))
    before, now = _led(expected), _led(actual)
    known = before | _groups_of(stack)
    is_forward = (
        bool(before) and bool(now) and {str(one.get("type")).lower() for one in actual} == {"forward"}
    )
    if is_forward and now <= known:
        return []
    return [Difference(f"/{property}", _in_words(expected), _in_words(actual))]


def _led(actions: Sequence[Mapping[str, Any]]) -> set[str]:
    """The target groups of actions, whose names are in small letters."""
    found = set[str]()
    for action in actions:
        groups = (action.get("forwardconfig") or {}).get("targetgroups") or [action]
        found |= {str(one["targetgrouparn"]) for one in groups if one.get("targetgrouparn")}
    return found


def _in_words(actions: Sequence[Mapping[str, Any]]) -> str:
    groups = sorted(one.rsplit("targetgroup/", 1)[-1] for one in _led(actions))
    kinds = " and ".join(str(one.get("type")) for one in actions) or "nothing"
    return f"{kinds} to {', '.join(groups)}" if groups else kinds


def _groups_of(stack: Sequence[Seen]) -> set[str]:
    """The stack's own target groups."""
    return {str(one.get("PhysicalResourceId")) for one in stack if one["ResourceType"] == GROUP}


def _properties(seen: Seen, which: str) -> dict[str, Any]:
    """ExpectedProperties or ActualProperties as data, names in small letters."""
    found = _small(_data(seen.get(f"{which}Properties") or "{}"))
    return found if isinstance(found, dict) else {}


def _small(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key).lower(): _small(inner) for key, inner in value.items()}
    return [_small(inner) for inner in value] if isinstance(value, list) else value


def _top(path: str) -> str:
    return path.strip("/").split("/", 1)[0]


def same(expected: str | None, actual: str | None) -> bool:
    """Whether two values mean the same: in numbers and truths as text, in JSON's spacing and the order of its
    lists, in lists of one."""
    if expected is None or actual is None:
        return False
    return expected == actual or _plain(_data(expected)) == _plain(_data(actual))


def _data(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    """What is left of a value when its spelling is taken away."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        if len(value) == 1:
            return _plain(value[0])
        return sorted((_plain(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shortened(text: str, other: str) -> str:
    """A value in a line: printable, and of a long one the part that begins to differ from the other."""
    text, other = _printable(text), _printable(other)
    if len(text) <= LONG:
        return text or '""'
    alike = next(
        (at for at, pair in enumerate(zip(text, other, strict=False)) if pair[0] != pair[1]),
        min(len(text), len(other)),
    )
    start = max(0, min(alike - BEFORE, len(text) - LONG))
    end = start + LONG
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
