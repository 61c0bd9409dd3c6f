"""Image sets that are changed, listed and deleted, and what their jobs make of it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobBlock, BlobServiceClient, ContainerClient
from flask import Flask
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller
from tests.jobs.test_finish_image_set import PIXEL_GIF, finish, list_images, upload
from tests.jobs.test_reopened_image_sets import SET, findings, reopen
from tests.workers import rows, run_jobs


@pytest.fixture
def dropbox(admin: Caller, title: str) -> Iterator[ContainerClient]:
    """The dropbox of a new image set."""
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as client:
        yield client


def test_a_deleted_set_frees_its_title_and_its_dropbox_goes_with_its_files(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, storage: BlobServiceClient, image_ids: list[int],
    unreachable_blobs: BlobStore, blobs: BlobStore, settings: Settings,
) -> None:  # fmt: skip
    upload(dropbox, {"a.gif": PIXEL_GIF})
    admin.post(f"{SET}/images", [{"id": image_ids[0]}]).expect(200)
    before = admin.get(SET)
    admin.delete(SET, headers={"If-Match": '"another"'}).expect(412)
    answer = admin.delete(SET, headers={"If-Match": before.headers["etag"]})
    assert answer.expect(200) == before.expect(200)
    job_path = answer.headers["link"].partition(">")[0].rpartition("/api/v1")[2]
    admin.get(SET).expect(404)
    assert admin.get("/images?image_set=1").expect(200)["images"] == []
    assert admin.get(f"/images/{image_ids[0]}/details").expect(200)["imageset"]["imageset_id"] is None
    # The dropbox of before is not handed out again, although it is there still.
    again = admin.post("/image_sets", {"title": title}).expect(200)
    assert again["blobstorage_path"] == f"dropbox-{title}-2"
    assert findings(app, blobs, settings, title) == []
    run_jobs(app, unreachable_blobs)
    waiting = admin.get(job_path).expect(200)
    assert (waiting["state"], waiting["subject"]) == ("queued", {"type": "image_set", "id": 1})
    # A worker that ends at its first step leaves the job to the next one.
    run_jobs(app, hurry=True, limit=1, should_stop=lambda: True)
    assert storage.get_container_client(f"dropbox-{title}").exists()
    run_jobs(app, hurry=True)
    assert admin.get(job_path).expect(200)["state"] == "succeeded"
    assert not storage.get_container_client(f"dropbox-{title}").exists()
    assert storage.get_container_client(f"dropbox-{title}-2").exists()
    assert findings(app, blobs, settings, title) == []
    [entry] = admin.get("/audit?action=delete_image_set").expect(200)["audit"]
    assert (entry["subject"], entry["details"]) == ({"type": "image_set", "id": 1}, {"title": title})


def test_a_set_that_is_finished_or_has_ingested_images_is_not_deleted(
    admin: Caller, app: Flask, dropbox: ContainerClient
) -> None:
    upload(dropbox, {"a.gif": PIXEL_GIF})
    finish(admin)
    admin.delete(SET).expect(409, "is finished")
    run_jobs(app)
    reopen(admin).close()
    admin.delete(SET).expect(409, "was finished before and has images")
    admin.delete("/image_sets/4711").expect(404, "no image set 4711")


def test_a_reopened_set_without_images_is_deleted(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, storage: BlobServiceClient
) -> None:
    finish(admin)
    run_jobs(app, limit=1)
    reopen(admin).close()
    admin.delete(SET).expect(200)
    run_jobs(app)
    assert [c.name for c in storage.list_containers(f"dropbox-{title}")] == []


def test_title_metadata_and_policy_change_and_the_rest_stays(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, monkeypatch: pytest.MonkeyPatch,
    unreachable_blobs: BlobStore,
) -> None:  # fmt: skip
    admin.patch(SET, {"metadata": {"country": "NL", "river": {"name": "Maas", "km": 3}}}).expect(200)
    before = admin.get(SET)
    admin.patch(SET, {"title": f"{title}-b"}, headers={"If-Match": '"another"'}).expect(412)
    change = {"title": f"{title}-b", "metadata": {"country": None, "river": {"km": 4}}, "duplicates": "flag"}
    changed = admin.patch(SET, change, headers={"If-Match": before.headers["etag"]})
    expected = {"title": f"{title}-b", "metadata": {"river": {"name": "Maas", "km": 4}}, "duplicates": "flag"}
    assert changed.expect(200) == before.expect(200) | expected
    assert changed.headers["etag"] == admin.get(SET).headers["etag"]
    assert admin.patch(SET, {}).expect(200) == changed.expect(200)
    [entry, *_] = admin.get("/audit?action=update_image_set").expect(200)["audit"]
    assert entry["details"]["from"]["title"] == title
    # The dropbox keeps its name, and so another set of the first title has another one.
    assert admin.post("/image_sets", {"title": title}).expect(200)["blobstorage_path"] == f"dropbox-{title}-2"
    admin.patch(SET, {"title": title}).expect(409, f"has the title {title}")
    admin.patch(SET, {"title": "Drone"}).expect(422, "lowercase letters")
    admin.patch(SET, {"status": "finished"}).expect(400)
    with monkeypatch.context() as patched:
        patched.setattr(components_of(app), "blob_store", unreachable_blobs)
        admin.patch(SET, {"title": f"{title}-c"}).expect(503, "storage")
    upload(dropbox, {"a.gif": PIXEL_GIF})
    admin.patch(SET, {"title": f"{title}-c"}).expect(409, "dropbox of image set 1 has files")
    problem = admin.patch(SET, {"metadata": {"x": "y" * 70_000}}).expect(422, "65536 bytes")
    assert problem["errors"][0]["pointer"] == "/metadata"
    admin.patch(SET, {"title": f"{title}-b", "metadata": None}).expect(200)
    finish(admin)
    run_jobs(app)
    assert [path.partition("/upload/")[2] for path in list_images(admin)] == [f"{title}-b/a.gif"]
    admin.patch(SET, {"title": f"{title}-c"}).expect(409, "before it is finished for the first time")


# Instants of images, and what their clocks show with another time zone; a clock that shows 02:30 twice means the first one.
TIMES = {
    "set": ("2026-07-01 10:00Z", "2026-07-01T16:00:00"),
    "assumed-utc": ("2026-10-25 01:30Z", "2026-10-25T06:30:00"),
    "offset": ("2026-07-01 10:00Z", "2026-07-01T10:00:00"),
    "manual": ("2026-07-01 10:00Z", "2026-07-01T10:00:00"),
}


def test_another_time_zone_moves_the_times_that_have_no_offset(
    admin: Caller, app: Flask, dropbox: ContainerClient
) -> None:
    admin.patch(SET, {"timezone": "Europe/Amsterdam"}).expect(200)
    statement = text(
        "INSERT INTO image (image_set_id, blobstorage_path, date_taken, date_taken_source)"
        " VALUES (1, 'c/' || :source, :time, :source)"
    )
    with rows(app) as session:
        for source, (time, _) in TIMES.items():
            session.execute(statement, {"source": source, "time": time})

    def times() -> dict[str, Any]:
        found = admin.get(f"{SET}/images").expect(200)["images"]
        return {image["blobstorage_path"][2:]: image["date_taken"] for image in found}

    first = times()
    admin.patch(SET, {"timezone": "America/New_York"}).expect(200)
    assert {source: time[:19] for source, time in times().items()} == {
        source: moved for source, (_, moved) in TIMES.items()
    }
    admin.patch(SET, {"timezone": "Europe/Amsterdam"}).expect(200)
    # 02:30 was the second one of that night.
    assert times() == first | {"assumed-utc": "2026-10-25T00:30:00.000000Z"}
    admin.patch(SET, {"timezone": "localtime"}).expect(422, "IANA")
    admin.patch(SET, {"timezone": None}).expect(200)
    assert times()["set"] == "2026-07-01T12:00:00.000000Z"
    with rows(app) as session:
        sources = set(session.scalars(text("SELECT date_taken_source FROM image")))
        assert sources == {"assumed-utc", "offset", "manual"}
        session.execute(
            text(
                "INSERT INTO job (kind, subject_type, subject_id, state) VALUES ('finish_image_set', 'image_set', 1, 'running')"
            )
        )
    admin.patch(SET, {"timezone": "Europe/Atlantis"}).expect(422, "IANA")
    admin.patch(SET, {"timezone": "Europe/Amsterdam"}).expect(409, "reads times of image set 1")


def test_another_policy_for_duplicates_counts_for_images_that_were_inspected(
    admin: Caller, app: Flask, dropbox: ContainerClient
) -> None:
    upload(dropbox, {"a.gif": PIXEL_GIF, "b.gif": PIXEL_GIF})
    finish(admin)
    run_jobs(app)
    for policy, count in (("flag", 1), ("keep", 0)):
        admin.patch(SET, {"duplicates": policy}).expect(200)
        run_jobs(app)
        assert admin.get(SET).expect(200)["ingest"]["problems"] == count


def test_uploads_are_listed_page_by_page(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, storage: BlobServiceClient,
    monkeypatch: pytest.MonkeyPatch, unreachable_blobs: BlobStore,
) -> None:  # fmt: skip
    assert admin.get(f"{SET}/uploads").expect(200)["uploads"] == []
    assert admin.get(f"{SET}/uploads?cursor=%0F").expect(400)["errors"][0]["parameter"] == "cursor"
    upload(dropbox, {"a/ü &.gif": PIXEL_GIF, "b.txt": b"water", "c.gif": b"x"})
    blocks = dropbox.get_blob_client("d.gif")
    blocks.stage_block("1", b"no hash")
    blocks.commit_block_list([BlobBlock("1")])
    first = admin.get(f"{SET}/uploads?per_page=3")
    found = first.expect(200)
    assert found["pagination"] == {"per_page": 3} | dict.fromkeys(("page", "pages", "total", "prev", "next"))
    assert [(file["name"], file["size"]) for file in found["uploads"]] == [
        ("a/ü &.gif", len(PIXEL_GIF)),
        ("b.txt", 5),
        ("c.gif", 1),
    ]
    assert found["uploads"][1]["md5"] == "9460370bb0ca1c98a779b1bcc6861c2c"
    address = urlsplit(first.headers["link"].partition(">")[0][1:])
    second = admin.get(f"{SET}/uploads?{address.query}")
    assert [(file["name"], file["md5"]) for file in second.expect(200)["uploads"]] == [("d.gif", None)]
    assert "link" not in second.headers
    admin.get(f"{SET}/uploads?per_page=0").expect(400)
    admin.get("/image_sets/4711/uploads").expect(404)
    with monkeypatch.context() as patched:
        patched.setattr(components_of(app), "blob_store", unreachable_blobs)
        admin.get(f"{SET}/uploads").expect(503, "storage")
    finish(admin)
    run_jobs(app)
    admin.get(f"{SET}/uploads").expect(409, "dropbox was deleted")
    with reopen(admin) as fresh:
        storage.delete_container(fresh.container_name)
    admin.get(f"{SET}/uploads").expect(409, "something else deleted it")
