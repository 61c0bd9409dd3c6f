"""`labelapi campaigns`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.cli.upload import check_job, parse_metadata, see_job
from labelapi.errors import UsageError

CAMPAIGN = click.argument("campaign")
LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many.")
IMAGES_FROM = "Words that choose images, such as 'set:drone-12 taken:2026-05-11'; may be repeated."
FILE = click.Path(path_type=Path, dir_okay=False)
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
DATASETS: list[Any] = [
    ("Kind", "kind"),
    ("Version", "version"),
    ("Images", "image_count"),
    ("Boxes", "object_count"),
    ("Path", "path"),
    ("SHA-256", "sha256"),
    ("Azure ML", "registration"),
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


@campaigns.command("create")
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


@campaigns.command("add")
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
        goes_on = (
            f"The campaign is finished, and the service publishes its datasets: labelapi campaigns datasets {found}"
        )
        with console.when_interrupted(goes_on), console.bar("Publishing", unit="images") as bar:
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


COMMANDS = (campaigns,)
