"""Certificates for listeners: taken from ACM with their keys, remembered until they change."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bambe.engines.proxy.port import Certificate
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError

TABLE = "acm_certificates"
"""ACM's table on the change feed, by name since services do not import each other."""
PENDING = "RequestInProgressException"
NOT_THERE = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Those found, by ARN, and those ACM does not have; the rest are not issued yet."""

    found: Mapping[str, Certificate]
    gone: frozenset[str]


class Certificates:
    """Certificates with their keys, by ARN."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._known: dict[str, Certificate] = {}

    async def load(self, arns: Iterable[str]) -> Loaded:
        """What ACM has of `arns`."""
        found, gone = {}, set()
        for arn in sorted(set(arns)):
            try:
                found[arn] = await self._load(arn)
            except AwsError as error:
                if error.wire_code() == PENDING:
                    continue
                if error.wire_code() != NOT_THERE:
                    raise
                gone.add(arn)
        return Loaded(found, frozenset(gone))

    async def _load(self, arn: str) -> Certificate:
        _, _, _, region, account, _ = arn.split(":", 5)
        acm = self._aws.within(account, region).acm
        said = await acm.get_certificate(CertificateArn=arn)
        chain = said["Certificate"] + said.get("CertificateChain", "")
        if arn not in self._known or self._known[arn].chain != chain:
            passphrase = secrets.token_hex(16)
            answer = await acm.export_certificate(CertificateArn=arn, Passphrase=passphrase.encode())
            key = await asyncio.to_thread(_decrypted, answer["PrivateKey"], passphrase)
            chain = answer["Certificate"] + answer.get("CertificateChain", "")
            self._known[arn] = Certificate(arn.rsplit("/", 1)[-1], chain, key)
        return self._known[arn]


def _decrypted(key: str, passphrase: str) -> str:
    from cryptography.hazmat.primitives import serialization  # for those who have certificates only

    loaded = serialization.load_pem_private_key(key.encode(), passphrase.encode())
    return loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
