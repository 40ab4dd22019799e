"""How the C library keeps memory for the daemon (mallopt(3))."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Parameters of mallopt (malloc.h)."""
LARGE = 128 * 1024
"""Bytes above which what is freed goes back to the system: glibc's own value at first, which it raises up to
32 MB by itself with the first models of AWS that are read, and then keeps that much."""


def keep_little() -> None:
    """Give back what is no longer used, and have one heap for all threads: Python lets one run at a time.

    To be called before there are threads. Without such a C library nothing happens.
    """
    try:
        choose = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for parameter, value in ((TRIM_THRESHOLD, LARGE), (MMAP_THRESHOLD, LARGE), (ARENA_MAX, 1)):
        choose(parameter, value)
