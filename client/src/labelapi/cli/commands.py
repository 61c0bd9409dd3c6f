"""Commands whose global options may stand before or after their name."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.console import Console
from labelapi.cli.examples import epilog_of

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
FLAGS = (
    ("is_json", "--json", "Print one JSON value; JSON Lines while something is going on."),
    ("is_csv", "--csv", "Print lists as CSV."),
    ("is_quiet", "--quiet", "Print results and errors only."),
    ("says_yes", "--yes", "Answer yes to every question."),
    ("is_dry_run", "--dry-run", "Change nothing, and print what would be changed."),
    ("has_no_color", "--no-color", "Print without colors."),
)


def console_of(context: click.Context) -> Console:
    """Return the console of a call."""
    console: Console = context.find_root().ensure_object(Console)
    return console


def _set(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        setattr(console_of(context), str(parameter.name), value)


def global_options() -> list[click.Option]:
    """Return the options that every command takes."""
    profile = click.Option(
        ["--profile"], callback=_set, expose_value=False, metavar="NAME", help="Use the profile of this name."
    )
    flags = [
        click.Option([flag, name], is_flag=True, callback=_set, expose_value=False, help=words)
        for name, flag, words in FLAGS
    ]
    return [profile, *flags]


class Command(click.Command):
    """A command that takes the global options."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params += global_options()

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        names = {"profile", *(name for name, _, _ in FLAGS)}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
            if record is not None:
                (shared if parameter.name in names else own).append(record)
        for title, records in (("Options", own), ("Options of every command", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        self.epilog = self.epilog or epilog_of(context.command_path.partition(" ")[2])
        super().format_epilog(context, formatter)


class Group(click.Group):
    """A group of commands; it takes the global options, too."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params += global_options()

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


pass_console = click.make_pass_decorator(Console, ensure=True)
