"""The one sentence for what is typed wrongly, and help that leads on."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from bambe.cli.bringing_up import Changes
from bambe.cli.commands.up import say_what_changed
from bambe.cli.main import bambe
from bambe.cli.place import Local
from bambe.cli.progress import Progress
from bambe.cli.target import Target, find_root
from bambe.cli.trouble import Trouble, sentence
from bambe.project import parse


def run(*words: str) -> Result:
    return CliRunner().invoke(bambe, list(words))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rollback", "orders", "--to", ""), "--to is empty: give a release"),
        (("rollback", "orders", "--to", " "), "--to is empty: give a release"),
        (("deploy", "orders", "--image", ""), "--image is empty: name an image"),
        *(
            (("set-weight", "orders", said), f"the share is a whole number from 0 to 100, not '{said}'.")
            for said in ("-5", "33.3", "abc", "101", "", "²")
        ),
    ],
)
def test_what_is_typed_wrongly_is_refused_in_one_sentence(words: tuple[str, ...], says: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert says in done.output


def test_a_deleted_deployment_group_comes_with_advice() -> None:
    code = "DeploymentGroupDoesNotExistException"
    answer: Any = {"Error": {"Code": code, "Message": "No Deployment Group found"}}
    told = sentence(ClientError(answer, "ListDeployments"))
    assert told == (
        "ListDeployments: DeploymentGroupDoesNotExistException: No Deployment Group found;"
        " `bambe up` makes it anew."
    )


def test_the_help_of_up_shows_a_small_bambe_yml(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="bambe up --help"):
        find_root(tmp_path)
    shown = re.search(r"^ +project: .*?(?=\n\n)", run("up", "--help").output, re.MULTILINE | re.DOTALL)
    assert shown
    assert list(parse(textwrap.dedent(shown[0])).services) == ["orders"]
    assert "shop" in parse(run("up", "--example").output).project


@pytest.mark.parametrize(("scale", "says"), [(60.0, True), (1.0, False)])
def test_up_says_the_scale_it_runs_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    scale: float, says: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(Local, "health", lambda _: {"scale": scale})
    monkeypatch.setattr(Target, "url", lambda _: "https://127.0.0.2")
    project = parse("project: shop\nservices: {orders: {path: orders, port: 8080, route: default}}")
    say_what_changed(Progress(), Target(tmp_path, project, Local(tmp_path)), Changes(), 1.0)
    assert ("scale     60: waits pass so many times faster" in capsys.readouterr().out) == says
