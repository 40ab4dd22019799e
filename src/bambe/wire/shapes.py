"""How one use of a shape is spelled: the traits of the use laid over those of the shape."""

from __future__ import annotations

from bambe.wire.description import Definition, Reference, Shapes


def wire_name(shapes: Shapes, use: Reference, otherwise: str) -> str:
    """The name of a member on the wire."""
    return use.location_name or shapes[use.shape].location_name or otherwise


def is_flat(shapes: Shapes, use: Reference) -> bool:
    """Whether a list or map repeats its own name instead of wrapping its items."""
    return shapes[use.shape].flattened if use.flattened is None else use.flattened


def timestamp_format(shapes: Shapes, use: Reference, otherwise: str) -> str:
    """The spelling of a timestamp: iso8601, rfc822 or unixtimestamp."""
    return (use.timestamp_format or shapes[use.shape].timestamp_format or otherwise).lower()


def inner(use: Reference | None) -> Reference:
    """The member of a list, the key or the value of a map: models always give them."""
    if use is None:
        raise ValueError("the model gives no member, key or value")
    return use


def reaches(shapes: Shapes, start: str, *types: str) -> bool:
    """Whether a shape of one of `types`, or a member with another name on the wire, hides below `start`."""
    seen: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        if shape.type in types or shape.document:
            return True
        if any(use.location_name for use in shape.members.values()):
            return True
        pending.extend(use.shape for use in _uses(shape))
    return False


def _uses(shape: Definition) -> list[Reference]:
    named = (shape.member, shape.key, shape.value)
    return [*shape.members.values(), *(use for use in named if use is not None)]
