"""Requesting, importing, describing, exporting and deleting certificates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationException as BadToken
from bambe.kernel.ids import uuid_id
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict, to_list
from bambe.services.acm.errors import (
    RequestInProgressException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from bambe.services.acm.model import Certificate, Status
from bambe.services.acm.tables import CERTIFICATES

if TYPE_CHECKING:
    from types_boto3_acm.type_defs import (
        AddTagsToCertificateRequestTypeDef,
        DeleteCertificateRequestTypeDef,
        DescribeCertificateRequestTypeDef,
        ExportCertificateRequestTypeDef,
        GetCertificateRequestTypeDef,
        ImportCertificateRequestTypeDef,
        ListCertificatesRequestTypeDef,
        ListTagsForCertificateRequestTypeDef,
        RemoveTagsFromCertificateRequestTypeDef,
        RequestCertificateRequestTypeDef,
    )

PAGE = 1000


async def request_certificate(call: Call, request: RequestCertificateRequestTypeDef) -> Answer:
    names = list(dict.fromkeys([request["DomainName"], *request.get("SubjectAlternativeNames", ())]))
    row = Certificate(
        account=call.account,
        region=call.region,
        id=uuid_id(),
        domain=request["DomainName"],
        names=names,
        created_at=call.clock.now(),
        token=request.get("IdempotencyToken", ""),
        algorithm=request.get("KeyAlgorithm", "EC_prime256v1"),
        tags=to_dict(request.get("Tags", ())),
    )

    def write(tx: Tx) -> Certificate:
        for known in CERTIFICATES.list(tx, account=call.account, region=call.region):
            if row.token and (known.token, known.names) == (row.token, names):
                return known
        CERTIFICATES.insert(tx, row)
        return row

    return {"CertificateArn": (await call.store.write(write)).arn}


async def import_certificate(call: Call, request: ImportCertificateRequestTypeDef) -> Answer:
    said = {
        member: _text(request.get(member, b""))
        for member in ("Certificate", "PrivateKey", "CertificateChain")
    }
    row = await asyncio.to_thread(_imported, call, said)
    row = replace(row, tags=to_dict(request.get("Tags", ())))

    def write(tx: Tx) -> Certificate:
        if "CertificateArn" not in request:
            CERTIFICATES.insert(tx, row)
            return row
        old = _get(tx, call, request["CertificateArn"])
        again = replace(row, id=old.id, tags=old.tags, created_at=old.created_at)
        CERTIFICATES.update(tx, again)
        return again

    return {"CertificateArn": (await call.store.write(write)).arn}


async def describe_certificate(call: Call, request: DescribeCertificateRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: _get(tx, call, request["CertificateArn"]))
    return {"Certificate": {**_detail(row), "InUseBy": await _users(call, row.arn)}}


async def list_certificates(call: Call, request: ListCertificatesRequestTypeDef) -> Answer:
    wanted = request.get("CertificateStatuses")
    rows = await call.store.read(lambda tx: CERTIFICATES.list(tx, account=call.account, region=call.region))
    shown = [_summary(row) for row in rows if not wanted or row.status.value in wanted]
    try:
        part, token = page(shown, request.get("NextToken"), request.get("MaxItems", PAGE))
    except ValueError:
        raise BadToken("NextToken is invalid") from None
    return {"CertificateSummaryList": part, **({"NextToken": token} if token else {})}


async def get_certificate(call: Call, request: GetCertificateRequestTypeDef) -> Answer:
    row = await _issued(call, request["CertificateArn"])
    return {"Certificate": row.certificate, "CertificateChain": row.chain}


async def export_certificate(call: Call, request: ExportCertificateRequestTypeDef) -> Answer:
    row = await _issued(call, request["CertificateArn"])
    passphrase = request["Passphrase"]
    secret = passphrase.encode() if isinstance(passphrase, str) else bytes(passphrase)  # type: ignore[arg-type]
    key = await asyncio.to_thread(_encrypted, row.key, secret)
    return {"Certificate": row.certificate, "CertificateChain": row.chain, "PrivateKey": key}


async def delete_certificate(call: Call, request: DeleteCertificateRequestTypeDef) -> Answer:
    arn = request["CertificateArn"]
    users = await _users(call, arn)
    if users:
        raise ResourceInUseException(f"Certificate {arn} in account {call.account} is in use.")

    def delete(tx: Tx) -> None:
        row = _get(tx, call, arn)
        CERTIFICATES.delete(tx, row.account, row.region, row.id)

    await call.store.write(delete)
    return {}


async def add_tags_to_certificate(call: Call, request: AddTagsToCertificateRequestTypeDef) -> Answer:
    fresh = to_dict(request["Tags"])

    def add(tx: Tx) -> None:
        row = _get(tx, call, request["CertificateArn"])
        CERTIFICATES.update(tx, replace(row, tags={**row.tags, **fresh}))

    await call.store.write(add)
    return {}


async def remove_tags_from_certificate(
    call: Call, request: RemoveTagsFromCertificateRequestTypeDef
) -> Answer:
    gone = {one["Key"] for one in request["Tags"]}

    def remove(tx: Tx) -> None:
        row = _get(tx, call, request["CertificateArn"])
        kept = {key: value for key, value in row.tags.items() if key not in gone}
        CERTIFICATES.update(tx, replace(row, tags=kept))

    await call.store.write(remove)
    return {}


async def list_tags_for_certificate(call: Call, request: ListTagsForCertificateRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: _get(tx, call, request["CertificateArn"]))
    return {"Tags": to_list(row.tags)}


def _get(tx: Tx, call: Call, arn: str) -> Certificate:
    row = CERTIFICATES.find(tx, call.account, call.region, arn.rsplit("/", 1)[-1])
    if row is None or row.arn != arn:
        raise ResourceNotFoundException(f"Could not find certificate {arn} in account {call.account}.")
    return row


async def _issued(call: Call, arn: str) -> Certificate:
    row = await call.store.read(lambda tx: _get(tx, call, arn))
    if row.status != Status.ISSUED:
        raise RequestInProgressException(f"Certificate {arn} is not issued yet.")
    return row


async def _users(call: Call, arn: str) -> list[str]:
    """ARNs of the load balancers whose listeners use the certificate."""
    elb = call.aws.elbv2
    users = []
    for balancer in (await elb.describe_load_balancers())["LoadBalancers"]:
        listeners = await elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
        if any([arn in await _served(elb, one["ListenerArn"]) for one in listeners["Listeners"]]):
            users.append(balancer["LoadBalancerArn"])
    return users


async def _served(elb: Any, listener: str) -> list[str]:
    """ARNs of a listener's certificates, its default one and those for SNI."""
    answer = await elb.describe_listener_certificates(ListenerArn=listener)
    return [one["CertificateArn"] for one in answer["Certificates"]]


