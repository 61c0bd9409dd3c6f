"""Commands: users and their keys, images that lie in the container already, and the worker."""

import json
import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo, with_appcontext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.azure.cors_rules import command_for
from app.azure.ml.registry import RegistrationFailed
from app.azure.ml.workspace import Workspace
from app.azure.names import printable
from app.database import safety
from app.database.engine import db
from app.database.outages import is_outage
from app.errors import Problem
from app.health.consistency import find_disagreements
from app.health.findings import Finding
from app.jobs import image_files
from app.models import User
from app.models.users import CAMPAIGN_ROLES, IMAGE_ADMIN, READER
from app.observability import metrics
from app.services import api_keys, users
from app.services.api_keys import KeyPair
from app.services.audit import Actor, act_as
from app.settings import Settings, read_origin
from app.wiring import components, configure_flask

users_group = AppGroup("users", help="Users, their keys and their roles.")
keys_group = AppGroup("keys", help="The API keys of a user, one by one.")
images_group = AppGroup("images", help="Images in the main container.")
storage_group = AppGroup("storage", help="The storage account.")
NO_TABLE_STATE = "42P01"
MIGRATIONS = Path(__file__).parent.parent / "migrations"
MIGRATION_COMMAND = "db"
ROLES = click.Choice([IMAGE_ADMIN, READER, *CAMPAIGN_ROLES])


def create_flask_app(settings: Settings) -> Flask:
    """Return a Flask application that serves nothing, for `flask …`. Raises SettingsError."""
    flask_app = Flask("app")
    configure_flask(flask_app, settings)
    add_commands(flask_app)
    return flask_app


class Commands(AppGroup):
    """The commands of an application; those of Alembic, `flask db …`, are loaded when somebody asks for them.

    They take 7 MB, which a worker would keep as long as it runs.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name == MIGRATION_COMMAND:
            prepare_migrations(ctx.ensure_object(ScriptInfo).load_app())
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), MIGRATION_COMMAND})


def prepare_migrations(flask_app: Flask) -> None:
    """Let `flask_migrate` work on this application, and add its commands."""
    from flask_migrate import Migrate

    Migrate(flask_app, db, directory=str(MIGRATIONS), command=MIGRATION_COMMAND)


def add_commands(flask_app: Flask) -> None:
    """Add every command of ours, and `flask db …`."""
    flask_app.cli = Commands(flask_app.name)
    flask_app.cli.add_command(users_group)
    flask_app.cli.add_command(keys_group)
    flask_app.cli.add_command(images_group)
    flask_app.cli.add_command(storage_group)
    flask_app.cli.add_command(run_worker)
    flask_app.cli.add_command(check)


@contextmanager
def transaction() -> Iterator[Session]:
    """One command, one transaction; an error of ours becomes one line and exit status 1."""
    session = db.session()
    act_as(session, Actor(os_user=_os_user()))
    try:
        yield session
        db.session.commit()
    except Problem as problem:
        db.session.rollback()
        raise click.ClickException(problem.detail) from None
    except DBAPIError as error:
        if message := _describe(error):
            raise click.ClickException(message) from None
        raise


def _os_user() -> str:
    """Return the name of the account that runs the command, its number where it has no name, as in a container."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _describe(error: DBAPIError) -> str | None:
    """Return what operators can do about it in one line, or None when it is a bug of ours."""
    if is_outage(error):
        return f"The database of DB_CONNECTION_STRING does not answer: {' '.join(str(error.orig).split())}"
    if getattr(error.orig, "pgcode", None) == NO_TABLE_STATE:
        schema = components().settings.db_schema
        return (
            f"The schema {schema!r} of DB_SCHEMA does not exist or is older than this version: run `flask db upgrade`."
        )
    return None


def show(value: Any) -> None:
    """Print one JSON object on stdout, so that scripts can read it."""
    click.echo(json.dumps(value))


def show_key(user: User, role: str | None, pair: KeyPair) -> None:
    show({"email": user.email, "role": role, "apikey": pair.apikey, "apisecret": pair.apisecret})


@users_group.command("create")
@click.option("--email", required=True, help="Address of the user.")
@click.option("--role", type=click.Choice([IMAGE_ADMIN, READER]), default=IMAGE_ADMIN, show_default=True)
def create_user(email: str, role: str) -> None:
    """Create a user and print its key pair. The secret is shown only once."""
    with transaction() as session:
        user, pair = users.create_user(session, email, role)
        show_key(user, role, pair)


@users_group.command("list")
def list_users() -> None:
    """Print every user, one JSON object per line."""
    with transaction() as session:
        for user in users.summarize_users(session):
            show(user)


