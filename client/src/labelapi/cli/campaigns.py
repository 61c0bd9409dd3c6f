"""`labelapi campaigns`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import check_job, parse_metadata, see_job
from labelapi.errors import UsageError

if TYPE_CHECKING:
    from labelapi import models
    from labelapi.api import LabelAPI

CAMPAIGN = click.argument("campaign")
LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many.")
IMAGES_FROM = "Words that choose images, such as 'set:drone-12 taken:2026-05-11'; may be repeated."
FILE = click.Path(path_type=Path, dir_okay=False)
STATES = ("unlabeled", "labeled", "empty", "unusable")
LOOK_SECONDS = 2.0
COLUMNS: list[Any] = [
    ("Id", "campaign_id"),
    ("Title", "title"),
    ("Kind", "kind"),
    ("Status", "status"),
    ("Done", lambda each: each["progress"]["done"]),
    ("Images", lambda each: each["progress"]["total"]),
    ("Rejected", lambda each: each["progress"]["reviews"]["rejected"]),
    ("Partners", lambda each: ", ".join(member["email"] or str(member["user_id"]) for member in each["labelers"])),
    ("Archived", "archived"),
]
IMAGES_AND_BOXES: list[Any] = [("Images", "images"), ("Boxes", "objects")]
CLASSES: list[Any] = [("Label", "label"), ("Boxes", "objects"), ("Images", "images")]
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
DATASETS: list[Any] = [
    ("Kind", "kind"),
    ("Version", "version"),
    ("Images", "image_count"),
    ("Boxes", "object_count"),
    ("Path", "path"),
    ("SHA-256", "sha256"),
    ("Azure ML", "registration"),
]
CHANGES = ("added", "removed", "moved", "relabeled", "changed")
DIFFERENCES: list[Any] = [
    ("Image", "image_id"),
    ("Membership", "membership"),
    ("States", lambda each: " → ".join(str(state) for state in each["state"])),
    *((name.capitalize(), lambda each, name=name: len(each[name])) for name in CHANGES),
]


@click.group("campaigns", cls=Group)
def campaigns() -> None:
    """Labeling campaigns, from the first image to the published dataset."""


@campaigns.command("list")
@click.option(
    "--status", type=click.Choice(["created", "active", "completed", "finished"]), help="Only with this status."
)
@click.option("--title", help="Only this title; a star at the end stands for anything.")
@click.option(
    "--kind", type=click.Choice(["people", "model", "any"]), help="Labels of people (the default) or of models."
)
@click.option("--archived", is_flag=True, help="Only archived campaigns.")
@LIMIT
@pass_console
def list_campaigns(
    console: Console, status: str | None, title: str | None, kind: str | None, archived: bool, limit: int | None
) -> None:
    """List campaigns."""
    with console.open() as api:
        found = api.campaigns.list(status=status, title=title, kind=kind, archived=archived or None)
        console.rows(found, COLUMNS, limit)


@campaigns.command("show")
@CAMPAIGN
@pass_console
def show(console: Console, campaign: str) -> None:
    """Show a campaign."""
    with console.open() as api:
        found: Any = api.campaigns[campaign].read()
        names = ", ".join(each["name"] for each in found["classes"])
        console.facts(
            found, [*((name, value) for name, value in found.items() if name != "classes"), ("classes", names)]
        )


@campaigns.command(
    "create",
    epilog="\b\nExample:\n  labelapi campaigns create spring --partner a@b.example --classes classes.yaml \\\n"
    "      --images-from 'set:drone-12 taken:2026-05-11' --start",
)
@click.argument("title")
@click.option("--partner", metavar="EMAIL", help="Who labels; gets a key if there is none yet.")
@click.option("--classes", type=FILE, help="YAML or JSON: a list of names, or of class objects.")
@click.option("--strict", is_flag=True, help="Refuse labels that are no class.")
@click.option("--instructions", type=FILE, help="A Markdown file for those who label.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Metadata; may be repeated.")
@click.option("--model", help="Name of the model whose findings it is to hold.")
@click.option("--version", help="Version of that model.")
@click.option("--prelabels-from", metavar="CAMPAIGN", help="A campaign of a model whose boxes are to be suggestions.")
@click.option("--late-corrections", is_flag=True, help="Corrections open a completed campaign again.")
@click.option("--images-from", multiple=True, metavar="WORDS", help=IMAGES_FROM)
@click.option("--start", is_flag=True, help="Start it at once.")
@pass_console
def create(
    console: Console,
    /,
    title: str,
    partner: str | None,
    classes: Path | None,
    instructions: Path | None,
    metadata: tuple[str, ...],
    prelabels_from: str | None,
    images_from: tuple[str, ...],
    start: bool,
    **given: Any,
) -> None:
    """Make a campaign, and print the partner's key. The secret is shown only here: pass it on safely."""
    from labelapi.filters import parse_selection, read_classes

    body: Any = {"title": title, **{name: value for name, value in given.items() if value}}
    body.update({"kind": "model"} if given["model"] else {})
    body.update({"labeler_email": partner} if partner else {})
    body.update({"classes": read_classes(classes)} if classes else {})
    body.update({"instructions": _text_of(instructions)} if instructions else {})
    body.update({"metadata": parse_metadata(metadata)} if metadata else {})
    with console.open() as api:
        body.update({"prelabels_from": api.campaigns.find(prelabels_from)} if prelabels_from else {})
        # They are read first, so that a wrong word leaves no campaign behind.
        selections: Any = [parse_selection(api, words) for words in images_from]
        made: Any = api.create_campaign(body)
        console.say(f"Campaign {made['campaign_id']} ({title}) is made.")
        if selections:
            added: Any = api.add_campaign_images(made["campaign_id"], selections)
            made = {
                **made,
                "progress": added["progress"],
                **{name: added[name] for name in ("added", "skipped", "flagged")},
            }
            _say_added(console, added)
        if start:
            made = {**made, **api.update_campaign_status(made["campaign_id"], {"new_status": "active"})}
            console.say("It is active.")
        _print_key(console, made, made["access_token"])


