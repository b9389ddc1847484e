"""Progress on stderr: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, TextColumn

from portone_async import bulk
from portone_async.cli.terminal import WRONG, console, is_live, say

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

LINE_EVERY: Final = 10.0
"""Seconds between two lines where there is no terminal."""


@frozen
class _Narrow:
    """Something with room behind it for the ^C that terminals echo: a full line would wrap, and be left standing."""

    inner: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Constrain(self.inner, options.max_width - len("^C") - 1)


class _Bar(Progress):
    def get_renderables(self) -> Iterable[RenderableType]:
        return map(_Narrow, super().get_renderables())


class Display:
    """Shows how far a run is.

    Args:
        known: What the output had before this run.
        total: What it will have; `None` if nobody knows.
    """

    def __init__(self, *, known: int = 0, total: int | None = None) -> None:
        self._console: Final = console(stderr=True)
        self._is_live: Final = is_live(self._console)
        self._known: Final = known
        self._total: Final = total
        self._line_at = LINE_EVERY
        self._bar: Final = _Bar(
            TextColumn("{task.fields[count]}"),
            BarColumn(None, "dim", "green", "green", "green"),
            TextColumn("{task.fields[rate]}", style="none"),
            TextColumn("{task.fields[failed]}", style=WRONG),
            TextColumn("{task.fields[left]}", style="none"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            expand=True,
        )
        self._task: Final = self._bar.add_task(
            "", total=total, completed=known, count="", rate="", failed="", left=""
        )

    def __enter__(self) -> Self:
        if self._is_live:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        say(self._console, text)

    def show(self, progress: bulk.Progress) -> None:
        """Show how far the run is now."""
        done = self._known + progress.completed
        if self._is_live:
            self._bar.update(
                self._task,
                completed=done,
                count=f"{done:,}" if self._total is None else f"{done:,}/{self._total:,}",
                rate=_rate(progress),
                failed=f"{progress.failed:,} failed" if progress.failed else "",
                left="" if progress.time_remaining is None else clock(progress.time_remaining),
            )
        elif progress.elapsed >= self._line_at:
            self._line_at = progress.elapsed + LINE_EVERY
            of = "" if self._total is None else f" of {self._total:,}"
            left = "" if progress.time_remaining is None else f", {clock(progress.time_remaining)} left"
            self.say(f"{done:,}{of}, {progress.failed:,} failed, {_rate(progress)}{left}")


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _rate(progress: bulk.Progress) -> str:
    return f"{progress.rate:,.0f}/s" if progress.rate >= 10 else f"{progress.rate:.1f}/s"  # noqa: PLR2004
