"""`make run`: starts database, storage, web and worker in their order, keeps them running, and stops them in the reverse."""

import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from app.settings import Settings, SettingsError, load_settings
from local import env_file
from local.azurite import AzuriteServer
from local.folder import CHECKOUT, DataFolder, StartError, describe, read_json, write_private
from local.options import EMBEDDED_MARK, Options, fingerprint
from local.postgres import DATABASE, PostgresServer, make_database, make_schema
from local.processes import FULL_DISK_WORDS, Part, require_room, stop_leftovers, tail, wait_until_ready

ADMIN_EMAIL = "admin@example.org"
ADMIN_KEYS = ("apikey", "apisecret")
EMBEDDED_SCHEMA = "labelapi"
EMBEDDED_STORAGE = {"AZURE_STORAGE_IMAGESET_CONTAINER": "images", "AZURE_STORAGE_IMAGESET_FOLDER": "image_sets"}
WEB_START_TIMEOUT_SECONDS = 120
# gunicorn itself waits 30 s for open requests; a job that is cut off goes on at the next start.
WEB_GRACE_SECONDS, WORKER_GRACE_SECONDS = 35, 15
# A new database takes some 50 MB, and its log may grow by 16 MB at a time.
START_BYTES, FIRST_START_BYTES = 20 * 1024**2, 120 * 1024**2
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, STEADY_SECONDS = 0.5, 30.0, 60.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):  # It is no error: somebody asked for it.
    """A stop was asked for while something was waited for."""


@dataclass
class Watch:
    """How often in a row a part has died, and when it is started again (seconds of the monotonic clock)."""

    part: Part
    started_at: float
    deaths: int = 0
    due_at: float | None = None


