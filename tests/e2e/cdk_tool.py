"""The CDK's command line tool with its library, installed from npm into a cache of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

APP = Path(__file__).parent / "cdk"


def installed() -> Path:
    """A folder with the app and its node_modules; the test is skipped where node or npm is missing."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (on Debian: apt-get install nodejs npm)")
    lock = hashlib.sha256((APP / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = (
        Path(os.environ.get("BAMBE_BENCH_CACHE") or Path.home() / ".cache" / "bambe-bench") / f"cdk-{lock}"
    )
    if not (cache / "installed").exists():
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(APP / name, cache)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=cache, check=True, capture_output=True, timeout=300)
        (cache / "installed").touch()
    return cache
