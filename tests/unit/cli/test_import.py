"""`bambe import` at the terminal: what is written where, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from bambe.cli.commands.import_ import command
from bambe.cli.main import bambe
from bambe.cli.trouble import Trouble
from bambe.importing import Unreadable
from bambe.project import load

MANIFEST = """\
name: web
type: Load Balanced Web Service
image: {build: {dockerfile: web/Dockerfile, context: ., args: {STAGE: "a b"}, target: prod}, port: 80}
http: {path: /}
sidecars: {proxy: {image: envoy}}
"""


@pytest.fixture
def copilot(tmp_path: Path) -> Path:
    for path, text in {
        "copilot/.workspace": "application: shop\n",
        "copilot/web/manifest.yml": MANIFEST,
        "web/Dockerfile": "FROM scratch\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), catch_exceptions=False)


def test_the_command_is_found_by_its_name() -> None:
    shown = CliRunner().invoke(bambe, ["import", "--help"])
    assert shown.exit_code == 0
    assert {"copilot", "compose", "cluster"} <= set(shown.output.split())


def test_the_file_is_written_once_and_the_list_is_printed(copilot: Path) -> None:
    shown = run("copilot", str(copilot))
    assert "copilot/web/manifest.yml:5 sidecars.proxy: a sidecar" in shown.output
    assert "web/buildspec.yml: is not there" in shown.output
    before = (copilot / "bambe.yml").read_text()
    (copilot / "copilot/web/manifest.yml").write_text(MANIFEST + "count: 3\n")
    with pytest.raises(Trouble, match=r"is there: --force writes over it"):
        run("copilot", str(copilot))
    assert (copilot / "bambe.yml").read_text() == before
    run("copilot", str(copilot), "--force")
    assert yaml.safe_load((copilot / "bambe.yml").read_text())["services"]["web"]["tasks"] == 3


def test_nothing_else_is_written(copilot: Path) -> None:
    before = {path for path in copilot.rglob("*") if path.is_file()}
    run("copilot", str(copilot))
    assert {path for path in copilot.rglob("*") if path.is_file()} - before == {copilot / "bambe.yml"}


def test_with_buildspecs_the_project_is_whole(copilot: Path) -> None:
    shown = run("copilot", str(copilot), "--buildspecs")
    assert load(copilot / "bambe.yml").services["web"].route == "default"
    spec = yaml.safe_load((copilot / "web/buildspec.yml").read_text())
    build = spec["phases"]["build"]["commands"][0]
    assert build.strip() == (
        "docker build --file web/Dockerfile --target prod --build-arg 'STAGE=a b' --tag \"$IMAGE\" ."
    )
    assert "look it over, commit it, and run `bambe up`" in shown.output


def test_a_buildspec_that_is_there_stays(copilot: Path) -> None:
    (copilot / "web/buildspec.yml").write_text("mine\n")
    run("copilot", str(copilot), "--buildspecs")
    assert (copilot / "web/buildspec.yml").read_text() == "mine\n"


def test_the_buildspec_is_that_of_the_example_but_for_the_build() -> None:
    from bambe.importing import Build, buildspec

    example = Path(__file__).parents[3] / "examples/shop/services/orders/buildspec.yml"
    mine, theirs = (yaml.safe_load(text) for text in (buildspec(Build("Dockerfile")), example.read_text()))
    for spec in (mine, theirs):
        del spec["phases"]["build"]["commands"][0]
    assert mine == theirs


def test_as_data(copilot: Path) -> None:
    said = json.loads(run("copilot", str(copilot), "--json").output)
    assert (said["file"], said["services"]) == (str(copilot / "bambe.yml"), ["web"])
    (sidecar,) = [note for note in said["notes"] if note["key"] == "sidecars.proxy"]
    assert sidecar["kind"] == "left"
    assert (sidecar["file"], sidecar["line"], sidecar["service"]) == ("copilot/web/manifest.yml", 5, "web")


def test_on_standard_output(copilot: Path) -> None:
    shown = run("copilot", str(copilot), "--output", "-")
    assert yaml.safe_load(shown.stdout)["project"] == "shop"
    assert "sidecars.proxy" in shown.stderr
    assert not (copilot / "bambe.yml").exists()
    said = json.loads(run("copilot", str(copilot), "-o", "-", "--json").stdout)
    assert yaml.safe_load(said["text"])["project"] == "shop"


def test_compose_takes_what_compose_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Trouble, match=r"there is no compose\.yaml"):
        run("compose")
    (tmp_path / "docker-compose.yml").write_text("services: {web: {build: web, ports: [80]}}")
    (tmp_path / "docker-compose.override.yml").write_text("services: {web: {scale: 4}}")
    run("compose")
    assert yaml.safe_load((tmp_path / "bambe.yml").read_text())["services"]["web"]["tasks"] == 4


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"name the folder that has `copilot/`"):
        run("copilot", str(tmp_path))


def test_a_profile_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with pytest.raises(Trouble, match="no profile 'odd'"):
        run("cluster", "shop", "--on", "aws", "--profile", "odd", "--region", "eu-west-1")