@users_group.command("disable")
@click.option("--email", required=True)
def disable_user(email: str) -> None:
    """Disable a user: none of its keys work."""
    _set_enabled(email, enabled=False)


@users_group.command("enable")
@click.option("--email", required=True)
def enable_user(email: str) -> None:
    """Enable a user: its keys work again."""
    _set_enabled(email, enabled=True)


def _set_enabled(email: str, *, enabled: bool) -> None:
    with transaction() as session:
        user = users.get_user(session, email)
        users.set_enabled(session, user, enabled=enabled)
        show({"email": user.email, "enabled": user.enabled})


@users_group.command("rotate-key")
@click.option("--email", required=True)
def rotate_key(email: str) -> None:
    """Revoke all keys of a user and print a new pair."""
    with transaction() as session:
        user, pair = users.rotate_key(session, email)
        show_key(user, None, pair)


@users_group.command("grant")
@click.option("--email", required=True)
@click.option("--role", type=ROLES, required=True)
@click.option("--campaign", type=click.IntRange(min=1), help="Id of the campaign, for the roles labeler and reviewer.")
def grant_role(email: str, role: str, campaign: int | None) -> None:
    """Grant a role to a user."""
    _check_role(role, campaign)
    with transaction() as session:
        users.grant_role(session, users.get_user(session, email), role, campaign)
        show({"email": email, "role": role, "campaign_id": campaign, "granted": True})


@users_group.command("revoke")
@click.option("--email", required=True)
@click.option("--role", type=ROLES, required=True)
@click.option("--campaign", type=click.IntRange(min=1), help="Id of the campaign, for the roles labeler and reviewer.")
def revoke_role(email: str, role: str, campaign: int | None) -> None:
    """Revoke a role of a user."""
    _check_role(role, campaign)
    with transaction() as session:
        users.revoke_role(session, users.get_user(session, email), role, campaign)
        show({"email": email, "role": role, "campaign_id": campaign, "granted": False})


def _check_role(role: str, campaign: int | None) -> None:
    if (role in CAMPAIGN_ROLES) != (campaign is not None):
        raise click.UsageError("Send --campaign with the roles labeler and reviewer, and only with them.")


@keys_group.command("list")
@click.option("--email", required=True)
def list_keys(email: str) -> None:
    """Print every key of a user without its secret, one JSON object per line."""
    with transaction() as session:
        for key in api_keys.find_api_keys(session, users.get_user(session, email).id):
            show(key)


@keys_group.command("create")
@click.option("--email", required=True)
@click.option("--name", help="What the key is for.")
@click.option("--valid-days", type=click.IntRange(1, api_keys.MAX_DAYS_VALID), help="Days until the key expires.")
def create_key(email: str, name: str | None, valid_days: int | None) -> None:
    """Create one more key for a user and print it. The secret is shown only once."""
    date_expires = datetime.now(UTC) + timedelta(days=valid_days) if valid_days else None
    with transaction() as session:
        user = users.get_user(session, email)
        show_key(user, None, api_keys.create_api_key(session, user.id, name, date_expires))


@keys_group.command("rotate")
@click.option("--email", required=True)
@click.option("--key-id", type=click.IntRange(min=1), required=True)
@click.option("--overlap-seconds", type=click.IntRange(0, api_keys.MAX_OVERLAP_SECONDS), default=0, show_default=True)
def rotate_one_key(email: str, key_id: int, overlap_seconds: int) -> None:
    """Replace a key and print the new one. The old key keeps working for the overlap."""
    with transaction() as session:
        user = users.get_user(session, email)
        api_key = api_keys.get_api_key(session, user.id, key_id)
        show_key(user, None, api_keys.rotate_api_key(session, api_key, timedelta(seconds=overlap_seconds)))


@keys_group.command("revoke")
@click.option("--email", required=True)
@click.option("--key-id", type=click.IntRange(min=1), required=True)
def revoke_key(email: str, key_id: int) -> None:
    """Revoke a key for good."""
    with transaction() as session:
        user = users.get_user(session, email)
        api_keys.revoke_api_key(session, api_keys.get_api_key(session, user.id, key_id))
        show({"email": user.email, "key_id": key_id, "revoked": True})


@images_group.command("make-container")
def make_container() -> None:
    """Create the main container, AZURE_STORAGE_IMAGESET_CONTAINER, if it does not exist."""
    store = components().blob_store
    with transaction():
        show({"container": store.container, "made": store.make_container(store.container)})


