"""Each service folder keeps the rules of the house, found by walking them as the daemon does."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import bambe.services
from bambe.kernel.errors import AwsError, CommonError
from bambe.kernel.resources import ResourceType
from bambe.services import discover
from bambe.wire import Models

SERVICES = discover()
MODELS = Models(SERVICES)
ROOT = Path(bambe.services.__file__).parent
HEADINGS = ["## What works", "## What differs from AWS", "## Example"]
# EC2's model lists no errors; their codes stand only in "Error codes for the Amazon EC2 API".
WITHOUT_ERRORS = {"ec2"}


def _folder(name: str) -> Path:
    return ROOT / SERVICES[name].folder


@pytest.fixture(params=sorted(SERVICES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_operation_is_one_of_aws(name: str) -> None:
    known = MODELS.service(name).by_snake
    assert [operation for operation in SERVICES[name].operations if operation not in known] == []


def test_every_operation_takes_a_call_and_a_request(name: str) -> None:
    for operation, function in SERVICES[name].operations.items():
        assert list(inspect.signature(function).parameters) == ["call", "request"], operation


def test_every_error_is_one_of_aws(name: str) -> None:
    if name in WITHOUT_ERRORS or not (_folder(name) / "errors.py").exists():
        return
    known = MODELS.service(name).faults.names()
    module = importlib.import_module(f"bambe.services.{SERVICES[name].folder}.errors")
    own = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__]
    strangers = [
        error.__name__
        for error in own
        if issubclass(error, AwsError) and not issubclass(error, CommonError)
        if error.__name__ not in known and error.wire_code() not in known
    ]
    assert strangers == []


def test_the_readme_has_the_headings(name: str) -> None:
    readme = _folder(name) / "README.md"
    assert readme.exists(), f"services/{name} has no README.md"
    lines = readme.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert [line for line in lines if line.startswith("## ")][: len(HEADINGS)] == HEADINGS


def test_resource_types_are_spelled_as_cloudformation_does(name: str) -> None:
    for resource in SERVICES[name].resources:
        assert isinstance(resource, ResourceType)
        assert resource.name.split("::")[0] == "AWS"
        assert resource.required <= resource.properties, resource.name
        assert resource.replaces <= resource.properties, resource.name


def test_no_resource_type_belongs_to_two_services() -> None:
    names = [resource.name for service in SERVICES.values() for resource in service.resources]
    assert len(names) == len(set(names))