@campaigns.command("edit")
@CAMPAIGN
@click.option("--title", help="A new title, while it is only created.")
@click.option("--classes", type=FILE, help="YAML or JSON with all classes.")
@click.option("--strict/--open", default=None, help="Whether labels that are no class are refused.")
@click.option("--instructions", type=FILE, help="A Markdown file for those who label.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Metadata to set; an empty value removes the key.")
@click.option("--late-corrections/--no-late-corrections", default=None, help="Whether corrections open it again.")
@pass_console
def edit(
    console: Console,
    /,
    campaign: str,
    classes: Path | None,
    instructions: Path | None,
    metadata: tuple[str, ...],
    **given: Any,
) -> None:
    """Change a campaign."""
    from labelapi.filters import read_classes

    body: Any = {name: value for name, value in given.items() if value is not None}
    body.update({"classes": read_classes(classes)} if classes else {})
    body.update({"instructions": _text_of(instructions)} if instructions else {})
    patch = {key: value or None for key, value in parse_metadata(metadata).items()}
    body.update({"metadata": patch} if patch else {})
    if not body:
        raise UsageError("Say what to change.", "labelapi campaigns edit --help")
    with console.open() as api:
        changed = api.update_campaign(api.campaigns.find(campaign), body)
        console.result(changed, f"Campaign {changed['campaign_id']} is changed.")


@campaigns.command("add", epilog="\b\nExample:\n  labelapi campaigns add spring 'set:drone-13' 'query:pet-at-maas'")
@CAMPAIGN
@click.argument("words", nargs=-1, required=True)
@pass_console
def add(console: Console, campaign: str, words: tuple[str, ...]) -> None:
    """Add images, by their ids or by words that choose them."""
    from labelapi.filters import parse_selection

    with console.open() as api:
        chosen: Any = [{"id": int(each)} if each.isdigit() else parse_selection(api, each) for each in words]
        changed: Any = api.add_campaign_images(api.campaigns.find(campaign), chosen)
        _say_added(console, changed)
        console.result(changed)


@campaigns.command("remove")
@CAMPAIGN
@click.argument("image_ids", nargs=-1, required=True, type=click.IntRange(1))
@pass_console
def remove(console: Console, campaign: str, image_ids: tuple[int, ...]) -> None:
    """Take images out, by their ids. Their labels stay on record."""
    with console.open() as api:
        found = api.campaigns.find(campaign)
        changed = api.remove_campaign_images(found, [{"id": each} for each in image_ids])
        console.result(changed, f"{len(image_ids)} images are out of campaign {found}.")


