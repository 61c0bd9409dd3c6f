"""`labelapi queries`."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console


@click.group("queries", cls=Group)
def queries() -> None:
    """Queries for images that are kept by name."""


@queries.command("list")
@pass_console
def list_queries(console: Console) -> None:
    """List the kept queries."""
    with console.open() as api:
        console.rows(
            api.queries(), [("Name", "name"), ("Query", "query"), ("Changed", "date_changed"), ("By", "changed_by")]
        )


@queries.command("show")
@click.argument("name")
@pass_console
def show_query(console: Console, name: str) -> None:
    """Show a kept query."""
    with console.open() as api:
        found = api.get_query(name)
        console.facts(found, list(found.items()))


@queries.command("keep")
@click.argument("name")
@click.argument("words", nargs=-1, required=True)
@pass_console
def keep(console: Console, name: str, words: tuple[str, ...]) -> None:
    """Keep a query under a name."""
    from labelapi.filters import parse_filters, quoted

    with console.open() as api:
        query: Any = parse_filters(api, " ".join(quoted(word) for word in words))
        console.result(api.put_query(name, {"query": query}), f"Query {name} is kept.")


@queries.command("delete")
@click.argument("name")
@pass_console
def delete_query(console: Console, name: str) -> None:
    """Delete a kept query."""
    with console.open() as api:
        console.confirm(f"Delete query {name}?")
        console.result(api.delete_query(name), f"Query {name} is deleted.")


COMMANDS = (queries,)
