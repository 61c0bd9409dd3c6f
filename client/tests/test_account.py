"""Signing in: who gets a key, where it is kept, and what is said when something is wrong."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Service, Shell, free_port

from labelapi.errors import UsageError
from labelapi.profiles import checked_pair, normal_url

KEY, SECRET = "lsk_" + "a" * 22, "lss_" + "b" * 49


@contextmanager
def foreign_server(status: int, headers: dict[str, str], body: bytes) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Somebody who is no LabelAPI: the address, and the headers of each request that came."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # The name is the library's.
            seen.append(dict(self.headers))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_login_keeps_a_key_that_works_in_a_private_file(service: Service, stranger: Shell) -> None:
    ran = stranger.run("login", f"{service.url}/api/v1", given=f"{service.key}\n{service.secret}\n")
    assert ran.code == 0, ran.err
    kept = stranger.home / "config" / "labelapi" / "profiles.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["default"]["url"] == service.url
    assert service.secret not in ran.out + ran.err
    assert stranger.run("whoami", "--json").json["roles"][0]["role"] == "image-admin"
    assert stranger.run("--json", "whoami").json["roles"][0]["role"] == "image-admin"
    assert stranger.run("logout").code == 0
    gone = stranger.run("whoami")
    assert (gone.code, "labelapi login" in gone.err) == (3, True)


def test_profiles_have_names(service: Service, stranger: Shell) -> None:
    pair = f"{service.key}\n{service.secret}\n"
    assert stranger.run("login", service.url, "--profile", "work", given=pair).code == 0
    assert stranger.run("whoami").code == 3
    assert stranger.run("whoami", "--profile", "work").code == 0
    assert stranger.run("--profile", "work", "whoami").code == 0
    by_variable = Shell(stranger.home, {"LABELAPI_PROFILE": "work"})
    assert by_variable.run("whoami").code == 0


def test_wrong_key_is_refused_and_not_kept(service: Service, stranger: Shell) -> None:
    ran = stranger.run("login", service.url, given=f"{KEY}\n{SECRET}\n")
    assert ran.code == 3
    assert not (stranger.home / "config").exists()
    swapped = stranger.run("login", service.url, given=f"{service.secret}\n{service.key}\n")
    assert (swapped.code, "exchanged" in swapped.err) == (2, True)
    assert stranger.run("login", service.url, given="").code == 2


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Content-Type": "text/html"}, b"<h1>Intranet</h1>"),
        (200, {"Content-Type": "application/json"}, b'{"name": "Other", "version": "1.0.0"}'),
        (404, {}, b""),
        (302, {"Location": "https://elsewhere.example/info/version"}, b""),
        (200, {"Content-Type": "application/json"}, b"[1, 2"),
    ],
)
def test_key_goes_to_nothing_that_is_no_labelapi(
    stranger: Shell, status: int, headers: dict[str, str], body: bytes
) -> None:
    with foreign_server(status, headers, body) as (url, seen):
        ran = stranger.run("login", url, given=f"{KEY}\n{SECRET}\n")
    assert ran.code == 4
    assert url in ran.err
    assert seen
    assert all(not name.lower().startswith("authentication") for request in seen for name in request)
    assert KEY not in str(seen)


def test_nobody_there_is_a_clear_line(stranger: Shell) -> None:
    ran = stranger.run("login", f"http://127.0.0.1:{free_port()}", given=f"{KEY}\n{SECRET}\n")
    assert (ran.code, "does not answer" in ran.err) == (4, True)
    assert "Traceback" not in ran.err


def test_refusal_is_told_in_the_words_of_the_service(shell: Shell) -> None:
    ran = shell.run("image-sets", "show", "999999")
    assert (ran.code, "999999" in ran.err) == (1, True)
    as_json = shell.run("image-sets", "show", "999999", "--json")
    assert (as_json.code, as_json.out) == (1, "")
    assert json.loads(as_json.err)["status"] == 404
    faults = shell.run("image-sets", "create", "No Such Title")
    assert (faults.code, "lowercase" in faults.err) == (1, True)


def test_program_answers_as_the_command_does(service: Service, stranger: Shell) -> None:
    process = stranger.start("login", service.url, "--profile", "own")
    _, err = process.communicate(f"{service.key}\n{service.secret}\n", timeout=60)
    assert process.returncode == 0, err
    process = stranger.start("whoami", "--profile", "own", "--json")
    out, err = process.communicate(timeout=60)
    assert json.loads(out)["roles"][0]["role"] == "image-admin", err
    process = stranger.start("whoami")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, "Traceback" in err) == (3, "", False)


def test_half_of_the_environment_is_wrong_usage(stranger: Shell) -> None:
    ran = Shell(stranger.home, {"LABELAPI_URL": "http://127.0.0.1:1"}).run("whoami")
    assert (ran.code, "LABELAPI_SECRET" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/api/v1/", "https://a.example"),
        ("a.example/labels/api/v1/ui", "https://a.example/labels"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ],
)
def test_address_may_end_with_the_path_of_the_api(given: str, url: str) -> None:
    assert normal_url(given) == url


@pytest.mark.parametrize("given", ["", "ftp://a.example", "https://", "https://me:secret@a.example"])
def test_no_address_is_wrong_usage(given: str) -> None:
    with pytest.raises(UsageError):
        normal_url(given)


def test_pair_is_checked_before_it_is_sent() -> None:
    assert checked_pair(f" {KEY} ", f"{SECRET}\n") == (KEY, SECRET)
    with pytest.raises(UsageError, match="key is not complete"):
        checked_pair(KEY[:-1], SECRET)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_shells_complete_commands(stranger: Shell, name: str) -> None:
    assert "_LABELAPI_COMPLETE" in stranger.run("completion", name).out


def test_file_of_profiles_that_is_broken_is_named(stranger: Shell) -> None:
    folder: Path = stranger.home / "config" / "labelapi"
    folder.mkdir(parents=True)
    (folder / "profiles.json").write_text("{")
    ran = stranger.run("whoami")
    assert (ran.code, "profiles.json" in ran.err) == (2, True)
