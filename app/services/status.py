"""Is everything there that the service needs: database, migrations, storage; each check with a word for operators."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.azure.blobs import BlobStore
from app.errors import Problem

WRITE_CHECK_SECONDS = 60
MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


class CheckFailed(Exception):
    """A check did not pass; the message is one sentence for an operator."""


@dataclass
class StatusChecks:
    """The checks of one process. Those that write to storage run at most once a minute; between, the last result counts."""

    engine: Engine
    blobs: BlobStore
    _writes: dict[str, tuple[float, str | None]] = field(default_factory=dict)

    def run(self) -> dict[str, str | None]:
        """Return each check's name with null when it passed, or with what is wrong, in words."""
        results = {
            "database": self._result(self._database),
            "migrations": self._result(self._migrations),
            "storage": self._result(self._storage),
        }
        if results["storage"] is None:
            results["storage_container_writable"] = self._seldom("container", self._make_container)
            results["storage_blob_writable"] = self._seldom("blob", self._make_blob)
        return results

    def is_ready(self) -> bool:
        """True when requests can be served: the database answers and is migrated."""
        return self._result(self._migrations) is None

    def _result(self, check: Callable[[], None]) -> str | None:
        try:
            check()
        except (CheckFailed, Problem) as error:
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
        with self.engine.connect() as connection:
            connection.execute(text("SET LOCAL statement_timeout = '2s'"))
            connection.execute(text("SELECT 1"))

    def _migrations(self) -> None:
        with self.engine.connect() as connection:
            connection.execute(text("SET LOCAL statement_timeout = '2s'"))
            if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                raise CheckFailed("The schema of DB_SCHEMA has no tables yet: run `flask db upgrade`.")
            found = set(connection.scalars(text("SELECT version_num FROM alembic_version")))
        wanted = newest_migrations()
        if found != wanted:
            raise CheckFailed(
                f"The schema is at {_words(found)} and should be at {_words(wanted)}: run `flask db upgrade`."
            )

    def _storage(self) -> None:
        if not self.blobs.container_exists(self.blobs.container):
            raise CheckFailed(
                f"The container {self.blobs.container} of AZURE_STORAGE_IMAGESET_CONTAINER does not exist; create it."
            )

    def _make_container(self) -> None:
        name = f"labelapi-status-{secrets.token_hex(8)}"
        self.blobs.make_container(name)
        self.blobs.delete_container(name)

    def _make_blob(self) -> None:
        self.blobs.upload("labelapi-status/check", [b"ok"], "text/plain")


def newest_migrations() -> set[str]:
    """Return the newest revisions among the migrations of this version."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return set(ScriptDirectory.from_config(config).get_heads())


def _words(revisions: set[str]) -> str:
    return ", ".join(sorted(revisions)) or "no migration"
