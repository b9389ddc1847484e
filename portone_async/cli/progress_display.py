"""Progress on stderr: a bar in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, TextColumn

from portone_async import bulk
from portone_async.cli.language import translate
from portone_async.cli.terminal import ERROR_STYLE, is_live, make_console, print_message

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

LINE_INTERVAL: Final = 10.0
"""Seconds between two lines where there is no terminal."""


@frozen
class _Narrow:
    """Leaves room for the ^C that terminals echo: it would wrap a full line, which then could not be overwritten."""

    inner: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Constrain(self.inner, options.max_width - len("^C") - 1)


class _Bar(Progress):
    def get_renderables(self) -> Iterable[RenderableType]:
        return map(_Narrow, super().get_renderables())


class ProgressDisplay:
    """Shows the progress of a run.

    Args:
        completed: How many payments the output already had before this run.
        total: How many it will have; `None` if unknown.
    """

    def __init__(self, *, completed: int = 0, total: int | None = None) -> None:
        self._console: Final = make_console(stderr=True)
        self._is_live: Final = is_live(self._console)
        self._completed: Final = completed
        self._total: Final = total
        self._next_line_at = LINE_INTERVAL
        self._bar: Final = _Bar(
            TextColumn("{task.fields[count]}"),
            BarColumn(None, "dim", "green", "green", "green"),
            TextColumn("{task.fields[rate]}", style="none"),
            TextColumn("{task.fields[failed]}", style=ERROR_STYLE),
            TextColumn("{task.fields[remaining]}", style="none"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            expand=True,
        )
        self._task: Final = self._bar.add_task(
            "", total=total, completed=completed, count="", rate="", failed="", remaining=""
        )

    def __enter__(self) -> Self:
        if self._is_live:
            self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._bar.stop()

    def print(self, text: str) -> None:
        """Print a line above the bar."""
        print_message(self._console, text)

    def update(self, progress: bulk.Progress) -> None:
        """Show the progress so far."""
        completed = self._completed + progress.completed
        remaining = progress.time_remaining
        if self._is_live:
            self._bar.update(
                self._task,
                completed=completed,
                count=f"{completed:,}" if self._total is None else f"{completed:,}/{self._total:,}",
                rate=_format_rate(progress),
                failed=_format_failed(progress) if progress.failed else "",
                remaining="" if remaining is None else format_duration(remaining),
            )
        elif progress.elapsed >= self._next_line_at:
            self._next_line_at = progress.elapsed + LINE_INTERVAL
            parts = [_format_failed(progress), _format_rate(progress)]
            if self._total is None:
                parts.insert(0, f"{completed:,}")
            else:
                text = translate("{done:,} of {total:,}", done=completed, total=self._total)
                parts.insert(0, text)
            if remaining is not None:
                parts.append(translate("{time} left", time=format_duration(remaining)))
            self.print(", ".join(parts))


def format_duration(seconds: float) -> str:
    """Return seconds as minutes and seconds, with hours if there are any."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _format_failed(progress: bulk.Progress) -> str:
    return translate("{number:,} failed", number=progress.failed)


def _format_rate(progress: bulk.Progress) -> str:
    return f"{progress.rate:,.0f}/s" if progress.rate >= 10 else f"{progress.rate:.1f}/s"  # noqa: PLR2004
