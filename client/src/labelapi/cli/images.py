"""`labelapi images` and `labelapi queries`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import parse_metadata
from labelapi.errors import UsageError

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


@images.command("list", epilog="\b\nExample:\n  labelapi images list campaign:spring state:labeled,empty --csv")
@WORDS
@click.option("--sort", type=click.Choice(["id", "date_taken", "-date_taken"]), help="In which order.")
@click.option("--withdrawn", is_flag=True, help="Only images that were withdrawn.")
@LIMIT
@pass_console
def list_images(console: Console, words: tuple[str, ...], sort: str | None, withdrawn: bool, limit: int | None) -> None:
    """List images that fit all words, such as set:drone-12 or taken:2026-05-11."""
    from labelapi.filters import parse_filters

    with console.open() as api:
        filters = parse_filters(api, " ".join(_quoted(word) for word in words))
        order = {"sort": sort} if sort else {}
        console.rows(api.images(**filters, **order, withdrawn=withdrawn or None), COLUMNS, limit)


@images.command("show")
@click.argument("image_id", type=click.IntRange(1))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Save the picture here, as JPEG.")
@click.option("--campaign", help="Draw the boxes of this campaign into the picture.")
@click.option("--width", type=click.IntRange(1), help="Its width in pixels at most.")
@pass_console
def show(console: Console, image_id: int, output: Path | None, campaign: str | None, width: int | None) -> None:
    """Show what is known of an image; save its picture with its boxes."""
    from labelapi.downloads import write_whole

    with console.open() as api:
        details: Any = api.get_image_details(image_id)
        if output:
            found = api.campaigns.find(campaign) if campaign else None
            write_whole(output, api.get_image_preview(image_id, campaign=found, width=width))
            console.say(f"The picture is in {output}.")
        facts = [(name, value) for name, value in details.items() if not name.endswith("_url")]
        console.facts(details, facts)


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


@click.group("queries", cls=Group)
def queries() -> None:
    """Queries for images that are kept by name."""


@queries.command("list")
@pass_console
def list_queries(console: Console) -> None:
    """List the kept queries."""
    with console.open() as api:
        console.rows(
            api.queries(), [("Name", "name"), ("Query", "query"), ("Changed", "date_changed"), ("By", "changed_by")]
        )


@queries.command("show")
@click.argument("name")
@pass_console
def show_query(console: Console, name: str) -> None:
    """Show a kept query."""
    with console.open() as api:
        found = api.get_query(name)
        console.facts(found, list(found.items()))


@queries.command("keep", epilog="\b\nExample:\n  labelapi queries keep pet-at-maas campaign:spring label:PET")
@click.argument("name")
@click.argument("words", nargs=-1, required=True)
@pass_console
def keep(console: Console, name: str, words: tuple[str, ...]) -> None:
    """Keep a query under a name."""
    from labelapi.filters import parse_filters

    with console.open() as api:
        query: Any = parse_filters(api, " ".join(_quoted(word) for word in words))
        console.result(api.put_query(name, {"query": query}), f"Query {name} is kept.")


@queries.command("delete")
@click.argument("name")
@pass_console
def delete_query(console: Console, name: str) -> None:
    """Delete a kept query."""
    with console.open() as api:
        console.confirm(f"Delete query {name}?")
        console.result(api.delete_query(name), f"Query {name} is deleted.")


def _quoted(word: str) -> str:
    import shlex

    # One argument may hold several words; a value with a blank stands in quotes of its own.
    return word if ":" in word.partition(" ")[2] or " " not in word else shlex.quote(word)


COMMANDS = (images, queries)
