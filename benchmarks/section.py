"""Results of a benchmark: a measurement for each case and contender, with its ratio to the official SDK's."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

Unit = Literal["s", "per s", "MB", "MB per s", ""]
BASELINE = "official"
_MILLISECOND = 1e-3
_TIMES = "\N{MULTIPLICATION SIGN}"


class Measurement(TypedDict):
    """The median of the rounds, and the median of the ratios to the baseline within each round."""

    median: float
    ratio: NotRequired[float]


class Section(TypedDict):
    """One question and its results: `cases[case][contender]`."""

    title: str
    unit: Unit
    cases: dict[str, dict[str, Measurement]]


def summarize(
    rounds: Mapping[str, Sequence[float]], *, baseline: str = BASELINE, ratios: bool = True
) -> dict[str, Measurement]:
    """Summarize each contender's rounds.

    Ratios to the baseline are taken within a round: whatever slows a round slows both sides. Leave them out for values
    around zero, where they would mean nothing.
    """
    summary: dict[str, Measurement] = {}
    for name, values in rounds.items():
        summary[name] = {"median": _round_significant(statistics.median(values))}
        if ratios and baseline in rounds and name != baseline:
            pairs = zip(values, rounds[baseline], strict=True)
            # Noise can make a difference of two measurements negative: nothing for a ratio.
            if quotients := [value / base for value, base in pairs if base > 0]:
                summary[name]["ratio"] = _round_significant(statistics.median(quotients))
    return summary


def contender_names(section: Section) -> list[str]:
    """Every contender with a measurement in any case, in order."""
    return list(dict.fromkeys(name for case in section["cases"].values() for name in case))


def format_value(measurement: Measurement, unit: Unit) -> str:
    """Format the median with its unit."""
    value = measurement["median"]
    match unit:
        case "s" if abs(value) < _MILLISECOND:
            return f"{_format_significant(value * 1e6)} µs"
        case "s" if abs(value) < 1:
            return f"{_format_significant(value * 1e3)} ms"
        case "s":
            return f"{_format_significant(value)} s"
        case "MB":
            return f"{value:.2f} MB"
        case "MB per s":
            return f"{_format_significant(value)} MB/s"
        case "per s" | "":
            return f"{value:,.0f}"


def format_ratio(measurement: Measurement) -> str:
    """Format the ratio to the baseline; empty for the baseline itself."""
    if "ratio" not in measurement:
        return ""
    return f"{_format_significant(measurement['ratio'], 2)}{_TIMES}"


def _format_significant(value: float, digits: int = 3) -> str:
    """Format with so many significant digits, never with an exponent."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(digits - 1 - magnitude, 0)}f}"


def _round_significant(value: float) -> float:
    return float(f"{value:.4g}")
