"""The files of a node: made once, kept, and closed to others."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from bambe.engines.brokers import KafkaBrokers
from bambe.engines.brokers.files import STORE_PASSWORD
from bambe.engines.brokers.port import Cluster, Node
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import NotThere, Unavailable

NODES = tuple(Node(n, f"b-{n}.shop.example", f"10.1.0.{n}") for n in (1, 2, 3))
CLUSTER = Cluster("0b9c", "4.1.2", NODES)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


async def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    brokers = KafkaBrokers(tmp_path, ManualClock())
    process = await brokers.prepare(CLUSTER, NODES[0])
    before = files(tmp_path)
    assert await KafkaBrokers(tmp_path, ManualClock()).prepare(CLUSTER, NODES[0]) == process
    assert files(tmp_path) == before


async def test_the_authority_stays_outside_and_keys_are_the_owners_alone(tmp_path: Path) -> None:
    brokers = KafkaBrokers(tmp_path, ManualClock())
    process = await brokers.prepare(CLUSTER, NODES[0])
    inside = [Path(source) for source, _, _ in process.mounts]
    assert not any((folder / "ca.key").exists() for folder in inside)
    assert [read_only for _, _, read_only in process.mounts] == [True, False]
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*") if p.is_file()}
    assert set(modes.values()) == {0o600}


async def test_a_node_at_another_address_gets_another_certificate_by_the_same_authority(
    tmp_path: Path,
) -> None:
    brokers = KafkaBrokers(tmp_path, ManualClock())
    node = tmp_path / "kafka/0b9c/node-1/files"
    await brokers.prepare(CLUSTER, NODES[0])
    authority, old = await brokers.authority("0b9c"), (node / "keystore.p12").read_bytes()
    await brokers.prepare(CLUSTER, replace(NODES[0], address="10.1.0.77"))
    assert await brokers.authority("0b9c") == authority
    _, certificate, _ = pkcs12.load_key_and_certificates(
        (node / "keystore.p12").read_bytes(), STORE_PASSWORD.encode()
    )
    assert certificate is not None
    assert (node / "keystore.p12").read_bytes() != old
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(one.value) for one in names} == {"b-1.shop.example", "10.1.0.77"}
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))


async def test_controllers_stay_when_brokers_are_added(tmp_path: Path) -> None:
    brokers = KafkaBrokers(tmp_path, ManualClock())
    await brokers.prepare(replace(CLUSTER, nodes=NODES[:1]), NODES[0])
    await brokers.prepare(CLUSTER, NODES[2])
    properties = (tmp_path / "kafka/0b9c/node-3/files/server.properties").read_text()
    assert "controller.quorum.voters=1@b-1.shop.example:9095\n" in properties
    assert "process.roles=broker\n" in properties


async def test_without_an_address_it_is_too_early(tmp_path: Path) -> None:
    brokers = KafkaBrokers(tmp_path, ManualClock())
    with pytest.raises(Unavailable, match="b-1"):
        await brokers.prepare(CLUSTER, replace(NODES[0], address=""))


async def test_zookeeper_speaks_to_those_alone_who_have_a_certificate(tmp_path: Path) -> None:
    keeper = Node(0, "z-1.shop.example", "10.1.0.9")
    old = replace(CLUSTER, version="2.6.1", nodes=(*NODES, keeper))
    await KafkaBrokers(tmp_path, ManualClock()).prepare(old, keeper)
    folder = tmp_path / "kafka/0b9c/node-0/files"
    said = dict(line.split("=", 1) for line in (folder / "zookeeper.properties").read_text().splitlines())
    assert (said["secureClientPort"], said["ssl.clientAuth"]) == ("2182", "need")
    assert "clientPort" not in said
    for name in ("keyStore", "trustStore"):
        assert (folder / Path(said[f"ssl.{name}.location"]).name).exists()


async def test_removing_leaves_nothing(tmp_path: Path) -> None:
    brokers = KafkaBrokers(tmp_path, ManualClock())
    await brokers.prepare(CLUSTER, NODES[0])
    for _ in range(2):
        await brokers.remove("0b9c")
    assert files(tmp_path) == {}
    with pytest.raises(NotThere):
        await brokers.authority("0b9c")
