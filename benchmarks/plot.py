"""The picture of the kept results: a row of panels for a question, a bar for a contender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from benchmarks import document, results
from benchmarks.section import Figure, Section, contenders, show, show_ratio

FILE = Path(__file__).parents[1] / "docs" / "images" / "benchmarks.svg"
# What is drawn of the results, and which way is good.
ROWS = {
    "lookups": "more is better",
    "decode": "less is better",
    "cold_start": "less is better",
    "handler_p50_added": "less is better",
    "handler_p99_added": "less is better",
}
# Inches.
WIDTH, LEFT, GAP, BAR, HEAD, TOP, FOOT = 10.0, 2.0, 0.15, 0.27, 0.82, 0.1, 0.5
FIGURE = 1.15  # for a figure and its ratio behind the longest bar
INK, QUIET, PAPER = "#1f2933", "#6b7785", "#ffffff"
COLOURS = {"official": "#9aa5b1", "ours": "#0b6bcb"}
OURS_TOO, FLOOR = "#7db5ec", "#dde2e8"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
    "font.size": 9.5,
    "text.color": INK,
    "svg.fonttype": "path",
    "svg.hashsalt": "portone-async",
}


def main() -> None:
    """Draw the kept results, and write their tables."""
    found = results.read()
    with mpl.rc_context(STYLE):
        draw(found).savefig(FILE, facecolor=PAPER, metadata={"Date": None, "Creator": None})
    document.write(found)


def draw(found: results.Results) -> Picture:
    """The whole picture, row under row."""
    sections = {key: found["sections"][key] for key in ROWS}
    heights = {key: HEAD + BAR * len(contenders(section)) for key, section in sections.items()}
    height = TOP + sum(heights.values()) + FOOT
    picture = Picture(figsize=(WIDTH, height))
    top = height - TOP
    for key, section in sections.items():
        _row(picture, section, ROWS[key], found["labels"], top)
        top -= heights[key]
    facts = found["machine"]
    note = (
        f"×: times the figure of portone-server-sdk {facts['libraries']['portone-server-sdk']}, "
        "in the same run. Each panel has a scale of its own, from zero. "
        f"Python {facts['python']}, {facts['cores']} cores."
    )
    picture.text(0.02, 0.18 / height, note, size=8, color=QUIET)
    return picture


def _row(
    picture: Picture, section: Section, better: str, labels: dict[str, str], top: float
) -> None:
    """One question: its cases side by side, the contenders named on the left."""
    height = picture.get_figheight()
    names = contenders(section)
    picture.text(0.02, (top - 0.3) / height, section["title"], size=11.5, weight="bold")
    picture.text(
        0.98, (top - 0.3) / height, better, size=9, color=QUIET, ha="right", style="italic"
    )
    cases = section["cases"].items()
    width = (WIDTH - LEFT - GAP * len(cases)) / len(cases)
    for index, (case, figures) in enumerate(cases):
        box = (
            (LEFT + index * (width + GAP)) / WIDTH,
            (top - HEAD + 0.12 - BAR * len(names)) / height,
            width / WIDTH,
            BAR * len(names) / height,
        )
        axes = picture.add_axes(box)
        _panel(axes, section, figures, names, width)
        axes.set_title(case, size=9, color=QUIET, loc="left", pad=4)
        if index == 0:
            axes.set_yticks(range(len(names)), [labels[name] for name in names])
            axes.tick_params(axis="y", length=0, pad=6, labelcolor=INK)
            for name, label in zip(names, axes.get_yticklabels(), strict=True):
                label.set_fontweight("bold" if name == "ours" else "normal")


def _panel(
    axes: Axes, section: Section, figures: dict[str, Figure], names: list[str], width: float
) -> None:
    """One case: a bar from zero for each contender, its figure and ratio behind it."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(QUIET)
    longest = max(figure["median"] for figure in figures.values())
    axes.set_xlim(0, longest * width / (width - FIGURE))
    axes.set_ylim(len(names) - 0.5, -0.5)
    for position, name in enumerate(names):
        if name not in figures:
            continue
        length = max(figures[name]["median"], 0)
        colour = COLOURS.get(name, OURS_TOO if name.startswith("ours") else FLOOR)
        axes.barh(position, length, height=0.72, color=colour)
        value = axes.annotate(
            show(figures[name], section["unit"]),
            (length, position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            weight="bold" if name == "ours" else "normal",
        )
        axes.annotate(
            show_ratio(figures[name]),
            (1, 0.5),
            xycoords=value,
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=QUIET,
            size=8.5,
        )
