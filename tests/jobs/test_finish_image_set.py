"""What becomes of uploads: every file an image in the main container, byte for byte, and the dropbox gone at the end."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.settings import Settings
from app.wiring import make_blob_store
from tests.caller import Caller
from tests.media.exif_blocks import ASCII, Tags, block, jpeg
from tests.workers import rows, run_jobs

PIXEL_GIF = (
    b"GIF89a\x02\x00\x03\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x02\x00\x03\x00\x00\x02\x02\x84_\x00;"
)
UPLOADS = {
    "a/first.gif": PIXEL_GIF,
    "a/b/deep file.gif": PIXEL_GIF + b"!",
    "notes.txt": b"not an image",
    "empty.jpg": b"\0",
    "=1+1 ü,😀 #?&%.bin": b"\xff\xd8\xff broken",
}


# Names with the control characters that a listing can hold, and what becomes of each.
CONTROLS = {
    "tab\t.txt": "tab%09.txt", "line\nfeed": "line%0Afeed", "return\r": "return%0D", "del\x7f\x85": "del%7F%C2%85",
}  # fmt: skip


@pytest.fixture
def dropbox(admin: Caller, title: str) -> Iterator[ContainerClient]:
    """The dropbox of a new image set, through its link."""
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as client:
        yield client


def upload(dropbox: ContainerClient, files: dict[str, bytes] = UPLOADS) -> None:
    for name, content in files.items():
        dropbox.upload_blob(name, content, overwrite=True)


def finish(admin: Caller, imageset_id: int = 1) -> None:
    admin.put(f"/image_sets/{imageset_id}", {"new_status": "finished"}).expect(200)


def list_images(admin: Caller, imageset_id: int = 1) -> dict[str, dict[str, Any]]:
    """The images of a set, by their path."""
    found = admin.get(f"/image_sets/{imageset_id}/images?per_page=1000").expect(200)["images"]
    return {image["blobstorage_path"]: image for image in found}


def read_files(container: ContainerClient, title: str) -> dict[str, bytes]:
    """What lies in the set's folder of the main container, by its name below it."""
    folder = f"upload/{title}/"
    names = [blob.name for blob in container.list_blobs(folder)]
    return {name.removeprefix(folder): container.download_blob(name).readall() for name in names}


def test_every_upload_becomes_an_image_and_the_dropbox_goes(
    admin: Caller, app: Flask, settings: Settings, dropbox: ContainerClient, container: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox)
    finish(admin)
    run_jobs(app)
    path = f"{settings.azure_storage_imageset_container}/upload/{title}"
    image_set = admin.get("/image_sets/1").expect(200)
    assert image_set["blobstorage_path"] == path
    assert (image_set["ingest"]["state"], image_set["ingest"]["done"]) == ("succeeded", len(UPLOADS))
    assert read_files(container, title) == UPLOADS
    images = list_images(admin)
    assert {name: image["file"]["filesize"] for name, image in images.items()} == {
        f"{path}/{name}": len(content) for name, content in UPLOADS.items()
    }
    assert images[f"{path}/a/first.gif"]["file"] == {
        "filetype": "GIF", "filesize": len(PIXEL_GIF), "dimensions": {"width": 2, "height": 3},
        "sha256": hashlib.sha256(PIXEL_GIF).hexdigest(),
    }  # fmt: skip
    assert images[f"{path}/notes.txt"]["file"]["filetype"] is None
    assert images[f"{path}/notes.txt"]["imageset"] == {"imageset_id": 1, "title": title}
    with rows(app) as session:
        hashes = set(session.scalars(text("SELECT encode(content_md5, 'hex') FROM image")))
    assert hashes == {hashlib.md5(content, usedforsecurity=False).hexdigest() for content in UPLOADS.values()}
    assert not storage.get_container_client(f"dropbox-{title}").exists()


def test_an_empty_dropbox_gives_an_empty_set(admin: Caller, app: Flask, dropbox: ContainerClient, title: str) -> None:
    finish(admin)
    run_jobs(app)
    image_set = admin.get("/image_sets/1").expect(200)
    assert image_set["blobstorage_path"].endswith(f"/upload/{title}")
    assert (image_set["ingest"]["state"], image_set["ingest"]["total"]) == ("succeeded", 0)
    assert list_images(admin) == {}


