"""A service read in part: what is called of it is whole, the rest can still be told apart."""

from __future__ import annotations

import pytest

from bambe.kernel.errors import UnknownOperationException
from bambe.wire import Models
from bambe.wire.description import description, part_of
from bambe.wire.request import Request


@pytest.mark.parametrize("service", ["ec2", "ecs", "elbv2", "iam", "kafka", "cloudwatch"])
def test_what_is_called_is_as_in_the_whole(service: str) -> None:
    whole = description(service)
    part = part_of(service, lambda operation: operation.startswith("Describe"))
    assert part.metadata == whole.metadata
    assert part.operations.keys() == whole.operations.keys()
    for name, shape in part.shapes.items():
        assert shape == whole.shapes[name]
        uses = (*shape.members.values(), shape.member, shape.key, shape.value)
        assert {use.shape for use in uses if use is not None} <= part.shapes.keys()
    for name, operation in part.operations.items():
        if name.startswith("Describe"):
            assert operation == whole.operations[name]
            uses = (operation.input, operation.output)
            assert {use.shape for use in uses if use is not None} <= part.shapes.keys()
        else:
            assert operation.http == whole.operations[name].http
    errors = {name for name, shape in whole.shapes.items() if shape.exception or shape.error}
    assert errors <= part.shapes.keys()


def test_everything_is_the_whole() -> None:
    whole = description("ecs")
    part = part_of("ecs", lambda operation: True)
    assert part.operations == whole.operations
    assert part.shapes.keys() <= whole.shapes.keys()


def test_requests_find_operations_that_are_not_called() -> None:
    models = Models(["ecs", "kafka"], lambda service: ("create_cluster",))
    headers = {b"x-amz-target": b"AmazonEC2ContainerServiceV20141113.ListTasks"}
    assert models.find(Request("POST", "/", "", headers, b"{}"), "ecs").operation is not None
    found = models.find(Request("GET", "/v1/clusters", "", {}, b""), "kafka").operation
    assert found is not None
    assert found.snake == "list_clusters"
    assert models.validate("ecs", "create_cluster", {"clusterName": "a"}) == {"clusterName": "a"}
    with pytest.raises(UnknownOperationException):
        models.operation("ecs", "nothing")
