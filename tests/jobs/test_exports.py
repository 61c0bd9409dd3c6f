"""Snapshots as files: what is in them, when they are made, what fails them, and what becomes of withdrawn images."""

import csv
import gzip
import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from PIL import Image
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.formats.registry import FORMATS
from app.health.storage_checks import StorageChecks
from app.models.exports import FORMATS_WITH_STATES
from tests.caller import Caller
from tests.exports import ORIENTATION, ExportWorld, make_export_world
from tests.workers import rows, run_jobs

# Where an archive of an export that never ended would lie.
UNFINISHED = f"exports/_unfinished/7-{'b' * 32}"


@pytest.fixture
def world(admin: Caller, app: Flask, container: ContainerClient, title: str) -> Iterator[ExportWorld]:
    world = make_export_world(admin, app, container, title)
    yield world
    world.forget()


def test_labels_alone_are_written_once_and_answered_again(world: ExportWorld) -> None:
    export = world.export({"format": "coco"})
    content = world.read(export)
    coco = json.loads(content)
    assert [image["id"] for image in coco["images"]] == list(world.files)
    assert len(coco["annotations"]) == 3
    assert export["path"] == f"exports/{world.title}/v1/{world.title}-v1-coco-{export['sha256']}.json"
    assert export["counts"] == {"images": 3, "objects": 3}
    assert (export["images"], export["options"]) == ("none", {"upright": False})
    assert export["losses"][-1]["objects"] == 1
    again = world.admin.post(world.path, {"format": "coco", "images": "none", "options": {}}).expect(200)
    assert (again["export_id"], again["sha256"]) == (export["export_id"], export["sha256"])
    assert run_jobs(world.app) == 0
    listed = world.admin.get(world.path).expect(200)["exports"]
    assert [each["export_id"] for each in listed] == [export["export_id"]]
    properties = world.container.get_blob_client(export["path"]).get_blob_properties()
    assert properties.content_settings.content_type == "application/json"
    assert properties.content_settings.cache_control == "private, max-age=86400, immutable"
    answer = httpx.get(export["url"])
    assert answer.headers["content-disposition"] == f'attachment; filename="{export["path"].rpartition("/")[2]}"'
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "private")


def test_the_manifest_says_what_was_lost(world: ExportWorld) -> None:
    export = world.export({"format": "yolo", "images": "files"})
    manifest = httpx.get(export["manifest_url"]).json()
    assert manifest["file"] == {key: export[key] for key in ("path", "size", "sha256")} | {
        "media_type": "application/zip"
    }
    assert manifest["losses"] == export["losses"]
    assert manifest["counts"] == export["counts"] == {"images": 3, "objects": 3}
    third = list(world.files)[2]
    assert manifest["images_by_fate"]["turned_by_exif"] == [third]
    [turned] = [loss for loss in export["losses"] if "EXIF" in loss["what"]]
    assert (turned["images"], turned["objects"]) == (1, 2)
    inside = json.loads(world.archive(export).read("manifest.json"))
    assert inside == {key: value for key, value in manifest.items() if key not in ("export_id", "labelapi", "file")}
    assert inside["snapshot"]["content_hash"] == hashlib.sha256(b"content").hexdigest()


def test_an_archive_holds_the_files_as_they_are_stored_and_their_names(world: ExportWorld) -> None:
    archive = world.archive(world.export({"format": "yolo", "images": "files"}))
    table = list(csv.DictReader(io.StringIO(archive.read("images.csv").decode(), newline="")))
    assert [(int(row["image_id"]), row["path"]) for row in table] == list(world.paths.items())
    for row in table:
        [name] = [name for name in archive.namelist() if name.endswith(f"/{row['name']}")]
        assert archive.read(name) == world.files[int(row["image_id"])]


@pytest.mark.slow
def test_the_same_snapshot_makes_the_same_bytes(world: ExportWorld) -> None:
    bodies = [
        {"format": name, "images": images} for name in FORMATS if name != "parquet" for images in ("none", "files")
    ]
    first = [world.export(body)["sha256"] for body in bodies]
    world.forget()
    assert [world.export(body)["sha256"] for body in bodies] == first
    assert None not in first


