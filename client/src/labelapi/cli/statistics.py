"""`labelapi campaigns progress` and `statistics`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.campaigns import CAMPAIGN, campaigns
from labelapi.cli.commands import pass_console
from labelapi.cli.console import Console
from labelapi.cli.labels import count_words
from labelapi.errors import UsageError

if TYPE_CHECKING:
    from labelapi import models
    from labelapi.api import LabelAPI

STATES = ("unlabeled", "labeled", "empty", "unusable")
LOOK_SECONDS = 2.0
ENDED = ("completed", "finished")
BAR_WIDTH, MOST_CLASSES = 40, 20
CLASSES: list[Any] = [("Label", "label"), ("Boxes", "objects"), ("Images", "images")]
DAYS: list[Any] = [("Day", "day"), ("Submissions", "submissions"), ("Images", "images"), ("Boxes", "objects")]
SENDERS: list[Any] = [("Sender", "created_by"), ("Images", "images"), ("Boxes", "objects")]


@campaigns.command("progress")
@CAMPAIGN
@click.option("--watch", is_flag=True, help="Go on until every image is done, or Ctrl-C.")
@pass_console
def progress(console: Console, campaign: str, watch: bool) -> None:
    """Show how far a campaign is: images by state, boxes by class, images an hour, and the expected end."""
    again = f"The campaign goes on. This shows it again: labelapi campaigns progress {campaign} --watch"
    with console.open() as api, console.when_interrupted(again), console.live() as show:
        found = api.campaigns.find(campaign)
        while True:
            now = api.get_campaign(found)
            counts = api.get_campaign_statistics(found)
            value = describe_progress(now, counts, api.transport.service_time or datetime.now(timezone.utc))
            if console.is_json or console.is_csv:
                console.result(value)
            else:
                show(_facts(now, counts, value))
            is_over = value["progress"]["done"] >= value["progress"]["total"] or now["status"] in ENDED
            if not watch or is_over:
                return
            time.sleep(LOOK_SECONDS)


def describe_progress(campaign: models.Campaign, counts: models.Statistics, now: datetime) -> dict[str, Any]:
    """Return how far a campaign is; `now` is the time of the service, whatever the clock of this machine says."""
    speed, end = _forecast(campaign, now)
    return {
        "campaign_id": campaign["campaign_id"],
        "status": campaign["status"],
        "progress": campaign["progress"],
        "classes": counts["classes"],
        "images_per_hour": speed,
        "date_expected": end,
    }


def _facts(campaign: models.Campaign, counts: models.Statistics, value: dict[str, Any]) -> list[tuple[str, Any]]:
    progress, speed = value["progress"], value["images_per_hour"]
    facts: list[tuple[str, Any]] = [
        ("Campaign", f"{campaign['campaign_id']} {campaign['title']}, {campaign['status']}"),
        ("Done", f"{progress['done']} of {progress['total']} images"),
        *_bars([(state, progress["states"][state]) for state in STATES], progress["total"]),
        ("Reviews", count_words(progress["reviews"])),
    ]
    shown = counts["classes"][:MOST_CLASSES]
    bars = _bars(
        [(each["label"], each["objects"]) for each in shown], max((each["objects"] for each in shown), default=1)
    )
    facts += [("Boxes", counts["objects"]), *((f"  {name}", text) for name, text in bars)]
    if len(counts["classes"]) > MOST_CLASSES:
        facts.append(("", f"… and {len(counts['classes']) - MOST_CLASSES} more classes: labelapi campaigns statistics"))
    facts.append(("Images/hour", "unknown" if speed is None else f"{speed:,.1f}"))
    facts.append(("Expected end", value["date_expected"] or "unknown"))
    return facts


def _bars(counts: list[tuple[str, int]], whole: int) -> list[tuple[str, str]]:
    """Return a bar for each count, as long as its part of the whole."""
    return [(name, f"{'█' * round(count / max(whole, 1) * BAR_WIDTH):<{BAR_WIDTH}} {count}") for name, count in counts]


def _forecast(campaign: models.Campaign, now: datetime) -> tuple[float | None, str | None]:
    """Return the images done an hour since the start, and when the rest will be done at this speed."""
    progress, started = campaign["progress"], campaign["date_started"]
    if not started or not progress["done"]:
        return None, None
    ended = campaign["date_completed"]
    until = _time(ended) if ended else now
    hours = max((until - _time(started)).total_seconds() / 3600, 1 / 3600)
    speed = progress["done"] / hours
    left = progress["total"] - progress["done"]
    if not left or campaign["status"] != "active":
        return speed, None
    return speed, (until + timedelta(hours=left / speed)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


@campaigns.command("statistics")
@click.argument("campaigns", nargs=-1)
@click.option("--set", "image_set", metavar="SET", help="The images of this image set in all campaigns instead.")
@click.option("--as-of", metavar="TIME", help="As it was then: a time, a day or the id of a submission.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw a page here: PNG, PDF or SVG.")
@pass_console
def statistics(
    console: Console, campaigns: tuple[str, ...], image_set: str | None, as_of: str | None, plot: Path | None
) -> None:
    """Count boxes and images by class, state, size, day and sender."""
    from labelapi.plots import draw_statistics, require_matplotlib

    if plot:
        require_matplotlib(plot)
    with console.open() as api:
        counts = _statistics(api, campaigns, image_set, as_of)
    if plot:
        draw_statistics(counts, ", ".join(campaigns) or f"image set {image_set}", plot)
        console.say(f"The page is in {plot}.")
    if console.is_json:
        console.result(counts)
    elif console.is_csv:
        console.rows(counts["classes"], CLASSES, limit=len(counts["classes"]) or None)
    else:
        states = count_words(counts["states"])
        console.facts(counts, [("Images", counts["images"]), ("Boxes", counts["objects"]), ("States", states)])
        console.rows(counts["classes"], CLASSES)
        console.rows(counts["days"], DAYS)
        console.rows(counts["senders"], SENDERS)


def _statistics(api: LabelAPI, names: tuple[str, ...], image_set: str | None, as_of: str | None) -> models.Statistics:
    if image_set and not names:
        return api.get_statistics(image_set=api.image_sets.find(image_set))
    if len(names) == 1 and not image_set:
        return api.campaigns[names[0]].statistics(as_of)
    if image_set or not names or as_of:
        raise UsageError("Name campaigns, or one image set with --set. --as-of goes with one campaign.")
    return api.get_statistics(campaigns=[api.campaigns.find(name) for name in names])


# They belong to the group.
COMMANDS = (campaigns,)