def test_the_link_is_dead_once_ingesting_has_begun(admin: Caller, app: Flask, dropbox: ContainerClient) -> None:
    upload(dropbox)
    finish(admin)
    run_jobs(app, limit=1)
    with pytest.raises((ClientAuthenticationError, HttpResponseError)):
        dropbox.upload_blob("late.txt", b"late")


def test_what_comes_in_late_is_ingested_before_the_dropbox_goes(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox)
    finish(admin)
    run_jobs(app, limit=1)
    account = storage.get_container_client(f"dropbox-{title}")
    upload(account, {"late.txt": b"late", "notes.txt": b"changed notes"})
    run_jobs(app)
    assert read_files(container, title) == UPLOADS | {"late.txt": b"late", "notes.txt": b"changed notes"}
    sizes = {path.rpartition("/")[2]: image["file"]["filesize"] for path, image in list_images(admin).items()}
    assert len(sizes) == len(UPLOADS) + 1
    assert (sizes["late.txt"], sizes["notes.txt"]) == (4, len(b"changed notes"))
    assert not account.exists()


def test_a_repeated_run_doubles_nothing(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str
) -> None:
    upload(dropbox)
    finish(admin)
    # The first run stops after its first batch is committed, so that the second meets what is there already.
    run_jobs(app, limit=1, should_stop=iter([False, False, False, True]).__next__)
    assert admin.get("/jobs/1").expect(200)["state"] == "queued"
    before = {path: image["image_id"] for path, image in list_images(admin).items()}
    assert len(before) == len(UPLOADS)
    run_jobs(app)
    assert {path: image["image_id"] for path, image in list_images(admin).items()} == before
    assert read_files(container, title) == UPLOADS


def test_names_with_control_characters_are_ingested(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str
) -> None:
    upload(dropbox, {name: name.encode() for name in CONTROLS})
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == {target: name.encode() for name, target in CONTROLS.items()}


def test_without_fast_requests_uploads_become_the_same_images(
    admin: Caller, app: Flask, settings: Settings, dropbox: ContainerClient, container: ContainerClient, title: str
) -> None:
    upload(dropbox)
    finish(admin)
    blobs = make_blob_store(settings.model_copy(update={"azure_fast_requests": False}))
    run_jobs(app, blobs)
    blobs.close()
    assert read_files(container, title) == UPLOADS
    files = {path.partition(f"/{title}/")[2]: image["file"] for path, image in list_images(admin).items()}
    assert {name: file["filesize"] for name, file in files.items()} == {name: len(UPLOADS[name]) for name in UPLOADS}
    assert files["a/first.gif"]["dimensions"] == {"width": 2, "height": 3}