def test_upright_images_lie_as_they_are_displayed(world: ExportWorld) -> None:
    export = world.export({"format": "coco", "images": "files", "options": {"upright": True}})
    archive = world.archive(export)
    first, _, third = world.files
    name = f"images/{world.title}/flight/3.jpg"
    with Image.open(io.BytesIO(archive.read(name))) as upright:
        assert (upright.size, upright.getexif().get(ORIENTATION)) == ((30, 40), None)
        # The corner that is stored at the upper left is displayed at the upper right.
        assert max(upright.getpixel((27, 2))) < 60  # type: ignore[arg-type]  # It has three channels.
        assert min(upright.getpixel((2, 2))[:2]) > 150  # type: ignore[index]  # It has three channels.
    assert archive.read(f"images/{world.title}/flight/1.jpg") == world.files[first]
    manifest = httpx.get(export["manifest_url"]).json()
    assert manifest["images_by_fate"]["encoded_again"] == [third]
    assert manifest["images_by_fate"]["turned_by_exif"] == []
    assert any("encoded again" in loss["what"] for loss in export["losses"])


def test_a_file_that_cannot_be_turned_stays_as_it_is_and_is_named(world: ExportWorld) -> None:
    third = list(world.files)[2]
    cut = world.files[third][:-200]
    replace_file(world, third, cut)
    export = world.export({"format": "coco", "images": "files", "options": {"upright": True}})
    assert world.archive(export).read(f"images/{world.title}/flight/3.jpg") == cut
    assert httpx.get(export["manifest_url"]).json()["images_by_fate"]["not_turned"] == [third]


def replace_file(world: ExportWorld, image_id: int, content: bytes, *, encoding: str | None = None) -> None:
    """Put another file in the place of an image's, and in that of the snapshot, as if it had been so."""
    world.container.upload_blob(world.paths[image_id], content, overwrite=True)
    with rows(world.app) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        parameters = {"content": content, "id": image_id, "encoding": encoding}
        session.execute(text("UPDATE snapshot_image SET sha256 = sha256(:content) WHERE image_id = :id"), parameters)
        session.execute(text("UPDATE image SET content_encoding = :encoding WHERE id = :id"), parameters)


def test_what_is_stored_compressed_is_unpacked(world: ExportWorld) -> None:
    first, _, _ = world.files
    replace_file(world, first, gzip.compress(world.files[first], mtime=0), encoding="gzip")
    export = world.export({"format": "coco", "images": "files"})
    assert world.archive(export).read(f"images/{world.title}/flight/1.jpg") == world.files[first]
    assert httpx.get(export["manifest_url"]).json()["images_by_fate"]["unpacked"] == [first]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("replaced", "is not the one in the snapshot: it has another SHA-256"),
        ("deleted", "cannot be read: There is no file"),
        ("damaged", "cannot be unpacked: The compressed content of the file is damaged"),
    ],
)
def test_a_file_that_is_not_what_it_was_fails_the_export_by_name(world: ExportWorld, change: str, message: str) -> None:
    second = list(world.files)[1]
    if change == "deleted":
        world.container.delete_blob(world.paths[second])
    elif change == "replaced":
        world.container.upload_blob(world.paths[second], b"another", overwrite=True)
    else:
        replace_file(world, second, b"\x1f\x8b nothing", encoding="gzip")
    export = world.export({"format": "coco", "images": "files"})
    assert (export["state"], export["path"], export["counts"]) == ("failed", None, None)
    assert f"The file of image {second} ({world.paths[second]}) {message}" in export["job"]["error"]
    assert world.names() == []
    # Labels alone need no file.
    assert world.export({"format": "coco"})["state"] == "ready"


def test_two_images_of_one_name_fail_an_archive_whose_names_have_no_ids(world: ExportWorld) -> None:
    first, _, third = world.files
    moved = world.paths[first].removeprefix("upload/").replace("1.jpg", "3.jpg")
    world.container.upload_blob(moved, world.files[first])
    with rows(world.app) as session:
        session.execute(
            text("UPDATE image SET blobstorage_path = :path WHERE id = :id"),
            {"path": f"{world.container.container_name}/{moved}", "id": first},
        )
    failed = world.export({"format": "coco", "images": "files"})
    assert f"Images {first} and {third} would both be {moved} in the archive" in failed["job"]["error"]
    assert "000003_3.jpg" in "".join(world.archive(world.export({"format": "yolo", "images": "files"})).namelist())
    assert world.export({"format": "coco"})["state"] == "ready"


