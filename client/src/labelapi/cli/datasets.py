"""`labelapi exports` and `download`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Command, Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import check_job, see_job
from labelapi.errors import DIFFERENT, UsageError

if TYPE_CHECKING:
    from labelapi.api import LabelAPI

FORMATS = ("coco", "yolo", "voc", "cvat", "label-studio", "datumaro", "csv", "jsonl", "parquet")
SHOWN = 20
SNAPSHOT = click.argument("snapshot", metavar="NAME[@VERSION]")
EXPORTS: list[Any] = [
    ("Id", "export_id"),
    ("Format", "format"),
    ("Images", "images"),
    ("State", "state"),
    ("Bytes", "size"),
    ("SHA-256", "sha256"),
    ("Losses", lambda each: len(each["losses"] or [])),
]


@click.group("exports", cls=Group)
def exports() -> None:
    """Snapshots as files."""


@exports.command("list")
@SNAPSHOT
@pass_console
def list_exports(console: Console, snapshot: str) -> None:
    """List the exports of a snapshot; --json has a link to each file."""
    with console.open() as api:
        console.rows(api.list_exports(api.find_snapshot(snapshot))["exports"], EXPORTS)


@exports.command("create")
@SNAPSHOT
@click.option("--format", "format_", required=True, type=click.Choice(FORMATS), help="The format.")
@click.option("--files", is_flag=True, help="With the files of the images, in one archive.")
@click.option("--upright", is_flag=True, help="Turn images that EXIF asks viewers to turn; with --files.")
@pass_console
def create_export(console: Console, snapshot: str, format_: str, files: bool, upright: bool) -> None:
    """Have a snapshot written in a format, and wait until the file is there."""
    with console.open() as api:
        done = export(console, api, api.find_snapshot(snapshot), format_, files, upright)
        console.result(done, done["url"])


def export(console: Console, api: LabelAPI, snapshot_id: int, format_: str, files: bool, upright: bool) -> Any:
    """Return a finished export. Raises JobFailed."""
    from labelapi.jobs import watch

    body: Any = {"format": format_, "images": "files" if files else "none", "options": {"upright": upright}}
    made: Any = api.create_export(snapshot_id, body)
    if made["state"] == "pending":
        with console.bar("Exporting", unit="images") as bar:
            job = watch(lambda: api.get_export(made["export_id"])["job"], lambda job: see_job(bar, job))
        check_job(job)
        made = api.get_export(made["export_id"])
    for loss in made["losses"] or []:
        console.say(f"Not in this format: {loss['what']} ({loss['images']} images, {loss['objects']} boxes)")
    return made


@click.command("download", cls=Command, epilog="\b\nExample:\n  labelapi download maas-plastics@2 --format yolo data")
@SNAPSHOT
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "format_", required=True, type=click.Choice(FORMATS), help="The format of the labels.")
@click.option(
    "--images/--labels-only", default=True, show_default=True, help="Whether the images come with the labels."
)
@click.option("--upright", is_flag=True, help="Turn images that EXIF asks viewers to turn.")
@click.option("--check", is_flag=True, help="Fetch nothing, and compare what is there; exit code 6 on a difference.")
@pass_console
def download(
    console: Console,
    snapshot: str,
    folder: Path,
    format_: str,
    images: bool,
    upright: bool,
    check: bool,
) -> int:
    """Fetch a snapshot in the layout that trainers expect.

    Labels and images are compared by SHA-256. A second run changes nothing, and --check proves it.
    """
    from labelapi.datasets import Unpacked, unpack

    if upright and not images:
        raise UsageError("--upright turns images, and --labels-only leaves them out.")
    with console.open() as api:
        found = api.find_snapshot(snapshot)
        done = export(console, api, found, format_, images, upright)
        with console.bar("Checking" if check else "Fetching") as bar:
            bar.set(0, done["size"])
            try:
                outcome: Unpacked = unpack(api, done, folder, check=check, sent=bar.advance)
            except KeyboardInterrupt:
                console.say("\rInterrupted. What was fetched stays; the same command goes on where it stopped.")
                raise
        if check and outcome.differing:
            for path, reason in outcome.differing[:SHOWN]:
                console.say(f"  {path}: {reason}")
            console.say(f"{len(outcome.differing)} files differ.")
            console.result({"files": outcome.files, "differing": [list(each) for each in outcome.differing]})
            return DIFFERENT
        words = "are as they should be" if check else f"are in {folder}; {outcome.written} of them are new"
        console.result(
            {"files": outcome.files, "written": outcome.written, "differing": []}, f"{outcome.files} files {words}."
        )
        return 0


COMMANDS = (exports, download)