@images_group.command("register")
@click.argument("prefix")
def register_images(prefix: str) -> None:
    """Register the files below PREFIX in the main container as images that belong to no set.

    Each file that cannot be read has a line on standard error. The others are registered, and the exit status is 1.
    """
    try:
        prefix.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("PREFIX must be text in UTF-8.", param_hint="PREFIX") from None
    with transaction() as session:
        done = image_files.register_images(session, components().make_patient_blobs(), prefix)
    for name, fault in done.faults.items():
        click.echo(f"{printable(name)}: {fault.message}", err=True)
    show(
        {
            "found": done.found,
            "added": done.added,
            "corrected": done.corrected,
            "skipped": done.skipped,
            "failed": len(done.faults),
        }
    )
    sys.exit(1 if done.faults else 0)


@storage_group.command("cors")
@click.option("--origin", required=True, help="Origin of the console, such as https://labels.example.org.")
@click.option("--print", "is_printed", is_flag=True, help="Print the command of the Azure CLI instead of running it.")
def allow_origin(origin: str, is_printed: bool) -> None:
    """Let web pages of an origin read and upload files: add the CORS rule to the storage account.

    The other rules of the account stay. Without the right to change the account, --print shows what its owner can run.
    """
    try:
        origin = read_origin(origin)
    except ValueError as error:
        raise click.BadParameter(f"ORIGIN {error}.", param_hint="--origin") from None
    store = components().blob_store
    if is_printed:
        click.echo(command_for(store.account, origin))
        return
    try:
        show({"origin": origin, "added": store.allow_origin(origin)})
    except Problem as problem:
        raise click.ClickException(
            f"{problem.detail} The owner of the account can run this instead:\n{command_for(store.account, origin)}"
        ) from None


@click.group("check", cls=AppGroup, invoke_without_command=True)
@click.option("--repair", is_flag=True, help="Fix what can be fixed safely.")
@click.option(
    "--grace-minutes",
    type=click.FloatRange(min=0),
    default=10,
    help="Ignore what is younger than this.",
    show_default=True,
)
@click.pass_context
@with_appcontext
def check(context: click.Context, repair: bool, grace_minutes: float) -> None:
    """Find disagreements between tables, files, containers and jobs. The exit status is 1 if any is left."""
    if context.invoked_subcommand is None:
        left = sum(1 for finding in list_findings(timedelta(minutes=grace_minutes)) if not settle(finding, repair))
        click.echo(f"{left} disagreement(s) left." if left else "Everything agrees.", err=True)
        sys.exit(1 if left else 0)


@check.command("azure-ml")
@with_appcontext
def check_azure_ml() -> None:
    """Check that the settings give access to the workspace and its datastore."""
    settings = components().settings
    if not settings.uses_azure_ml:
        raise click.ClickException("The AZURE_ML settings are missing, so nothing is registered.")
    workspace = Workspace.of(settings)
    for step in (workspace.check, workspace.check_datastore):
        try:
            step()
        except (RegistrationFailed, Problem) as problem:
            raise click.ClickException(str(problem)) from None
    found = {"workspace": workspace.name, "datastore": workspace.datastore, "api": settings.azure_ml_api}
    show({"azure_ml": "ok", **found})


def list_findings(grace: timedelta) -> list[Finding]:
    """Return all findings; they are read to the end before anything is repaired."""
    folder = components().settings.azure_storage_imageset_folder
    with transaction() as session:
        return list(find_disagreements(session, components().make_patient_blobs(), folder, grace))


def settle(finding: Finding, repair: bool) -> bool:
    """Print one finding, and with `repair` fix it where that is safe; return whether it is repaired."""
    printed: dict[str, Any] = {
        "check": finding.check,
        "subject": finding.subject,
        "detail": finding.detail,
        "repaired": False,
    }
    if repair and finding.repair:
        try:
            finding.repair()
            db.session.commit()
            printed["repaired"] = True
        except Problem as problem:
            db.session.rollback()
            printed["detail"] += f" {problem.detail}"
    show(printed)
    return bool(printed["repaired"])


@click.command("worker")
@click.option("--concurrency", type=click.IntRange(min=2), help="Number of jobs that run at the same time.")
@with_appcontext
def run_worker(concurrency: int | None) -> None:
    """Run background jobs until SIGTERM."""
    from app.jobs import runner as jobs

    settings = components().settings
    try:
        safety.refuse_unsafe_server(settings)
    except Problem as problem:
        raise click.ClickException(problem.detail) from None
    if settings.worker_metrics_port:
        try:
            metrics.serve(settings.bind_host, settings.worker_metrics_port)
        except OSError as error:
            raise click.ClickException(f"WORKER_METRICS_PORT {settings.worker_metrics_port}: {error}.") from None
    jobs.run_worker(settings, components().make_patient_blobs(), concurrency)
