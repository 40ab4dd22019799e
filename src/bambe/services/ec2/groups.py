"""Security groups and their rules: what they are, how requests say them, and what AWS lets them be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from bambe.kernel.ids import digest_id
from bambe.services.ec2.errors import InvalidParameterValue

MOST_RULES = 60
"""Rules of one direction (Amazon VPC quotas: Inbound or outbound rules per security group)."""
NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
PORTED = ("tcp", "udp")
ALLOWED = r"a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*"
TEXT = re.compile(rf"[{ALLOWED}]{{0,255}}")
SPELLED = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"


@dataclass(frozen=True, slots=True)
class Permission:
    """One rule: what `source` (a CIDR, a group's or a prefix list's id) may reach."""

    protocol: str
    source: str
    from_port: int | None = None
    to_port: int | None = None
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes it this rule; another description is the same rule."""
        return (self.protocol, self.source, self.from_port, self.to_port)


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group of a VPC."""

    account: str
    region: str
    id: str
    name: str
    description: str
    vpc: str
    ingress: list[Permission] = field(default_factory=list)
    egress: list[Permission] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_default(self) -> bool:
        return self.name == "default"

    def rules(self, direction: str) -> list[Permission]:
        """The rules of `ingress` or `egress`."""
        return self.ingress if direction == "ingress" else self.egress

    def mentions(self, group: str) -> bool:
        """Whether a rule names another group."""
        return any(one.source == group for one in (*self.ingress, *self.egress))


ANYWHERE = Permission("-1", "0.0.0.0/0")


def default_group(account: str, region: str, id: str, vpc: str) -> SecurityGroup:
    """The group every VPC has."""
    return SecurityGroup(
        account=account,
        region=region,
        id=id,
        name="default",
        description="default VPC security group",
        vpc=vpc,
        ingress=[Permission("-1", id)],
        egress=[ANYWHERE],
    )


def rule_id(group: SecurityGroup, direction: str, rule: Permission) -> str:
    """The rule's id, the same every time."""
    return f"sgr-{digest_id(group.id, direction, *map(str, rule.identity), length=17)}"


def check_group(name: str, description: str) -> None:
    """InvalidParameterValue for names and descriptions that AWS does not take."""
    if name.startswith("sg-"):
        raise InvalidParameterValue("Invalid group name. Group names may not be in the format sg-*.")
    if name == "default":
        raise InvalidParameterValue("Cannot use reserved security group name: default")
    if not TEXT.fullmatch(name) or not name:
        raise InvalidParameterValue(f"Invalid security group name '{name}'")
    if not TEXT.fullmatch(description):
        raise InvalidParameterValue(
            "Invalid security group description. Valid descriptions are strings less than 256 characters "
            f"from the following set: {SPELLED}"
        )


def permissions(request: Any) -> list[Permission]:
    """IpPermissions (or the older flat parameters) as single rules."""
    found: list[Permission] = []
    for one in request.get("IpPermissions") or [_flat(request)]:
        protocol = _protocol(str(one.get("IpProtocol", "-1")))
        ports = _ports(protocol, one.get("FromPort"), one.get("ToPort"))
        found += [Permission(protocol, source, *ports, said) for source, said in _sources(one)]
    return found


def _sources(one: Any) -> Iterable[tuple[str, str]]:
    for range_ in one.get("IpRanges", ()):
        yield _cidr(range_["CidrIp"], 4), _said(range_)
    for range_ in one.get("Ipv6Ranges", ()):
        yield _cidr(range_["CidrIpv6"], 6), _said(range_)
    for pair in one.get("UserIdGroupPairs", ()):
        yield pair.get("GroupId") or pair.get("GroupName", ""), _said(pair)
    for listed in one.get("PrefixListIds", ()):
        yield listed["PrefixListId"], _said(listed)


def _said(one: Any) -> str:
    text = str(one.get("Description", ""))
    if not TEXT.fullmatch(text):
        raise InvalidParameterValue(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the "
            f"following set: {SPELLED}"
        )
    return text


def _protocol(said: str) -> str:
    protocol = NUMBERS.get(said.lower(), said.lower())
    if protocol in (*NUMBERS.values(), "-1") or (protocol.isdigit() and int(protocol) < 256):
        return protocol
    raise InvalidParameterValue(f"Invalid value '{said}' for IP protocol. Unknown protocol.")


def _ports(protocol: str, first: int | None, last: int | None) -> tuple[int | None, int | None]:
    if protocol in PORTED:
        if first is None or last is None:
            raise InvalidParameterValue(
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
            )
        if not 0 <= first <= last <= 65535:
            raise InvalidParameterValue(f"Invalid TCP/UDP port range ({first}:{last})")
        return first, last
    return (first, last) if protocol.startswith("icmp") else (None, None)


def _cidr(said: str, version: int) -> str:
    """The block as AWS keeps it, with the host's part cleared."""
    try:
        block = ip_network(said, strict=False)
    except ValueError:
        block = None
    if block is None or block.version != version or "/" not in said:
        raise InvalidParameterValue(f"CIDR block {said} is malformed")
    return str(block)


def _flat(request: Any) -> dict[str, Any]:
    ranges = [{"CidrIp": request["CidrIp"]}] if request.get("CidrIp") else []
    named = request.get("SourceSecurityGroupName")
    return {
        "IpProtocol": request.get("IpProtocol", "-1"),
        "FromPort": request.get("FromPort"),
        "ToPort": request.get("ToPort"),
        "IpRanges": ranges,
        "UserIdGroupPairs": [{"GroupName": named}] if named else [],
    }
