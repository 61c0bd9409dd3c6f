"""Statistics as a page of plots."""

from __future__ import annotations

from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelapi.errors import LocalError, UsageError
from labelapi.local_copies import writing
from labelapi.turning import EXTRA

if TYPE_CHECKING:
    from labelapi import models

KINDS = ("png", "pdf", "svg", "jpg")
WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 11.7, 8.3, 150
MOST_CLASSES, MOST_SENDERS = 20, 8
# Okabe and Ito's colors, which most people can tell apart.
BLUE, ORANGE, GREEN, GRAY, RED = "#0072b2", "#e69f00", "#009e73", "#999999", "#d55e00"
STATE_COLORS = {"labeled": BLUE, "empty": GREEN, "unusable": RED, "unlabeled": GRAY}


def require_matplotlib(path: Path) -> None:
    """Raise UsageError where matplotlib is not installed, or where the name of the file says no format that it writes."""
    if path.suffix.lower().lstrip(".") not in KINDS:
        raise UsageError(f"The name of the file should end in one of {', '.join(KINDS)}.")
    try:
        import matplotlib as _  # noqa: F401
    except ImportError as error:
        raise UsageError("Plots need matplotlib, which is not installed.", EXTRA) from error


def draw_statistics(counts: models.Statistics, title: str, path: Path) -> None:
    """Draw classes, states, boxes per image, sizes of boxes, progress over time and senders into a file. Raises LocalError."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    figure.suptitle(f"{title}: {counts['images']:,} images, {counts['objects']:,} boxes")
    (classes, per_image, sizes), (states, days, senders) = figure.subplots(2, 3)
    _draw_classes(classes, counts["classes"])
    _draw_per_image(per_image, counts["objects_per_image"])
    _draw_sizes(sizes, counts["box_sizes"])
    _draw_states(states, counts["states"])
    _draw_days(days, counts["days"])
    rows = [(each["created_by"] or "unknown", each["objects"]) for each in counts["senders"][:MOST_SENDERS]]
    _draw_rows(senders, "Boxes by sender", rows, ORANGE)
    try:
        with writing(path):
            figure.savefig(str(path), dpi=DOTS_PER_INCH)
    except (ValueError, RuntimeError) as error:
        raise LocalError(f"The page cannot be drawn: {error}") from error


def _draw_classes(axes: Any, classes: Any) -> None:
    rows = [(each["label"], each["objects"]) for each in classes[:MOST_CLASSES]]
    more = sum(each["objects"] for each in classes[MOST_CLASSES:])
    rows += [(f"{len(classes) - MOST_CLASSES} more", more)] if more else []
    _draw_rows(axes, "Boxes by class", rows, BLUE)


def _draw_rows(axes: Any, title: str, rows: list[tuple[str, int]], color: str) -> None:
    axes.set_title(title)
    # Matplotlib reads what stands between dollar signs as mathematics.
    names = [_short(name).replace("$", r"\$") for name, _ in rows]
    places = range(len(rows))
    axes.barh(places, [count for _, count in rows], color=color)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    for place, (_, count) in zip(places, rows):
        axes.annotate(f" {count:,}", (count, place), va="center", fontsize="small")
    axes.margins(x=0.2)
    _finish(axes, rows)


def _draw_per_image(axes: Any, counts: Any) -> None:
    axes.set_title("Boxes per image")
    axes.bar([each["objects"] for each in counts], [each["images"] for each in counts], color=BLUE, width=0.9)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("boxes")
    axes.set_ylabel("images")
    _finish(axes, counts)


def _draw_sizes(axes: Any, sizes: Any) -> None:
    axes.set_title("Sizes of boxes")
    places = range(len(sizes))
    axes.bar(places, [each["objects"] for each in sizes], color=GREEN)
    axes.set_xticks(
        places, [f"{each['from']}-{each['to']}" for each in sizes], rotation=45, ha="right", fontsize="small"
    )
    axes.set_xlabel("square root of the area, pixels")
    axes.set_ylabel("boxes")
    _finish(axes, sizes)


def _draw_states(axes: Any, states: Any) -> None:
    axes.set_title("Images by state")
    rows = [(name, states[name]) for name in STATE_COLORS if states[name]]
    axes.bar([name for name, _ in rows], [count for _, count in rows], color=[STATE_COLORS[name] for name, _ in rows])
    for place, (_, count) in enumerate(rows):
        axes.annotate(f"{count:,}", (place, count), ha="center", va="bottom", fontsize="small")
    axes.tick_params(axis="x", labelsize="small")
    axes.margins(y=0.15)
    _finish(axes, rows)


def _draw_days(axes: Any, days: Any) -> None:
    """Draw the images of each day, and all until then."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.set_title("Progress over time")
    dates = [date.fromisoformat(each["day"]) for each in days]
    counts = [each["images"] for each in days]
    axes.bar(dates, counts, color=BLUE, label="images that day")
    axes.plot(dates, list(accumulate(counts)), color=ORANGE, marker=".", label="until then")
    if dates:
        locator = AutoDateLocator(maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.legend(fontsize="small")
    _finish(axes, dates)


def _finish(axes: Any, shown: list[Any]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if not shown:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "none yet", ha="center", va="center", transform=axes.transAxes, color=GRAY)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
