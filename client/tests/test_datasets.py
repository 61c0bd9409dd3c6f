"""Snapshots in a folder: the layout of each format, parts of a split, turned pictures, interruptions, and the check."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import signal
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Shell, partner_of, picture
from test_campaigns import BOX, label_all
from test_upload import make_files

from labelapi import LabelAPI

FORMATS = ("coco", "yolo", "voc", "cvat", "label-studio", "datumaro", "csv", "jsonl", "parquet")
ORIENTATION = 0x0112


@pytest.fixture
def snapshot(shell: Shell, title: str, tmp_path: Path) -> str:
    """The name of a snapshot of eight labeled images in two folders."""
    make_files(tmp_path / "photos", tuple(f"{'left' if number % 2 else 'right'}/{number}.png" for number in range(8)))
    ran = shell.run("upload", tmp_path / "photos", "--set", title, "--finish", "--quiet")
    assert ran.code == 0, ran.err
    label_set(shell, title)
    return title


def label_set(shell: Shell, title: str, *more: str) -> None:
    """Make a campaign of a set, label its images, and freeze them."""
    campaign = ("campaigns", "create", title, "--partner", f"{title}@partner.example", "--start", "--json")
    made = shell.run(*campaign, "--images-from", f"set:{title}")
    assert made.code == 0, made.err
    label_all(partner_of(shell, made.json), made.json["campaign_id"], "PET")
    frozen = shell.run("snapshots", "create", title, "--campaign", title, *more)
    assert frozen.code == 0, frozen.err


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by name, without the record."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith(".labelapi")}


def archive_of(shell: Shell, name: str, format_: str) -> dict[str, bytes]:
    """Return what the service's own archive with the images holds."""
    made = shell.run("exports", "create", name, "--format", format_, "--files", "--json")
    assert made.code == 0, made.err
    with zipfile.ZipFile(io.BytesIO(httpx.get(made.lines[-1]["url"]).content)) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def without_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    # It states whether images are in the archive.
    return {name: content for name, content in files.items() if name != "manifest.json"}


@pytest.mark.parametrize("split", [True, False])
def test_folder_is_what_the_archive_of_the_service_is(shell: Shell, snapshot: str, tmp_path: Path, split: bool) -> None:
    name = snapshot
    if split:
        name = f"{snapshot}-split"
        shares = ("--split", "content", "--seed", "3", "--shares", "train=0.5", "--shares", "val=0.5")
        assert shell.run("snapshots", "create", name, "--campaign", snapshot, *shares).code == 0
    for format_ in FORMATS:
        folder = tmp_path / format_
        ran = shell.run("download", name, folder, "--format", format_, "--json")
        assert ran.code == 0, (format_, ran.err)
        archive = without_manifest(archive_of(shell, name, format_))
        found = without_manifest(contents(folder))
        assert found.keys() == archive.keys(), format_
        assert {name for name in found if found[name] != archive[name]} == set(), format_
        assert shell.run("download", name, folder, "--format", format_, "--check").code == 0


def test_one_part_of_a_split(api: LabelAPI, shell: Shell, snapshot: str, tmp_path: Path) -> None:
    name = f"{snapshot}-split"
    shares = ("--split", "content", "--seed", "3", "--shares", "train=0.5", "--shares", "val=0.5")
    assert shell.run("snapshots", "create", name, "--campaign", snapshot, *shares).code == 0
    counts = shell.run("snapshots", "show", name, "--json").json["counts"]["splits"]
    assert min(counts["train"], counts["val"]) > 0
    for format_, kept, left_out in (
        ("coco", "annotations/instances_train.json", "annotations/instances_val.json"),
        ("yolo", "data.yaml", "labels/val"),
        ("csv", "labels.csv", "images/val"),
    ):
        folder = tmp_path / format_
        ran = shell.run("download", name, folder, "--format", format_, "--split", "train", "--json")
        assert ran.code == 0, ran.err
        found = contents(folder)
        assert sum(path.endswith(".png") for path in found) == counts["train"]
        assert kept in found
        assert not [path for path in found if path.startswith(left_out)]
        assert shell.run("download", name, folder, "--format", format_, "--split", "train", "--check").code == 0
    other = shell.run("download", name, tmp_path / "coco", "--format", "coco", "--split", "val")
    assert (other.code, "another download" in other.err) == (2, True)
    none = shell.run("download", name, tmp_path / "none", "--format", "coco", "--split", "test")
    assert (none.code, "train, val" in none.err) == (2, True), none.err
    assert shell.run("download", snapshot, tmp_path / "none", "--format", "coco", "--split", "train").code == 2
    assert not (tmp_path / "none").exists()