@campaigns.command("start")
@CAMPAIGN
@pass_console
def start(console: Console, campaign: str) -> None:
    """Let the partner label."""
    _change(console, campaign, "active")


@campaigns.command("complete")
@CAMPAIGN
@pass_console
def complete(console: Console, campaign: str) -> None:
    """End the labeling of an active campaign, whatever is left."""
    _change(console, campaign, "completed")


@campaigns.command("reopen")
@CAMPAIGN
@pass_console
def reopen(console: Console, campaign: str) -> None:
    """Make a completed or finished campaign active again."""
    _change(console, campaign, "active")


@campaigns.command("finish")
@CAMPAIGN
@pass_console
def finish(console: Console, campaign: str) -> None:
    """End a campaign, publish its datasets, and wait until they are there."""
    from labelapi.jobs import watch

    with console.open() as api:
        found = api.campaigns.find(campaign)
        progress = api.get_campaign(found)["progress"]
        if progress["done"] < progress["total"]:
            console.confirm(
                f"{progress['total'] - progress['done']} images are not done. Finish campaign {found} all the same?"
            )
        api.update_campaign_status(found, {"new_status": "finished"})
        with console.bar("Publishing", unit="images") as bar:
            job = watch(lambda: api.get_campaign(found)["publication"], lambda job: see_job(bar, job))
        check_job(job)
        console.rows(api.list_campaign_datasets(found)["datasets"], DATASETS)


@campaigns.command("archive")
@CAMPAIGN
@click.option("--undo", is_flag=True, help="Bring it back.")
@pass_console
def archive(console: Console, campaign: str, undo: bool) -> None:
    """Hide a campaign and end the access to it, until that is undone."""
    with console.open() as api:
        changed = api.update_campaign(api.campaigns.find(campaign), {"archived": not undo})
        console.result(changed, f"Campaign {changed['campaign_id']} is {'back' if undo else 'archived'}.")


@campaigns.command("delete")
@CAMPAIGN
@pass_console
def delete(console: Console, campaign: str) -> None:
    """Delete a campaign to which nothing was submitted."""
    with console.open() as api:
        found = api.campaigns[campaign].read()
        console.confirm(f"Delete campaign {found['campaign_id']} ({found['title']})?")
        console.result(api.delete_campaign(found["campaign_id"]), f"Campaign {found['campaign_id']} is deleted.")


@campaigns.command("progress")
@CAMPAIGN
@click.option("--watch", is_flag=True, help="Go on until every image is done, or Ctrl-C.")
@pass_console
def progress(console: Console, campaign: str, watch: bool) -> None:
    """Show how far a campaign is: images by state, boxes by class, images an hour, and the expected end."""
    with console.open() as api:
        found = api.campaigns.find(campaign)
        while watch:
            now = api.get_campaign(found)
            if now["progress"]["done"] >= now["progress"]["total"] or now["status"] in ("completed", "finished"):
                break
            _show_progress(console, now, api.get_campaign_statistics(found))
            time.sleep(LOOK_SECONDS)
        _show_progress(console, api.get_campaign(found), api.get_campaign_statistics(found))


@campaigns.command("statistics")
@click.argument("campaigns", nargs=-1)
@click.option("--set", "image_set", metavar="SET", help="The images of this image set in all campaigns instead.")
@click.option("--as-of", metavar="TIME", help="As it was then: a time, a day or the id of a submission.")
@pass_console
def statistics(console: Console, campaigns: tuple[str, ...], image_set: str | None, as_of: str | None) -> None:
    """Count boxes and images by class, state, size, day and sender."""
    with console.open() as api:
        counts = _statistics(api, campaigns, image_set, as_of)
        if console.is_json:
            console.result(counts)
        elif console.is_csv:
            console.rows(counts["classes"], CLASSES, limit=len(counts["classes"]) or None)
        else:
            console.facts(
                counts,
                [("Images", counts["images"]), ("Boxes", counts["objects"]), ("States", _counts(counts["states"]))],
            )
            console.rows(counts["classes"], CLASSES)
            console.rows(
                counts["days"],
                [("Day", "day"), ("Submissions", "submissions"), ("Images", "images"), ("Boxes", "objects")],
            )
            console.rows(counts["senders"], [("Sender", "created_by"), ("Images", "images"), ("Boxes", "objects")])


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


@campaigns.command(
    "relabel", epilog="\b\nExample:\n  labelapi campaigns relabel spring PTE=PET bottel=bottle --dry-run"
)
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
        console.result(counted, f"{counted['image_count']} images {words}: {_counts(counted['states'])}.")


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