def test_a_failed_export_is_written_when_it_is_requested_again_or_its_job_retried(world: ExportWorld) -> None:
    second = list(world.files)[1]
    world.container.upload_blob(world.paths[second], b"another", overwrite=True)
    failed = world.export({"format": "coco", "images": "files"})
    assert world.export({"format": "coco", "images": "files"})["state"] == "failed"
    world.container.upload_blob(world.paths[second], world.files[second], overwrite=True)
    world.admin.post(f"/jobs/{failed['job']['job_id']}/retry").expect(200)
    run_jobs(world.app)
    # The newest of its jobs is the one that failed again; what counts is the file.
    export = world.admin.get(f"/exports/{failed['export_id']}").expect(200)
    assert export["state"] == "ready"
    world.archive(export)


def test_a_cancelled_export_leaves_nothing_and_is_written_when_requested_again(world: ExportWorld) -> None:
    made = world.admin.post(world.path, {"format": "csv"}).expect(202)
    same = world.admin.post(world.path, {"format": "csv"}).expect(202)
    assert same["job"]["job_id"] == made["job"]["job_id"]
    world.admin.post(f"/jobs/{made['job']['job_id']}/cancel").expect(200)
    assert run_jobs(world.app) == 0 or not world.names()
    assert world.admin.get(f"/exports/{made['export_id']}").expect(200)["state"] == "cancelled"
    assert world.export({"format": "csv"})["state"] == "ready"


def test_counts_that_differ_from_the_snapshot_fail_the_export(world: ExportWorld) -> None:
    with rows(world.app) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE snapshot SET object_count = 4"))
    export = world.export({"format": "coco"})
    assert export["state"] == "failed"
    assert export["job"]["error"].startswith("The file has 3 images and 3 boxes, and the snapshot has 3 and 4")
    assert world.names() == []


def test_an_export_waits_for_the_storage(world: ExportWorld, unreachable_blobs: BlobStore) -> None:
    made = world.admin.post(world.path, {"format": "coco", "images": "files"}).expect(202)
    run_jobs(world.app, unreachable_blobs, limit=1)
    export = world.admin.get(f"/exports/{made['export_id']}").expect(200)
    assert (export["state"], export["job"]["state"]) == ("pending", "queued")
    assert "blob storage does not answer" in export["job"]["error"]
    run_jobs(world.app, hurry=True)
    world.archive(world.admin.get(f"/exports/{made['export_id']}").expect(200))


# Withdrawn images


def withdraw(world: ExportWorld, image_id: int) -> None:
    world.admin.post(f"/images/{image_id}/withdraw", {"reason": "A person is on it."}).expect(200)


def test_a_withdrawn_image_is_left_out_of_archives_and_stays_in_labels(world: ExportWorld) -> None:
    first, second, third = world.files
    withdraw(world, third)
    run_jobs(world.app)
    export = world.export({"format": "coco", "images": "files"})
    archive = world.archive(export)
    coco = json.loads(archive.read("annotations/instances_all.json"))
    assert [image["id"] for image in coco["images"]] == [first, second]
    assert (export["counts"], len(coco["annotations"])) == ({"images": 2, "objects": 1}, 1)
    [loss] = [loss for loss in export["losses"] if "withdrawn" in loss["what"]]
    assert (loss["images"], loss["objects"]) == (1, 2)
    assert json.loads(archive.read("manifest.json"))["images_by_fate"]["withdrawn"] == [third]
    assert world.export({"format": "coco"})["counts"] == {"images": 3, "objects": 3}


