"""The templates of the matrix as files, for judges that are programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.judges.matrix import sample


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each stack of the sample."""
    folder = tmp_path_factory.mktemp("templates")
    for name, stack in sample().items():
        (folder / f"{name}.json").write_text(stack.body)
    return folder
