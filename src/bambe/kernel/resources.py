"""How a service declares its CloudFormation types; the `cloudformation` service knows none itself.

A service's `resources.py` exports `RESOURCES: tuple[ResourceType, ...]`, its `drift.py` may export
`READS: dict[str, Read]`, how each type is read back. Properties arrive with all
intrinsic functions resolved, in CloudFormation's PascalCase.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import BambeError

Properties = Mapping[str, Any]
LIMIT = timedelta(hours=2)
"""AWS's where a type says nothing (`timeoutInMinutes` of a handler, provider.definition.schema.v1.json)."""


class ResourceFailed(BambeError):
    """A resource will never become ready; the message is the stack event's reason."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a template wants of one resource.

    `name` is the physical name to use where the properties give none (unique per stack, logical id
    and replacement); `token` is the same each time the same creation is tried again.
    """

    stack: str
    stack_id: str
    logical_id: str
    name: str
    token: str
    properties: Properties
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """What exists: `Ref` is `physical_id`, `Fn::GetAtt` reads `attributes`."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


Read = Callable[[Aws, Made, Properties], Awaitable[Properties | None]]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One AWS::X::Y.

    * `properties` are all the names accepted, `required` those that must be given; another name is
      refused before anything is touched.
    * `create` must be safe to repeat with the same `Wish.token` after a crash: it then answers what
      the first try made. It must fail with the service's AwsError when the name belongs to another.
    * `update(aws, wish, made, old_properties)` changes in place; a change in a property named in
      `replaces` (or any change, where `update` is None) makes a new resource and deletes the old.
    * `delete` counts what is already gone as done.
    * `ready` is asked again until True (None: ready at once); it raises ResourceFailed to fail. `gone` is
      the same for a deletion.
    * `within` are those of `replaces` that say whose the resource is, where names are unique only there: a
      replacement of the same name elsewhere does not meet the old one.
    * `busy` are codes of errors with which `delete` is refused only for a while: it is asked again.
    * `read` answers the properties as the service shows them now, as far as it can, in any case of letters;
      None where the resource is gone. It is given what the template says. Without it drift is not checked.
    * `limit` is how long each creation, change and deletion may wait for that, of the machine's time (no
      rehearsal shortens what a machine needs to work); past it the resource has failed.
    """

    name: str
    properties: frozenset[str]
    create: Callable[[Aws, Wish], Awaitable[Made]]
    delete: Callable[[Aws, Made, Properties], Awaitable[None]]
    update: Callable[[Aws, Wish, Made, Properties], Awaitable[Made]] | None = None
    ready: Callable[[Aws, Made, Properties], Awaitable[bool]] | None = None
    gone: Callable[[Aws, Made, Properties], Awaitable[bool]] | None = None
    required: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    limit: timedelta = LIMIT
    read: Read | None = None
