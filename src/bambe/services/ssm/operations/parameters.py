"""DescribeParameters, DeleteParameter(s) and the labels of versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe, ValidationException
from bambe.services.ssm import lookup
from bambe.services.ssm.errors import (
    ParameterVersionLabelLimitExceeded,
    ParameterVersionNotFound,
)
from bambe.services.ssm.model import LABELS, Parameter, Version, arn
from bambe.services.ssm.operations.reading import described
from bambe.services.ssm.tables import PARAMETERS, VERSIONS, delete, latest, versions

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import (
        DeleteParameterRequestTypeDef,
        DeleteParametersRequestTypeDef,
        DescribeParametersRequestTypeDef,
        LabelParameterVersionRequestTypeDef,
        UnlabelParameterVersionRequestTypeDef,
    )

LABEL = re.compile(r"(?!aws|ssm)[A-Za-z_.\-][A-Za-z0-9_.\-]*", re.IGNORECASE)
FILTERS = ("Name", "Type", "KeyId", "Path", "Tier", "DataType", "tag")


async def describe_parameters(call: Call, request: DescribeParametersRequestTypeDef) -> Answer:
    if request.get("Shared"):
        raise NotImplementedByBambe("Bambe does not share parameters between accounts.")
    if request.get("Filters") and request.get("ParameterFilters"):
        raise ValidationException(
            "You can use either Filters or ParameterFilters in a single request. Not both."
        )
    # The filters of old compare names by their beginnings (SSM API, ParametersFilter).
    old = [
        {**f, "Option": "BeginsWith" if f["Key"] == "Name" else "Equals"}
        for f in request.get("Filters") or ()
    ]
    tests = lookup.tests([*old, *(request.get("ParameterFilters") or ())], FILTERS)

    def find(tx: Tx) -> list[Version]:
        rows = PARAMETERS.list(tx, account=call.account, region=call.region)
        pairs = [(row, latest(tx, row)) for row in rows]
        return [version for row, version in pairs if all(test(row, version) for test in tests)]

    some, token = lookup.pages(await call.store.read(find), request, 50)
    shown = [described(row) | {"ARN": arn(row.account, row.region, row.name)} for row in some]
    return {"Parameters": shown} | ({"NextToken": token} if token else {})


async def delete_parameter(call: Call, request: DeleteParameterRequestTypeDef) -> Answer:
    await call.store.write(lambda tx: delete(tx, lookup.get(tx, call, request["Name"])))
    return {}


async def delete_parameters(call: Call, request: DeleteParametersRequestTypeDef) -> Answer:
    def remove(tx: Tx) -> list[str]:
        rows = {name: lookup.find(tx, call, name) for name in request["Names"]}
        for row in rows.values():
            if row is not None:
                delete(tx, row)
        return [name for name, row in rows.items() if row is not None]

    gone = await call.store.write(remove)
    absent = [name for name in request["Names"] if name not in gone]
    return {"DeletedParameters": gone, "InvalidParameters": absent}


async def label_parameter_version(call: Call, request: LabelParameterVersionRequestTypeDef) -> Answer:
    good = [label for label in request["Labels"] if LABEL.fullmatch(label)]
    bad = [label for label in request["Labels"] if label not in good]

    def label(tx: Tx) -> int:
        row = lookup.get(tx, call, request["Name"])
        number = request.get("ParameterVersion") or row.version
        target = _version(tx, row, number)
        if len({*target.labels, *good}) > LABELS:
            raise ParameterVersionLabelLimitExceeded(
                f"A parameter version can have maximum {LABELS} labels."
                " Move one or more labels to another version and try again."
            )
        for other in versions(tx, row):
            _set(tx, other, [name for name in other.labels if name not in good])
        _set(tx, target, [*(name for name in target.labels if name not in good), *good])
        return number

    return {"InvalidLabels": bad, "ParameterVersion": await call.store.write(label)}


async def unlabel_parameter_version(call: Call, request: UnlabelParameterVersionRequestTypeDef) -> Answer:
    def unlabel(tx: Tx) -> list[str]:
        version = _version(tx, lookup.get(tx, call, request["Name"]), request["ParameterVersion"])
        gone = [name for name in request["Labels"] if name in version.labels]
        _set(tx, version, [name for name in version.labels if name not in gone])
        return gone

    gone = await call.store.write(unlabel)
    return {"RemovedLabels": gone, "InvalidLabels": [n for n in request["Labels"] if n not in gone]}


def _version(tx: Tx, row: Parameter, number: int) -> Version:
    found = VERSIONS.find(tx, row.account, row.region, row.name, number)
    if found is None:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {number} of {row.name}."
            " Verify the version and try again."
        )
    return found


def _set(tx: Tx, version: Version, labels: Iterable[str]) -> None:
    VERSIONS.update(tx, replace(version, labels=list(labels)))
