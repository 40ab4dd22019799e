"""Finding parameters: by name, ARN, version or label; what a request's filters leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import ValidationException
from bambe.kernel.pages import page
from bambe.services.ssm.errors import (
    InvalidFilterKey,
    InvalidFilterOption,
    InvalidFilterValue,
    InvalidNextToken,
    ParameterNotFound,
    ParameterVersionNotFound,
)
from bambe.services.ssm.model import Parameter, Version
from bambe.services.ssm.tables import PARAMETERS, VERSIONS, latest, versions

Item = TypeVar("Item")
SELECTOR = re.compile(r"(?P<name>[^:]+)(?::(?P<selector>[^:]*))?")


@dataclass(frozen=True, slots=True)
class Named:
    """What a request calls a parameter: `selector` is a version or a label, "" for the latest."""

    name: str
    selector: str = ""


def named(said: str) -> Named:
    """`name`, `name:3`, `name:label`, or an ARN with the same endings; ValidationException."""
    said = Arn.parse(said).resource.removeprefix("parameter") if is_arn(said) else said
    match = SELECTOR.fullmatch(said)
    if match is None or match["selector"] == "":
        raise ValidationException(
            "Invalid parameter name. Please use correct syntax for referencing a version/label"
            " <name>:<version/label>"
        )
    return Named(match["name"], match["selector"] or "")


def find(tx: Tx, call: Call, name: str) -> Parameter | None:
    """The parameter of a name; an ARN's leading slash may be one too many."""
    row = PARAMETERS.find(tx, call.account, call.region, name)
    if row is None and name.startswith("/") and name.count("/") == 1:
        row = PARAMETERS.find(tx, call.account, call.region, name[1:])
    return row


def get(tx: Tx, call: Call, name: str) -> Parameter:
    """The parameter of a name; ParameterNotFound."""
    row = find(tx, call, name)
    if row is None:
        raise ParameterNotFound()
    return row


def select(tx: Tx, call: Call, said: Named) -> Version:
    """The version that is named; ParameterNotFound, ParameterVersionNotFound."""
    row = get(tx, call, said.name)
    if not said.selector:
        return latest(tx, row)
    if said.selector.isdigit():
        found = VERSIONS.find(tx, row.account, row.region, row.name, int(said.selector))
        what = f"version {said.selector}"
    else:
        found = next((v for v in versions(tx, row) if said.selector in v.labels), None)
        what = f"label {said.selector}"
    if found is None:
        end = "version" if said.selector.isdigit() else "label"
        raise ParameterVersionNotFound(
            f"Systems Manager could not find {what} of {row.name}. Verify the {end} and try again."
        )
    return found


def pages(items: list[Item], request: Mapping[str, Any], most: int) -> tuple[list[Item], str | None]:
    """One page of an answer; InvalidNextToken."""
    try:
        return page(items, request.get("NextToken"), request.get("MaxResults") or most)
    except ValueError:
        raise InvalidNextToken("The specified token is not valid.") from None


Test = Callable[[Parameter, Version], bool]
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Name": ("Equals", "BeginsWith", "Contains"),
    "Path": ("OneLevel", "Recursive"),
}


def tests(filters: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> list[Test]:
    """The request's filters, of which this operation has `keys`; each must hold."""
    return [_test(one, frozenset(keys)) for one in filters]


def _test(said: Mapping[str, Any], keys: frozenset[str]) -> Test:
    key, values = said["Key"], list(said.get("Values") or ())
    kind = "tag" if key.startswith("tag:") else key
    if kind not in keys:
        raise InvalidFilterKey(f"The following filter key is not valid: {key}.")
    allowed = OPTIONS.get(kind, ("Equals", "BeginsWith") if kind == "KeyId" else ("Equals",))
    option = said.get("Option") or allowed[0]
    if option not in allowed:
        raise InvalidFilterOption(
            f"The following filter option is not valid: {option}."
            f" Valid options include: [{', '.join(allowed)}]."
        )
    if not values and kind != "tag":
        raise InvalidFilterValue("The following filter values are missing : null for filter key " + key)
    return lambda row, version: _holds(row, version, key, option, values)


def _holds(row: Parameter, version: Version, key: str, option: str, values: list[str]) -> bool:
    if key.startswith("tag:"):
        name = key.removeprefix("tag:")
        return name in row.tags and (not values or row.tags[name] in values)
    if key == "Path":
        return any(under(row.name, value.rstrip("/"), option == "Recursive") for value in values)
    if key == "Label":
        return any(value in version.labels for value in values)
    shown = {
        "Name": row.name,
        "Type": version.type,
        "KeyId": version.key_id,
        "Tier": version.tier,
        "DataType": version.data_type,
    }[key]
    return any(_compares(shown, value, option) for value in values)


def _compares(shown: str, value: str, option: str) -> bool:
    if option == "BeginsWith":
        return shown.startswith(value)
    return value in shown if option == "Contains" else shown == value


def under(name: str, path: str, recursive: bool) -> bool:
    """Whether `name` lies below `path` ("" is the root), and directly so unless `recursive`."""
    full = name if name.startswith("/") else f"/{name}"
    rest = full.removeprefix(f"{path}/")
    return rest != full and (recursive or "/" not in rest)