class Launcher:
    """One run of LabelAPI from one data folder, which the caller has locked."""

    def __init__(self, options: Options, folder: DataFolder) -> None:
        self.options = options
        self.folder = folder
        self.environment = dict(options.environment)
        self.embedded: list[str] = []
        self.programs = [env_file.python_programs()]
        self.parts: list[Part] = []
        self.postgres: PostgresServer | None = None
        self.stop_asked = threading.Event()

    def run(self) -> None:
        """Start everything, keep it running until a signal, stop it. Raises StartError, OSError."""
        self._catch_signals()
        try:
            self._start()
            self._supervise()
        except Stopped:
            pass
        finally:
            self._stop()

    def _catch_signals(self) -> None:
        def ask_to_stop(*_: object) -> None:
            say("Already stopping …" if self.stop_asked.is_set() else "Stopping …")
            self.stop_asked.set()

        for number in SIGNALS:
            signal.signal(number, ask_to_stop)

    def _pause(self, seconds: float) -> None:
        if self.stop_asked.wait(seconds):
            raise Stopped

    def _start(self) -> None:
        leftovers = stop_leftovers(self.folder)
        if leftovers:
            say(f"Stopped what an earlier run left running: {', '.join(leftovers)}.")
        require_free_port(self.options)
        require_room(self.folder, START_BYTES if self.folder.postgres.exists() else FIRST_START_BYTES)
        self._start_database()
        self._start_storage()
        settings = self._settle()
        self._call_flask("db", "upgrade", failure="The database could not be migrated")
        self._make_admin(only_if_missing=True)
        self._start_application(settings)
        self._check_admin()
        self._announce()

    def _launch(self, part: Part) -> None:
        part.start()
        self.parts.append(part)

    def _start_database(self) -> None:
        if self.options.has_database:
            say("Database: the given DB_CONNECTION_STRING.")
            return
        started = time.monotonic()
        say("Database: starting PostgreSQL …")
        server = PostgresServer(self.folder)
        server.prepare()
        self.postgres = server
        self._launch(part := server.part())
        server.wait_until_ready(part, self._pause)
        make_database(server.url("postgres"), DATABASE)
        self.environment.setdefault("DB_SCHEMA", EMBEDDED_SCHEMA)
        make_schema(server.url(), self.environment["DB_SCHEMA"])
        self._hand_over("DB_CONNECTION_STRING", server.url())
        self.programs.append(server.binaries)
        say(f"Database: ready ({time.monotonic() - started:.1f} s).")

    def _start_storage(self) -> None:
        if self.options.has_storage:
            say("Storage: the given storage account.")
            return
        started = time.monotonic()
        say("Storage: starting Azurite …")
        server = AzuriteServer(self.folder)
        server.prepare()
        if server.moved_from:
            say(f"Storage: port {server.moved_from} is taken; earlier links work again when it is free.")
        self._launch(part := server.part())
        server.wait_until_ready(part, self._pause)
        for name, value in EMBEDDED_STORAGE.items():
            self.environment.setdefault(name, value)
        self._hand_over("AZURE_STORAGE_CONNECTION_STRING", server.account.connection_string)
        self._avoid_proxies()
        say(f"Storage: ready ({time.monotonic() - started:.1f} s).")

    def _hand_over(self, name: str, value: str) -> None:
        self.environment[name] = value
        self.embedded.append(fingerprint(value))

    def _avoid_proxies(self) -> None:
        """Azurite is on this machine, where no proxy of the network finds it."""
        for name in ("NO_PROXY", "no_proxy"):
            hosts = [host for host in self.environment.get(name, "").split(",") if host]
            self.environment[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))

    def _settle(self) -> Settings:
        """Check the settings, write the file `env`, and return them. Raises StartError naming what is missing."""
        chosen = {
            "FLASK_APP": f"{CHECKOUT / 'main.py'}:app",
            "BIND_HOST": self.options.host,
            "PORT": str(self.options.port),
        }
        self.environment |= {**chosen, "PYTHONUNBUFFERED": "1"}
        os.environ.update(self.environment)
        try:
            settings = load_settings()
        except SettingsError as error:
            raise StartError(str(error)) from None
        more = {"FLASK_APP": chosen["FLASK_APP"], EMBEDDED_MARK: " ".join(self.embedded)}
        more |= {name: self.environment[name] for name in ("NO_PROXY", "no_proxy") if name in self.environment}
        write_private(self.folder.env_file, env_file.env_text(self.folder.env_file, settings, more, self.programs))
        return settings

    def _call_flask(self, *arguments: str, failure: str) -> str:
        """Run a command of the application and return what it printed. Raises StartError with its last line, Stopped."""
        log_file = self.folder.log_file("setup")
        with log_file.open("w+") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "flask", *arguments],
                cwd=CHECKOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            try:
                printed = self._wait_for(process)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        if process.returncode:
            raise StartError(f"{failure}: {last_line(tail(log_file) or printed)}")
        return printed

    def _wait_for(self, process: subprocess.Popen[str]) -> str:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=0.2)[0]
            self._pause(0)

    def _make_admin(self, *, only_if_missing: bool) -> None:
        """Make the first image-admin, or a new key for it when it exists, and write `admin.json`."""
        known = read_json(self.folder.admin_file)
        if not (only_if_missing and all(known.get(name) for name in ADMIN_KEYS)):
            known = self._new_admin_key()
        keys = {name: known[name] for name in ADMIN_KEYS}
        content = {"url": self.options.url, "email": known.get("email", ADMIN_EMAIL), **keys}
        write_private(self.folder.admin_file, json.dumps(content, indent=2) + "\n")

    def _new_admin_key(self) -> dict[str, str]:
        say("Creating the first image-admin …")
        failure = "The first image-admin could not be created"
        try:
            command = ("users", "create", "--email", ADMIN_EMAIL, "--role", "image-admin")
            printed = self._call_flask(*command, failure=failure)
        except StartError as error:
            # The user exists when a start was cut off before it wrote the file, or when the file was removed.
            with suppress(StartError):
                return self._rotated_admin_key()
            raise error from None
        return _json_line(printed, failure)

    def _rotated_admin_key(self) -> dict[str, str]:
        failure = "The image-admin got no new key"
        return _json_line(self._call_flask("users", "rotate-key", "--email", ADMIN_EMAIL, failure=failure), failure)

    def _start_application(self, settings: Settings) -> None:
        say("Web and worker: starting …")
        started = time.monotonic()
        python = [sys.executable, "-m"]
        web = self._application_part("web", [*python, "gunicorn", "-c", "gunicorn.conf.py", "main:server"])
        web.grace_seconds = WEB_GRACE_SECONDS
        # Otherwise each start would leave a folder among the machine's temporary ones when it is killed.
        web.environment = {**self.environment, "PROMETHEUS_MULTIPROC_DIR": str(self.folder.path / "metrics")}
        self._launch(web)
        worker = self._application_part("worker", [*python, "flask", "worker"])
        worker.grace_seconds = WORKER_GRACE_SECONDS
        self._launch(worker)
        storage = settings.azure_storage_connection_string
        if not self.options.has_storage and storage:
            # The import takes a second, which a start that fails early does not need.
            from local.embedded_storage import prepare_storage

            container = settings.azure_storage_imageset_container
            prepare_storage(storage.get_secret_value(), container, self.options.origins)
        wait_until_ready(web, partial(_answers, self.options.url), WEB_START_TIMEOUT_SECONDS, self._pause)
        say(f"Web and worker: ready ({time.monotonic() - started:.1f} s).")

    def _application_part(self, name: str, command: list[str]) -> Part:
        return Part(name, command, self.folder, self.environment, CHECKOUT)

    def _check_admin(self) -> None:
        """Make a new key when the one in `admin.json` is refused: it may be of another database."""
        if self._ask_who_i_am() != http.HTTPStatus.UNAUTHORIZED:
            return
        say("The key in admin.json belongs to another database, or was revoked.")
        self._make_admin(only_if_missing=False)

    def _ask_who_i_am(self) -> int:
        admin = read_json(self.folder.admin_file)
        headers = {"Authentication-Key": admin["apikey"], "Authentication-Secret": admin["apisecret"]}
        return fetch_status(self.options.url, "/api/v1/whoami", headers)

    def _announce(self) -> None:
        admin, url = read_json(self.folder.admin_file), self.options.url
        headers = f"-H 'Authentication-Key: {admin['apikey']}' -H 'Authentication-Secret: {admin['apisecret']}'"
        self.folder.describe_holder(f"{url} (process {os.getpid()}); Ctrl-C there stops it, so does kill {os.getpid()}")
        say(f"""
LabelAPI runs at {url}

  Console     {url}/
  Swagger UI  {url}/api/v1/ui
  Status      {url}/info/status
  Key         {admin["apikey"]}
  Secret      {admin["apisecret"]}
              (of {admin["email"]}, image-admin; also in {short(self.folder.admin_file)})
  Try it      curl {headers} {url}/api/v1/whoami
  Demo        make demo, in another terminal
  Settings    set -a; . {short(self.folder.env_file)}    (for flask … and psql)
  Logs        {short(self.folder.path / "logs")}

Ctrl-C stops it; the data stay in {short(self.folder.path)}.
""")

    def _supervise(self) -> None:
        watches = [Watch(part, time.monotonic()) for part in self.parts]
        while True:
            self._pause(0.2)
            for watch in watches:
                self._look_after(watch, time.monotonic())

    def _look_after(self, watch: Watch, now: float) -> None:
        """Start a part again that has died: at once the first time, later and later when it keeps dying."""
        part = watch.part
        if watch.due_at is not None:
            if now >= watch.due_at:
                self._start_again(watch, now)
        elif part.exit_status is not None:
            watch.deaths = 0 if now - watch.started_at > STEADY_SECONDS else watch.deaths
            delay = min(FIRST_DELAY_SECONDS * 2**watch.deaths, LONGEST_DELAY_SECONDS)
            watch.deaths, watch.due_at = min(watch.deaths + 1, 10), now + delay
            say(f"{part.name} ended ({part.last_words()}); it will be restarted in {delay:.1f} s.")
            part.clear()

    @staticmethod
    def _start_again(watch: Watch, now: float) -> None:
        watch.started_at, watch.due_at = now, None
        try:
            watch.part.start()
        except (StartError, OSError) as error:
            reason = describe(error) if isinstance(error, OSError) else str(error)
            watch.due_at = now + LONGEST_DELAY_SECONDS
            say(f"{watch.part.name} could not be started; next attempt in {LONGEST_DELAY_SECONDS:.0f} s. {reason}")

    def _stop(self) -> None:
        """Stop web and worker side by side, then storage, then the database: what is used ends after what uses it."""
        self.stop_asked.set()
        application = [part for part in self.parts if part.name in ("web", "worker")]
        threads = [threading.Thread(target=part.stop) for part in application]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for part in reversed([part for part in self.parts if part not in application]):
            part.stop()
        if self.postgres:
            self.postgres.remove_socket_folder()
        if self.parts:
            say("Stopped.")


