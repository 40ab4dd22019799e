"""A cluster's own certificate authority and the certificates of its nodes, as PEM and as Java's stores.

ca.pem, ca.key          the authority; the key (0600) never leaves its folder
<folder>/keystore.p12   a node's certificate and key        <folder>/truststore.p12   the authority
<folder>/cert.pem, key.pem                                  the engine's own, as librdkafka reads it
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bambe.engines.brokers.files import NODE, STORE_PASSWORD, authority_certificate, write

LIFE = timedelta(days=3650)


class Authority:
    """Makes itself at first use and signs for nodes. Its methods take milliseconds: use a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def certificate(self) -> Path:
        """The PEM that clients trust."""
        return authority_certificate(self._folder)

    def ensure(self, now: datetime) -> None:
        """Have an authority; one that is there is kept."""
        # The certificate comes last: where it is, the key is too.
        if self.certificate.exists():
            return
        key, name = ec.generate_private_key(ec.SECP256R1()), _subject("Bambe Kafka CA")
        unsigned = (
            _builder(name, name, key, now)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signs_certificates(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        write(self._folder / "ca.key", _key_pem(key))
        write(self.certificate, _pem(unsigned.sign(key, hashes.SHA256())))

    def ensure_stores(self, folder: Path, names: Sequence[str], now: datetime) -> None:
        """Have stores for a node of `names` (DNS names and addresses) in `folder`."""
        keystore, truststore = folder / "keystore.p12", folder / "truststore.p12"
        if truststore.exists() and _names(folder / "cert.pem") == set(names):
            return
        certificate, key = self._issue(names, now)
        authority, _ = self._load()
        sealed = serialization.BestAvailableEncryption(STORE_PASSWORD.encode())
        trusted = [pkcs12.PKCS12Certificate(authority, b"ca")]
        write(keystore, pkcs12.serialize_key_and_certificates(b"node", key, certificate, [authority], sealed))
        write(folder / "cert.pem", _pem(certificate))
        write(truststore, pkcs12.serialize_java_truststore(trusted, sealed))

    def ensure_client(self, folder: Path, now: datetime) -> None:
        """Have a certificate and key for the engine itself in `folder`."""
        if (folder / "cert.pem").exists():
            return
        certificate, key = self._issue(["localhost"], now)
        write(folder / "key.pem", _key_pem(key))
        write(folder / "cert.pem", _pem(certificate))

    def _issue(
        self, names: Sequence[str], now: datetime
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        authority, authority_key = self._load()
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        unsigned = (
            _builder(_subject(NODE), authority.subject, key, now)
            .add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(identifier, critical=False)
        )
        return unsigned.sign(authority_key, hashes.SHA256()), key

    def _load(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = serialization.load_pem_private_key((self._folder / "ca.key").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._folder / 'ca.key'} is not a key of ours")
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
    )


def _names(certificate: Path) -> set[str]:
    """Alternative names of a certificate; empty without one."""
    if not certificate.exists():
        return set()
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    extension = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return {str(one.value) for one in extension.value}


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
