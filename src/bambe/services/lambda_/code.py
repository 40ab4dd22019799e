"""A function's zip: checked when it is given, unpacked when it is run."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from bambe.services.lambda_.errors import InvalidParameterValueException
from bambe.services.lambda_.model import Code

LARGEST = 50 << 20
LARGEST_UNPACKED = 250 << 20
"""Lambda quotas: deployment package, zipped (direct upload) and unzipped."""


def packed(content: bytes) -> Code:
    """A zip as it is kept; AWS's errors for what is none, or too large."""
    if len(content) > LARGEST:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {LARGEST_UNPACKED} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file"
        ) from None
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {LARGEST_UNPACKED} bytes")
    if any(_leads_out(entry.filename) for entry in entries):
        raise InvalidParameterValueException("The zip file has an entry that leads out of it")
    return Code(hashlib.sha256(content).hexdigest(), content)


def unpack(code: Code, folder: Path) -> None:
    """Its files below `folder`, readable by every user, as at AWS."""
    with zipfile.ZipFile(io.BytesIO(code.content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            path.chmod(0o755 if entry.is_dir() else (entry.external_attr >> 16 & 0o777) | 0o444)


def _leads_out(name: str) -> bool:
    return name.startswith("/") or ".." in Path(name).parts
