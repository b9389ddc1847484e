"""What a benchmark finds: a figure for each case and contender, beside the official SDK's."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

Unit = Literal["s", "per s", "MB", "MB per s", ""]


class Figure(TypedDict):
    """The median of the rounds, and the median of the ratios to the official SDK, each within a round."""

    median: float
    ratio: NotRequired[float]


class Section(TypedDict):
    """One question and its answers: `cases[case][contender]`."""

    title: str
    unit: Unit
    cases: dict[str, dict[str, Figure]]


def figures(
    rounds: Mapping[str, Sequence[float]], base: str | None = "official"
) -> dict[str, Figure]:
    """Sum up what each contender took, round by round: what slows one round slows both sides of its ratio.

    Without a `base` there are no ratios: for figures around zero they would mean nothing.
    """
    found: dict[str, Figure] = {}
    for name, values in rounds.items():
        found[name] = {"median": _short(statistics.median(values))}
        if base is not None and base in rounds and name != base:
            pairs = zip(values, rounds[base], strict=True)
            # A difference that noise has made negative is no measure of another.
            if ratios := [value / other for value, other in pairs if other > 0]:
                found[name]["ratio"] = _short(statistics.median(ratios))
    return found


def contenders(section: Section) -> list[str]:
    """Whoever has a figure in any case, in order."""
    return list(dict.fromkeys(name for case in section["cases"].values() for name in case))


def show(figure: Figure, unit: Unit) -> str:
    """A figure for people."""
    value = figure["median"]
    match unit:
        case "s" if abs(value) < 1e-3:
            return f"{_digits(value * 1e6)} µs"
        case "s" if abs(value) < 1:
            return f"{_digits(value * 1e3)} ms"
        case "s":
            return f"{_digits(value)} s"
        case "MB":
            return f"{value:.2f} MB"
        case "MB per s":
            return f"{_digits(value)} MB/s"
        case "per s" | "":
            return f"{value:,.0f}"


def show_ratio(figure: Figure) -> str:
    """How many times the official SDK's figure it is; nothing for its own."""
    return f"{_digits(figure['ratio'], 2)}×" if "ratio" in figure else ""


def _digits(value: float, digits: int = 3) -> str:
    """As many significant digits, and never an exponent."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(digits - 1 - magnitude, 0)}f}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")