def require_free_port(options: Options) -> None:
    """Raise StartError when nobody could listen on the chosen address and port."""
    no_address = StartError(f"BIND_HOST must be an address of this machine, not {options.host!r}.")
    try:
        family, *_, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise no_address from None
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise StartError(
                f"Port {options.port} is for root only. Choose one from 1024 on, such as PORT=8081."
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise no_address from None
            other = options.port % 65535 + 1
            raise StartError(
                f"Port {options.port} is taken by another program; choose another one: make run PORT={other}"
            ) from None


def fetch_status(url: str, path: str, headers: dict[str, str] | None = None) -> int:
    """Return the status of a GET, without any proxy of the environment; 0 when nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _answers(url: str) -> bool:
    return fetch_status(url, "/info/ready") == http.HTTPStatus.OK


def _json_line(printed: str, failure: str) -> dict[str, str]:
    """Return the JSON object that a command printed last. Raises StartError when there is none."""
    lines = printed.strip().splitlines()
    try:
        content = json.loads(lines[-1])
        return {name: str(content[name]) for name in ("email", *ADMIN_KEYS)}
    except (IndexError, ValueError, KeyError, TypeError):
        raise StartError(f"{failure}: {lines[-1] if lines else 'no answer'}") from None


def last_line(words: str) -> str:
    """Return the line of a failed command that says most: that the disk is full, or the last one."""
    if any(sign in words for sign in FULL_DISK_WORDS):
        return "the disk is full."
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ")[:500] if lines else "it printed nothing"


def short(path: Path) -> str:
    """Return a path as seen from the checkout, when it lies in it."""
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


def say(line: str) -> None:
    """Print a line; a terminal that is gone must not keep the parts from being stopped."""
    # A signal may come in the middle of another line, which printing refuses by a RuntimeError.
    with suppress(OSError, ValueError, RuntimeError):
        print(line, flush=True)
