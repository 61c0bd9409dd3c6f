"""`labelapi image-sets`."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import finish_set, parse_metadata

SET = click.argument("image_set", metavar="SET")
LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many.")
COLUMNS: list[Any] = [
    ("Id", "imageset_id"),
    ("Title", "title"),
    ("Status", "status"),
    ("Images", lambda each: (each["ingest"] or {}).get("images")),
    ("Problems", lambda each: (each["ingest"] or {}).get("problems")),
    ("Duplicates", lambda each: (each["ingest"] or {}).get("duplicates")),
    ("Created", "date_created"),
]
PROBLEMS: list[Any] = [
    ("Name", "name"),
    ("Kind", "kind"),
    ("Image", "image_id"),
    ("Since", "date_created"),
    ("Message", "message"),
]
UPLOADS: list[Any] = [("Name", "name"), ("Size", "size"), ("MD5", "md5"), ("Written", "date_modified")]


@click.group("image-sets", cls=Group)
def image_sets() -> None:
    """Image sets: what was uploaded together."""


@image_sets.command("list")
@click.option("--status", type=click.Choice(["created", "finished"]), help="Only sets with this status.")
@click.option("--title", help="Only this title; a star at the end stands for anything.")
@LIMIT
@pass_console
def list_image_sets(console: Console, status: str | None, title: str | None, limit: int | None) -> None:
    """List image sets."""
    with console.open() as api:
        console.rows(api.image_sets.list(status=status, title=title), COLUMNS, limit)


@image_sets.command("show")
@SET
@pass_console
def show(console: Console, image_set: str) -> None:
    """Show an image set and how far its ingest is."""
    with console.open() as api:
        found = api.image_sets[image_set].read()
        facts = [(name, value) for name, value in found.items() if name != "ingest"]
        console.facts(found, [*facts, *((f"ingest {name}", value) for name, value in (found["ingest"] or {}).items())])


@image_sets.command("create")
@click.argument("title")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Metadata; may be repeated.")
@click.option("--timezone", metavar="ZONE", help="Time zone of the cameras' clocks.")
@click.option("--duplicates", type=click.Choice(["keep", "flag"]), help="What becomes of files that other sets hold.")
@pass_console
def create(
    console: Console, title: str, metadata: tuple[str, ...], timezone: str | None, duplicates: str | None
) -> None:
    """Make an image set, and print the link for uploading into it. Keep the link secret."""
    body: Any = {"title": title, "metadata": parse_metadata(metadata) or None, "timezone": timezone}
    if duplicates:
        body["duplicates"] = duplicates
    with console.open() as api:
        made = api.create_image_set(body)
        console.say(f"Image set {made['imageset_id']} is made. Its upload link:")
        console.result(made, made["dropbox_url"])


@image_sets.command("edit")
@SET
@click.option("--title", help="A new title, before the first upload.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Metadata to set; an empty value removes the key.")
@click.option("--timezone", metavar="ZONE", help="Time zone of the cameras' clocks.")
@click.option("--duplicates", type=click.Choice(["keep", "flag"]), help="What becomes of files that other sets hold.")
@pass_console
def edit(
    console: Console,
    image_set: str,
    title: str | None,
    metadata: tuple[str, ...],
    timezone: str | None,
    duplicates: str | None,
) -> None:
    """Change an image set."""
    patch = {key: value or None for key, value in parse_metadata(metadata).items()}
    given = {"title": title, "metadata": patch or None, "timezone": timezone, "duplicates": duplicates}
    body: Any = {name: value for name, value in given.items() if value is not None}
    with console.open() as api:
        changed = api.update_image_set(api.image_sets.find(image_set), body)
        console.result(changed, f"Image set {changed['imageset_id']} is changed.")


@image_sets.command("link")
@SET
@click.option("--revoke", is_flag=True, help="End the links that were given out before.")
@pass_console
def link(console: Console, image_set: str, revoke: bool) -> None:
    """Print a fresh upload link. Keep it secret."""
    with console.open() as api:
        made = api.create_dropbox_url(api.image_sets.find(image_set), revoke=revoke or None)
        console.result(made, made["dropbox_url"])


@image_sets.command("finish")
@SET
@pass_console
def finish(console: Console, image_set: str) -> int:
    """Finish an image set, and wait until its files are ingested. Exit code 5 if some have problems."""
    with console.open() as api:
        return finish_set(console, api, api.image_sets.find(image_set))


@image_sets.command("reopen")
@SET
@pass_console
def reopen(console: Console, image_set: str) -> None:
    """Open a finished image set again, so that files can be added."""
    with console.open() as api:
        opened = api.update_image_set_status(api.image_sets.find(image_set), {"new_status": "created"})
        console.result(opened, f"Image set {opened['imageset_id']} takes uploads again.")


@image_sets.command("delete")
@SET
@pass_console
def delete(console: Console, image_set: str) -> None:
    """Delete an image set that was never finished, with the files in its dropbox."""
    with console.open() as api:
        found = api.image_sets[image_set].read()
        console.confirm(f"Delete image set {found['imageset_id']} ({found['title']}) and the files in its dropbox?")
        console.result(api.delete_image_set(found["imageset_id"]), f"Image set {found['imageset_id']} is deleted.")


@image_sets.command("uploads")
@SET
@LIMIT
@pass_console
def uploads(console: Console, image_set: str, limit: int | None) -> None:
    """List the files in the dropbox."""
    with console.open() as api:
        console.rows(api.image_sets[image_set].uploads(), UPLOADS, limit)


@image_sets.command("add")
@SET
@click.argument("image_ids", nargs=-1, required=True, type=click.IntRange(1))
@pass_console
def add(console: Console, image_set: str, image_ids: tuple[int, ...]) -> None:
    """Put existing images into a set, by their ids."""
    with console.open() as api:
        changed = api.add_image_set_images(api.image_sets.find(image_set), [{"id": each} for each in image_ids])
        console.result(changed, f"{len(image_ids)} images are in the set.")


@image_sets.command("problems")
@SET
@click.option("--retry", is_flag=True, help="Try to ingest these files again.")
@click.option("--drop", is_flag=True, help="Give these files up.")
@click.option("--name", "names", multiple=True, help="Only the problem of this file; may be repeated.")
@LIMIT
@pass_console
def problems(
    console: Console, image_set: str, retry: bool, drop: bool, names: tuple[str, ...], limit: int | None
) -> None:
    """List the files that could not be ingested or are broken; retry or drop them."""
    with console.open() as api:
        imageset_id = api.image_sets.find(image_set)
        chosen: Any = {"names": list(names)} if names else {}
        if retry:
            console.result(api.retry_problems(imageset_id, chosen), "The files are tried again.")
        elif drop:
            console.confirm("Give up " + (f"{len(names)} files?" if names else "every file with a problem?"))
            console.result(api.drop_problems(imageset_id, chosen), "The files are given up.")
        else:
            found = (each for each in api.image_sets[imageset_id].problems() if not names or each["name"] in names)
            console.rows(found, PROBLEMS, limit)


COMMANDS = (image_sets,)
