"""`labelapi pull` and `todo`: what a labeling partner needs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Command, pass_console
from labelapi.cli.console import Console
from labelapi.errors import LEFT_OUT, StorageError

if TYPE_CHECKING:
    from labelapi.api import LabelAPI
    from labelapi.downloads import Fetched, Promise, Wanted

SHOWN = 20
STATES = ["unlabeled", "labeled", "empty", "unusable"]
COLUMNS: list[Any] = [
    ("Image", "image_id"),
    ("Name", "file_name"),
    ("State", "state"),
    ("Width", "width"),
    ("Height", "height"),
    ("Verdict", lambda each: (each["review"] or {}).get("verdict")),
    ("Comment", lambda each: (each["review"] or {}).get("comment")),
]


@click.command("pull", cls=Command)
@click.argument("campaign")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--state", multiple=True, type=click.Choice(STATES), help="Only images in this state; may be repeated.")
@click.option("--upright", is_flag=True, help="Turn images that EXIF asks viewers to turn; needs the extra [pictures].")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Files fetched at a time.")
@pass_console
def pull(console: Console, campaign: str, folder: Path, state: tuple[str, ...], upright: bool, threads: int) -> int:
    """Fetch the images of a campaign with their own names.

    FOLDER gets images/, classes.txt, instructions.md and images.csv. What is there already is not fetched again, so after an
    interruption type the same command again.
    """
    from labelapi.downloads import fetch_all
    from labelapi.folder_record import open_record
    from labelapi.local_copies import whole_file, write_whole, writing
    from labelapi.turning import Finisher

    finish = Finisher(upright=upright)
    with console.open() as api:
        found = api.campaigns[campaign]
        told: Any = found.read()
        facts = {"campaign": str(found.campaign_id), "upright": "yes" if upright else "no"}
        record = open_record(folder, facts, check=False)
        assert record is not None  # noqa: S101  # Only a check finds none.
        failures: list[tuple[str, str]] = []
        counts = told["progress"]["states"]
        total = sum(counts[each] for each in state) if state else told["progress"]["total"]
        goes_on = "What was fetched stays; the same command goes on where it stopped."
        try:
            record.set_facts(facts)
            with (
                console.when_interrupted(goes_on),
                writing(folder),
                whole_file(folder / "images.csv") as listed,
                console.bar("Fetching", unit="images") as bar,
            ):
                bar.set(0, total)
                wanted = _wanted(api, found.campaign_id, folder, state, listed, failures)
                fetched = fetch_all(
                    wanted, threads=threads, sent=lambda size: bar.advance(1), record=record, finish=finish
                )
            with writing(folder):
                write_whole(folder / "classes.txt", "".join(f"{each['name']}\n" for each in told["classes"]).encode())
                write_whole(folder / "instructions.md", (told["instructions"] or "").encode())
        finally:
            record.close()
        for name, reason in failures:
            fetched.fail(name, reason)
        return _report(console, fetched, f"campaign {found.campaign_id} ({told['title']})", folder)


def _report(console: Console, fetched: Fetched, what: str, folder: Path) -> int:
    """Print what was fetched and how it was checked; return the exit code."""
    console.say(
        f"{fetched.fetched} files of {what} fetched, {fetched.there} were there already. Checked: {fetched.by_sha256} by SHA-256,"
        f" {fetched.by_md5} by MD5, {fetched.by_size} by size."
    )
    if fetched.changed:
        console.say(f"{fetched.changed} images were turned or unpacked after their SHA-256 was compared.")
    for path, reason in fetched.failures[:SHOWN]:
        console.say(f"  {path}: {reason}")
    if fetched.failed > SHOWN:
        console.say("  … --json names more.")
    console.result({"folder": str(folder), **fetched.as_json()}, str(folder))
    return LEFT_OUT if fetched.failed else 0


def _wanted(
    api: LabelAPI,
    campaign_id: int,
    folder: Path,
    state: tuple[str, ...],
    listed: Any,
    failures: list[tuple[str, str]],
) -> Iterator[Wanted]:
    """Yield the files to fetch, and list them for `images.csv`. A second file of one name gets its image's id before it."""
    from labelapi.downloads import Wanted
    from labelapi.local_copies import safe_path

    text = io.TextIOWrapper(listed, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image_id", "file_name", "path", "width", "height", "state", "revision"])
    # Hashes take less memory than names; two names with one hash cost nothing but a longer name.
    taken: set[int] = set()
    # All of them, so that a name stands for the same image whatever states are wanted.
    images = api.campaigns[campaign_id].images(expand=["download_url"])
    for image in images:
        name = image["file_name"]
        if hash(name.casefold()) in taken:
            name = f"{image['image_id']:06d}_{name}"
        taken.add(hash(name.casefold()))
        if state and image["state"] not in state:
            continue
        try:
            path = safe_path(folder / "images", name)
        except StorageError as error:
            failures.append((name, error.message))
            continue
        row = [image["image_id"], image["file_name"], f"images/{name}"]
        writer.writerow([*row, image["width"], image["height"], image["state"], image["revision"]])

        def renew(image_id: int = image["image_id"]) -> str:
            return str(api.get_image(image_id))

        yield Wanted(path, image.get("download_url"), renew, partial(_promise, api, image), f"images/{name}")
    text.detach()


def _promise(api: LabelAPI, image: Any) -> Promise:
    """Return what is known of the file of an image of a campaign."""
    from labelapi.downloads import Promise

    if "sha256" in image:
        return Promise(image["filesize"], image["sha256"])
    # An older service does not list them; the threads that fetch the files ask for them.
    file: Any = api.get_image_details(image["image_id"])["file"]
    return Promise(file["filesize"], file["sha256"])


@click.command("todo", cls=Command)
@click.argument("campaign", required=False)
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@pass_console
def todo(console: Console, campaign: str | None, limit: int | None) -> None:
    """List the images that are not labeled yet, or were rejected. Without CAMPAIGN: of your own campaign."""
    with console.open() as api:
        rows: Iterator[Any] = (row for each in _campaigns(api, campaign) for row in _to_do(api, each))
        console.rows(rows, COLUMNS, limit)


def _campaigns(api: LabelAPI, campaign: str | None) -> list[int]:
    from labelapi.errors import UsageError

    if campaign is not None:
        return [api.campaigns.find(campaign)]
    roles: list[Any] = list(api.get_whoami()["roles"])
    own = [role["campaign"]["campaign_id"] for role in roles if role["campaign"]]
    if not own:
        raise UsageError("You are not bound to a campaign. Name one.", "labelapi campaigns list")
    return own


def _to_do(api: LabelAPI, campaign_id: int) -> Iterator[Any]:
    yield from api.campaigns[campaign_id].images(state=["unlabeled"])
    for image in api.campaigns[campaign_id].images(review=["rejected"]):
        if image["state"] != "unlabeled":
            yield image


COMMANDS = (pull, todo)
