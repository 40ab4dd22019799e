"""What a daemon refuses at its start."""

from __future__ import annotations

import pytest

from bambe.daemon.options import BadOptions, parse


@pytest.mark.parametrize(
    "option", [["--account-id", "123456789012"], ["--any-credentials"], ["--no-engines"]]
)
def test_options_of_a_test_double_are_refused_on_a_durable_daemon(option: list[str]) -> None:
    with pytest.raises(BadOptions, match="test doubles"):
        parse(option)
    assert parse(["--ephemeral", *option]).ephemeral


def test_any_credentials_are_for_loopback_only() -> None:
    with pytest.raises(BadOptions, match=r"0\.0\.0\.0"):
        parse(["--ephemeral", "--any-credentials", "--host", "0.0.0.0"])


@pytest.mark.parametrize("wrong", ["12", "abcdefghijkl"])
def test_an_account_has_twelve_digits(wrong: str) -> None:
    with pytest.raises(BadOptions, match="12 digits"):
        parse(["--ephemeral", "--account-id", wrong])


def test_an_ephemeral_daemon_has_no_state() -> None:
    with pytest.raises(BadOptions, match="--state"):
        parse(["--ephemeral", "--state", "x"])


def test_a_scale_is_above_zero() -> None:
    with pytest.raises(BadOptions, match="scale"):
        parse(["--scale", "0"])
