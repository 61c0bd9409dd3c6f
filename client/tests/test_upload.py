"""A folder into an image set: odd files, interruptions, blocks, expired links, and two at once."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

import pytest
from conftest import PNG, Shell, picture

from labelapi import LabelAPI
from labelapi.dropbox import BLOCK_BYTES, Dropbox
from labelapi.local_files import LocalFile, media_type_of
from labelapi.upload import open_set

ODD_NAMES = ("frame 1.png", "north bank/100%.png", "north bank/Brücke #2.png", "a&b=c?.png", "~/x.png", "日本.png")


def make_files(folder: Path, names: tuple[str, ...]) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))


def uploads_of(api: LabelAPI, title: str) -> dict[str, tuple[int, str | None]]:
    return {each["name"]: (each["size"], each["md5"]) for each in api.image_sets[title].uploads()}


def md5_of(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324  # It is compared, not trusted.


def test_odd_names_arrive_and_junk_does_not(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    make_files(folder, ODD_NAMES)
    (folder / ".DS_Store").write_bytes(b"junk")
    (folder / "._frame 1.png").write_bytes(b"junk")
    (folder / ".hidden.png").write_bytes(PNG)
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("no image")
    (folder / "back\\slash.png").write_bytes(PNG)
    (folder / "loop").symlink_to(folder)
    ran = shell.run("upload", folder, "--set", title, "--json", "--metadata", "country=NL")
    summary = ran.lines[-1]
    # A name that cannot be that of a blob is a file that is missing.
    assert ran.code == 5, ran.err
    assert uploads_of(api, title) == {
        name: (len(picture(number)), md5_of(picture(number))) for number, name in enumerate(ODD_NAMES)
    }
    assert summary["left_out"] == {"junk": 2, "hidden": 1, "empty": 1, "no image": 1, "bad name": 1}
    assert (summary["sent"], summary["verified"]) == (len(ODD_NAMES), len(ODD_NAMES))
    assert api.image_sets[title].read()["metadata"] == {"country": "NL"}


def test_second_run_sends_nothing_and_a_changed_file_again(
    api: LabelAPI, shell: Shell, title: str, tmp_path: Path
) -> None:
    make_files(tmp_path / "photos", ODD_NAMES)
    first = shell.run("upload", tmp_path / "photos", "--set", title, "--json")
    assert (first.code, first.lines[-1]["sent"]) == (0, len(ODD_NAMES))
    (tmp_path / "photos" / "frame 1.png").write_bytes(picture(7))
    second = shell.run("upload", tmp_path / "photos", "--set", title, "--json").lines[-1]
    assert (second["sent"], second["there"]) == (1, len(ODD_NAMES) - 1)
    assert uploads_of(api, title)["frame 1.png"] == (len(picture(7)), md5_of(picture(7)))


def test_finish_watches_the_ingest_and_names_what_is_wrong(shell: Shell, title: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    # No other test has the same content.
    for name, number in (("a.png", 0), ("b.png", 1), ("c.png", 0)):
        (folder / name).write_bytes(picture(number) + title.encode())
    (folder / "broken.png").write_bytes(PNG[:50])
    (folder / "read me.txt").write_text("no image")
    ran = shell.run("upload", folder, "--set", title, "--finish", "--all-files", "--json")
    assert ran.code == 5, ran.err
    last = ran.lines[-1]
    assert last["image_set"]["status"] == "finished"
    assert last["image_set"]["ingest"]["not_images"] == 1
    assert last["image_set"]["ingest"]["duplicates"] == 1
    assert [problem["name"] for problem in last["problems"]] == ["broken.png"]
    assert "broken.png" in ran.err
    again = shell.run("upload", folder, "--set", title)
    assert (again.code, "--reopen" in again.err) == (2, True)
    (folder / "d.png").write_bytes(picture(4))
    more = shell.run("upload", folder, "--set", title, "--reopen", "--finish", "--json")
    assert more.lines[-1]["image_set"]["ingest"]["images"] >= 3, more.err


def test_killed_uploads_end_complete(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    count = 4000
    names = tuple(f"{number // 100}/{number}.png" for number in range(count))
    make_files(tmp_path / "photos", names)
    command = ("upload", tmp_path / "photos", "--set", title, "--json")
    for end in (signal.SIGKILL, signal.SIGINT):
        process = shell.start(*command)
        deadline = time.monotonic() + 60
        before = len(uploads_of(api, title)) if api.image_sets.titled(title) else 0
        while process.poll() is None and time.monotonic() < deadline:
            if api.image_sets.titled(title) and len(uploads_of(api, title)) > before + 100:
                break
            time.sleep(0.05)
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(end)
        _, err = process.communicate(timeout=60)
        if end is signal.SIGINT:
            assert process.returncode == 130, err
            assert "labelapi upload" in err
            assert "Traceback" not in err
    there = len(uploads_of(api, title))
    last = shell.run(*command).lines[-1]
    assert last["there"] >= there > 200
    assert last["sent"] + last["there"] == last["verified"] == count
    assert uploads_of(api, title).keys() == set(names)


def test_large_file_goes_on_at_its_blocks(api: LabelAPI, title: str, tmp_path: Path) -> None:
    content = PNG + os.urandom(4 * BLOCK_BYTES + 5000)
    path = tmp_path / "large.png"
    path.write_bytes(content)
    file = LocalFile("large.png", str(path), len(content), "image/png")
    image_set, link = open_set(api, title, {})
    counted: list[int] = []

    def stop_after_two(count: int) -> None:
        counted.append(count)
        if len(counted) == 2:
            raise KeyboardInterrupt

    dropbox = Dropbox(link, lambda: link, 2)
    with pytest.raises(KeyboardInterrupt):
        dropbox.put(file, stop_after_two, None)
    assert not uploads_of(api, title)
    assert sorted(dropbox._uncommitted("large.png").values()) == [BLOCK_BYTES, BLOCK_BYTES]
    put_blocks: list[str] = []
    send = dropbox._send

    def counting(method: str, name: str, query: str, *rest: object, **more: object) -> object:
        put_blocks.append(query)
        return send(method, name, query, *rest, **more)  # type: ignore[arg-type]

    dropbox._send = counting  # type: ignore[method-assign,assignment]
    md5, was_sent = dropbox.put(file, lambda count: None, None)
    dropbox.close()
    assert (md5, was_sent) == (md5_of(content), True)
    assert sum("comp=block&" in query for query in put_blocks) == 3
    assert uploads_of(api, title) == {"large.png": (len(content), md5_of(content))}
    assert image_set["title"] == title


def test_refused_link_is_replaced_by_a_fresh_one(api: LabelAPI, title: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    image_set, link = open_set(api, title, {})
    fresh: list[str] = []

    def renew() -> str:
        fresh.append(api.create_dropbox_url(image_set["imageset_id"])["dropbox_url"])
        return fresh[-1]

    expired = link.partition("sig=")[0] + "sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"
    dropbox = Dropbox(expired, renew, 1)
    assert dropbox.put(LocalFile("a.png", str(path), len(PNG), "image/png"), lambda count: None, None)[1]
    dropbox.close()
    assert len(fresh) == 1
    assert uploads_of(api, title).keys() == {"a.png"}


def test_two_uploads_of_one_folder_at_once(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    names = tuple(f"{number}.png" for number in range(200))
    make_files(tmp_path / "photos", names)
    (tmp_path / "photos" / "large.png").write_bytes(PNG + os.urandom(5 * BLOCK_BYTES))
    processes = [shell.start("upload", tmp_path / "photos", "--set", title, "--quiet") for _ in range(2)]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0], ended
    assert uploads_of(api, title).keys() == {*names, "large.png"}


def test_set_with_other_metadata_is_left_alone(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    make_files(tmp_path / "photos", ("a.png",))
    api.create_image_set({"title": title, "metadata": {"country": "NL"}})
    ran = shell.run("upload", tmp_path / "photos", "--set", title, "--metadata", "country=BE")
    assert (ran.code, "another metadata" in ran.err) == (2, True)
    assert not uploads_of(api, title)


def test_folder_with_nothing_to_send_makes_no_set(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    ran = shell.run("upload", tmp_path / "photos", "--set", title)
    assert (ran.code, "1 no image" in ran.err) == (2, True)
    assert shell.run("upload", tmp_path / "none", "--set", title).code == 2
    assert api.image_sets.titled(title) is None


def test_dry_run_changes_nothing(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    make_files(tmp_path / "photos", ("a.png",))
    ran = shell.run("upload", tmp_path / "photos", "--set", title, "--finish", "--dry-run")
    assert (ran.code, "would be sent" in ran.err) == (0, True)
    assert api.image_sets.titled(title) is None
    ran = shell.run("image-sets", "create", title, "--dry-run", "--json")
    assert ran.json["path"] == "/image_sets"
    assert api.image_sets.titled(title) is None


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(8), "image/jpeg"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypavif", "image/avif"),
        (b"\x00\x00\x00\x18ftypisom", None),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"<svg>", None),
        (b"", None),
    ],
)
def test_first_bytes_tell_what_is_an_image(head: bytes, media_type: str | None) -> None:
    assert media_type_of(head) == media_type
