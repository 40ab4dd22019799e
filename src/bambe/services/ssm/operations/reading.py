"""GetParameter and its relatives: values, one by one, below a path, and of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationException
from bambe.services.ssm import lookup
from bambe.services.ssm.checks import check_path
from bambe.services.ssm.errors import ParameterNotFound, ParameterVersionNotFound
from bambe.services.ssm.model import Version
from bambe.services.ssm.tables import PARAMETERS, latest, versions
from bambe.services.ssm.values import shown, value

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import (
        GetParameterHistoryRequestTypeDef,
        GetParameterRequestTypeDef,
        GetParametersByPathRequestTypeDef,
        GetParametersRequestTypeDef,
    )


async def get_parameter(call: Call, request: GetParameterRequestTypeDef) -> Answer:
    said = lookup.named(request["Name"])
    row = await call.store.read(lambda tx: lookup.select(tx, call, said))
    return {"Parameter": shown(call, row, request.get("WithDecryption", False), said.selector)}


async def get_parameters(call: Call, request: GetParametersRequestTypeDef) -> Answer:
    names = request["Names"]
    said = {name: lookup.named(name) for name in names}
    if len({one.name for one in said.values()}) != len(names):
        raise ValidationException("Duplicated parameter names are not allowed.")

    def find(tx: Tx) -> dict[str, Version | None]:
        return {name: _find(tx, call, one) for name, one in said.items()}

    found = await call.store.read(find)
    decrypt = request.get("WithDecryption", False)
    return {
        "Parameters": [
            shown(call, row, decrypt, said[name].selector) for name, row in found.items() if row is not None
        ],
        "InvalidParameters": [name for name, row in found.items() if row is None],
    }


async def get_parameters_by_path(call: Call, request: GetParametersByPathRequestTypeDef) -> Answer:
    path, recursive = check_path(request["Path"]), request.get("Recursive", False)
    tests = lookup.tests(request.get("ParameterFilters") or (), ("Type", "KeyId", "Label"))
    labels = [f for f in request.get("ParameterFilters") or () if f["Key"] == "Label"]

    def find(tx: Tx) -> list[Version]:
        found = []
        for row in PARAMETERS.list(tx, account=call.account, region=call.region):
            if not lookup.under(row.name, path, recursive):
                continue
            # A label names a version, so it is looked for in all of them; the rest in the latest alone.
            for version in versions(tx, row) if labels else [latest(tx, row)]:
                if all(test(row, version) for test in tests):
                    found.append(version)
        return found

    rows, token = lookup.pages(await call.store.read(find), request, 10)
    decrypt = request.get("WithDecryption", False)
    answer: Answer = {"Parameters": [shown(call, row, decrypt) for row in rows]}
    return answer | ({"NextToken": token} if token else {})


async def get_parameter_history(call: Call, request: GetParameterHistoryRequestTypeDef) -> Answer:
    said = lookup.named(request["Name"])
    rows = await call.store.read(lambda tx: versions(tx, lookup.get(tx, call, said.name)))
    some, token = lookup.pages(rows, request, 50)
    decrypt = request.get("WithDecryption", False)
    answer: Answer = {"Parameters": [_past(call, row, decrypt) for row in some]}
    return answer | ({"NextToken": token} if token else {})


def _find(tx: Tx, call: Call, said: lookup.Named) -> Version | None:
    try:
        return lookup.select(tx, call, said)
    except (ParameterNotFound, ParameterVersionNotFound):
        return None


def _past(call: Call, row: Version, decrypt: bool) -> Answer:
    return described(row) | {"Value": value(call, row, decrypt), "Labels": row.labels}


def described(row: Version) -> Answer:
    """What is shown of a version besides its value."""
    return {
        "Name": row.name,
        "Type": row.type,
        "LastModifiedDate": row.modified_at,
        "LastModifiedUser": row.modified_by,
        "Version": row.version,
        "Tier": row.tier,
        "Policies": [],
        "DataType": row.data_type,
        **({"KeyId": row.key_id} if row.key_id else {}),
        **({"Description": row.description} if row.description else {}),
        **({"AllowedPattern": row.pattern} if row.pattern else {}),
    }
