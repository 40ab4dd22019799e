"""What an update of a stack would do, in lines for a person: read from a change set's description."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["add", "change", "replace", "perhaps replace", "delete", "let go"]
SIGNS: Mapping[Kind, str] = {
    "add": "+",
    "change": "~",
    "replace": "!",
    "perhaps replace": "?",
    "delete": "-",
    "let go": "-",
}
REPLACEMENTS: Mapping[str, Kind] = {"True": "replace", "Conditional": "perhaps replace"}
INTERRUPTING: Mapping[str, Mapping[str, str]] = {
    "AWS::ECS::Service": {
        "TaskDefinition": "its tasks are started anew",
        "NetworkConfiguration": "its tasks are started anew",
        "LoadBalancers": "its tasks are started anew",
        "ServiceRegistries": "its tasks are started anew",
        "PlatformVersion": "its tasks are started anew",
    },
    "AWS::ElasticLoadBalancingV2::Listener": {"DefaultActions": "traffic goes elsewhere"},
    "AWS::ElasticLoadBalancingV2::ListenerRule": {"Actions": "traffic goes elsewhere"},
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {"Subnets": "addresses of zones change"},
    "AWS::MSK::Cluster": {
        "BrokerNodeGroupInfo": "its brokers restart one after another",
        "ConfigurationInfo": "its brokers restart one after another",
        "KafkaVersion": "its brokers restart one after another",
        "ClientAuthentication": "its brokers restart one after another",
        "EncryptionInfo": "its brokers restart one after another",
    },
}
"""Changes in place that those who use a resource may feel (Update requires: Some interruptions, or by what
the service does)."""


IDS = ("", "Arn", "GroupId", "Name", "TargetGroupName")
"""What is the same as long as a resource is: the reference to it, and these attributes."""
BY_NAME_ONLY = ("AWS::CodeDeploy::DeploymentConfig",)
"""Types that hold nothing and that nobody feels: another one of another name takes its place."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one resource. `properties` are those that change, `felt` how its users notice."""

    kind: Kind
    resource: str
    type: str
    properties: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    felt: tuple[str, ...] = ()

    @property
    def needs_yes(self) -> bool:
        """Whether something that exists is replaced, deleted or interrupted."""
        is_lost = self.kind in ("replace", "perhaps replace", "delete") and self.type not in BY_NAME_ONLY
        return bool(self.felt) or is_lost

    @property
    def line(self) -> str:
        """The change in a line, what a person must know marked at its end."""
        what = f"{SIGNS[self.kind]} {self.resource} ({self.type})"
        if self.properties:
            what += f": {', '.join(self.properties)}"
        marks = [WORDS[self.kind]] if self.kind in WORDS else []
        marks += [*self.felt, *(f"because of {one}" for one in self.because)]
        return f"{what} [{'; '.join(marks)}]" if marks else what


WORDS: Mapping[Kind, str] = {
    "replace": "REPLACED: a new one is made, the old one deleted",
    "perhaps replace": "PERHAPS REPLACED: known only when it is done",
    "delete": "DELETED",
    "let go": "kept, no longer the stack's",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen to a stack. `outputs` says that only what it puts out (or its metadata) changes;
    `note` what is to be said besides."""

    name: str
    is_new: bool = False
    changes: tuple[Change, ...] = ()
    outputs: bool = False
    note: str = ""

    @property
    def any(self) -> bool:
        return bool(self.changes) or self.outputs or bool(self.note)

    @property
    def needs_yes(self) -> bool:
        return any(one.needs_yes for one in self.changes)

    @property
    def lines(self) -> list[str]:
        """The preview for a person; one line where nothing would change."""
        if not self.any:
            return [f"{self.name}: nothing changes"]
        head = f"{self.name}: a new stack" if self.is_new else f"{self.name}:"
        rest = ["  outputs change"] if self.outputs and not self.changes else []
        rest += [f"  {self.note}"] if self.note else []
        return [head, *(f"  {one.line}" for one in self.changes), *rest]


def previewed(changes: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """The changes of DescribeChangeSet's answer: what needs a yes first."""
    said = [one["ResourceChange"] for one in changes if one.get("Type") == "Resource"]
    same = {one["LogicalResourceId"] for one in said if _stays(one)}
    found = [_change(one, same) for one in said if _is_real(one, same)]
    return tuple(sorted(found, key=lambda one: (not one.needs_yes, one.resource)))


def _is_real(said: Mapping[str, Any], same: Collection[str]) -> bool:
    """Whether a resource changes at all, as far as details tell it."""
    details = said.get("Details", ())
    return not (_stays(said) and details and not any(_is_felt(one, same) for one in details))


def _stays(said: Mapping[str, Any]) -> bool:
    """Whether a resource remains the one that it is."""
    return bool(said["Action"] == "Modify" and said.get("Replacement", "False") == "False")


def _is_felt(detail: Mapping[str, Any], same: Collection[str]) -> bool:
    """Whether a property may really get another value: one that follows an id of a resource that stays does
    not, though CloudFormation knows that only when it is done (Evaluation: Dynamic)."""
    resource, _, attribute = str(detail.get("CausingEntity", "")).partition(".")
    follows = detail.get("ChangeSource") in ("ResourceReference", "ResourceAttribute")
    return not (follows and resource in same and attribute in IDS)


def additions(template: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes that making a template's stack would be."""
    made = [Change("add", name, str(one["Type"])) for name, one in template["Resources"].items()]
    return tuple(sorted(made, key=lambda one: one.resource))


def _change(said: Mapping[str, Any], same: Collection[str]) -> Change:
    name, kind = str(said["LogicalResourceId"]), str(said["ResourceType"])
    if said["Action"] == "Add":
        return Change("add", name, kind)
    if said["Action"] == "Remove":
        return Change("let go" if said.get("PolicyAction") == "Retain" else "delete", name, kind)
    details = [one for one in said.get("Details", ()) if _is_felt(one, same)]
    properties = sorted({_named(one["Target"]) for one in details})
    causes = {str(one["CausingEntity"]) for one in details if one.get("CausingEntity")}
    felt = {word for one in properties if (word := INTERRUPTING.get(kind, {}).get(one))}
    return Change(
        REPLACEMENTS.get(str(said.get("Replacement", "False")), "change"),
        name,
        kind,
        tuple(properties),
        tuple(sorted(causes)),
        tuple(sorted(felt)),
    )


def _named(target: Mapping[str, Any]) -> str:
    """What changes: a property, or an attribute (DeletionPolicy, Tags)."""
    return str(target.get("Name") or target["Attribute"])
