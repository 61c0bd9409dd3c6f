"""How gunicorn serves `main:server`; everything that may differ between machines is a setting."""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from app.database.safety import refuse_unsafe_server
from app.errors import Problem
from app.settings import SettingsError, load_settings

try:
    settings = load_settings()
except SettingsError as error:
    sys.exit(f"LabelAPI cannot start. {error}")

# Each process counts for itself, in files that /metrics adds up; the library looks for this name when it is imported.
metrics_folder = Path(settings.prometheus_multiproc_dir or tempfile.mkdtemp(prefix="labelapi-metrics-"))
metrics_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_folder)

proc_name = "labelapi"
host = f"[{settings.bind_host}]" if ":" in settings.bind_host else settings.bind_host
bind = f"{host}:{settings.port}"
workers = settings.web_workers
worker_class = "app.web.server.Worker"
# A process that has not answered for so long is replaced; large bodies are read off the event loop and do not count.
timeout = 60
graceful_timeout = 30
# Longer than the idle time of common load balancers, so that these end a connection, and never this side just before.
keepalive = 75
# The socket would lie in the home folder, which may be shared or read-only.
control_socket_disable = True
# The application logs its requests itself, with their ids.
accesslog = None
logger_class = "app.web.server.Log"
loglevel = settings.log_level.lower()


def child_exit(_server: Any, worker: Any) -> None:
    """Let /metrics forget what a process that is gone said of itself."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_starting(_server: Any) -> None:
    """Begin with no files, since those of killed processes would be added up for ever; and with a database to trust."""
    for warning in settings.warnings:
        structlog.get_logger("labelapi").warning(warning)
    _remove_metrics()
    try:
        refuse_unsafe_server(settings)
    except Problem as problem:
        sys.exit(f"LabelAPI cannot start. {problem.detail}")


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    _remove_metrics()
    with suppress(OSError):
        metrics_folder.rmdir()


def _remove_metrics() -> None:
    # Only the library's own files: the folder may be one that somebody else uses as well.
    for file in metrics_folder.glob("*.db"):
        file.unlink(missing_ok=True)
