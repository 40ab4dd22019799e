"""`bambe doctor` reads bambe.yml too: its mistakes, and what of it will not last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bambe.cli.commands import doctor

SERVICE = "services: {web: {path: web, port: 80, route: default, health: {path: /}}}\n"


@pytest.mark.parametrize(
    ("text", "well", "says"),
    [
        ("", True, "none here"),
        (f"project: shop\n{SERVICE}", True, "shop"),
        (f"project: shop\nevents: {{kafka: 2.6.1}}\n{SERVICE}", True, "ended on 2024-09-11: take 3.9.x."),
        (f"project: shop\nprot: 1\n{SERVICE}", False, "has a mistake"),
    ],
)
def test_bambe_yml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, well: bool, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAMBE_STATE", str(tmp_path / "state"))
    (tmp_path / "web").mkdir()
    for name in ("Dockerfile", "buildspec.yml"):
        (tmp_path / "web" / name).touch()
    if text:
        (tmp_path / "bambe.yml").write_text(text)
    found = json.loads(CliRunner().invoke(doctor.command, ["--json"]).output)
    (finding,) = [one for one in found if one["name"] == "bambe.yml"]
    assert (finding["well"], finding["says"].endswith(says)) == (well, True), finding