def test_second_run_changes_nothing_and_the_check_proves_it(shell: Shell, snapshot: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    asked = ("download", snapshot, folder, "--format", "coco")
    assert shell.run(*asked, "--check").code == 6
    assert not folder.exists()
    assert shell.run(*asked, "--dry-run").code == 0
    assert not folder.exists()
    first = shell.run(*asked, "--json")
    assert (first.code, first.lines[-1]["fetched"], first.lines[-1]["by_sha256"]) == (0, 9, 9), first.err
    before = {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}
    again = shell.run(*asked, "--json").lines[-1]
    assert (again["fetched"], again["there"]) == (0, 9)
    assert shell.run(*asked, "--check").code == 0
    assert {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))} == before
    labels = folder / "annotations" / "instances_all.json"
    assert len(json.loads(labels.read_text())["annotations"]) == 8
    one, other, *_ = sorted(folder.rglob("*.png"))
    labels.write_text("{}")
    one.write_bytes(b"broken")
    other.unlink()
    checked = shell.run(*asked, "--check", "--json")
    assert checked.code == 6
    assert sorted(each["detail"] for each in checked.lines[-1]["failures"]) == [
        "has another content",
        "has another content",
        "is missing",
    ]
    assert shell.run(*asked).code == 0
    assert shell.run(*asked, "--check").code == 0
    mixed = shell.run("download", snapshot, folder, "--format", "csv", "--labels-only")
    assert (mixed.code, "another download" in mixed.err) == (2, True)


def test_labels_alone(shell: Shell, snapshot: str, tmp_path: Path) -> None:
    asked = ("download", snapshot, tmp_path / "csv", "--format", "csv", "--labels-only")
    assert shell.run(*asked).code == 0
    assert list(contents(tmp_path / "csv")) == ["labels.csv"]
    assert len((tmp_path / "csv" / "labels.csv").read_text().splitlines()) == 9
    assert shell.run(*asked, "--check").code == 0
    assert shell.run(*asked, "--upright").code == 2


def test_reader_fetches_what_was_exported(shell: Shell, snapshot: str, title: str, tmp_path: Path) -> None:
    shell.run("users", "add", f"{title}@reader.example", "--role", "reader")
    key = shell.run("keys", "make", f"{title}@reader.example", "--json").json
    pair = {"LABELAPI_KEY": key["apikey"], "LABELAPI_SECRET": key["apisecret"]}
    reader = Shell(shell.home, {**shell.variables, **pair})
    asked = ("download", snapshot, tmp_path / "data", "--format", "coco")
    refused = reader.run(*asked)
    assert (refused.code, "exports create" in refused.err) == (3, True), refused.err
    assert shell.run("exports", "create", snapshot, "--format", "coco").code == 0
    assert reader.run(*asked).code == 0


def test_withdrawn_image_is_left_out_and_named(shell: Shell, snapshot: str, tmp_path: Path) -> None:
    image_id = shell.run("images", "list", f"set:{snapshot}", "--json").json[0]["image_id"]
    assert shell.run("images", "withdraw", image_id, "--reason", "A person is on it.", "--yes").code == 0
    ran = shell.run("download", snapshot, tmp_path / "data", "--format", "coco", "--json")
    assert (ran.code, ran.lines[-1]["failed"]) == (5, 1), ran.err
    assert "withdrawn" in ran.lines[-1]["failures"][0]["detail"]


def turned_jpeg(number: int) -> bytes:
    """A JPEG of 8 by 4 pixels that EXIF asks viewers to turn."""
    image_module = pytest.importorskip("PIL.Image")
    image = image_module.new("RGB", (8, 4), (200, number, 0))
    exif = image_module.Exif()
    exif[ORIENTATION] = 6
    content = io.BytesIO()
    image.save(content, "JPEG", exif=exif)
    return content.getvalue() + f"number {number}".encode()


