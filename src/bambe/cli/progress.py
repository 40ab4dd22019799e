"""Steps on a terminal: what is going on, how long it took; plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bambe.cli.environment import hinted
from bambe.cli.terminal import console
from bambe.kernel.clock import monotonic


class Progress:
    """Prints steps as they begin and end. `took` keeps each title and its seconds, for a summary."""

    def __init__(self, quiet: bool = False) -> None:
        self.console = console(quiet)
        self.took: list[tuple[str, float]] = []

    def say(self, line: str) -> None:
        """A detail of the step under way."""
        self.console.print(f"    {hinted(line)}", style="dim", markup=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step: its title when it begins, its time when it has ended well."""
        start = monotonic()
        self.console.print(f"[bold]▸[/] {title}")
        yield
        seconds = monotonic() - start
        self.took.append((title, seconds))
        self.console.print(f"  [green]✓[/] [dim]{seconds:.1f} s[/]")
