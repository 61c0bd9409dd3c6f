"""A real nginx in front of the service. Its configuration and all of its files are in a folder of the test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 60
# Debian installs the program where only root's PATH leads.
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CONFIGURATION = """
{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_max_body_size 64m;
    {temporary_paths}
    {upstream}
    server {{
        listen 127.0.0.1:{port};
        {locations}
    }}
}}
"""


def program() -> str:
    """The path of nginx. Without it the test is skipped, or fails where nginx is required."""
    found = shutil.which("nginx", path=SEARCH_PATH)
    if found:
        return found
    message = "nginx is not installed (Debian: apt-get install nginx-light)"
    if os.environ.get("REQUIRE_NGINX"):
        pytest.fail(f"{message}, and REQUIRE_NGINX is set.")
    pytest.skip(f"{message}.")


@contextmanager
def nginx(folder: Path, port: int, locations: str, upstream: str = "") -> Iterator[str]:
    """Run nginx on a free port of this machine with these `location` blocks, and an `upstream` block. Yield its URL."""
    path = program()
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            # Started by root, nginx would serve requests as a user who cannot write in the folder.
            user="user root;" if os.geteuid() == 0 else "",
            folder=folder,
            port=port,
            temporary_paths=" ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY),
            upstream=upstream,
            locations=locations,
        )
    )
    log = folder / "error.log"
    process = subprocess.Popen([path, "-p", str(folder), "-e", str(log), "-c", str(configuration)])
    try:
        wait_until_listening(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_SECONDS)
        finally:
            process.kill()
            process.wait()


def wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
