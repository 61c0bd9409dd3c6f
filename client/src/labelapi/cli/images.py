"""`labelapi images` and `labelapi queries`."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import parse_metadata
from labelapi.errors import Refused, UsageError

if TYPE_CHECKING:
    from labelapi.api import LabelAPI

STATES = ["unlabeled", "labeled", "empty", "unusable"]
INLINE_WIDTH = 1024
IMAGE_ID = click.argument("image_id", type=click.IntRange(1))
INLINE = click.option(
    "--inline",
    type=click.Choice(["auto", "no", "kitty", "iterm2", "sixel"]),
    default="auto",
    show_default=True,
    help="Whether and how the terminal shows it.",
)
LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many.")
WORDS = click.argument("words", nargs=-1)
COLUMNS: list[Any] = [
    ("Id", "image_id"),
    ("Path", "blobstorage_path"),
    ("Format", lambda each: each["file"]["filetype"]),
    ("Width", lambda each: each["file"]["dimensions"]["width"]),
    ("Height", lambda each: each["file"]["dimensions"]["height"]),
    ("Bytes", lambda each: each["file"]["filesize"]),
    ("Taken", "date_taken"),
    ("Problem", "problem"),
]
HISTORY: list[Any] = [
    ("Submission", "submission_id"),
    ("Campaign", lambda each: each["campaign"]["title"]),
    ("State", "state"),
    ("Boxes", "object_count"),
    ("By", "created_by"),
    ("Created", "date_created"),
]
OBJECTS: list[Any] = [
    ("Id", "object_id"),
    ("Campaign", "campaign_id"),
    ("Label", "label"),
    *((side, lambda each, side=side: each["bounding_box"][side]) for side in ("xmin", "ymin", "xmax", "ymax")),
    ("Confidence", "confidence"),
]


@click.group("images", cls=Group)
def images() -> None:
    """Images, whatever set they came with."""


@images.command("list")
@WORDS
@click.option("--sort", type=click.Choice(["id", "date_taken", "-date_taken"]), help="In which order.")
@click.option("--withdrawn", is_flag=True, help="Only images that were withdrawn.")
@LIMIT
@pass_console
def list_images(console: Console, words: tuple[str, ...], sort: str | None, withdrawn: bool, limit: int | None) -> None:
    """List images that fit all words, such as set:drone-12 or taken:2026-05-11."""
    from labelapi.filters import parse_filters, quoted

    with console.open() as api:
        filters = parse_filters(api, " ".join(quoted(word) for word in words))
        order = {"sort": sort} if sort else {}
        console.rows(api.images(**filters, **order, withdrawn=withdrawn or None), COLUMNS, limit)


@images.command("show")
@IMAGE_ID
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Save the picture here, as JPEG.")
@click.option("--open", "opens", is_flag=True, help="Open the picture with the program of this desktop.")
@INLINE
@click.option("--campaign", help="Draw the boxes of this campaign into the picture, in the colors of its classes.")
@click.option("--width", type=click.IntRange(16, 2048), help="Its width in pixels at most.")
@pass_console
def show(
    console: Console,
    /,
    image_id: int,
    output: Path | None,
    opens: bool,
    inline: str,
    campaign: str | None,
    width: int | None,
) -> None:
    """Show what is known of an image, and its picture with its boxes.

    Terminals that can (kitty, iTerm2, and those that know sixel) show the picture inline.
    """
    way = _way(console, inline)
    with console.open() as api:
        details: Any = api.get_image_details(image_id)
        if output or opens or way:
            found = api.campaigns.find(campaign) if campaign else _newest_campaign(details)
            narrow = INLINE_WIDTH if way and not output and not opens else None
            try:
                picture = api.get_image_preview(image_id, campaign=found, width=width or narrow)
            except Refused as error:
                if output or opens or error.status != 404:
                    raise
                console.say(error.message)
            else:
                _hand_over(console, picture, output, opens, way, f"labelapi-{image_id}.jpg")
        facts = [(name, value) for name, value in details.items() if not name.endswith("_url")]
        console.facts(details, facts)


@images.command("sheet")
@WORDS
@click.option("--campaign", help="The images of this campaign, with their boxes.")
@click.option("--state", multiple=True, type=click.Choice(STATES), help="Only images in this state; with --campaign.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Save the sheet here, as JPEG.")
@click.option("--open", "opens", is_flag=True, help="Open the sheet with the program of this desktop.")
@INLINE
@click.option("--columns", type=click.IntRange(1, 50), default=6, show_default=True, help="Pictures in a row.")
@click.option("--width", type=click.IntRange(32, 1024), default=240, show_default=True, help="Pixels of each picture.")
@click.option("--limit", type=click.IntRange(1, 1000), default=48, show_default=True, help="At most so many pictures.")
@pass_console
def sheet(
    console: Console,
    /,
    words: tuple[str, ...],
    campaign: str | None,
    state: tuple[str, ...],
    output: Path | None,
    opens: bool,
    inline: str,
    **size: int,
) -> None:
    """Draw a contact sheet: the images of a campaign, or those that fit all words. Needs the extra [pictures]."""
    from labelapi.pictures import draw_sheet, fetch_previews
    from labelapi.turning import require_pillow

    require_pillow()
    way = _way(console, inline)
    output = output or (None if opens or way else Path("sheet.jpg"))
    if state and (words or not campaign):
        raise UsageError("--state goes with --campaign; with words write state:labeled.")
    with console.open() as api, console.bar("Drawing", unit="images") as bar:
        found = api.campaigns.find(campaign) if campaign else None
        chosen = list(itertools.islice(_chosen(api, words, found, state), size["limit"]))
        if not chosen:
            raise UsageError("No image fits.", "labelapi images list")
        bar.set(0, len(chosen))
        captions = []
        for image, content in fetch_previews(api, chosen, campaign_id=found, width=size["width"]):
            captions.append((_caption(image), content))
            bar.advance(1)
    picture = draw_sheet(captions, columns=size["columns"], width=size["width"])
    _hand_over(console, picture, output, opens, way, "labelapi-sheet.jpg")
    missing = [image["image_id"] for image, (_, content) in zip(chosen, captions) if content is None]
    if missing:
        console.say(f"{len(missing)} images cannot be drawn: {', '.join(map(str, missing[:20]))}")
    value = {"images": [image["image_id"] for image in chosen], "missing": missing, "file": output and str(output)}
    console.result(value, None)


def _chosen(api: LabelAPI, words: tuple[str, ...], campaign_id: int | None, state: tuple[str, ...]) -> Iterator[Any]:
    """Return the images of a campaign, or those that fit words."""
    from labelapi.filters import parse_filters, quoted

    if campaign_id is not None and not words:
        # Labelers and reviewers may list the images of their campaign, and no others.
        return api.campaigns[campaign_id].images(state=state or None)
    filters = parse_filters(api, " ".join(quoted(word) for word in words))
    return api.images(**{**filters, **({"campaign": campaign_id} if campaign_id else {})})


def _caption(image: Any) -> str:
    name = image.get("file_name") or image["blobstorage_path"].rpartition("/")[2]
    state = f", {image['state']}" if "state" in image else ""
    return f"{image['image_id']} {name}{state}"


def _newest_campaign(details: Any) -> int | None:
    """Return the campaign whose boxes are drawn when none is named: the newest one with labels."""
    for each in details["campaigns"]:
        if each["state"] != "unlabeled":
            return int(each["campaign_id"])
    return None


def _way(console: Console, inline: str) -> str | None:
    from labelapi.pictures import inline_way

    if inline == "no":
        return None
    if inline != "auto":
        return inline
    is_for_people = sys.stdout.isatty() and not (console.is_json or console.is_csv or console.is_quiet)
    return inline_way(os.environ) if is_for_people else None


def _hand_over(console: Console, picture: bytes, output: Path | None, opens: bool, way: str | None, name: str) -> None:
    """Save, open and show a picture, as was asked for."""
    from labelapi.local_copies import write_whole, writing
    from labelapi.pictures import draw_inline

    if output is None and opens:
        # The program that shows it may read it after this one has ended.
        output = Path(tempfile.mkdtemp(prefix="labelapi-")) / name
    if output:
        with writing(output):
            write_whole(output, picture)
        console.say(f"The picture is in {output}.")
    if opens and click.launch(str(output)) != 0:
        console.say("There is no program here that opens it.")
    if way:
        sys.stdout.write(draw_inline(picture, way))
        sys.stdout.flush()


@images.command("objects")
@click.argument("image_id", type=click.IntRange(1))
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    help="The first of these in which the image is labeled; else the one that was finished last.",
)
@pass_console
def objects(console: Console, image_id: int, campaigns: tuple[str, ...]) -> None:
    """List the objects on an image."""
    with console.open() as api:
        found = [api.campaigns.find(each) for each in campaigns] or None
        console.rows(api.list_image_objects(image_id, campaigns=found), OBJECTS)


@images.command("history")
@click.argument("image_id", type=click.IntRange(1))
@LIMIT
@pass_console
def history(console: Console, image_id: int, limit: int | None) -> None:
    """List who labeled an image, newest first."""
    with console.open() as api:
        console.rows(api.walk(f"/images/{image_id}/history", "history", after=0), HISTORY, limit)


@images.command("edit")
@click.argument("image_ids", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--type", "type_", help="What kind of image it is, such as drone.")
@click.option("--taken", metavar="TIME", help="When it was taken, in UTC or with an offset.")
@click.option("--latitude", type=float, help="Where, in degrees.")
@click.option("--longitude", type=float, help="Where, in degrees.")
@click.option("--place", help="Where, in words.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Metadata to set; an empty value removes the key.")
@pass_console
def edit(
    console: Console,
    image_ids: tuple[int, ...],
    type_: str | None,
    taken: str | None,
    latitude: float | None,
    longitude: float | None,
    place: str | None,
    metadata: tuple[str, ...],
) -> None:
    """Change what is recorded of images, all or none."""
    location = {"lat": latitude, "lon": longitude, "description": place}
    patch = {key: value or None for key, value in parse_metadata(metadata).items()}
    given = {"type": type_, "date_taken": taken, "metadata": patch or None}
    given["location_taken"] = {name: value for name, value in location.items() if value is not None} or None
    change = {name: value for name, value in given.items() if value is not None}
    if not change:
        raise UsageError("Say what to change.", "labelapi images edit --help")
    with console.open() as api:
        items: Any = [{"image_id": each, **change} for each in image_ids]
        receipt = api.update_images(items)
        console.result(receipt, f"{receipt['changed']} of {receipt['image_count']} images are changed.")


@images.command("withdraw")
@click.argument("image_id", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why, for the record.")
@pass_console
def withdraw(console: Console, image_id: int, reason: str) -> None:
    """Delete the file of an image for good, and take it out of every campaign that is not finished."""
    with console.open() as api:
        console.confirm(f"Withdraw image {image_id} for good? Its file is deleted.")
        console.result(api.withdraw_image(image_id, {"reason": reason}), f"Image {image_id} is withdrawn.")


COMMANDS = (images,)
