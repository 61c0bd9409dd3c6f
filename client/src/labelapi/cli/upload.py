"""`labelapi upload`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Command, pass_console
from labelapi.cli.console import Bar, Console, size_text
from labelapi.errors import LEFT_OUT, Refused, UsageError

if TYPE_CHECKING:
    from labelapi import models
    from labelapi.api import LabelAPI
    from labelapi.upload import Summary

SHOWN = 20
MOST_THREADS = 64


@click.command("upload", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--set", "title", required=True, metavar="TITLE", help="The image set; it is made where there is none.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Metadata of a new set; may be repeated.")
@click.option("--timezone", metavar="ZONE", help="Time zone of the cameras' clocks, such as Europe/Amsterdam.")
@click.option("--duplicates", type=click.Choice(["keep", "flag"]), help="What becomes of files that other sets hold.")
@click.option("--all-files", is_flag=True, help="Send files that are no images, too.")
@click.option("--reopen", is_flag=True, help="Open a finished set again, and add the files.")
@click.option("--finish", is_flag=True, help="Finish the set afterwards, and wait until everything is ingested.")
@click.option(
    "--threads", type=click.IntRange(1, MOST_THREADS), default=8, show_default=True, help="Files sent at a time."
)
@pass_console
def upload(
    console: Console,
    folder: Path,
    title: str,
    metadata: tuple[str, ...],
    timezone: str | None,
    duplicates: str | None,
    all_files: bool,
    reopen: bool,
    finish: bool,
    threads: int,
) -> int:
    """Send the images below a folder to an image set.

    What was sent before is not sent again, so after any interruption type the same command again. Hidden files and junk are
    left out, and so are files that are no images. Every file is compared with what the storage holds at the end.
    """
    from labelapi.upload import upload as send

    options: dict[str, Any] = {
        "metadata": parse_metadata(metadata) or None,
        "timezone": timezone,
        "duplicates": duplicates,
        "all_files": all_files,
        "threads": threads,
        "dry_run": console.is_dry_run,
    }
    with console.open() as api:
        if not reopen and not console.is_dry_run:
            reopen = _may_reopen(console, api, title)
        again = shlex.join(["labelapi", "upload", str(folder), "--set", title])
        goes_on = f"What was sent stays; this goes on where it stopped: {again}"
        with console.when_interrupted(goes_on), console.bar("Uploading") as bar:
            summary = send(api, folder, title, watcher=_Watcher(bar), reopen=reopen, **options)
        _report(console, summary)
        if not finish or console.is_dry_run:
            console.result(summary.as_json())
            return 0 if summary.is_whole else LEFT_OUT
        if not summary.is_whole:
            console.result(summary.as_json())
            console.say(f"The set is not finished, because files are missing. labelapi image-sets finish {title}")
            return LEFT_OUT
        return finish_set(console, api, summary.imageset_id, summary)


def parse_metadata(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Return `key=value` pairs as an object. Raises UsageError."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError("Metadata is given as KEY=VALUE.")
        found[key] = value
    return found


def finish_set(console: Console, api: LabelAPI, imageset_id: int, summary: Summary | None = None) -> int:
    """Finish a set, watch its ingest, and print what came of it; return the exit code."""
    from labelapi.jobs import watch_ingest, watch_inspection

    try:
        api.update_image_set_status(imageset_id, {"new_status": "finished"})
    except Refused as error:
        # Another program may have finished it at the same moment, or the first attempt did.
        if error.status != 409 or api.get_image_set(imageset_id)["status"] != "finished":
            raise
    goes_on = f"The service goes on. See how far it is: labelapi image-sets show {imageset_id}"
    with console.when_interrupted(goes_on):
        with console.bar("Ingesting", unit="files") as bar:
            image_set = watch_ingest(api, imageset_id, lambda job: see_job(bar, job))
        check_job(image_set["ingest"])
        with console.bar("Inspecting", unit="files") as bar:
            image_set = watch_inspection(api, imageset_id, lambda job: see_job(bar, job))
    return report_ingest(console, api, image_set, summary)


def report_ingest(console: Console, api: LabelAPI, image_set: models.ImageSet, summary: Summary | None = None) -> int:
    """Print what a set holds and what is wrong with it; return the exit code."""
    ingest: Any = image_set["ingest"]
    problems = list(api.image_sets[image_set["imageset_id"]].problems())
    words = f"{ingest['images']} images are in image set {image_set['imageset_id']} ({image_set['title']})"
    words += f", {ingest['not_images']} other files" if ingest["not_images"] else ""
    words += f"; {ingest['duplicates']} are duplicates of older images" if ingest["duplicates"] else ""
    console.say(f"{words}.")
    for problem in problems[:SHOWN]:
        console.say(f"  {problem['name']}: {problem['kind']}: {problem['message']}")
    if len(problems) > SHOWN:
        console.say(f"  … and {len(problems) - SHOWN} more: labelapi image-sets problems {image_set['imageset_id']}")
    value = {"image_set": image_set, "problems": problems}
    console.result({**value, "upload": summary.as_json()} if summary else value)
    return LEFT_OUT if problems else 0


def check_job(job: Any) -> None:
    """Raise JobFailed when a job did not succeed."""
    from labelapi.errors import JobFailed

    if job["state"] != "succeeded":
        raise JobFailed(
            f"Job {job['job_id']} {job['state']}: {job['error'] or ''}", f"labelapi jobs retry {job['job_id']}"
        )


def see_job(bar: Bar, job: Any) -> None:
    """Show a job on a bar."""
    if job:
        bar.set(job["done"], job["total"], job["state"])


def _may_reopen(console: Console, api: LabelAPI, title: str) -> bool:
    """Ask whether a finished set may be opened again, where somebody can answer."""
    import sys

    found = api.image_sets.titled(title)
    if found is None or found["status"] != "finished" or not sys.stdin.isatty():
        return False
    console.confirm(f"The image set '{title}' is finished. Open it again and add the files?")
    return True


def _report(console: Console, summary: Summary) -> None:
    if console.is_dry_run:
        console.say(f"{summary.files} files, {size_text(summary.size)}, would be sent to '{summary.title}'.")
    else:
        console.say(
            f"{summary.sent} files sent ({size_text(summary.sent_bytes)}), {summary.there} were there already;"
            f" {summary.verified} of {summary.files} checked in the storage by size and MD5."
        )
    counts = ", ".join(f"{count} {reason}" for reason, count in sorted(summary.left_out.items()))
    if counts:
        console.say(f"Left out: {counts}.")
    for each in summary.examples[:SHOWN]:
        console.say(f"  {each.name}: {each.reason}{f': {each.detail}' if each.detail else ''}")
    if len(summary.examples) > SHOWN:
        console.say("  … --json names more.")


class _Watcher:
    """Shows an upload on a bar."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._files = self._done = 0

    def planned(self, files: int, size: int) -> None:
        self._files = files
        self._bar.set(0, size, f"0/{files} files")

    def sent(self, count: int) -> None:
        self._bar.advance(count)

    def file_done(self, name: str, outcome: str) -> None:
        self._done += 1
        self._bar.note = f"{self._done}/{self._files} files"


COMMANDS = (upload,)