def test_archives_that_hold_a_withdrawn_image_are_deleted_and_made_again_without_it(world: ExportWorld) -> None:
    first, _, third = world.files
    body = {"format": "coco", "images": "files"}
    before, labels = world.export(body), world.export({"format": "coco"})
    withdraw(world, third)
    run_jobs(world.app)
    export = world.admin.get(f"/exports/{before['export_id']}").expect(200)
    assert (export["state"], export["url"], export["counts"], export["losses"]) == ("withdrawn", None, None, [])
    assert len(world.names()) == 2
    assert world.read(labels)
    again = world.export(body)
    assert (again["state"], again["counts"]) == ("ready", {"images": 2, "objects": 1})
    # One without the image is not touched when the job runs again, and goes with the next image.
    withdraw(world, first)
    run_jobs(world.app)
    assert world.admin.get(f"/exports/{before['export_id']}").expect(200)["state"] == "withdrawn"


@pytest.mark.parametrize("file_is_gone", [True, False])
def test_an_image_that_is_withdrawn_while_its_archive_is_written_is_not_in_it(
    world: ExportWorld, *, file_is_gone: bool
) -> None:
    _, second, _ = world.files
    made = world.admin.post(world.path, {"format": "coco", "images": "files"}).expect(202)
    checkpoints = itertools.count()

    def withdraw_and_go_on() -> bool:
        # After the first page was read, and before any file is.
        if next(checkpoints) == 1:
            withdraw(world, second)
            if file_is_gone:
                world.container.delete_blob(world.paths[second])
        return False

    run_jobs(world.app, limit=1, should_stop=withdraw_and_go_on)
    export = world.admin.get(f"/exports/{made['export_id']}").expect(200)
    assert (export["state"], export["job"]["state"]) == ("pending", "queued")
    assert "was withdrawn meanwhile" in export["job"]["error"]
    assert world.names() == []
    run_jobs(world.app)
    export = world.admin.get(f"/exports/{made['export_id']}").expect(200)
    assert (export["state"], export["counts"]) == ("ready", {"images": 2, "objects": 3})
    assert f"images/{world.title}/flight/2.jpg" not in world.archive(export).namelist()


# Checks


def test_check_finds_exports_that_are_gone_damaged_or_left_over(world: ExportWorld, blobs: BlobStore) -> None:
    labels, archive = world.export({"format": "coco"}), world.export({"format": "yolo", "images": "files"})
    assert findings(world, blobs) == []
    world.container.upload_blob(labels["path"], b"x" * labels["size"], overwrite=True)
    world.container.delete_blob(archive["path"])
    left = f"exports/{world.title}/v1/{world.title}-v1-coco-{'a' * 64}.json"
    own = f"exports/{world.title}/readme.txt"
    for name in (left, own, UNFINISHED):
        world.container.upload_blob(name, b"x")
    found = findings(world, blobs, repair=True)
    assert [(check, subject) for check, subject, _ in found] == [
        ("export_damaged", f"export {labels['export_id']}"),
        ("export_damaged", f"export {archive['export_id']}"),
        ("export_left_over", f"file {world.container.container_name}/{UNFINISHED}"),
        ("export_left_over", f"file {world.container.container_name}/{left}"),
    ]
    assert "another SHA-256" in found[0][2]
    assert "is gone" in found[1][2]
    run_jobs(world.app)
    assert findings(world, blobs) == []
    assert world.read(world.admin.get(f"/exports/{labels['export_id']}").expect(200))
    assert own in world.names()


def findings(world: ExportWorld, blobs: BlobStore, *, repair: bool = False) -> list[tuple[str, str, str]]:
    """Return what the check of the storage says of exports."""
    with rows(world.app) as session:
        checks = StorageChecks(session, blobs, "upload", timedelta(0))
        found = [finding for finding in checks.run() if finding.check.startswith("export_")]
        # Other tests leave files in the container, which they share.
        own = ("export ", f"file {world.container.container_name}/exports/{world.title}/")
        found = [
            finding
            for finding in found
            if finding.subject.startswith((*own, f"file {world.container.container_name}/{UNFINISHED}"))
        ]
        for finding in found:
            assert finding.repair is not None
            if repair:
                finding.repair()
    return [(finding.check, finding.subject, finding.detail) for finding in found]


def test_formats_say_the_states_that_requests_ask_for() -> None:
    for each in FORMATS.values():
        assert (len(each.states) > 2) == (each.name in FORMATS_WITH_STATES), each.name