def _encrypted(key: str, passphrase: bytes) -> str:
    from bambe.services.acm.authority import encrypted  # cryptography: for those who have certificates only

    return encrypted(key, passphrase)


def _imported(call: Call, said: dict[str, str]) -> Certificate:
    from bambe.services.acm import authority

    try:
        certificate = authority.read(said["Certificate"])
        fits = authority.belongs(certificate, said["PrivateKey"])
    except ValueError:
        raise ValidationException("The certificate or the private key is not valid PEM.") from None
    if not fits:
        raise ValidationException("The private key does not match the certificate.")
    names = authority.names_of(certificate)
    now = call.clock.now()
    return Certificate(
        account=call.account,
        region=call.region,
        id=uuid_id(),
        domain=names[0] if names else "",
        names=names,
        created_at=now,
        status=Status.ISSUED,
        imported=True,
        certificate=said["Certificate"],
        chain=said["CertificateChain"],
        key=said["PrivateKey"],
        serial=f"{certificate.serial_number:x}",
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issued_at=now,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else bytes(value).decode(errors="replace")


def _detail(row: Certificate) -> Answer:
    validated = "SUCCESS" if row.status == Status.ISSUED else "PENDING_VALIDATION"
    options = [
        {
            "DomainName": name,
            "ValidationDomain": name,
            "ValidationStatus": validated,
            "ValidationMethod": "DNS",
        }
        for name in row.names
    ]
    shown: Answer = {
        "CertificateArn": row.arn,
        "DomainName": row.domain,
        "SubjectAlternativeNames": row.names,
        "Serial": row.serial,
        "Subject": f"CN={row.domain}",
        "Issuer": row.issuer,
        "CreatedAt": row.created_at,
        "IssuedAt": row.issued_at,
        "ImportedAt": row.issued_at if row.imported else None,
        "Status": row.status.value,
        "NotBefore": row.not_before,
        "NotAfter": row.not_after,
        "KeyAlgorithm": row.algorithm,
        "Type": "IMPORTED" if row.imported else "AMAZON_ISSUED",
        "RenewalEligibility": "INELIGIBLE" if row.imported else "ELIGIBLE",
        "DomainValidationOptions": [] if row.imported else options,
    }
    return {key: value for key, value in shown.items() if value not in (None, "")}


def _summary(row: Certificate) -> Answer:
    detail = _detail(row)
    members = (
        "CertificateArn",
        "DomainName",
        "Status",
        "Type",
        "KeyAlgorithm",
        "CreatedAt",
        "IssuedAt",
        "NotBefore",
    )
    more = ("NotAfter", "RenewalEligibility", "ImportedAt")
    shown = {key: detail[key] for key in (*members, *more) if key in detail}
    return {**shown, "SubjectAlternativeNameSummaries": row.names[:100]}
