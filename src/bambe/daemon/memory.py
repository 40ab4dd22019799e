"""How the C library keeps memory for the daemon (mallopt(3))."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Parameters of mallopt (malloc.h)."""
LARGE = 128 * 1024
"""Bytes from which on a block is taken from the system by itself, and goes back when it is freed: glibc's own
value at first, which it raises up to 32 MB by itself with the first model of AWS that is read."""
SPARE = 1024 * 1024
"""Bytes that may stay free at the end of the heap: no request gives back what the next one takes again."""


def keep_little() -> None:
    """Give back what is no longer used, and have one heap for all threads: Python lets one run at a time.

    To be called before there are threads. Without such a C library nothing happens.
    """
    try:
        choose = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for parameter, value in ((TRIM_THRESHOLD, SPARE), (MMAP_THRESHOLD, LARGE), (ARENA_MAX, 1)):
        choose(parameter, value)
