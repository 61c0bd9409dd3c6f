"""`labelapi snapshots`."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import check_job, see_job
from labelapi.errors import UsageError

SNAPSHOT = click.argument("snapshot", metavar="NAME[@VERSION]")
LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many.")
STATES = ["labeled", "empty", "unusable", "unlabeled", "draft"]
COLUMNS: list[Any] = [
    ("Id", "snapshot_id"),
    ("Name", "name"),
    ("Version", "version"),
    ("Kind", "kind"),
    ("State", "state"),
    ("Images", lambda each: (each["counts"] or {}).get("images")),
    ("Boxes", lambda each: (each["counts"] or {}).get("objects")),
    ("Created", "date_created"),
    ("Hash", "content_hash"),
]


@click.group("snapshots", cls=Group)
def snapshots() -> None:
    """Datasets that nothing changes any more."""


@snapshots.command("list")
@click.option("--name", help="Only this name; a star at the end stands for anything.")
@click.option(
    "--kind",
    type=click.Choice(["snapshot", "campaign"]),
    help="Made by people, or by finishing a campaign.",
)
@LIMIT
@pass_console
def list_snapshots(console: Console, name: str | None, kind: str | None, limit: int | None) -> None:
    """List snapshots."""
    with console.open() as api:
        console.rows(api.snapshots(name=name, kind=kind), COLUMNS, limit)


@snapshots.command("show")
@SNAPSHOT
@pass_console
def show(console: Console, snapshot: str) -> None:
    """Show a snapshot: what was selected, and its counts."""
    with console.open() as api:
        found: Any = api.get_snapshot(api.find_snapshot(snapshot))
        console.facts(found, [(name, value) for name, value in found.items()])


@snapshots.command("create")
@click.argument("name")
@click.option(
    "--campaign", "campaigns", multiple=True, required=True, help="Whose labels; the first one goes before the next."
)
@click.option("--set", "image_sets", multiple=True, metavar="SET", help="Only images of this set; may be repeated.")
@click.option("--class", "classes", multiple=True, help="Only boxes with this label; may be repeated.")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only images in this state; may be repeated."
)
@click.option("--review", type=click.Choice(["not_rejected", "accepted", "any"]), help="Only images with this verdict.")
@click.option("--as-of", metavar="TIME", help="As it was then: a time, a day or the id of a submission.")
@click.option("--images-from", metavar="WORDS", help="Only images that fit these words.")
@click.option(
    "--labels", type=click.Choice(["first", "all"]), help="Labels of the first campaign of an image, or of all."
)
@click.option("--skip-problems", is_flag=True, help="Leave out images whose file cannot be read.")
@click.option(
    "--split", type=click.Choice(["content", "image_set", "folder", "day"]), help="What must not be on both sides."
)
@click.option("--seed", default="", help="Another seed gives another split.")
@click.option("--shares", multiple=True, metavar="PART=SHARE", help="Such as train=0.8; together they are 1.")
@pass_console
def create(
    console: Console,
    /,
    name: str,
    campaigns: tuple[str, ...],
    image_sets: tuple[str, ...],
    images_from: str | None,
    split: str | None,
    seed: str,
    shares: tuple[str, ...],
    **given: Any,
) -> None:
    """Freeze the labels of campaigns under a name, and wait until that is done."""
    from labelapi.filters import parse_filters
    from labelapi.jobs import watch

    body: Any = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items() if value}
    body["name"] = name
    with console.open() as api:
        api.transport.is_dry_run = False
        body["campaigns"] = [api.campaigns.find(each) for each in campaigns]
        body.update({"image_sets": [api.image_sets.find(each) for each in image_sets]} if image_sets else {})
        body.update({"query": parse_filters(api, images_from)} if images_from else {})
        body.update({"split": {"key": split, "seed": seed, "shares": _shares(shares)}} if split else {})
        body["dry_run"] = console.is_dry_run
        made: Any = api.create_snapshot(body)
        if not console.is_dry_run:
            goes_on = f"The service goes on. See how far it is: labelapi snapshots show {made['snapshot_id']}"
            with console.when_interrupted(goes_on), console.bar("Freezing", unit="images") as bar:
                watch(lambda: api.get_snapshot(made["snapshot_id"])["job"], lambda job: see_job(bar, job))
            made = api.get_snapshot(made["snapshot_id"])
            check_job(made["job"])
        for warning in made["warnings"]:
            console.say(f"Warning: {warning}")
        counts = made["counts"] or {}
        what = f"{name} would have" if console.is_dry_run else f"{name}@{made['version']} has"
        console.result(made, f"{what} {counts.get('images')} images and {counts.get('objects')} boxes.")


@snapshots.command("diff")
@SNAPSHOT
@click.option("--from", "from_", required=True, metavar="NAME[@VERSION]", help="The snapshot to compare with.")
@LIMIT
@pass_console
def diff(console: Console, snapshot: str, from_: str, limit: int | None) -> None:
    """List the images that differ from another snapshot."""
    from labelapi.cli.labels import CHANGES

    columns: list[Any] = [("Image", "image_id"), ("Membership", "membership")]
    columns += [(name.capitalize(), lambda each, name=name: len(each[name])) for name in CHANGES]
    with console.open() as api:
        found, other = api.find_snapshot(snapshot), api.find_snapshot(from_)
        console.rows(api.walk(f"/snapshots/{found}/diff", "images", **{"from": other, "after": 0}), columns, limit)


def _shares(pairs: tuple[str, ...]) -> dict[str, float]:
    from labelapi.cli.upload import parse_metadata

    try:
        return {name: float(value) for name, value in parse_metadata(pairs or ("train=1",)).items()}
    except ValueError:
        raise UsageError("A share is a number, such as train=0.8.") from None


COMMANDS = (snapshots,)
