"""Blocks of addresses: what a VPC and a subnet may be given, and the next free address of one; pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from ipaddress import IPv4Network

from bambe.services.ec2.errors import (
    InvalidParameterValue,
    InvalidSubnetConflict,
    InvalidSubnetRange,
    InvalidVpcRange,
)

LARGEST, SMALLEST = 16, 28
"""Prefix lengths (Amazon VPC: VPC CIDR blocks, Subnet sizing)."""
OURS = 4
"""The first addresses of a subnet, which nobody gets; and the last one."""


def parse(text: str, parameter: str) -> IPv4Network:
    """A block as AWS keeps it: what is set behind the prefix is cleared (CreateVpc, CidrBlock)."""
    try:
        if "/" not in text:
            raise ValueError(text)
        return IPv4Network(text, strict=False)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."
        ) from None


def of_vpc(text: str) -> str:
    """The block of a new VPC; InvalidVpc.Range."""
    block = parse(text, "cidrBlock")
    if not LARGEST <= block.prefixlen <= SMALLEST:
        raise InvalidVpcRange(f"The CIDR '{text}' is invalid.")
    return str(block)


def of_subnet(text: str, vpc: str, others: Iterable[str]) -> str:
    """The block of a new subnet beside `others`; InvalidSubnet.Range, InvalidSubnet.Conflict."""
    block = parse(text, "cidrBlock")
    if not LARGEST <= block.prefixlen <= SMALLEST or not block.subnet_of(IPv4Network(vpc)):
        raise InvalidSubnetRange(f"The CIDR '{text}' is invalid.")
    if any(block.overlaps(IPv4Network(other)) for other in others):
        raise InvalidSubnetConflict(f"The CIDR '{text}' conflicts with another subnet")
    return str(block)


def capacity(cidr: str) -> int:
    """How many addresses of a subnet can be used (Subnet sizing: five are AWS's)."""
    return IPv4Network(cidr).num_addresses - OURS - 1


def free(cidr: str, taken: Container[str]) -> str | None:
    """The first address of a subnet that nobody has."""
    block = IPv4Network(cidr)
    for number in range(OURS, block.num_addresses - 1):
        address = str(block[number])
        if address not in taken:
            return address
    return None
