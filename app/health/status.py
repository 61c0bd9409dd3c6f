"""Is everything there that the service needs: database, migrations, storage; each check with a word for operators."""

import io
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.azure.blobs import BlobStore
from app.azure.ml.registry import RegistrationFailed
from app.azure.ml.workspace import Workspace
from app.errors import Problem

WRITE_CHECK_SECONDS = 60
REFRESH_SECONDS = 5
if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"

log = structlog.get_logger("labelapi")
Results = dict[str, str | None]


class CheckFailed(Exception):
    """A check did not pass; the message is one sentence for an operator."""


@dataclass(frozen=True)
class Report:
    """The results of the checks when they last ran, and when they had ended, a time of the monotonic clock in seconds."""

    results: Results
    ended: float

    @property
    def age_seconds(self) -> float:
        """Seconds since the checks ended."""
        return time.monotonic() - self.ended


@dataclass
class StatusChecks:
    """The checks of one process. Those that write to storage run at most once a minute; between, the last result counts.

    `required` holds each required setting's name, and whether it has a value; `workspace` is that of Azure ML, where one is
    configured.
    """

    engine: Engine
    blobs: BlobStore
    required: Mapping[str, bool]
    workspace: Workspace | None = None
    _writes: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    _report: Report | None = None
    _running: threading.Lock = field(default_factory=threading.Lock)

    def latest(self) -> Report | None:
        """Return the last report, or None before the first one. Never waits for a check.

        Without a report from the last REFRESH_SECONDS the checks begin to run in a thread, unless they are running already.
        """
        report = self._report
        is_recent = report is not None and report.age_seconds < REFRESH_SECONDS
        if not is_recent and self._running.acquire(blocking=False):
            # The end of the process does not wait for storage that does not answer.
            threading.Thread(target=self._refresh, name="status checks", daemon=True).start()
        return report

    def _refresh(self) -> None:
        try:
            results = self.run()
        except Exception as error:
            log.error("status checks ended with an unforeseen error", exc_info=error)
            results = {"status_checks": "The checks ended with a fault of the service, which was logged."}
        failed = {name: message for name, message in results.items() if message}
        if failed:
            log.warning("status checks failed", **failed)
        self._report = Report(results, time.monotonic())
        self._running.release()

    def run(self) -> Results:
        """Return each check's name with null when it passed, or with a message that says what is wrong."""
        results = {f"setting_{name}": None if given else f"{name} is not set." for name, given in self.required.items()}
        results["database"] = self._result(self._database)
        results["migrations"] = self._result(self._migrations)
        results["storage"] = self._result(self._storage)
        storage: dict[str, Callable[[], str | None]] = {
            "storage_container": lambda: self._result(self._container),
            "storage_container_writable": lambda: self._seldom("container", self._make_container),
            "storage_blob_writable": lambda: self._seldom("blob", self._make_blob),
        }
        for name, check in storage.items():
            results[name] = "Not checked, because the blob storage does not answer." if results["storage"] else check()
        if self.workspace:
            # Azure counts what it is asked, and takes its time.
            results["azure_ml_workspace"] = self._seldom("workspace", self.workspace.check)
            results["azure_ml_datastore"] = self._seldom("datastore", self.workspace.check_datastore)
        return results

    def is_ready(self) -> bool:
        """True when requests can be served: the database answers, and its schema is no older than this version's.

        While a newer version is rolled out, its migrations come first; the older one serves on until it is replaced.
        """
        try:
            with self._connection() as connection:
                found = found_migrations(connection)
        except SQLAlchemyError:
            return False
        return found == newest_migrations() or bool(found - known_migrations())

    def _result(self, check: Callable[[], None]) -> str | None:
        try:
            check()
        except (CheckFailed, Problem, RegistrationFailed) as error:
            return str(error)
        except SQLAlchemyError as error:
            return f"The database of DB_CONNECTION_STRING does not answer ({type(error).__name__})."
        return None

    def _seldom(self, name: str, check: Callable[[], None]) -> str | None:
        kept = self._writes.get(name)
        if kept is None or kept[0] < time.monotonic():
            kept = (time.monotonic() + WRITE_CHECK_SECONDS, self._result(check))
            self._writes[name] = kept
        return kept[1]

    def _database(self) -> None:
        with self._connection() as connection:
            connection.execute(text("SELECT 1"))

    def _migrations(self) -> None:
        with self._connection() as connection:
            found = found_migrations(connection)
        expected = newest_migrations()
        if found - known_migrations():
            raise CheckFailed(
                f"The schema is at {_join(found)}, which is newer than this version of LabelAPI ({_join(expected)})."
            )
        if not found:
            raise CheckFailed("The schema of DB_SCHEMA has no tables yet: run `flask db upgrade`.")
        if found != expected:
            raise CheckFailed(
                f"The schema is at {_join(found)} and should be at {_join(expected)}: run `flask db upgrade`."
            )

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            connection.execute(text("SET LOCAL statement_timeout = '2s'"))
            yield connection

    def _storage(self) -> None:
        self.blobs.container_exists(self.blobs.container)

    def _container(self) -> None:
        if not self.blobs.container_exists(self.blobs.container):
            raise CheckFailed(
                f"The container {self.blobs.container} of AZURE_STORAGE_IMAGESET_CONTAINER does not exist; create it."
            )

    def _make_container(self) -> None:
        name = f"labelapi-status-{secrets.token_hex(8)}"
        self.blobs.make_container(name)
        self.blobs.delete_container(name)

    def _make_blob(self) -> None:
        # In one piece: the blocks of two processes that write at the same time would end each other.
        self.blobs.upload("labelapi-status/check", io.BytesIO(b"ok"), "text/plain")


def found_migrations(connection: Connection) -> set[str]:
    """Return the revisions that the schema is at; none when it was never migrated."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


def newest_migrations() -> set[str]:
    """Return the newest revisions among the migrations of this version."""
    return set(_scripts().get_heads())


def known_migrations() -> set[str]:
    """Return every revision among the migrations of this version."""
    return {script.revision for script in _scripts().walk_revisions()}


@cache
def _scripts() -> "ScriptDirectory":
    # The import takes a tenth of a second, which the start of the web server need not wait for.
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def _join(revisions: set[str]) -> str:
    return ", ".join(sorted(revisions)) or "no migration"
