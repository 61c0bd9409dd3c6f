"""`labelapi push` and `labelapi imports`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Command, Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.datasets import FORMATS
from labelapi.errors import LEFT_OUT, REFUSED

if TYPE_CHECKING:
    from labelapi.api import LabelAPI

# A larger file goes to the storage by a link, not through the service.
MOST_BYTES = 16 * 1024**2
SHOWN = 5
ENDED = ("succeeded", "failed", "cancelled")
COLUMNS: list[Any] = [
    ("Id", "import_id"),
    ("Format", "format"),
    ("State", "state"),
    ("Dry run", "dry_run"),
    ("Images", lambda each: (each["counts"] or {}).get("images")),
    ("Boxes", lambda each: (each["counts"] or {}).get("objects")),
    ("By", "created_by"),
    ("Created", "date_created"),
    ("Error", "error"),
]


@click.command("push", cls=Command)
@click.argument("campaign")
@click.argument("labels", metavar="FILE_OR_FOLDER", type=click.Path(path_type=Path, exists=True))
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Its format; recognized where it is not given.")
@click.option("--append", is_flag=True, help="Add to the boxes that the images have, instead of replacing them.")
@click.option("--clip", is_flag=True, help="Cut boxes that reach over their image, instead of refusing the file.")
@click.option("--match", type=click.Choice(["auto", "id", "path", "name"]), help="How images are found.")
@click.option("--skip-unknown", is_flag=True, help="Leave out images that the campaign does not have.")
@click.option("--ignore-size", is_flag=True, help="Take images that have another size in the file.")
@click.option("--origin", type=click.Choice(["auto", "0", "1"]), help="The first pixel of Pascal VOC.")
@click.option("--note", help="A note for the record.")
@pass_console
def push(
    console: Console,
    /,
    campaign: str,
    labels: Path,
    format_: str | None,
    append: bool,
    clip: bool,
    note: str | None,
    **given: Any,
) -> int:
    """Send labels to a campaign: all of a file, or nothing.

    The file is checked first, and what would change is shown. After your yes it is stored as one submission. A folder is sent as
    an archive of its label files with the names of its pictures, not the pictures themselves.
    """
    from labelapi.label_files import as_one_file, format_of

    options: dict[str, Any] = {name: value for name, value in given.items() if value}
    options.update(format=format_ or format_of(labels), mode="append" if append else "replace", note=note)
    options.update(on_invalid="clip" if clip else "reject", tool="labelapi")
    with console.open() as api, as_one_file(labels) as file:
        # The dry run is the service's own here.
        api.transport.is_dry_run = False
        found = api.campaigns.find(campaign)
        checked = _send(console, api, found, file, {**options, "dry_run": True}, "Checking")
        _show(console, checked)
        if checked["state"] != "succeeded":
            console.result(checked)
            console.say(f"Nothing was stored. {checked['error'] or ''}")
            return REFUSED
        if console.is_dry_run:
            console.result(checked)
            return 0
        console.confirm(
            f"Send {checked['counts']['objects']} boxes on {checked['counts']['images']} images to campaign {found}?"
        )
        stored = _send(console, api, found, file, options, "Importing")
        console.result(stored, f"Import {stored['import_id']} {stored['state']}; submission {stored['submission_id']}.")
        if stored["state"] != "succeeded":
            _show(console, stored)
            console.say(f"Nothing was stored. {stored['error'] or ''}")
            return REFUSED
        return LEFT_OUT if stored["counts"]["dropped"] else 0


def _send(console: Console, api: LabelAPI, campaign_id: int, file: Path, options: dict[str, Any], words: str) -> Any:
    """Send a file, and return the import when it has ended."""
    from labelapi.jobs import watch
    from labelapi.storage import put_file

    size = file.stat().st_size
    if size <= MOST_BYTES:
        made: Any = api.create_import(campaign_id, file.read_bytes(), **options)
    else:
        made = api.create_import(campaign_id, None, upload="link", **options)
        with console.bar("Sending") as bar:
            bar.set(0, size)
            put_file(made["upload_url"], file, bar.advance)
        api.update_import_status(made["import_id"], {"new_status": "uploaded"})
    what = "The check goes on, and stores nothing" if options.get("dry_run") else "The import goes on, all or nothing"
    goes_on = f"{what}: labelapi imports show {made['import_id']}"
    with console.when_interrupted(goes_on), console.bar(words, unit="images and boxes") as bar:
        return watch(
            lambda: api.get_import(made["import_id"]),
            lambda each: bar.set(each["done"], each["total"], each["state"]),
            is_over=lambda each: each["state"] in ENDED,
        )


def _show(console: Console, done: Any) -> None:
    """Print what an import would change, and what is wrong."""
    counts = done["counts"] or {}
    if counts:
        console.say(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))
    for problem in done["problems"] or []:
        console.say(f"{problem['severity']}: {problem['kind'].replace('_', ' ')}, {problem['count']} times")
        for example in problem["examples"][:SHOWN]:
            console.say(f"  {example['where']}: {example['detail']}")


@click.group("imports", cls=Group)
def imports() -> None:
    """What was imported into a campaign."""


@imports.command("list")
@click.argument("campaign")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@pass_console
def list_imports(console: Console, campaign: str, limit: int | None) -> None:
    """List the imports of a campaign, newest first."""
    with console.open() as api:
        found = api.campaigns.find(campaign)
        console.rows(api.walk(f"/campaigns/{found}/imports", "imports", after=0), COLUMNS, limit)


@imports.command("show")
@click.argument("import_id", type=click.IntRange(1))
@pass_console
def show(console: Console, import_id: int) -> None:
    """Show an import and its problems."""
    with console.open() as api:
        found: Any = api.get_import(import_id)
        _show(console, found)
        console.facts(found, [(name, value) for name, value in found.items() if name != "problems"])


COMMANDS = (push, imports)
