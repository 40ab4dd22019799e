"""The image of the container that holds a task's network, made here so that no registry is asked.

Its one program waits. It is an ELF file of two headers and a loop around a system call that never
returns (pause(2), or ppoll(2) where pause is not there); it knows no signals, so it is killed and
not stopped.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile

from bambe.kernel.errors import Refused

HOLDER_IMAGE = "bambe/holder:1"
PROGRAM = "/hold"

_BASE = 0x400000
_HEADERS = 64 + 56

# The loops, in machine code, and ELF's number of the machine.
_MACHINES = {
    # mov eax, 34 (pause); syscall; jmp back
    "amd64": (62, bytes.fromhex("b822000000 0f05 ebf7")),
    # mov x0..x3, 0; mov x8, 73 (ppoll); svc 0; b back
    "arm64": (
        183,
        struct.pack(
            "<7I", 0xD2800000, 0xD2800001, 0xD2800002, 0xD2800003, 0xD2800928, 0xD4000001, 0x17FFFFFA
        ),
    ),
}


def holder_program(architecture: str) -> bytes:
    """The program for Docker's name of a machine."""
    if architecture not in _MACHINES:
        raise Refused(
            f"Tasks of several containers need an amd64 or arm64 machine; this one is {architecture}."
        )
    machine, code = _MACHINES[architecture]
    size = _HEADERS + len(code)
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return ident + header + segment + code


def holder_image(architecture: str) -> bytes:
    """The image as `docker load` takes it."""
    layer = _tar({PROGRAM.lstrip("/"): holder_program(architecture)})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": [PROGRAM]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [HOLDER_IMAGE], "Layers": ["layer.tar"]}]
    return _tar(
        {
            "layer.tar": layer,
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
        }
    )


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()
