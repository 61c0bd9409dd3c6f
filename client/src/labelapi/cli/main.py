"""The command `labelapi`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from labelapi.cli import (
    account,
    campaigns,
    datasets,
    image_sets,
    images,
    jobs,
    labels,
    partners,
    push,
    queries,
    snapshots,
    statistics,
    upload,
    users,
)
from labelapi.cli.commands import CONTEXT, Group
from labelapi.cli.console import Console, printable
from labelapi.errors import DONE, INTERRUPTED, WRONG_USAGE, DryRun, LabelAPIError, LocalError, Refused
from labelapi.transport import VERSION

EPILOG = """\b
Examples:
  labelapi login https://labels.example.org
  labelapi upload photos --set drone-12 --timezone Europe/Amsterdam --finish

\b
Exit codes:
  0 done                    4 not reachable, or out of order for too long
  1 the service refused     5 done, but something was left out or has problems
  2 wrong usage             6 a check found differences
  3 not allowed             130 interrupted by Ctrl-C
"""


@click.group("labelapi", cls=Group, context_settings=CONTEXT, epilog=EPILOG)
@click.version_option(VERSION, message="labelapi-client %(version)s")
def labelapi() -> None:
    """Upload images, run labeling campaigns and fetch datasets with LabelAPI.

    Wherever a campaign, an image set or a user is named, its id, title or e-mail address will do; title:12 is the title 12.
    Environment variables LABELAPI_URL, LABELAPI_KEY and LABELAPI_SECRET go before any profile.
    """


MODULES = (
    account,
    upload,
    partners,
    push,
    image_sets,
    images,
    queries,
    campaigns,
    labels,
    statistics,
    snapshots,
    datasets,
)
for module in (*MODULES, jobs, users):
    for command in module.COMMANDS:
        labelapi.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    console = Console()
    try:
        outcome = labelapi.main(arguments, prog_name="labelapi", standalone_mode=False, obj=console)
        sys.stdout.flush()
        return outcome if isinstance(outcome, int) else DONE
    except click.exceptions.Exit as leaving:
        return int(leaving.exit_code)
    except click.ClickException as error:
        # After a command that is not there, no option is read any more.
        console.is_json = console.is_json or "--json" in arguments
        return _wrong_usage(console, error)
    except (KeyboardInterrupt, click.Abort):
        console.say(f"Interrupted. {console.after_interruption}".rstrip())
        return INTERRUPTED
    except DryRun as request:
        _print_request(console, request)
        return DONE
    except LabelAPIError as error:
        _print_error(console, error)
        return error.exit_code
    except BrokenPipeError:
        # Who reads has enough; nothing more can be said there, not even when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        # A disk is full, standard output cannot be written, or a file is gone that was there a moment ago.
        _print_error(
            console, LocalError(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
        )
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return LocalError.exit_code


def _wrong_usage(console: Console, error: click.ClickException) -> int:
    if console.is_json:
        document = {"type": "about:blank", "title": "Wrong usage", "status": None, "detail": error.format_message()}
        _to_stderr(json.dumps(document, ensure_ascii=False))
    else:
        error.show(sys.stderr)
    return WRONG_USAGE


def _print_request(console: Console, request: DryRun) -> None:
    value = {"method": request.method, "path": request.path, "body": request.body}
    body = "" if request.body is None else f" {json.dumps(request.body, ensure_ascii=False)}"
    console.result(value, f"Would send {request.method} {request.path}{body}")


def _print_error(console: Console, error: LabelAPIError) -> None:
    if console.is_json:
        _to_stderr(json.dumps(error.problem(), ensure_ascii=False))
        return
    _to_stderr(printable(error.message))
    if isinstance(error, Refused):
        for fault in error.faults:
            _to_stderr(printable(f"  {_place(fault)}{fault.get('detail', '')}"))
    if error.hint:
        _to_stderr(printable(f"→ {error.hint}"))


def _place(fault: dict[str, Any]) -> str:
    place = fault.get("pointer") or fault.get("parameter")
    return f"{place}: " if place else ""


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
