"""ACM through stock clients: boto3 and the AWS CLI."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.api.conftest import Edge


@pytest.fixture
def issued(edge: Edge, aws: Callable[..., Any]) -> str:
    """The ARN of an issued certificate for `shop.example`."""
    answer = aws("acm").request_certificate(
        DomainName="shop.example",
        SubjectAlternativeNames=["*.shop.example"],
        ValidationMethod="DNS",
        Tags=[{"Key": "team", "Value": "shop"}],
    )
    edge.run(edge.house.settle())
    return str(answer["CertificateArn"])


def test_a_certificate_is_issued_and_described(aws: Callable[..., Any], issued: str) -> None:
    acm = aws("acm")
    acm.get_waiter("certificate_validated").wait(CertificateArn=issued)
    shown = acm.describe_certificate(CertificateArn=issued)["Certificate"]
    assert (shown["Status"], shown["DomainName"]) == ("ISSUED", "shop.example")
    assert shown["SubjectAlternativeNames"] == ["shop.example", "*.shop.example"]
    listed = acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    assert [one["CertificateArn"] for one in listed] == [issued]
    assert acm.list_certificates(CertificateStatuses=["EXPIRED"])["CertificateSummaryList"] == []


def test_certificate_and_key_fit(aws: Callable[..., Any], issued: str) -> None:
    acm = aws("acm")
    answer = acm.export_certificate(CertificateArn=issued, Passphrase=b"four")
    assert answer["Certificate"] == acm.get_certificate(CertificateArn=issued)["Certificate"]
    key = serialization.load_pem_private_key(answer["PrivateKey"].encode(), b"four")
    certificate = x509.load_pem_x509_certificate(answer["Certificate"].encode())
    assert key.public_key() == certificate.public_key()


def test_a_certificate_of_ones_own(aws: Callable[..., Any], issued: str) -> None:
    acm = aws("acm")
    given = acm.export_certificate(CertificateArn=issued, Passphrase=b"four")
    key = serialization.load_pem_private_key(given["PrivateKey"].encode(), b"four").private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    arn = acm.import_certificate(Certificate=given["Certificate"].encode(), PrivateKey=key)["CertificateArn"]
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Type"] == "IMPORTED"
    with pytest.raises(acm.exceptions.ClientError, match="not valid PEM"):
        acm.import_certificate(Certificate=b"no", PrivateKey=b"no")


def test_tags_and_the_end(aws: Callable[..., Any], issued: str) -> None:
    acm = aws("acm")
    acm.add_tags_to_certificate(CertificateArn=issued, Tags=[{"Key": "a", "Value": "b"}])
    acm.remove_tags_from_certificate(CertificateArn=issued, Tags=[{"Key": "team"}])
    assert acm.list_tags_for_certificate(CertificateArn=issued)["Tags"] == [{"Key": "a", "Value": "b"}]
    acm.delete_certificate(CertificateArn=issued)
    with pytest.raises(acm.exceptions.ResourceNotFoundException, match="Could not find certificate"):
        acm.describe_certificate(CertificateArn=issued)


def test_the_cli(edge: Edge, issued: str) -> None:
    done = edge.cli("acm", "describe-certificate", "--certificate-arn", issued)
    assert json.loads(done.stdout)["Certificate"]["Status"] == "ISSUED"
