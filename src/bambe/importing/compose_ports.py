"""The ports of a Compose service: which one Bambe leads to, and whether from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bambe.importing.account import Part
from bambe.importing.draft import Said
from bambe.importing.fields import put_port, whole

SHORT = re.compile(
    r"(?:(?P<ip>\[[^\]]*\]|\d+(?:\.\d+){3}):)?(?:(?P<host>[\d-]*):)?(?P<inner>[\d-]+)(?:/(?P<kind>\w+))?"
)

KEYS = ("target", "protocol", "host_ip", "published")


@dataclass(frozen=True, slots=True)
class Port:
    """One published port; `inner` is None for what is no single port of TCP."""

    part: Part
    inner: int | None
    outer: str
    is_open: bool


def put_ports(part: Part, said: Said) -> None:
    """`port`, and a route where the port is open to everybody."""
    found = [_port(one) for one in part.at("ports").each()]
    fit = [one for one in found if one.inner is not None]
    chosen = next((one for one in fit if one.is_open), fit[0] if fit else None)
    exposed = part.at("expose").each()
    if chosen is None:
        put_port(said, exposed[0] if exposed else part.at("expose"))
    else:
        said["port"] = chosen.inner
        _tell(chosen, said)
    for one in exposed:
        one.take_if(said["port"], str(said["port"]), f"{said['port']}/tcp")


def _tell(chosen: Port, said: Said) -> None:
    for key, inner in chosen.part.items():
        if key not in KEYS:
            inner.leave()
    if not chosen.is_open:
        chosen.part.change(
            "open on this machine only: no route leads to it", "give it a `route` if it should"
        )
        return
    said["route"] = "default"
    chosen.part.change(
        f"published as {chosen.outer or 'any port'}: the load balancer leads to it, on port 443",
        "say with `route` which paths are its own",
    )


def _port(part: Part) -> Port:
    if part.is_mapping:
        inner = whole(part.at("target").text)
        kind, ip = part.at("protocol").text or "tcp", part.at("host_ip").text
        return Port(part, inner if kind == "tcp" else None, part.at("published").text, not _is_loopback(ip))
    hit = SHORT.fullmatch(part.text)
    if hit is None or (hit["kind"] or "tcp") != "tcp":
        return Port(part, None, "", False)
    return Port(part, whole(hit["inner"]), hit["host"] or "", not _is_loopback(hit["ip"] or ""))


def _is_loopback(ip: str) -> bool:
    return ip.startswith("127.") or ip in ("[::1]", "::1")