@campaigns.command("member")
@CAMPAIGN
@click.argument("email")
@click.option(
    "--role", type=click.Choice(["labeler", "reviewer"]), default="labeler", show_default=True, help="What they do."
)
@click.option("--remove", is_flag=True, help="Take the role away instead.")
@pass_console
def member(console: Console, campaign: str, email: str, role: str, remove: bool) -> None:
    """Add a labeler or a reviewer, and print the key if a new one was made; or remove one."""
    with console.open() as api:
        found = api.campaigns.find(campaign)
        if remove:
            user_id = api.find_user(email)
            take = api.remove_labeler if role == "labeler" else api.remove_reviewer
            console.result(take(found, user_id), f"User {user_id} is no {role} of campaign {found} any more.")
            return
        give = api.add_labeler if role == "labeler" else api.add_reviewer
        made = give(found, {"email": email})
        console.say(f"{email} is a {role} of campaign {found}.")
        _print_key(console, made, made["access_token"])


def _change(console: Console, campaign: str, status: Any) -> None:
    with console.open() as api:
        changed = api.update_campaign_status(api.campaigns.find(campaign), {"new_status": status})
        console.result(changed, f"Campaign {changed['campaign_id']} is {changed['status']}.")


def _print_key(console: Console, value: Any, token: Any) -> None:
    if console.is_json or not token:
        console.result(value)
    elif token["apisecret"] is None:
        console.say(f"The partner has a key already, which works here too: {token['apikey']}")
    else:
        console.facts(value, [("Key", token["apikey"]), ("Secret", token["apisecret"])])


def _say_added(console: Console, added: Any) -> None:
    words = f"{added['added']} images added"
    words += f", {added['skipped']} left out because they are no images or of unknown size" if added["skipped"] else ""
    words += f"; {added['flagged']} of them have an open problem" if added["flagged"] else ""
    console.say(f"{words}.")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _statistics(api: LabelAPI, names: tuple[str, ...], image_set: str | None, as_of: str | None) -> models.Statistics:
    if image_set and not names:
        return api.get_statistics(image_set=api.image_sets.find(image_set))
    if len(names) == 1 and not image_set:
        return api.campaigns[names[0]].statistics(as_of)
    if image_set or not names or as_of:
        raise UsageError("Name campaigns, or one image set with --set. --as-of goes with one campaign.")
    return api.get_statistics(campaigns=[api.campaigns.find(name) for name in names])


def _show_progress(console: Console, campaign: models.Campaign, counts: models.Statistics) -> None:
    progress: Any = campaign["progress"]
    speed, end = _forecast(campaign)
    if console.is_json or console.is_csv:
        value = {"progress": progress, "classes": counts["classes"], "images_per_hour": speed, "date_expected": end}
        console.result({"campaign_id": campaign["campaign_id"], "status": campaign["status"], **value})
        return
    width, total = 40, max(progress["total"], 1)
    facts = [("Campaign", f"{campaign['campaign_id']} {campaign['title']}, {campaign['status']}")]
    for state in STATES:
        count = progress["states"][state]
        facts.append((state, f"{'█' * round(count / total * width):<{width}} {count}"))
    facts.append(("Reviews", _counts(progress["reviews"])))
    facts.append(
        ("Boxes", ", ".join(f"{each['label']} {each['objects']}" for each in counts["classes"][:20]) or "none")
    )
    facts.append(("Images/hour", "unknown" if speed is None else f"{speed:,.1f}"))
    facts.append(("Expected end", end or "unknown"))
    console.facts(campaign, facts)


def _forecast(campaign: models.Campaign) -> tuple[float | None, str | None]:
    """Return the images done an hour since the start, and when the rest will be done at this speed."""
    progress, started = campaign["progress"], campaign["date_started"]
    if not started or not progress["done"]:
        return None, None
    ended = campaign["date_completed"]
    until = _time(ended) if ended else datetime.now(timezone.utc)
    hours = max((until - _time(started)).total_seconds() / 3600, 1 / 3600)
    speed = progress["done"] / hours
    left = progress["total"] - progress["done"]
    if not left or campaign["status"] != "active":
        return speed, None
    return speed, (until + timedelta(hours=left / speed)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def _counts(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


COMMANDS = (campaigns,)
