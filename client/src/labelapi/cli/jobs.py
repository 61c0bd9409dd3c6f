"""`labelapi jobs`."""

from __future__ import annotations

from typing import Any

import click

from labelapi.cli.commands import Group, pass_console
from labelapi.cli.console import Console
from labelapi.errors import REFUSED

STATES = ["queued", "running", "succeeded", "failed", "cancelled"]
COLUMNS: list[Any] = [
    ("Id", "job_id"),
    ("Kind", "kind"),
    ("Subject", lambda job: f"{job['subject']['type']} {job['subject']['id']}"),
    ("State", "state"),
    ("Done", "done"),
    ("Total", "total"),
    ("Created", "date_created"),
    ("Error", "error"),
]


@click.group("jobs", cls=Group)
def jobs() -> None:
    """Watch background jobs, retry or cancel them."""


@jobs.command("list")
@click.option("--state", multiple=True, type=click.Choice(STATES), help="Only jobs in this state; may be repeated.")
@click.option("--kind", help="Only jobs of this kind, such as publish_datasets.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@pass_console
def list_jobs(console: Console, state: tuple[str, ...], kind: str | None, limit: int | None) -> None:
    """List jobs, newest first."""
    with console.open() as api:
        console.rows(api.jobs(state=state or None, kind=kind), COLUMNS, limit)


@jobs.command("show")
@click.argument("job_id", type=click.IntRange(1))
@pass_console
def show(console: Console, job_id: int) -> None:
    """Show a job."""
    with console.open() as api:
        job = api.get_job(job_id)
        console.facts(job, [(name, value) for name, value in job.items()])


@jobs.command("watch")
@click.argument("job_id", type=click.IntRange(1))
@pass_console
def watch(console: Console, job_id: int) -> int:
    """Wait until a job has ended. Exit code 1 if it did not succeed."""
    from labelapi.jobs import watch as wait

    with console.open() as api:
        goes_on = f"The job goes on: labelapi jobs watch {job_id}"
        with console.when_interrupted(goes_on), console.bar(f"Job {job_id}", unit="done") as bar:
            job = wait(lambda: api.get_job(job_id), lambda job: bar.set(job["done"], job["total"], job["state"]))
        error = f": {job['error']}" if job["error"] else "."
        console.result(job, f"Job {job_id} {job['state']}{error}")
        return 0 if job["state"] == "succeeded" else REFUSED


@jobs.command("retry")
@click.argument("job_id", type=click.IntRange(1))
@pass_console
def retry(console: Console, job_id: int) -> None:
    """Try a job again that failed or was cancelled."""
    with console.open() as api:
        console.result(api.retry_job(job_id), f"Job {job_id} is queued. labelapi jobs watch {job_id}")


@jobs.command("cancel")
@click.argument("job_id", type=click.IntRange(1))
@pass_console
def cancel(console: Console, job_id: int) -> None:
    """Cancel a job."""
    with console.open() as api:
        console.confirm(f"Cancel job {job_id}?")
        console.result(api.cancel_job(job_id), f"Job {job_id} is to be cancelled.")


COMMANDS = (jobs,)
