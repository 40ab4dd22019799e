"""Certificates of the local CA: issued, verifiable, exported with their key, renewed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from bambe.kernel.errors import AwsError
from bambe.services.acm.authority import Authority, belongs, read
from tests.support.house import House

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def request(house: House, *names: str) -> str:
    answer = await house.aws.acm.request_certificate(
        DomainName=names[0], SubjectAlternativeNames=list(names), IdempotencyToken="one"
    )
    await house.settle()
    return str(answer["CertificateArn"])


async def test_a_requested_certificate_is_issued_by_the_ca(house: House) -> None:
    arn = await request(house, "shop.example", "127.200.255.10")
    shown = (await house.aws.acm.describe_certificate(CertificateArn=arn))["Certificate"]
    assert (shown["Status"], shown["Type"]) == ("ISSUED", "AMAZON_ISSUED")
    answer = await house.aws.acm.get_certificate(CertificateArn=arn)
    certificate, authority = read(answer["Certificate"]), read(answer["CertificateChain"])
    certificate.verify_directly_issued_by(authority)
    assert authority == read((Path(house.site.state) / "ca" / "ca.pem").read_text())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.200.255.10"]
    assert (Path(house.site.state) / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600


async def test_the_same_request_answers_the_same_certificate(house: House) -> None:
    assert await request(house, "shop.example") == await request(house, "shop.example")


async def test_an_exported_key_opens_with_the_passphrase_and_fits(house: House) -> None:
    arn = await request(house, "shop.example")
    answer = await house.aws.acm.export_certificate(CertificateArn=arn, Passphrase=b"secret")
    key = serialization.load_pem_private_key(answer["PrivateKey"].encode(), b"secret")
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert belongs(read(answer["Certificate"]), plain.decode())


async def test_a_certificate_is_renewed_before_it_ends(house: House) -> None:
    arn = await request(house, "shop.example")
    before = (await house.aws.acm.describe_certificate(CertificateArn=arn))["Certificate"]["NotAfter"]
    await house.clock.advance(340 * 86400)
    await house.settle()
    after = (await house.aws.acm.describe_certificate(CertificateArn=arn))["Certificate"]["NotAfter"]
    assert (after - before).days == 340


async def test_a_certificate_and_key_of_ones_own(house: House) -> None:
    issued = Authority(Path(house.site.state) / "other").issue(["own.example"], "RSA_2048", NOW)
    other = Authority(Path(house.site.state) / "other").issue(["x.example"], "EC_prime256v1", NOW)
    answer = await house.aws.acm.import_certificate(
        Certificate=issued.certificate.encode(), PrivateKey=issued.key.encode()
    )
    shown = await house.aws.acm.describe_certificate(CertificateArn=answer["CertificateArn"])
    assert (shown["Certificate"]["DomainName"], shown["Certificate"]["Type"]) == ("own.example", "IMPORTED")
    with pytest.raises(AwsError, match="does not match"):
        await house.aws.acm.import_certificate(
            Certificate=issued.certificate.encode(), PrivateKey=other.key.encode()
        )
    with pytest.raises(AwsError, match="not valid PEM"):
        await house.aws.acm.import_certificate(Certificate=b"x", PrivateKey=b"y")


async def test_a_pending_certificate_has_nothing_to_give(house: House) -> None:
    arn = (await house.aws.acm.request_certificate(DomainName="shop.example"))["CertificateArn"]
    with pytest.raises(AwsError, match="not issued yet"):
        await house.aws.acm.get_certificate(CertificateArn=arn)
    with pytest.raises(AwsError, match="Could not find certificate"):
        await house.aws.acm.describe_certificate(CertificateArn=arn[:-12] + "0" * 12)


async def test_many_first_certificates_at_once_have_one_ca(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    made = [asyncio.to_thread(authority.issue, [f"x{n}.example"], "EC_prime256v1", NOW) for n in range(8)]
    chains = {issued.chain for issued in await asyncio.gather(*made)}
    assert len(chains) == 1
