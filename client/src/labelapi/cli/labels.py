"""`labelapi campaigns`: what was labeled, who checks it, and how it is changed as a whole."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.campaigns import CAMPAIGN, DATASETS, LIMIT, campaigns
from labelapi.cli.commands import pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import parse_metadata

SUBMISSIONS: list[Any] = [
    ("Id", "submission_id"),
    ("Kind", "kind"),
    ("Images", "image_count"),
    ("Boxes", "object_count"),
    ("By", "created_by"),
    ("Tool", "tool"),
    ("Created", "date_created"),
    ("Note", "note"),
]
CHANGES = ("added", "removed", "moved", "relabeled", "changed")
DIFFERENCES: list[Any] = [
    ("Image", "image_id"),
    ("Membership", "membership"),
    ("States", lambda each: " → ".join(str(state) for state in each["state"])),
    *((name.capitalize(), lambda each, name=name: len(each[name])) for name in CHANGES),
]


@campaigns.command("review")
@CAMPAIGN
@click.argument("verdict", type=click.Choice(["accepted", "rejected"]))
@click.argument("image_ids", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--comment", help="What to do about it.")
@click.option("--reopen", is_flag=True, help="Let rejected images open a completed campaign again.")
@pass_console
def review(
    console: Console, campaign: str, verdict: str, image_ids: tuple[int, ...], comment: str | None, reopen: bool
) -> None:
    """Accept or reject the labels of images, by their ids."""
    reviews: Any = [{"image_id": each, "verdict": verdict, "comment": comment} for each in image_ids]
    with console.open() as api:
        changed = api.put_reviews(api.campaigns.find(campaign), reviews, reopen=reopen or None)
        console.result(changed, f"{len(image_ids)} images are {verdict}.")


@campaigns.command("relabel")
@CAMPAIGN
@click.argument("pairs", nargs=-1, required=True, metavar="OLD=NEW…")
@click.option("--note", help="Why.")
@pass_console
def relabel(console: Console, campaign: str, pairs: tuple[str, ...], note: str | None) -> None:
    """Give objects other labels, all at the same time."""
    mapping: dict[str, str] = parse_metadata(pairs)
    with console.open() as api:
        found = api.campaigns.find(campaign)
        api.transport.is_dry_run = False
        counted = api.relabel_campaign(found, {"mapping": mapping, "dry_run": True}, note=note)
        if not console.is_dry_run:
            changes = ", ".join(
                f"{each['label']} → {each['new_label']}: {each['objects']} boxes" for each in counted["labels"]
            )
            console.confirm(f"{changes or 'Nothing would change'}. Relabel campaign {found}?")
            counted = api.relabel_campaign(found, {"mapping": mapping}, tool="labelapi", note=note)
        if console.is_json:
            console.result(counted)
        else:
            console.rows(
                counted["labels"],
                [("Label", "label"), ("New label", "new_label"), ("Boxes", "objects"), ("Images", "images")],
            )


@campaigns.command("restore")
@CAMPAIGN
@click.option("--as-of", required=True, metavar="TIME", help="A time, a day or the id of a submission.")
@click.option("--note", help="Why.")
@pass_console
def restore(console: Console, campaign: str, as_of: str, note: str | None) -> None:
    """Bring back the labels of an earlier moment, by a new submission."""
    with console.open() as api:
        found = api.campaigns.find(campaign)
        api.transport.is_dry_run = False
        counted = api.restore_campaign(found, {"as_of": as_of, "dry_run": True}, note=note)
        if not console.is_dry_run:
            console.confirm(f"{counted['image_count']} images would change. Restore campaign {found}?")
            counted = api.restore_campaign(found, {"as_of": as_of}, tool="labelapi", note=note)
        words = "would change" if counted["dry_run"] else "are changed"
        console.result(counted, f"{counted['image_count']} images {words}: {count_words(counted['states'])}.")


@campaigns.command("compare")
@CAMPAIGN
@click.option("--from", "from_", metavar="TIME", help="A time or the id of a submission; else before the first one.")
@click.option("--to", metavar="TIME", help="A time or the id of a submission; else now.")
@LIMIT
@pass_console
def compare(console: Console, campaign: str, from_: str | None, to: str | None, limit: int | None) -> None:
    """List the images whose labels differ between two moments."""
    with console.open() as api:
        found = api.campaigns.find(campaign)
        rows = api.walk(f"/campaigns/{found}/diff", "images", after=0, **{"from": from_, "to": to})
        console.rows(rows, DIFFERENCES, limit)


@campaigns.command("submissions")
@CAMPAIGN
@click.option("--user", help="Only those of this user, by id or e-mail address.")
@LIMIT
@pass_console
def submissions(console: Console, campaign: str, user: str | None, limit: int | None) -> None:
    """List who sent labels, newest first."""
    with console.open() as api:
        console.rows(api.campaigns[campaign].submissions(user=user), SUBMISSIONS, limit)


@campaigns.command("datasets")
@CAMPAIGN
@pass_console
def datasets(console: Console, campaign: str) -> None:
    """List the published files; --json has a link to each."""
    with console.open() as api:
        console.rows(api.list_campaign_datasets(api.campaigns.find(campaign))["datasets"], DATASETS)


def count_words(counts: Any) -> str:
    """Return counts by name in words."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())


# They belong to the group.
COMMANDS = (campaigns,)
