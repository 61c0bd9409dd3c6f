"""`labelapi login`, `whoami`, `logout` and `completion`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from labelapi.cli.commands import Command, pass_console
from labelapi.cli.console import Console
from labelapi.errors import UsageError

if TYPE_CHECKING:
    from labelapi import models

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@click.command("login", cls=Command)
@click.argument("url")
@pass_console
def login(console: Console, url: str) -> None:
    """Keep the address of a service and your key for it.

    Asks for the key and the secret, or reads two lines from standard input where there is no terminal. They are checked, and kept
    in the keyring where one is installed, else in a file that only you can read.
    """
    from labelapi.api import LabelAPI
    from labelapi.profiles import Profile, checked_pair, keep_profile, normal_url, profile_name

    address = normal_url(url)
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in THIS_MACHINE:
        console.say(f"Warning: {address} is not encrypted; everybody on the way can read your key.")
    key, secret = checked_pair(*_ask_for_pair())
    profile = Profile(address, key, secret)
    with LabelAPI(profile, say=console.say) as api:
        account = api.get_whoami()
    place = keep_profile(profile_name(console.profile), profile)
    console.say(f"The secret is in {place}.")
    _show(console, account, address)


def _ask_for_pair() -> tuple[str, str]:
    if not sys.stdin.isatty():
        lines = [sys.stdin.readline().strip(), sys.stdin.readline().strip()]
        if not all(lines):
            raise UsageError("Standard input should hold two lines: the key, and the secret.")
        return lines[0], lines[1]
    key = click.prompt("Key (lsk_…)", err=True)
    return str(key), str(click.prompt("Secret (lss_…), not shown", hide_input=True, err=True))


@click.command("whoami", cls=Command)
@pass_console
def whoami(console: Console) -> None:
    """Show whose key this is, and what it may do."""
    with console.open() as api:
        _show(console, api.get_whoami(), api.transport.profile.url)


def _show(console: Console, account: models.Whoami, address: str) -> None:
    roles = "\n".join(_role(role) for role in account["roles"]) or "none"
    console.facts(account, [("Account", account["email"]), ("Service", address), ("Roles", roles)])


def _role(role: Any) -> str:
    campaign = role["campaign"]
    if not campaign:
        return str(role["role"])
    progress = campaign["progress"]
    done = f"{progress['done']} of {progress['total']} images done" if progress else ""
    return f"{role['role']} of campaign {campaign['campaign_id']} ({campaign['title']}, {campaign['status']}) {done}".rstrip()


@click.command("logout", cls=Command)
@pass_console
def logout(console: Console) -> None:
    """Remove the key of a profile from this machine. The key itself stays valid; `keys revoke` ends it."""
    from labelapi.profiles import forget_profile, profile_name

    name = profile_name(console.profile)
    if not forget_profile(name):
        raise UsageError(f"There is no profile '{name}'.")
    console.say(f"Profile '{name}' is gone.")


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what a shell needs for completing commands and options."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101  # The choice above names those that there are.
    click.echo(found(context.find_root().command, {}, "labelapi", "_LABELAPI_COMPLETE").source())


COMMANDS = (login, logout, whoami, completion)
