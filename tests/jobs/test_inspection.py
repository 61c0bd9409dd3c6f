"""Inspection: each file of a set is read once, and what is wrong with an image is a problem of its set."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import text

from app.jobs import inspect_image_set
from app.settings import Settings
from app.wiring import make_blob_store
from tests.caller import Caller
from tests.jobs.test_finish_image_set import finish, list_images, upload
from tests.storage_proxy import Refused, Request, storage_proxy
from tests.workers import rows, run_jobs


def jpeg(color: str = "teal", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), color).save(file, "JPEG", **options)
    return file.getvalue()


GOOD = jpeg()
FILES = {
    "good.jpg": GOOD, "a/copy.jpg": GOOD, "cut.jpg": GOOD[:-500], "notes.txt": b"not an image", "copy.txt": b"not an image",
    "broken.webp": b"RIFF\x10\0\0\0WEBPxxxxyyyyzzzz",
}  # fmt: skip
PROBLEMS = "/image_sets/1/problems"


@pytest.fixture
def dropbox(admin: Caller, no_previews: None, title: str) -> Iterator[ContainerClient]:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as client:
        yield client


def problems(admin: Caller) -> dict[str, tuple[str, int]]:
    return {found["name"]: (found["kind"], found["image_id"]) for found in admin.get(PROBLEMS).expect(200)["problems"]}


def by_name(admin: Caller, title: str) -> dict[str, dict[str, Any]]:
    return {path.partition(f"/{title}/")[2]: image for path, image in list_images(admin).items()}


def previews(container: ContainerClient, image_id: int) -> dict[str, bytes]:
    names = [blob.name for blob in container.list_blobs(f"image_previews/{image_id}/")]
    return {name.rpartition("/")[2]: container.download_blob(name).readall() for name in names}


def test_what_a_file_is_stands_with_its_image_and_faults_are_problems_of_the_set(
    admin: Caller,
    app: Flask,
    dropbox: ContainerClient,
    container: ContainerClient,
    title: str,
    storage: BlobServiceClient,
) -> None:
    upload(dropbox, FILES)
    finish(admin)
    run_jobs(app)
    images = by_name(admin, title)
    assert {name: image["file"]["sha256"] for name, image in images.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()
    }
    flags = {name: image["problem"] for name, image in images.items() if image["problem"]}
    assert flags == {"cut.jpg": "truncated", "broken.webp": "unreadable"}
    assert problems(admin) == {name: (kind, images[name]["image_id"]) for name, kind in flags.items()}
    ingest = admin.get("/image_sets/1").expect(200)["ingest"]
    # Of two images with the same content one is a duplicate; what is no image does not count.
    assert (ingest["state"], ingest["problems"], ingest["duplicates"]) == ("succeeded", 2, 1)
    # All files are in their place, so that the dropbox is gone.
    assert not storage.get_container_client(f"dropbox-{title}").exists()
    for name, image in images.items():
        made = previews(container, image["image_id"])
        key = image["file"]["sha256"][:16]
        if name.endswith(("good.jpg", "copy.jpg")):
            assert {f"{key}-320.webp", f"{key}-2048.jpg"} <= made.keys()
            preview = Image.open(io.BytesIO(made[f"{key}-2048.jpg"]))
            assert (preview.format, preview.size) == ("JPEG", (400, 300))
            blob = container.get_blob_client(f"image_previews/{image['image_id']}/{key}-320.webp").get_blob_properties()
            settings = blob.content_settings
            assert settings.content_type == "image/webp"
            assert settings.cache_control == "private, max-age=86400, immutable"
        else:
            assert not any(file.startswith(key) for file in made)


def test_a_problem_is_settled_when_the_file_is_whole_by_now_or_its_image_is_withdrawn(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    upload(dropbox, {"cut.jpg": GOOD[:-500], "broken.webp": FILES["broken.webp"]})
    finish(admin)
    run_jobs(app)
    cut = by_name(admin, title)["cut.jpg"]["image_id"]
    container.upload_blob(f"upload/{title}/cut.jpg", GOOD, overwrite=True)
    retried = admin.post(f"{PROBLEMS}/retry", {})
    job_id = int(retried.headers["link"].partition("/jobs/")[2].partition(">")[0])
    assert admin.get(f"/jobs/{job_id}").expect(200)["kind"] == "inspect_image_set"
    admin.post(f"{PROBLEMS}/retry", {}).expect(409, "is being inspected")
    run_jobs(app)
    images = by_name(admin, title)
    assert (images["cut.jpg"]["problem"], images["cut.jpg"]["image_id"]) == (None, cut)
    assert problems(admin) == {"broken.webp": ("unreadable", images["broken.webp"]["image_id"])}
    admin.post(f"{PROBLEMS}/retry", {"names": ["cut.jpg"]}).expect(404)
    container.delete_blob(f"upload/{title}/broken.webp")
    admin.post(f"{PROBLEMS}/retry", {"names": ["broken.webp"]}).expect(200)
    run_jobs(app)
    [problem] = admin.get(PROBLEMS).expect(200)["problems"]
    assert (problem["kind"], problem["message"]) == ("unreadable", "The storage service does not find the file.")
    broken = by_name(admin, title)["broken.webp"]
    assert broken["file"]["sha256"] is None
    # To give up an ingested image is to withdraw it.
    monkeypatch.setattr("app.services.problems.MAX_WITHDRAWN", 0)
    admin.post(f"{PROBLEMS}/drop").expect(422, "up to 0 are withdrawn at a time")
    monkeypatch.undo()
    dropped = admin.post(f"{PROBLEMS}/drop")
    assert "/jobs/" in dropped.headers["link"]
    run_jobs(app)
    assert problems(admin) == {}
    withdrawal = admin.get(f"/images/{broken['image_id']}/details").expect(200)["withdrawal"]
    assert withdrawal["reason"] == "Dropped because of its problem: unreadable."
    admin.get(f"/images/{broken['image_id']}/preview").expect(410)
    assert set(by_name(admin, title)) == {"cut.jpg"}


def test_duplicates_are_flagged_where_the_set_wants_it(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str
) -> None:
    upload(dropbox, FILES)
    change(app, "UPDATE image_set SET duplicates = 'flag'")
    finish(admin)
    run_jobs(app)
    images = by_name(admin, title)
    older, newer = sorted((images[name]["image_id"], name) for name in ("good.jpg", "a/copy.jpg"))
    assert problems(admin)[newer[1]] == ("duplicate", newer[0])
    assert (images[newer[1]]["problem"], images[older[1]]["problem"]) == ("duplicate", None)
    [message] = [one["message"] for one in admin.get(PROBLEMS).expect(200)["problems"] if one["kind"] == "duplicate"]
    assert message == f"The file has the same content as image {older[0]}."
    # It stays one, however often it is inspected, and none where nobody wants to know.
    admin.post(f"{PROBLEMS}/retry", {"names": [newer[1]]}).expect(200)
    run_jobs(app)
    assert problems(admin)[newer[1]] == ("duplicate", newer[0])
    assert admin.get("/image_sets/1").expect(200)["ingest"]["problems"] == 3
    change(app, "UPDATE image_set SET duplicates = 'keep'")
    admin.post(f"{PROBLEMS}/retry", {"names": ["cut.jpg"]}).expect(200)
    run_jobs(app)
    assert newer[1] not in problems(admin)
    assert by_name(admin, title)[newer[1]]["problem"] is None
    # Of a set that was opened again the files have the same names.
    before = problems(admin)
    admin.put("/image_sets/1", {"new_status": "created"}).expect(200)
    assert problems(admin) == before


def change(app: Flask, statement: str) -> None:
    with rows(app) as session:
        session.execute(text(statement))


def test_an_inspection_goes_on_where_it_was_when_storage_or_worker_were_away(
    admin: Caller, app: Flask, settings: Settings, storage_connection_string: str, dropbox: ContainerClient, title: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(inspect_image_set, "BATCH_SIZE", 2)
    files = {f"{number}.jpg": jpeg(quality=10 + number) for number in range(7)}
    upload(dropbox, files)
    finish(admin)
    run_jobs(app, limit=1)
    with storage_proxy(storage_connection_string) as proxy:
        secret = SecretStr(proxy.connection_string)
        blobs = make_blob_store(settings.model_copy(update={"azure_storage_connection_string": secret}))
        reads: list[str] = []

        def away_after_three(request: Request) -> None:
            if request.method == "GET" and "/upload/" in request.path:
                reads.append(request.path)
            if len(reads) > 3:
                raise Refused(503, "ServerBusy")

        proxy.request_rule = away_after_three
        run_jobs(app, blobs)
        [job] = [job for job in jobs_of(app) if job.kind == "inspect_image_set"]
        assert (job.state, job.done) == ("queued", 2)
        assert "does not answer as it should (ServerBusy)" in job.error
        assert sum(image["file"]["sha256"] is not None for image in list_images(admin).values()) == 2
        # A worker that stops between two batches leaves the rest to the next one.
        proxy.request_rule = lambda request: None
        stops = iter([False, False, True])
        run_jobs(app, blobs, hurry=True, limit=1, should_stop=lambda: next(stops, True))
        reads.clear()
        blobs.close()
    run_jobs(app, hurry=True)
    images = by_name(admin, title)
    assert {name: image["file"]["sha256"] for name, image in images.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert {job.state for job in jobs_of(app)} == {"succeeded"}
    assert problems(admin) == {}


def jobs_of(app: Flask) -> list[Any]:
    with rows(app) as session:
        return list(session.execute(text("SELECT kind, state, done, error FROM job ORDER BY id")))


def test_the_pace_holds_for_all_threads_together(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("app.jobs.inspect_image_set.time.sleep", pauses.append)
    monkeypatch.setattr("app.jobs.inspect_image_set.time.monotonic", lambda: 5.0)
    pace = inspect_image_set.Pace(1000)
    pace.wait(500)
    pace.wait(1500)
    assert pauses == [0.5, 2.0]
