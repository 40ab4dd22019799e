"""What the daemon does not use any more goes back to the system."""

from __future__ import annotations

import subprocess
import sys

MEBIBYTE = 1024
SCRIPT = """
from pathlib import Path
from bambe.daemon.memory import keep_little

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

keep_little()
bytearray(b"x") * (24 << 20)  # a model of AWS: once freed, glibc takes blocks of this size from its heap
before = resident()
blocks = [b"x" * (1 << 20) for _ in range(32)]
above = [b"x" * 8192 for _ in range(8)]
del blocks
print(resident() - before)
"""


def test_large_blocks_are_given_back_though_small_ones_lie_above_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 4 * MEBIBYTE
