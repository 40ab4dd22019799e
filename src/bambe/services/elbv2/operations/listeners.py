"""CreateListener, DescribeListeners, ModifyListener, DeleteListener and their certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError, ValidationError
from bambe.kernel.ids import hex_id
from bambe.kernel.tags import to_dict
from bambe.services.elbv2 import checks, lookup
from bambe.services.elbv2.errors import (
    CertificateNotFoundException,
    DuplicateListenerException,
    UnsupportedCertificate,
    UnsupportedProtocolException,
)
from bambe.services.elbv2.model import Listener, Rule, Shape, forwards
from bambe.services.elbv2.paging import paged
from bambe.services.elbv2.shapes import listener_shape
from bambe.services.elbv2.tables import BALANCERS, LISTENERS, RULES, rules_of, used_groups

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        AddListenerCertificatesInputTypeDef,
        CreateListenerInputTypeDef,
        DeleteListenerInputTypeDef,
        DescribeListenerCertificatesInputTypeDef,
        DescribeListenersInputTypeDef,
        ModifyListenerInputTypeDef,
        RemoveListenerCertificatesInputTypeDef,
    )

POLICY = "ELBSecurityPolicy-2016-08"


async def create_listener(call: Call, request: CreateListenerInputTypeDef) -> Answer:
    protocol = request.get("Protocol", "HTTP")
    certificates = await _certificates(call, protocol, request.get("Certificates", ()))

    def create(tx: Tx) -> Answer:
        balancer = lookup.balancer(tx, call, request["LoadBalancerArn"])
        port = request.get("Port", 443 if protocol == "HTTPS" else 80)
        taken = LISTENERS.list(tx, account=call.account, region=call.region, balancer=balancer.id)
        if any(one.port == port for one in taken):
            raise DuplicateListenerException("A listener already exists on this port for this load balancer")
        actions = _actions(tx, call, request["DefaultActions"], balancer.id)
        row = Listener(
            account=call.account,
            region=call.region,
            id=hex_id(16),
            balancer=balancer.id,
            balancer_name=balancer.name,
            port=port,
            protocol=protocol,
            certificates=certificates,
            ssl_policy=request.get("SslPolicy", POLICY) if protocol == "HTTPS" else "",
            tags=to_dict(request.get("Tags", ())),
        )
        default = Rule(
            account=call.account,
            region=call.region,
            id=hex_id(16),
            listener=row.id,
            balancer=balancer.id,
            balancer_name=balancer.name,
            actions=actions,
        )
        LISTENERS.insert(tx, row)
        RULES.insert(tx, default)
        return listener_shape(row, default, balancer.arn)

    return {"Listeners": [await call.store.write(create)]}


async def describe_listeners(call: Call, request: DescribeListenersInputTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        if "ListenerArns" in request:
            rows = [lookup.listener(tx, call, arn) for arn in request["ListenerArns"]]
        elif "LoadBalancerArn" in request:
            balancer = lookup.balancer(tx, call, request["LoadBalancerArn"])
            rows = LISTENERS.list(tx, account=call.account, region=call.region, balancer=balancer.id)
        else:
            raise ValidationError("You must specify either a load balancer or one or more listeners")
        return [_shown(tx, row) for row in rows]

    return paged("Listeners", await call.store.read(read), request)


async def modify_listener(call: Call, request: ModifyListenerInputTypeDef) -> Answer:
    current = await call.store.read(lambda tx: lookup.listener(tx, call, request["ListenerArn"]))
    protocol = request.get("Protocol", current.protocol)
    given = request.get("Certificates")
    certificates = current.certificates if given is None else await _certificates(call, protocol, given)

    def modify(tx: Tx) -> Answer:
        row = lookup.listener(tx, call, request["ListenerArn"])
        port = request.get("Port", row.port)
        others = LISTENERS.list(tx, account=call.account, region=call.region, balancer=row.balancer)
        if any(one.port == port and one.id != row.id for one in others):
            raise DuplicateListenerException("A listener already exists on this port for this load balancer")
        if protocol == "HTTPS" and not certificates:
            raise ValidationError("A certificate must be specified for HTTPS listeners")
        # The request names the default certificate only; those added for SNI stay.
        kept = [*certificates, *row.certificates[1:]] if given is not None else row.certificates
        fresh = replace(
            row,
            port=port,
            protocol=protocol,
            certificates=list(dict.fromkeys(kept)) if protocol == "HTTPS" else [],
            ssl_policy=request.get("SslPolicy", row.ssl_policy or POLICY) if protocol == "HTTPS" else "",
        )
        LISTENERS.update(tx, fresh)
        if "DefaultActions" in request:
            default = rules_of(tx, call.account, call.region, row.id)[-1]
            actions = _actions(tx, call, request["DefaultActions"], row.balancer)
            RULES.update(tx, replace(default, actions=actions))
        return _shown(tx, LISTENERS.get(tx, call.account, call.region, row.id))

    return {"Listeners": [await call.store.write(modify)]}


async def delete_listener(call: Call, request: DeleteListenerInputTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        row = lookup.listener(tx, call, request["ListenerArn"])
        for rule in RULES.list(tx, account=call.account, region=call.region, listener=row.id):
            RULES.delete(tx, call.account, call.region, rule.id)
        LISTENERS.delete(tx, call.account, call.region, row.id)

    await call.store.write(delete)
    return {}


async def add_listener_certificates(call: Call, request: AddListenerCertificatesInputTypeDef) -> Answer:
    fresh = await _existing(call, request["Certificates"])

    def add(tx: Tx) -> None:
        row = lookup.listener(tx, call, request["ListenerArn"])
        LISTENERS.update(tx, replace(row, certificates=list(dict.fromkeys([*row.certificates, *fresh]))))

    await call.store.write(add)
    return {"Certificates": [{"CertificateArn": arn, "IsDefault": False} for arn in fresh]}


async def remove_listener_certificates(call: Call, request: RemoveListenerCertificatesInputTypeDef) -> Answer:
    gone = {one.get("CertificateArn") for one in request["Certificates"]}

    def remove(tx: Tx) -> None:
        row = lookup.listener(tx, call, request["ListenerArn"])
        kept = [*row.certificates[:1], *(arn for arn in row.certificates[1:] if arn not in gone)]
        LISTENERS.update(tx, replace(row, certificates=kept))

    await call.store.write(remove)
    return {}


async def describe_listener_certificates(
    call: Call, request: DescribeListenerCertificatesInputTypeDef
) -> Answer:
    row = await call.store.read(lambda tx: lookup.listener(tx, call, request["ListenerArn"]))
    shown = [{"CertificateArn": arn, "IsDefault": n == 0} for n, arn in enumerate(row.certificates)]
    return paged("Certificates", shown, request)


async def _certificates(call: Call, protocol: str, given: Sequence[Any]) -> list[str]:
    if protocol not in ("HTTP", "HTTPS"):
        raise UnsupportedProtocolException(
            f"Protocol '{protocol}' is not supported by application load balancers"
        )
    if protocol == "HTTP":
        if given:
            raise ValidationError("A certificate cannot be specified for HTTP listeners")
        return []
    if len(given) != 1:
        raise ValidationError("A certificate must be specified for HTTPS listeners")
    return await _existing(call, given)


async def _existing(call: Call, given: Sequence[Any]) -> list[str]:
    arns = [str(one.get("CertificateArn", "")) for one in given]
    for arn in arns:
        try:
            said = await call.aws.acm.describe_certificate(CertificateArn=arn)
        except AwsError as error:
            raise CertificateNotFoundException(f"Certificate ARN '{arn}' is not valid") from error
        if said["Certificate"]["Status"] != "ISSUED":
            raise UnsupportedCertificate(
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature,"
                " and a supported key size."
            )
    return arns


def _actions(tx: Tx, call: Call, given: Sequence[Any], balancer: str) -> list[Shape]:
    kept = checks.actions(given, lambda arn: lookup.group(tx, call, arn))
    checks.one_balancer(forwards(kept), used_groups(tx, call.account, call.region), balancer)
    return kept


def _shown(tx: Tx, row: Listener) -> Answer:
    balancer = BALANCERS.get(tx, row.account, row.region, row.balancer)
    return listener_shape(row, rules_of(tx, row.account, row.region, row.id)[-1], balancer.arn)
