"""Which version the name server answers from: TXT CH version.bambe. on the wire (RFC 1035, section 4.1).

Spelled out here because the daemon asks nothing else, and a whole library for it costs 2 MB of memory.
"""

from __future__ import annotations

import struct

NAME = b"\x07version\x05bambe\0"
TXT, CHAOS = 16, 3
RESPONSE = 0x8000
QUESTION = NAME + struct.pack("!2H", TXT, CHAOS)
QUERY = struct.pack("!6H", 0, 0, 1, 0, 0, 0) + QUESTION
POINTER = b"\xc0\x0c"
"""The name of an answer: that of the question."""


def read(answer: bytes) -> str | None:
    """The version in an answer to `QUERY`; None where it has none, or is another server's."""
    start = 12 + len(QUESTION)
    try:
        _, flags, _, count, _, _ = struct.unpack_from("!6H", answer)
        kind, kind_class, _, size = struct.unpack_from("!2HIH", answer, start + len(POINTER))
    except struct.error:
        return None
    data = answer[start + len(POINTER) + 10 :]
    if not flags & RESPONSE or not count or answer[12 : start + len(POINTER)] != QUESTION + POINTER:
        return None
    if (kind, kind_class) != (TXT, CHAOS) or not 0 < size <= len(data) or data[0] >= size:
        return None
    return data[1 : 1 + data[0]].decode("ascii", errors="replace")