def test_pictures_are_turned_once(shell: Shell, title: str, tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    (tmp_path / "photos").mkdir()
    for number in range(2):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(turned_jpeg(number) + title.encode())
    (tmp_path / "photos" / "straight.png").write_bytes(picture(0) + title.encode())
    assert shell.run("upload", tmp_path / "photos", "--set", title, "--finish").code == 0
    label_set(shell, title)
    pulled = ("pull", title, tmp_path / "work", "--upright", "--json")
    downloaded = ("download", title, tmp_path / "data", "--format", "yolo", "--upright", "--json")
    for asked, folder in ((pulled, tmp_path / "work"), (downloaded, tmp_path / "data")):
        ran = shell.run(*asked)
        assert (ran.code, ran.lines[-1]["changed"]) == (0, 2), ran.err
        pictures = [path for path in folder.rglob("*") if path.suffix == ".jpg"]
        assert len(pictures) == 2
        for path in pictures:
            with image_module.open(path) as image:
                assert (image.size, image.getexif().get(ORIENTATION)) == ((4, 8), None)
        before = {path: path.stat().st_mtime_ns for path in pictures}
        again = shell.run(*asked)
        assert (again.code, again.lines[-1]["fetched"]) == (0, 0), again.err
        assert {path: path.stat().st_mtime_ns for path in pictures} == before
    assert shell.run(*downloaded, "--check").code == 0
    path = next(path for path in (tmp_path / "data").rglob("*.jpg"))
    path.write_bytes(turned_jpeg(0))
    assert shell.run(*downloaded, "--check").code == 6
    mixed = shell.run("pull", title, tmp_path / "work")
    assert (mixed.code, "upright yes" in mixed.err) == (2, True), mixed.err


def test_what_is_stored_compressed_is_unpacked(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    made = api.create_image_set({"title": title})
    content = picture(7) + title.encode()
    link = made["dropbox_url"].replace("?", "/a.png?")
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-encoding": "gzip", "x-ms-version": "2021-12-02"}
    assert httpx.put(link, content=gzip.compress(content), headers=headers).status_code == 201
    assert shell.run("image-sets", "finish", title).code == 0
    label_set(shell, title)
    ran = shell.run("pull", title, tmp_path / "work", "--json")
    assert (ran.code, ran.lines[-1]["changed"]) == (0, 1), ran.err
    assert (tmp_path / "work" / "images" / "a.png").read_bytes() == content
    assert shell.run("pull", title, tmp_path / "work", "--json").lines[-1]["fetched"] == 0


def test_killed_download_goes_on(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    count = 600
    make_files(tmp_path / "photos", tuple(f"{number // 100}/{number}.png" for number in range(count)))
    assert shell.run("upload", tmp_path / "photos", "--set", title, "--finish", "--quiet").code == 0
    label_set(shell, title)
    folder = tmp_path / "data"
    asked = ("download", title, folder, "--format", "yolo", "--threads", "2", "--json")
    there = 0
    for end in (signal.SIGKILL, signal.SIGINT):
        process = shell.start(*asked)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(folder.glob("images/train/*.png"))) > there + 50:
                break
            time.sleep(0.02)
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(end)
        _, err = process.communicate(timeout=60)
        there = len(list(folder.glob("images/train/*.png")))
        if end is signal.SIGINT:
            assert (process.returncode, "goes on where it stopped" in err) == (130, True), err
            assert "Traceback" not in err
    assert there < count
    # A file that was being written when the program was killed has no name of its own.
    whole = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("images/train/*.png")}
    assert len(whole) == there
    last = shell.run(*asked).lines[-1]
    assert (last["failed"], last["there"] >= there) == (0, True)
    assert len(list(folder.glob("images/train/*.png"))) == count
    assert shell.run(*asked, "--check").code == 0


def test_boxes_become_tables(api: LabelAPI, snapshot: str) -> None:
    from labelapi.tables import to_duckdb, to_pandas

    pandas, duckdb = pytest.importorskip("pandas"), pytest.importorskip("duckdb")
    frame = to_pandas(api.campaigns[snapshot].boxes())
    assert (len(frame), set(frame["label"]), frame["xmax"].max()) == (8, {"PET"}, BOX["xmax"])
    assert str(frame["image_id"].dtype) == "Int64"
    assert "file.filesize" in to_pandas(api.images(image_set=api.image_sets.find(snapshot)))
    assert isinstance(to_pandas(api.campaigns[snapshot].boxes(state=["unusable"])), pandas.DataFrame)
    with duckdb.connect() as connection:
        assert to_duckdb(api.snapshot_boxes(snapshot), connection, 'my "boxes"', at_a_time=3) == 8
        assert connection.execute('SELECT count(*), sum(xmax - xmin) FROM "my ""boxes"""').fetchone() == (8, 16.0)


def rows_of(count: int) -> Any:
    return ({"image_id": number, "label": None if number < 5 else "a"} for number in range(count))


def test_table_of_duckdb_gets_all_rows_or_none() -> None:
    from labelapi import UsageError
    from labelapi.tables import to_duckdb

    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        assert to_duckdb(rows_of(10), connection, "boxes", at_a_time=4) == 10
        assert connection.execute("SELECT count(label) FROM boxes").fetchone() == (5,)
        rows = [*rows_of(4), {"image_id": 1, "other": 2}]
        with pytest.raises(UsageError, match="other"):
            to_duckdb(rows, connection, "boxes", at_a_time=4)
        assert connection.execute("SELECT count(*) FROM boxes").fetchone() == (10,)
