"""Commands in containers: AWS's CLI with AWS's plugin, `bambe exec`, boto3 with the protocol by hand."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import install
from tests.e2e.platform import BIN, Bambe, wait_for
from tests.support.official import official_plugin
from tests.support.person import Seen, at_a_terminal
from tests.support.plugin import Plugin

PROJECT = """
project: shop
services:
  notifier: {path: services/notifier, also: [libs/web], port: 8080, route: none, release: rolling, exec: true}
"""


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("bambe"))
    (made.shop.root / "bambe.yml").write_text(PROJECT)
    made.shop.commit("One service, with exec")
    try:
        made.up()
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = official_plugin(tmp_path_factory.mktemp("plugin"))
    if found is None:
        pytest.skip("no Session Manager plugin here, and none can be built")
    return found


def task(bambe: Bambe) -> dict[str, Any]:
    ecs = bambe.client("ecs")
    arns = ecs.list_tasks(cluster="shop", serviceName="notifier")["taskArns"]
    return dict(ecs.describe_tasks(cluster="shop", tasks=arns)["tasks"][0])


def sit(bambe: Bambe, command: list[str], typed: list[tuple[str, str]], path: str = "") -> Seen:
    # The plugin writes its log below the home directory.
    own = {"BAMBE_STATE": str(bambe.state), "HOME": str(bambe.state), "AWS_PAGER": ""}
    found = {**os.environ, **bambe.place.environment(), **own}
    found["PATH"] = os.pathsep.join(filter(None, (path, str(BIN), found["PATH"])))
    return at_a_terminal(command, typed, environment=found, directory=bambe.shop.root)


def processes(words: str) -> int:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return sum(line == words for line in listed.splitlines())


def test_the_stock_cli_with_aws_own_plugin(bambe: Bambe, plugin: Path) -> None:
    said = ["--cluster", "shop", "--task", task(bambe)["taskArn"], "--interactive", "--command"]
    stock = ["aws", "ecs", "execute-command", *said]
    seen = sit(
        bambe,
        [*stock, "/bin/sh"],
        [
            ("# ", "stty size; id -un\r"),
            ("root", "seq 1 20000 | tail -n 20000; echo do'n'e\r"),
            ("done", "exit\r"),
        ],
        str(plugin),
    )
    assert seen.exit_code == 0
    assert "Starting session with SessionId: ecs-execute-command-" in seen.screen
    assert "33 91" in seen.screen
    assert "\n20000" in seen.screen
    assert "Exiting session with sessionId: ecs-execute-command-" in seen.screen
    assert "Unable to start command" in sit(bambe, [*stock, "no-such-thing"], [], str(plugin)).screen


def test_bambe_exec_at_a_terminal(bambe: Bambe) -> None:
    seen = sit(
        bambe,
        ["bambe", "exec", "notifier"],
        [
            ("# ", "sh -c 'stty size; exec sleep 100'\r"),
            ("33 91", "\x03"),
            ("# ", "echo a'b'c\r"),
            ("abc", "exit 6\r"),
        ],
    )
    assert seen.exit_code == 6


def test_bambe_exec_in_a_script(bambe: Bambe) -> None:
    done = bambe.cli("exec", "notifier", "--", "sh", "-c", "echo $((6 * 7)); exit 5", check=False)
    assert (done.returncode, done.stdout.strip()) == (5, "42")
    begins = task(bambe)["taskArn"].rsplit("/", 1)[-1][:8]
    assert bambe.cli("exec", "notifier", "--task", begins, "--", "echo", "two words").stdout == "two words\n"
    done = bambe.cli("exec", "notifier", "--", "no-such-thing", check=False)
    assert (done.returncode, "not found" in done.stderr) == (1, True)


def test_boto3_and_the_protocol_by_hand(bambe: Bambe) -> None:
    shown = task(bambe)
    assert shown["containers"][0]["managedAgents"][0]["lastStatus"] == "RUNNING"
    answer = bambe.client("ecs").execute_command(
        cluster="shop", task=shown["taskArn"], interactive=True, command="sh"
    )

    async def use() -> dict[str, Any]:
        client = Plugin(drops=1)
        await client.open(answer["session"])
        await client.type(b"echo ECS is at $ECS_CONTAINER_METADATA_URI_V4\r")
        await client.until(b"ECS is at http://169.254.170.2/v4/")
        await client.type(b"exit 9\r")
        return await client.end()

    assert asyncio.run(use())["ExitCode"] == 9


def test_a_client_that_goes_leaves_no_process_behind(bambe: Bambe) -> None:
    session = bambe.client("ecs").execute_command(
        cluster="shop", task=task(bambe)["taskArn"], interactive=True, command="sleep 54321"
    )["session"]

    async def use() -> None:
        client = Plugin()
        await client.open(session)
        async with asyncio.timeout(20):
            while not processes("sleep 54321"):
                await asyncio.sleep(0.1)
        await client.hang_up()

    asyncio.run(use())
    wait_for(lambda: not processes("sleep 54321"), "the command is hung up", 10)


def test_after_kill_9_the_next_daemon_opens_sessions(bambe: Bambe) -> None:
    with bambe.dead():
        pass
    wait_for(lambda: bambe.cli("exec", "notifier", "--", "true", check=False).returncode == 0, "exec", 30)


def test_it_is_turned_off_and_on_again_in_bambe_yml(bambe: Bambe) -> None:
    assert "Nothing changed" in bambe.up().stdout
    bambe.shop.edit("bambe.yml", "exec: true", "exec: false")
    bambe.up()
    refused = "notifier takes no commands: set `exec: true`"
    wait_for(lambda: refused in bambe.cli("exec", "notifier", "--", "true", check=False).stderr, "off", 90)
    bambe.shop.edit("bambe.yml", "exec: false", "exec: true")
    bambe.up()
    wait_for(lambda: bambe.cli("exec", "notifier", "--", "true", check=False).returncode == 0, "on", 90)
