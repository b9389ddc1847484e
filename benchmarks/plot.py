"""The chart of the saved results: a row of panels for each question, a bar for each contender."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import document, results
from benchmarks.section import (
    Measurement,
    Section,
    contender_names,
    format_ratio,
    format_value,
)

FILE = Path(__file__).parents[1] / "docs" / "images" / "benchmarks.svg"
# The sections in the chart, and which direction is better.
ROWS = {
    "lookups": "more is better",
    "client_cpu": "less is better",
    "decode": "less is better",
    "cold_start": "less is better",
    "handler_p50_added": "less is better",
    "handler_p99_added": "less is better",
}
# Inches.
WIDTH, LEFT, GAP, BAR, HEADING, TOP, FOOTER = 10.0, 2.3, 0.15, 0.27, 0.82, 0.1, 0.5
VALUE_WIDTH = 1.15  # room for the value and ratio after the longest bar
INK, MUTED, PAPER = "#1f2933", "#6b7785", "#ffffff"
COLOURS = {"official": "#9aa5b1", "ours": "#0b6bcb"}
OTHER_OURS, OTHER = "#7db5ec", "#dde2e8"
STYLE = {
    "font.family": "DejaVu Sans",  # part of matplotlib, so the chart is the same everywhere
    "font.size": 9.5,
    "text.color": INK,
    "svg.fonttype": "path",
    "svg.hashsalt": "portone-async",
}
_TIMES = "\N{MULTIPLICATION SIGN}"

# Installed by `make bench` only, so import statements would fail the type checker elsewhere.
_matplotlib: Any = import_module("matplotlib")
_figure: Any = import_module("matplotlib.figure")
Figure = Any
Axes = Any


def main() -> None:
    """Draw the saved results, and write their tables."""
    saved = results.read()
    with _matplotlib.rc_context(STYLE):
        draw(saved).savefig(FILE, facecolor=PAPER, metadata={"Date": None, "Creator": None})
    document.write(saved)


def draw(saved: results.Results) -> Figure:
    """Draw the whole chart, row under row."""
    sections = {key: saved["sections"][key] for key in ROWS}
    heights = {
        key: HEADING + BAR * len(contender_names(section)) for key, section in sections.items()
    }
    height = TOP + sum(heights.values()) + FOOTER
    figure = _figure.Figure(figsize=(WIDTH, height))
    top = height - TOP
    for key, section in sections.items():
        _draw_row(figure, section, ROWS[key], saved["labels"], top)
        top -= heights[key]
    machine = saved["machine"]
    note = (
        f"{_TIMES}: relative to portone-server-sdk {machine['libraries']['portone-server-sdk']} "
        "in the same run. Each panel has its own scale, from zero. "
        f"Python {machine['python']}, {machine['cores']} cores."
    )
    figure.text(0.02, 0.18 / height, note, size=8, color=MUTED)
    return figure


def _draw_row(
    figure: Figure, section: Section, better: str, labels: dict[str, str], top: float
) -> None:
    """Draw one question: its cases side by side, the contenders' names on the left."""
    height = figure.get_figheight()
    names = contender_names(section)
    figure.text(0.02, (top - 0.3) / height, section["title"], size=11.5, weight="bold")
    figure.text(0.98, (top - 0.3) / height, better, size=9, color=MUTED, ha="right", style="italic")
    cases = section["cases"].items()
    width = (WIDTH - LEFT - GAP * len(cases)) / len(cases)
    for index, (case, measurements) in enumerate(cases):
        box = (
            (LEFT + index * (width + GAP)) / WIDTH,
            (top - HEADING + 0.12 - BAR * len(names)) / height,
            width / WIDTH,
            BAR * len(names) / height,
        )
        axes = figure.add_axes(box)
        _draw_panel(axes, section, measurements, names, width)
        axes.set_title(case, size=9, color=MUTED, loc="left", pad=4)
        if index == 0:
            axes.set_yticks(range(len(names)), [labels[name] for name in names])
            axes.tick_params(axis="y", length=0, pad=6, labelcolor=INK)
            for name, label in zip(names, axes.get_yticklabels(), strict=True):
                label.set_fontweight("bold" if name == "ours" else "normal")


def _draw_panel(
    axes: Axes,
    section: Section,
    measurements: dict[str, Measurement],
    names: list[str],
    width: float,
) -> None:
    """Draw one case: a bar from zero for each contender, followed by its value and ratio."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(MUTED)
    longest = max(measurement["median"] for measurement in measurements.values())
    axes.set_xlim(0, longest * width / (width - VALUE_WIDTH))
    axes.set_ylim(len(names) - 0.5, -0.5)
    for position, name in enumerate(names):
        if name not in measurements:
            continue
        length = max(measurements[name]["median"], 0)
        colour = COLOURS.get(name, OTHER_OURS if name.startswith("ours") else OTHER)
        axes.barh(position, length, height=0.72, color=colour)
        value = axes.annotate(
            format_value(measurements[name], section["unit"]),
            (length, position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            weight="bold" if name == "ours" else "normal",
        )
        axes.annotate(
            format_ratio(measurements[name]),
            (1, 0.5),
            xycoords=value,
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=MUTED,
            size=8.5,
        )
