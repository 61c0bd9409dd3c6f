"""`labelapi users`, `keys` and `audit`."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.commands import Command, Group, pass_console
from labelapi.cli.console import Console
from labelapi.errors import NotFound

LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many.")
USER = click.argument("user")
ROLES = ["image-admin", "reader", "labeler", "reviewer"]
COLUMNS: list[Any] = [
    ("Id", "user_id"),
    ("E-mail", "email"),
    ("Enabled", "enabled"),
    ("Roles", lambda user: ", ".join(_role(role) for role in user["roles"])),
    ("Created", "date_created"),
]
KEYS: list[Any] = [
    ("Id", "key_id"),
    ("Key", "apikey"),
    ("Name", "name"),
    ("Created", "date_created"),
    ("Expires", "date_expires"),
    ("Revoked", "date_revoked"),
    ("Last used", "date_last_used"),
]
AUDIT: list[Any] = [
    ("Id", "audit_id"),
    ("When", "date_created"),
    ("Action", "action"),
    ("Subject", lambda entry: f"{entry['subject']['type']} {entry['subject']['id']}"),
    ("By", lambda entry: (entry["user"] or {}).get("email") or entry["os_user"]),
    ("Details", "details"),
]


def _role(role: Any) -> str:
    return f"{role['role']} of {role['campaign']['title']}" if role["campaign"] else str(role["role"])


@click.group("users", cls=Group)
def users() -> None:
    """Who may call the service, and what they may do."""


@users.command("list")
@LIMIT
@pass_console
def list_users(console: Console, limit: int | None) -> None:
    """List users."""
    with console.open() as api:
        console.rows(api.users(), COLUMNS, limit)


@users.command("show")
@USER
@pass_console
def show(console: Console, user: str) -> None:
    """Show a user, with the ids of its roles."""
    with console.open() as api:
        found = api.get_user(api.find_user(user))
        console.facts(found, [(name, value) for name, value in found.items()])


@users.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES[:2]), help="A role that is bound to no campaign.")
@pass_console
def add(console: Console, email: str, role: Any) -> None:
    """Make a user. `keys make` gives it a key."""
    body: Any = {"email": email, **({"role": role} if role else {})}
    with console.open() as api:
        made = api.create_user(body)
        console.result(made, f"User {made['user_id']} is made. labelapi keys make {email}")


@users.command("enable")
@USER
@pass_console
def enable(console: Console, user: str) -> None:
    """Let a user in again."""
    with console.open() as api:
        console.result(api.update_user(api.find_user(user), {"enabled": True}), "The user is enabled.")


@users.command("disable")
@USER
@pass_console
def disable(console: Console, user: str) -> None:
    """Keep a user out, whatever keys it has."""
    with console.open() as api:
        found = api.find_user(user)
        console.confirm(f"Disable user {found}?")
        console.result(api.update_user(found, {"enabled": False}), "The user is disabled.")


@users.command("grant")
@USER
@click.argument("role", type=click.Choice(ROLES))
@click.option("--campaign", help="The campaign of a labeler or reviewer.")
@pass_console
def grant(console: Console, user: str, role: Any, campaign: str | None) -> None:
    """Give a user a role."""
    with console.open() as api:
        found = api.campaigns.find(campaign) if campaign else None
        changed = api.grant_role(api.find_user(user), {"role": role, "campaign_id": found})
        console.result(changed, f"User {changed['user_id']} is {role}.")


@users.command("revoke")
@USER
@click.argument("role", type=click.Choice(ROLES))
@click.option("--campaign", help="The campaign of a labeler or reviewer.")
@pass_console
def revoke(console: Console, user: str, role: str, campaign: str | None) -> None:
    """Take a role from a user."""
    with console.open() as api:
        found = api.get_user(api.find_user(user))
        campaign_id = api.campaigns.find(campaign) if campaign else None
        for each in found["roles"]:
            bound: Any = each["campaign"]
            if each["role"] == role and (bound["campaign_id"] if bound else None) == campaign_id:
                console.confirm(f"Take the role {role} from {found['email']}?")
                console.result(
                    api.revoke_role(found["user_id"], each["role_id"]), f"{found['email']} is no {role} any more."
                )
                return
        raise NotFound(f"{found['email']} has no such role.", f"labelapi users show {found['user_id']}")


@click.group("keys", cls=Group)
def keys() -> None:
    """The keys of a user."""


@keys.command("list")
@USER
@LIMIT
@pass_console
def list_keys(console: Console, user: str, limit: int | None) -> None:
    """List the keys of a user, without their secrets."""
    with console.open() as api:
        console.rows(api.walk(f"/users/{api.find_user(user)}/api_keys", "api_keys", after=0), KEYS, limit)


@keys.command("make")
@USER
@click.option("--name", help="What the key is for.")
@click.option("--expires", metavar="TIME", help="A day or a time at which it ends.")
@pass_console
def make(console: Console, user: str, name: str | None, expires: str | None) -> None:
    """Make a key, and print it. The secret is shown only here: pass it on safely."""
    body: Any = {"name": name, "date_expires": expires}
    with console.open() as api:
        _print_pair(console, api.create_api_key(api.find_user(user), body))


@keys.command("rotate")
@click.argument("user", required=False)
@click.argument("key_id", required=False, type=click.IntRange(1))
@click.option(
    "--overlap", type=click.IntRange(0), default=0, show_default=True, help="Seconds for which the old key works on."
)
@pass_console
def rotate(console: Console, user: str | None, key_id: int | None, overlap: int) -> None:
    """Replace a key by a new one. Without USER and KEY_ID it is your own, and the profile gets the new one."""
    if (user is None) != (key_id is None):
        raise click.UsageError("Name a user and the id of one of its keys, or neither for your own key.")
    with console.open() as api:
        if user is not None and key_id is not None:
            _print_pair(console, api.rotate_api_key(api.find_user(user), key_id, {"overlap_seconds": overlap}))
            return
        made = api.rotate_own_key({"overlap_seconds": overlap})
        _keep_own(console, api.transport.profile.url, made)


def _keep_own(console: Console, url: str, made: Any) -> None:
    """Put the new pair where the old one came from."""
    import os

    from labelapi.profiles import Profile, keep_profile, profile_name

    if os.environ.get("LABELAPI_KEY"):
        console.say("The key came from LABELAPI_KEY and LABELAPI_SECRET. Put the new pair there:")
        _print_pair(console, made)
        return
    try:
        place = keep_profile(profile_name(console.profile), Profile(url, made["apikey"], made["apisecret"]))
    except OSError as error:
        console.say(f"The profile cannot be written ({error}). This is the new pair; keep it:")
        _print_pair(console, made)
        return
    console.say(f"The profile has the new key; its secret is in {place}.")


@keys.command("revoke")
@USER
@click.argument("key_id", type=click.IntRange(1))
@pass_console
def revoke_key(console: Console, user: str, key_id: int) -> None:
    """End a key."""
    with console.open() as api:
        found = api.find_user(user)
        console.confirm(f"Revoke key {key_id} of user {found}?")
        console.result(api.revoke_api_key(found, key_id), f"Key {key_id} is revoked.")


def _print_pair(console: Console, made: Any) -> None:
    console.facts(made, [("Key", made["apikey"]), ("Secret", made["apisecret"])])


@click.command("audit", cls=Command)
@click.option("--user", help="Only changes by this user, by id or e-mail address.")
@click.option("--action", help="Only changes of this kind, such as grant_role.")
@click.option("--subject-type", help="Only changes of subjects of this type, such as campaign.")
@click.option("--subject-id", type=click.IntRange(1), help="Only changes of the subject with this id.")
@click.option("--from", "from_", metavar="TIME", help="Only from this time on.")
@click.option("--to", metavar="TIME", help="Only before this time.")
@LIMIT
@pass_console
def audit(console: Console, /, limit: int | None, from_: str | None, **filters: Any) -> None:
    """List who changed users, roles, keys, links and statuses, newest first."""
    with console.open() as api:
        console.rows(api.audit(**filters, **{"from": from_}), AUDIT, limit)


COMMANDS = (users, keys, audit)
