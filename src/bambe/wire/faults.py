"""How a service's errors look on the wire: code, status and members, by its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bambe.kernel.errors import AwsError
from bambe.wire.description import Definition, Description, Reference


@dataclass(frozen=True, slots=True)
class Fault:
    """One error, ready to be written in any protocol. `shape` is its name in the model, `code` AWS's code."""

    shape: str
    code: str
    status: int
    message: str
    message_name: str
    fields: dict[str, Any]
    use: Reference | None

    @property
    def sender(self) -> str:
        """AWS's word for whose fault it is."""
        return "Sender" if self.status < 500 else "Receiver"


@dataclass(frozen=True, slots=True)
class _Known:
    shape: str
    code: str
    status: int
    message_name: str
    members: frozenset[str]
    use: Reference


class Faults:
    """The errors of one service, by the names of their shapes and by their codes."""

    def __init__(self, description: Description) -> None:
        self._known: dict[str, _Known] = {}
        for name, shape in description.shapes.items():
            if shape.exception or shape.error is not None:
                known = _known(name, shape)
                self._known[name] = known
                self._known.setdefault(known.code, known)

    def names(self) -> frozenset[str]:
        """Every error shape and every error code of the model."""
        return frozenset(self._known)

    def fault(self, error: AwsError) -> Fault:
        """`error` as it goes out."""
        code = error.wire_code()
        known = self._known.get(type(error).__name__) or self._known.get(code)
        if known is None:
            return Fault(code, code, error.status, error.message, "message", dict(error.fields), None)
        fields = {name: value for name, value in error.fields.items() if name in known.members}
        return Fault(
            known.shape, known.code, known.status, error.message, known.message_name, fields, known.use
        )


def _known(name: str, shape: Definition) -> _Known:
    traits = shape.error
    status = (traits.http_status_code if traits else 0) or (500 if shape.fault else 400)
    code = (traits.code if traits else "") or name
    spelled = next((m for m in ("message", "Message") if m in shape.members), "message")
    return _Known(name, code, status, spelled, frozenset(shape.members), Reference(name))
