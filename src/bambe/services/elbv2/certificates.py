"""Certificates for listeners: taken from ACM with their keys, remembered until they change."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives import serialization

from bambe.engines.proxy.port import Certificate
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError


class Certificates:
    """Certificates by ARN; one that ACM has not issued yet is missing."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._known: dict[str, tuple[str, Certificate]] = {}

    async def load(self, arns: Iterable[str]) -> Mapping[str, Certificate]:
        """Those of `arns` that are issued."""
        found = {arn: await self._load(arn) for arn in sorted(set(arns))}
        return {arn: one for arn, one in found.items() if one is not None}

    async def _load(self, arn: str) -> Certificate | None:
        _, _, _, region, account, _ = arn.split(":", 5)
        acm = self._aws.within(account, region).acm
        try:
            said = (await acm.describe_certificate(CertificateArn=arn))["Certificate"]
        except AwsError:
            return self._known.get(arn, ("", None))[1]
        serial = said.get("Serial", "")
        if said["Status"] != "ISSUED":
            return None
        if arn not in self._known or self._known[arn][0] != serial:
            passphrase = secrets.token_hex(16)
            answer = await acm.export_certificate(CertificateArn=arn, Passphrase=passphrase.encode())
            key = await asyncio.to_thread(_decrypted, answer["PrivateKey"], passphrase)
            chain = answer["Certificate"] + answer.get("CertificateChain", "")
            self._known[arn] = serial, Certificate(arn.rsplit("/", 1)[-1], chain, key)
        return self._known[arn][1]


def _decrypted(key: str, passphrase: str) -> str:
    loaded = serialization.load_pem_private_key(key.encode(), passphrase.encode())
    return loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
