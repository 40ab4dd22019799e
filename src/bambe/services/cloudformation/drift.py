"""Drift: a resource's properties as the template says them, beside those the service shows now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bambe.services.cloudformation.reading import as_text

Difference = dict[str, str]
TAGS = "Tags"
"""Not compared: services and stacks add tags of their own."""
IN_SYNC, MODIFIED, DELETED, NOT_CHECKED = "IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED"


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[Difference]:
    """Where `actual` is not as expected. Only what is both said and shown is compared, as on AWS; services
    spell members their own way, so the case of names does not count."""
    shown = {key.lower(): value for key, value in actual.items()}
    found: list[Difference] = []
    for key in sorted(expected):
        if key.lower() in shown and key != TAGS:
            found += _compared(expected[key], shown[key.lower()], f"/{key}")
    return found


def _compared(expected: Any, actual: Any, path: str) -> list[Difference]:
    if expected == actual:
        return []
    expected, actual = _same_kind(expected, actual)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return _of_mappings(expected, actual, path)
    if isinstance(expected, list) and isinstance(actual, list):
        return _of_lists(expected, actual, path)
    return [] if _equal(expected, actual) else [_difference(path, "NOT_EQUAL", expected, actual)]


def _of_mappings(expected: Mapping[str, Any], actual: Mapping[str, Any], path: str) -> list[Difference]:
    shown = {key.lower(): value for key, value in actual.items()}
    found = []
    for key in sorted(expected):
        if key.lower() not in shown:
            found.append(_difference(f"{path}/{key}", "REMOVE", expected[key], None))
        else:
            found += _compared(expected[key], shown[key.lower()], f"{path}/{key}")
    return found


def _of_lists(expected: list[Any], actual: list[Any], path: str) -> list[Difference]:
    """Lists are compared without regard to their order: services keep most of them as sets."""
    left, missing = list(enumerate(actual)), list[tuple[int, Any]]()
    for number, item in enumerate(expected):
        match = next((one for one in left if not _compared(item, one[1], "")), None)
        if match is None:
            missing.append((number, item))
        else:
            left.remove(match)
    found = []
    for (number, item), (_, other) in zip(missing, left, strict=False):
        found += _compared(item, other, f"{path}/{number}")
    paired = min(len(missing), len(left))
    found += [_difference(f"{path}/{number}", "REMOVE", item, None) for number, item in missing[paired:]]
    found += [_difference(f"{path}/{number}", "ADD", None, item) for number, item in left[paired:]]
    return found


def _same_kind(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Documents that one side has as data and the other as JSON text, both as data."""
    if isinstance(expected, Mapping | list) and isinstance(actual, str):
        return expected, _data(actual)
    if isinstance(actual, Mapping | list) and isinstance(expected, str):
        return _data(expected), actual
    if isinstance(expected, str) and isinstance(actual, str) and expected[:1] == actual[:1] == "{":
        return _data(expected), _data(actual)
    return expected, actual


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _equal(expected: Any, actual: Any) -> bool:
    left, right = as_text(expected), as_text(actual)
    if left == right:
        return True
    try:
        return float(left) == float(right)
    except ValueError:
        return False


def _difference(path: str, kind: str, expected: Any, actual: Any) -> Difference:
    return {
        "PropertyPath": path,
        "ExpectedValue": "null" if expected is None else _text(expected),
        "ActualValue": "null" if actual is None else _text(actual),
        "DifferenceType": kind,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def compared_part(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of what a service shows, that which the template says something about, by the template's names."""
    shown = {key.lower(): value for key, value in actual.items()}
    return {key: shown[key.lower()] for key in sorted(expected) if key.lower() in shown}
