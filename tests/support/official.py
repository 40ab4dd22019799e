"""AWS's own Session Manager plugin: the one on the PATH, else built from its Go module where there is Go."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

NAME = "session-manager-plugin"
MODULE = "github.com/aws/session-manager-plugin"
# It has no go.mod of its own, and the newest of this one lacks what it uses.
VERSIONS = (
    f"{MODULE}@v0.0.0-20260401221635-b79d06c1d3a2",
    "github.com/twinj/uuid@v0.0.0-20151029044442-89173bcdda19",
)
MAIN = f"{MODULE}/src/sessionmanagerplugin-main"
IMPORTS = f'//go:build tools\n\npackage tools\n\nimport _ "{MAIN}"\n'


def official_plugin(scratch: Path) -> Path | None:
    """The folder of the plugin; None where it neither is nor can be built."""
    found = shutil.which(NAME)
    if found is not None:
        return Path(found).parent
    if shutil.which("go") is None:
        return None
    (scratch / "tools.go").write_text(IMPORTS)
    steps = (
        ("mod", "init", "tools"),
        ("get", *VERSIONS),
        ("mod", "tidy"),
        ("build", "-o", str(scratch / "bin" / NAME), MAIN),
    )
    for step in steps:
        done = subprocess.run(["go", *step], cwd=scratch, capture_output=True, timeout=600, check=False)
        if done.returncode != 0:
            return None
    return scratch / "bin"
