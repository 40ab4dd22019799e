"""What AWS promises: one folder per AWS service, named as in botocore; `discover` finds them all.

services/<name>/    botocore's name as Python can spell it: `application_autoscaling`, `lambda_`
  operations/     every public coroutine is an operation, in botocore's snake case
  tables.py       MIGRATIONS: tuple[Migration, ...]
  reconciler.py   reconcilers(<parts by name>) -> Sequence[Reconciler]
  resources.py    RESOURCES: tuple[ResourceType, ...]
  drift.py        READS: Mapping[str, Read], how a type's properties are read back
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from bambe.control import Reconciler
from bambe.kernel.call import Answer, Call, botocore_name
from bambe.kernel.errors import BambeError
from bambe.kernel.resources import Read, ResourceType
from bambe.store import Migration

Operation = Callable[[Call, Any], Awaitable[Answer]]
ReconcilerFactory = Callable[..., Sequence[Reconciler]]


class BadService(BambeError):
    """A service folder breaks the rules of the house."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service, as data."""

    name: str
    operations: Mapping[str, Operation]
    migrations: tuple[Migration, ...] = ()
    resources: tuple[ResourceType, ...] = ()
    reconcilers: ReconcilerFactory | None = None


class Folder:
    """A service read from its folder: each part is imported when it is first asked for, a missing one is
    empty. So a daemon answers before it has read what nobody has asked for yet."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.name = botocore_name(folder)
        self._package = f"{__name__}.{folder}"

    @functools.cached_property
    def operations(self) -> Mapping[str, Operation]:
        return _operations(self._package)

    @functools.cached_property
    def migrations(self) -> tuple[Migration, ...]:
        found: tuple[Migration, ...] = getattr(_part(self._package, "tables"), "MIGRATIONS", ())
        return found

    @functools.cached_property
    def resources(self) -> tuple[ResourceType, ...]:
        found: tuple[ResourceType, ...] = getattr(_part(self._package, "resources"), "RESOURCES", ())
        reads: Mapping[str, Read] = getattr(_part(self._package, "drift"), "READS", {})
        return tuple(replace(one, read=reads.get(one.name, one.read)) for one in found)

    @functools.cached_property
    def reconcilers(self) -> ReconcilerFactory | None:
        found: ReconcilerFactory | None = getattr(_part(self._package, "reconciler"), "reconcilers", None)
        return found

    def read(self) -> None:
        """Import every part that is not yet."""
        _ = (self.operations, self.migrations, self.resources, self.reconcilers)


Registry = Mapping[str, Service | Folder]


def discover() -> Mapping[str, Folder]:
    """A service for every folder beside this file."""
    folders = [Folder(module.name) for module in pkgutil.iter_modules(__path__) if module.ispkg]
    return {folder.name: folder for folder in folders}


@functools.cache
def resource_types() -> Mapping[str, ResourceType]:
    """Every CloudFormation type of every service, by its name."""
    return {declared.name: declared for service in discover().values() for declared in service.resources}


def _part(package: str, part: str) -> ModuleType | None:
    name = f"{package}.{part}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def _operations(package: str) -> dict[str, Operation]:
    root = _part(package, "operations")
    if root is None:
        return {}
    modules = [importlib.import_module(f"{root.__name__}.{info.name}") for info in _walk(root)]
    found: dict[str, Operation] = {}
    for module in [root, *modules]:
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.iscoroutinefunction(value):
                continue
            if value.__module__ != module.__name__:
                continue
            if name in found:
                raise BadService(f"{module.__name__}.{name} is defined twice")
            found[name] = value
    return found


def _walk(root: ModuleType) -> list[pkgutil.ModuleInfo]:
    return list(pkgutil.iter_modules(getattr(root, "__path__", [])))
