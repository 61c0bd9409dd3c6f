"""The images of a campaign in a partner's folder."""

from __future__ import annotations

import csv
import errno
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, partner_of, picture

from labelapi.downloads import BrokenDownload, Fetcher, Outcome, Promise, Wanted, fetch_all
from labelapi.errors import LocalError, StorageError, Unreachable
from labelapi.local_copies import safe_path


def test_partner_pulls_images_and_goes_on(shell: Shell, campaign: Any, title: str, tmp_path: Path) -> None:
    partner, folder = partner_of(shell, campaign), tmp_path / "work"
    assert len(partner.run("todo", "--json").json) == 3
    ran = partner.run("pull", title, folder, "--json")
    assert ran.code == 0, ran.err
    last = ran.lines[-1]
    assert (last["fetched"], last["by_sha256"], last["failures"]) == (3, 3, [])
    rows = list(csv.DictReader((folder / "images.csv").read_text().splitlines()))
    assert sorted((folder / row["path"]).read_bytes() for row in rows) == sorted(picture(number) for number in range(3))
    assert (folder / "classes.txt").read_text() == "PET\nglass\n"
    assert (folder / "instructions.md").read_text() == "Tight boxes."
    broken = folder / rows[0]["path"]
    before = broken.read_bytes()
    broken.write_bytes(before[:-1] + b"?")
    again = partner.run("pull", title, folder, "--json").lines[-1]
    assert (again["fetched"], again["there"]) == (1, 2)
    assert broken.read_bytes() == before
    assert partner.run("pull", title, tmp_path / "other", "--state", "labeled", "--json").lines[-1]["files"] == 0


class Storage:
    """A storage that answers what it is told, to see what a download makes of it."""

    def __init__(self, answers: list[tuple[int, bytes, int]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # The name is the library's.
                status, body, length = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/file"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def fetched(path: Path, answers: list[tuple[int, bytes, int]], size: int | None) -> Outcome:
    storage = Storage(answers)
    fetcher = Fetcher(1, patience=4)
    try:
        return fetcher.fetch(Wanted(path, storage.url, lambda: storage.url, lambda: Promise(size, None)))
    finally:
        fetcher.close()
        storage.close()


def test_truncated_download_is_fetched_again_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    assert fetched(path, [(200, b"12345", 10), (200, b"1234567890", 10)], 10)[:3] == ("size", True, 10)
    path.unlink()
    with pytest.raises(Unreachable):
        fetched(path, [(200, b"12345", 10)], 10)
    with pytest.raises(BrokenDownload):
        fetched(path, [(200, b"12345", 5)], 10)
    assert list(tmp_path.iterdir()) == []


def test_refused_link_is_replaced_and_outage_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    assert fetched(path, [(403, b"", 0), (503, b"", 0), (200, b"1", 1)], 1).was_fetched
    with pytest.raises(StorageError, match="404"):
        fetched(tmp_path / "b.jpg", [(404, b"", 0)], 1)


def test_full_disk_ends_everything_with_a_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("labelapi.local_copies.tempfile.mkstemp", full)
    storage = Storage([(200, b"1", 1)])
    wanted = [Wanted(tmp_path / name, storage.url, lambda: storage.url, lambda: Promise(1, None)) for name in "abc"]
    try:
        with pytest.raises(LocalError, match="No space left"):
            fetch_all(wanted, sent=lambda count: None)
    finally:
        storage.close()


def test_large_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "part"
    counted: list[int] = []
    path.write_bytes(b"12345")
    storage = Storage([(503, b"", 0), (206, b"67", 5), (206, b"67890", 5)])
    fetcher = Fetcher(1)
    digest = hashlib.sha256(b"1234567890").hexdigest()
    try:
        fetcher.fetch_on(path, lambda: storage.url, 10, digest, counted.append)
        with pytest.raises(BrokenDownload):
            fetcher.fetch_on(path, lambda: storage.url, 10, "0" * 64, counted.append)
    finally:
        fetcher.close()
        storage.close()
    assert not path.exists()
    assert sum(counted[:-1]) == 10


@pytest.mark.parametrize("name", ["../a.jpg", "a/../../b.jpg", "/etc/passwd", "a//b.jpg", "a\\b.jpg", "a/./b", ""])
def test_names_do_not_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        safe_path(tmp_path, name)
