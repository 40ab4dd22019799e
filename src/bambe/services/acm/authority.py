"""The local certificate authority, kept in `<state>/ca/`, and the certificates it signs.

ca.pem   the authority's certificate: what clients trust
ca.key   its key, mode 0600
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE = timedelta(days=3650)
LIFE = timedelta(days=395)
"""As long as ACM's own (ACM: certificate characteristics)."""
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed certificate in PEM, with its key."""

    certificate: str
    chain: str
    key: str


class Authority:
    """Signs certificates; it makes itself at first use. Its methods take milliseconds: use a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._making = threading.Lock()

    def issue(self, names: Sequence[str], algorithm: str, now: datetime) -> Issued:
        """A certificate for `names` (DNS names and IP addresses), the first being its subject."""
        authority, authority_key = self._load(now)
        key = _new_key(algorithm)
        built = (
            x509.CertificateBuilder()
            .subject_name(_subject(names[0][:64]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + LIFE)
            .add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .sign(authority_key, hashes.SHA256())
        )
        return Issued(_pem(built), _pem(authority), _key_pem(key))

    def _load(self, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        certificate, key = self._directory / "ca.pem", self._directory / "ca.key"
        with self._making:
            if not certificate.exists():
                self._create(now)
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key} is not a key of ours")
        return x509.load_pem_x509_certificate(certificate.read_bytes()), loaded

    def _create(self, now: datetime) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _subject("Bambe local CA")
        usage = x509.KeyUsage(
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
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + CA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        # The certificate comes last: where it is, the key is too.
        _write(self._directory / "ca.key", _key_pem(key), 0o600)
        _write(self._directory / "ca.pem", _pem(built), 0o644)


def encrypted(key: str, passphrase: bytes) -> str:
    """A PEM key, encrypted as ExportCertificate answers it."""
    loaded = serialization.load_pem_private_key(key.encode(), None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    ).decode()


def read(certificate: str) -> x509.Certificate:
    """A certificate from PEM; ValueError for what is none."""
    return x509.load_pem_x509_certificate(certificate.encode())


def names_of(certificate: x509.Certificate) -> list[str]:
    """Subject's common name and alternative names."""
    common = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return common
    others = extension.value.get_values_for_type(x509.DNSName)
    return list(dict.fromkeys([*common, *others]))


def belongs(certificate: x509.Certificate, key: str) -> bool:
    """Whether a PEM key is the certificate's; ValueError for what is no key."""
    loaded = serialization.load_pem_private_key(key.encode(), None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return loaded.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def _new_key(algorithm: str) -> Key:
    if algorithm.startswith("RSA_"):
        return rsa.generate_private_key(65537, int(algorithm.removeprefix("RSA_")))
    curve = ec.SECP384R1() if algorithm == "EC_secp384r1" else ec.SECP256R1()
    return ec.generate_private_key(curve)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _write(path: Path, text: str, mode: int) -> None:
    fresh = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
