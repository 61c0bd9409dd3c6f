"""`labelapi exports` and `download`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Command, Group, pass_console
from labelapi.cli.console import Console, size_text
from labelapi.cli.upload import check_job, see_job
from labelapi.errors import DIFFERENT, LEFT_OUT, NotAllowed, UsageError

if TYPE_CHECKING:
    from labelapi.api import LabelAPI
    from labelapi.cli.console import Bar
    from labelapi.downloads import Fetched

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
    """Return a finished export, which is made where there is none. Raises JobFailed and NotAllowed."""
    from labelapi.jobs import watch

    kind = "files" if files else "none"
    body: Any = {"format": format_, "images": kind, "options": {"upright": upright}}
    try:
        made: Any = api.create_export(snapshot_id, body)
    except NotAllowed as error:
        # Readers cannot have one made, and may fetch those that there are.
        made = _find_export(api, snapshot_id, body)
        if made is None:
            error.hint = f"Ask an image-admin: labelapi exports create {snapshot_id} --format {format_}"
            raise
    if made["state"] == "pending":
        goes_on = f"The service goes on. See how far it is: labelapi exports list {snapshot_id}"
        with console.when_interrupted(goes_on), console.bar("Exporting", unit="images") as bar:
            job = watch(lambda: api.get_export(made["export_id"])["job"], lambda job: see_job(bar, job))
        check_job(job)
        made = api.get_export(made["export_id"])
    for loss in made["losses"] or []:
        console.say(f"Not in this format: {loss['what']} ({loss['images']} images, {loss['objects']} boxes)")
    return made


def _find_export(api: LabelAPI, snapshot_id: int, body: Any) -> Any:
    exports: list[Any] = list(api.list_exports(snapshot_id)["exports"])
    for each in exports:
        if each["state"] == "ready" and all(each[name] == body[name] for name in body):
            return each
    return None


@click.command("download", cls=Command)
@SNAPSHOT
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "format_", required=True, type=click.Choice(FORMATS), help="The format of the labels.")
@click.option(
    "--images/--labels-only", default=True, show_default=True, help="Whether the images come with the labels."
)
@click.option("--split", "part", type=click.Choice(["train", "val", "test"]), help="Only this part of the snapshot.")
@click.option("--upright", is_flag=True, help="Turn images that EXIF asks viewers to turn; needs the extra [pictures].")
@click.option("--check", is_flag=True, help="Fetch nothing, and compare what is there; exit code 6 on a difference.")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Files fetched at a time.")
@pass_console
def download(
    console: Console,
    snapshot: str,
    folder: Path,
    format_: str,
    images: bool,
    part: str | None,
    upright: bool,
    check: bool,
    threads: int,
) -> int:
    """Fetch a snapshot in the layout that trainers expect.

    Labels and images are compared by SHA-256. After an interruption type the same command again: it fetches only what is
    missing. A run after that changes nothing, and --check proves it. With --split, files that are about every part, such as
    data.yaml and a table of all labels, come as they are.
    """
    from labelapi.datasets import Order
    from labelapi.datasets import download as fetch

    if upright and not images:
        raise UsageError("--upright turns images, and --labels-only leaves them out.")
    with console.open() as api:
        # The command changes nothing at the service but for the export, which is made once.
        api.transport.is_dry_run = False
        found: Any = api.get_snapshot(api.find_snapshot(snapshot))
        order = Order(found, {}, part, images, upright)
        total = order.count()
        if console.is_dry_run:
            console.result({"folder": str(folder), "images": total}, f"{total} images would be in {folder}.")
            return 0
        done = export(console, api, found["snapshot_id"], format_, False, False)
        goes_on = "What was fetched stays; the same command goes on where it stopped."
        words = "Checking" if check else "Fetching"
        with console.when_interrupted(goes_on), console.bar(words, unit="images") as bar:
            bar.set(0, total)
            order = Order(found, done, part, images, upright)
            labels = _LabelBytes(bar, done["size"])
            fetched = fetch(api, order, folder, check=check, threads=threads, sent=labels.advance, fetched=bar.advance)
    return _report(console, fetched, folder, check=check)


class _LabelBytes:
    """Shows beside a bar of images how far the labels are, which come first."""

    def __init__(self, bar: Bar, total: int) -> None:
        self._bar, self._total, self._done = bar, total, 0

    def advance(self, count: int) -> None:
        """Take so many more bytes as done."""
        self._done += count
        self._bar.note = (
            "" if self._done >= self._total else f"labels: {size_text(self._done)} of {size_text(self._total)}"
        )
        self._bar.advance(0)


def _report(console: Console, fetched: Fetched, folder: Path, *, check: bool) -> int:
    for path, reason in fetched.failures[:SHOWN]:
        console.say(f"  {path}: {reason}")
    if fetched.failed > SHOWN:
        console.say("  … --json names more.")
    good = max(0, fetched.files - fetched.failed)
    if fetched.changed:
        console.say(f"{fetched.changed} images were turned or unpacked after their SHA-256 was compared.")
    if check:
        words = f"{good} of {fetched.files} files are as they should be."
    else:
        words = f"{good} of {fetched.files} files are in {folder}; {fetched.fetched} of them are new."
    checked = ", ".join(
        f"{count} by {name}"
        for name, count in (("SHA-256", fetched.by_sha256), ("MD5", fetched.by_md5), ("size", fetched.by_size))
        if count
    )
    console.result({"folder": str(folder), **fetched.as_json()}, f"{words} Checked: {checked or 'none'}.")
    if not fetched.failed:
        return 0
    return DIFFERENT if check else LEFT_OUT


COMMANDS = (exports, download)
