"""A load balancer made through the API on a platform of its own, with one target each in two groups."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.e2e.platform import wait_for
from tests.support.backend import Backend

from bambe.cli.place import Local
from benchmarks.report import CannotRun
from benchmarks.servers import free_port
from benchmarks.signing import FORM, Operation, signed

LISTENS = 8181


@dataclass(frozen=True)
class Balancer:
    """Where its clients go, and the signed requests that give one group all the weight."""

    host: str
    requests: Mapping[str, bytes]
    api: tuple[asyncio.StreamReader, asyncio.StreamWriter]

    async def give_all_to(self, name: str) -> None:
        """Call ModifyListener; returns with its answer."""
        reader, writer = self.api
        writer.write(self.requests[name])
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
        if head.split()[1] != "200":
            raise CannotRun(f"ModifyListener is refused: {head.splitlines()[0]}")


@contextlib.asynccontextmanager
async def balancer(names: Sequence[str]) -> AsyncIterator[Balancer]:
    """A listener on `LISTENS` that forwards to targets which answer with the name of their group."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    backends: list[Backend] = []
    with tempfile.TemporaryDirectory(prefix="bambe-bench-") as home:
        place, port = Local(Path(home)), free_port()
        try:
            await asyncio.to_thread(place.start, port=port)
            gateway = _gateway(place)
            backends += [await Backend(name).start(gateway) for name in names]
            host, listener, groups = await asyncio.to_thread(_make, place, gateway, backends)
            requests = {name: signed(_modify(listener, groups, name), port, place.keys()) for name in names}
            api = await asyncio.open_connection("127.0.0.1", port)
            yield Balancer(host, requests, api)
            api[1].close()
        finally:
            for backend in backends:
                backend.kill()
            await asyncio.to_thread(place.end)


def _gateway(place: Local) -> str:
    """This machine's address on the platform's network, where its targets can be."""
    network = f"bambe-{(place.health() or {})['instance']}"
    shown = ["docker", "network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    return subprocess.run(shown, check=True, capture_output=True, text=True).stdout.strip()


def _make(place: Local, gateway: str, backends: Sequence[Backend]) -> tuple[str, str, dict[str, str]]:
    elb, ec2 = place.client("elbv2"), place.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    (made,) = elb.create_load_balancer(Name="bench", Subnets=[one["SubnetId"] for one in subnets])[
        "LoadBalancers"
    ]
    groups = {one.name: _group(elb, subnets[0]["VpcId"], gateway, one) for one in backends}
    arn, first = made["LoadBalancerArn"], next(iter(groups))
    (listener,) = elb.create_listener(
        LoadBalancerArn=arn, Protocol="HTTP", Port=LISTENS, DefaultActions=[_forward(groups, first)]
    )["Listeners"]
    wait_for(lambda: all(_is_healthy(elb, one) for one in groups.values()), "the targets are healthy")
    (now,) = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    addresses = [one for zone in now["AvailabilityZones"] for one in zone.get("LoadBalancerAddresses", [])]
    return str(addresses[0]["IpAddress"]), str(listener["ListenerArn"]), groups


def _group(elb: Any, vpc: str, gateway: str, backend: Backend) -> str:
    (group,) = elb.create_target_group(
        Name=backend.name,
        Protocol="HTTP",
        Port=backend.port,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )["TargetGroups"]
    elb.register_targets(
        TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": gateway, "Port": backend.port}]
    )
    return str(group["TargetGroupArn"])


def _is_healthy(elb: Any, group: str) -> bool:
    (target,) = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return bool(target["TargetHealth"]["State"] == "healthy")


def _forward(groups: Mapping[str, str], name: str) -> dict[str, Any]:
    weights = [{"TargetGroupArn": arn, "Weight": 100 if one == name else 0} for one, arn in groups.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}


def _modify(listener: str, groups: Mapping[str, str], name: str) -> Operation:
    """ModifyListener as the query protocol spells it."""
    action = "DefaultActions.member.1"
    form = {
        "Action": "ModifyListener",
        "Version": "2015-12-01",
        "ListenerArn": listener,
        f"{action}.Type": "forward",
    }
    for number, (one, arn) in enumerate(groups.items(), 1):
        group = f"{action}.ForwardConfig.TargetGroups.member.{number}"
        form |= {f"{group}.TargetGroupArn": arn, f"{group}.Weight": "100" if one == name else "0"}
    return Operation("ModifyListener", "elasticloadbalancing", {"Content-Type": FORM}, urlencode(form))