@pytest.mark.slow
def test_a_dropbox_that_cannot_be_listed_fails_the_job_in_words_and_stays(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    # Azurite takes this name, which Azure refuses, and cannot list it.
    upload(dropbox, UPLOADS | {"bad\0name": b"x"})
    finish(admin)
    run_jobs(app, hurry=True)
    job = admin.get("/jobs/1").expect(200)
    assert job["state"] == "failed"
    assert f"cannot list the container dropbox-{title}" in job["error"]
    assert "Delete or rename that file, and retry this job." in job["error"]
    storage.get_blob_client(f"dropbox-{title}", "bad\0name").delete_blob()
    admin.post("/jobs/1/retry").expect(200)
    run_jobs(app)
    assert read_files(container, title) == UPLOADS


def test_a_link_that_cannot_be_revoked_keeps_the_dropbox_until_it_expires(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, blobs: BlobStore, storage: BlobServiceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    upload(dropbox)
    finish(admin)
    monkeypatch.setattr(type(blobs), "upload_urls_revocable", False)
    run_jobs(app)
    kept = admin.get("/jobs/2").expect(200)
    assert (kept["kind"], kept["state"]) == ("delete_dropbox", "queued")
    assert "expires" in kept["error"]
    with rows(app) as session:
        session.execute(text("UPDATE image_set SET date_upload_expires = now()"))
        due = session.scalars(text("SELECT scheduled_at FROM procrastinate_jobs")).one()
    assert due > datetime.now(UTC) + timedelta(days=6)
    run_jobs(app, hurry=True)
    assert not storage.get_container_client(f"dropbox-{title}").exists()


def test_a_dropbox_that_somebody_deleted_fails_the_job_in_words(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, storage: BlobServiceClient
) -> None:
    finish(admin)
    storage.delete_container(f"dropbox-{title}")
    run_jobs(app, hurry=True)
    job = admin.get("/jobs/1").expect(200)
    assert job["state"] == "failed"
    assert f"dropbox-{title}" in job["error"]


def test_registering_finds_blobs_once_and_notices_changes(app: Flask, container: ContainerClient, title: str) -> None:
    for name in ("a.gif", "b.txt"):
        container.upload_blob(f"old/{title}/{name}", PIXEL_GIF)
    runner = app.test_cli_runner()
    command = ["images", "register", f"old/{title}/"]
    counts = {"found": 2, "added": 2, "corrected": 0, "skipped": 0, "failed": 0}
    assert json.loads(runner.invoke(args=command).output) == counts
    assert json.loads(runner.invoke(args=command).output) == counts | {"added": 0}
    container.upload_blob(f"old/{title}/b.txt", b"now text", overwrite=True)
    assert json.loads(runner.invoke(args=command).output) == counts | {"added": 0, "corrected": 1}


@pytest.mark.parametrize("folder", ["label_sets", "image_previews", "exports", "label_imports"])
def test_what_the_service_itself_keeps_is_not_registered(
    app: Flask, container: ContainerClient, title: str, folder: str
) -> None:
    container.upload_blob(f"{folder}/{title}/a.gif", PIXEL_GIF)
    found = json.loads(app.test_cli_runner().invoke(args=["images", "register", f"{folder}/{title}/"]).output)
    assert found == {"found": 0, "added": 0, "corrected": 0, "skipped": 0, "failed": 0}


def test_an_image_that_was_registered_too_early_gets_into_its_set(
    admin: Caller, app: Flask, settings: Settings, dropbox: ContainerClient, title: str
) -> None:
    upload(dropbox)
    path = f"{settings.azure_storage_imageset_container}/upload/{title}/notes.txt"
    with rows(app) as session:
        session.execute(text("INSERT INTO image (blobstorage_path) VALUES (:path)"), {"path": path})
    finish(admin)
    run_jobs(app)
    assert list_images(admin)[path]["file"]["filesize"] == len(UPLOADS["notes.txt"])


def test_times_without_an_offset_are_of_the_set_s_time_zone(app: Flask, admin: Caller, title: str) -> None:
    made = admin.post("/image_sets", {"title": title, "timezone": "Europe/Amsterdam"}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        details: dict[str, Tags] = {
            "plain.jpg": {0x9003: (ASCII, b"2026:05:04 12:00:00\0")},
            "offset.jpg": {0x9003: (ASCII, b"2026:05:04 12:00:00\0"), 0x9011: (ASCII, b"-03:00\0")},
            "none.jpg": {},
        }
        for name, detail in details.items():
            dropbox.upload_blob(name, jpeg(block(detail=detail)))
    path = f"/image_sets/{made['imageset_id']}"
    admin.put(path, {"new_status": "finished"}).expect(200)
    run_jobs(app)
    assert admin.get(path).expect(200)["timezone"] == "Europe/Amsterdam"
    images = admin.get(f"{path}/images").expect(200)["images"]
    found = {i["blobstorage_path"].rpartition("/")[2]: (i["date_taken"], i["date_taken_source"]) for i in images}
    assert found == {
        "plain.jpg": ("2026-05-04T10:00:00.000000Z", "set"),
        "offset.jpg": ("2026-05-04T15:00:00.000000Z", "offset"),
        "none.jpg": (None, None),
    }
