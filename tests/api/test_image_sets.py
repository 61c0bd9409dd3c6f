"""Image sets: the dropbox, its links, and the steps of a set; what happens to the files is in test_ingest."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient
from flask import Flask

from app.azure.blobs import BlobStore
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller

KEYS = {
    "imageset_id", "title", "status", "metadata", "timezone", "duplicates", "blobstorage_path", "date_created", "date_finished",
    "created_by", "ingest",
}  # fmt: skip


def create(admin: Caller, title: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = admin.post("/image_sets", {"title": title, **more}).expect(200)
    return made


def test_new_image_set_has_every_key_and_a_link_that_takes_files(admin: Caller, title: str) -> None:
    made = create(admin, title, metadata={"country": "NL"})
    url = made.pop("dropbox_url")
    assert set(made) == KEYS
    assert made["status"] == "created"
    assert made["blobstorage_path"] == f"dropbox-{title}"
    assert made["metadata"] == {"country": "NL"}
    assert made["date_finished"] is made["ingest"] is None
    assert made["created_by"] == "ada@example.org"
    assert admin.get(f"/image_sets/{made['imageset_id']}").expect(200) == made
    dropbox = ContainerClient.from_container_url(url)
    dropbox.upload_blob("a/b.txt", b"water")
    assert [blob.name for blob in dropbox.list_blobs()] == ["a/b.txt"]
    assert dropbox.download_blob("a/b.txt").readall() == b"water"
    dropbox.delete_blob("a/b.txt")


def test_the_link_opens_one_container_only(admin: Caller, title: str, container: ContainerClient) -> None:
    url = create(admin, title)["dropbox_url"]
    query = urlsplit(url).query
    assert parse_qs(query)["sr"] == ["c"]
    foreign = BlobClient.from_blob_url(f"{container.url}/secret.txt?{query}")
    with pytest.raises(HttpResponseError):
        foreign.upload_blob(b"x")


def test_a_fresh_link_works_while_the_set_is_created(admin: Caller, title: str) -> None:
    path = f"/image_sets/{create(admin, title)['imageset_id']}"
    fresh = admin.post(path + "/dropbox_url")
    ContainerClient.from_container_url(fresh.expect(200)["dropbox_url"]).upload_blob("a.txt", b"x")
    admin.put(path, {"new_status": "finished"}).expect(200)
    admin.post(path + "/dropbox_url").expect(409, "is finished")
    admin.post("/image_sets/4711/dropbox_url").expect(404, "no image set 4711")


def test_a_fresh_link_revokes_the_older_ones_where_that_is_asked_for(admin: Caller, title: str) -> None:
    made = create(admin, title)
    path = f"/image_sets/{made['imageset_id']}/dropbox_url"
    links = [made["dropbox_url"], admin.post(path).expect(200)["dropbox_url"]]
    assert [works(link) for link in links] == [True, True]
    fresh = admin.post(f"{path}?revoke=true").expect(200)["dropbox_url"]
    assert [works(link) for link in links] == [False, False]
    assert works(fresh)
    assert works(admin.post(f"{path}?revoke=false").expect(200)["dropbox_url"])
    assert works(fresh)
    admin.post(f"{path}?revoke=yes").expect(400, "revoke")


def works(link: str) -> bool:
    """Whether a link takes uploads."""
    container, _, query = link.partition("?")
    answer = httpx.put(f"{container}/a.txt?{query}", content=b"x", headers={"x-ms-blob-type": "BlockBlob"})
    assert answer.status_code in (201, 403)
    return answer.status_code == 201


def test_finishing_starts_a_job_that_the_link_header_names(admin: Caller, title: str) -> None:
    path = f"/image_sets/{create(admin, title)['imageset_id']}"
    answer = admin.put(path, {"new_status": "finished"})
    assert answer.expect(200) == "ok"
    finished = admin.get(path).expect(200)
    assert finished["status"] == "finished"
    assert finished["date_finished"] is not None
    job = finished["ingest"]
    assert job["kind"] == "finish_image_set"
    assert job["subject"] == {"type": "image_set", "id": finished["imageset_id"]}
    assert job["state"] == "queued"
    assert answer.headers["link"] == f'</api/v1/jobs/{job["job_id"]}>; rel="monitor"'
    found = {"images": None, "not_images": None, "skipped": None, "problems": 0, "duplicates": None}
    assert admin.get(f"/jobs/{job['job_id']}").expect(200) | found == job


@pytest.mark.parametrize("new_status", ["created", "finished"])
def test_every_other_step_is_a_conflict(admin: Caller, title: str, new_status: str) -> None:
    path = f"/image_sets/{create(admin, title)['imageset_id']}"
    if new_status == "finished":
        admin.put(path, {"new_status": "finished"}).expect(200)
    before = admin.get(path).expect(200)
    admin.put(path, {"new_status": new_status}).expect(409, f"is {before['status']}")
    assert admin.get(path).expect(200) == before


def test_finishing_at_once_from_eight_sides_starts_one_job(admin: Caller, title: str) -> None:
    path = f"/image_sets/{create(admin, title)['imageset_id']}"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.put(path, {"new_status": "finished"}), range(8)))
    assert sorted(answer.response.status_code for answer in answers) == [200] + [409] * 7


def test_taken_title_is_a_conflict_and_makes_nothing(admin: Caller, title: str) -> None:
    create(admin, title)
    admin.post("/image_sets", {"title": title}).expect(409, title)
    assert admin.get("/image_sets").expect(200)["pagination"]["total"] == 1


@pytest.mark.parametrize("bad", ["Drone", "drone_12", "-a", "a-", "a--b", "a" * 54, "a/b", "ﬁ"])
def test_misspelt_title_gets_the_rule_in_words(admin: Caller, bad: str) -> None:
    admin.post("/image_sets", {"title": bad}).expect(422, "lowercase letters")


@pytest.mark.parametrize(
    "body",
    [{}, {"title": ""}, {"title": "a" * 129}, {"title": 3}, {"title": None}, {"title": "a", "x": 1},
     {"title": "a", "metadata": []}, {"title": "a", "metadata": {"a": "\u0000"}}, {"title": "a", "metadata": {"n": 2**64}}],
)  # fmt: skip
def test_malformed_image_set_is_refused(admin: Caller, body: Any) -> None:
    admin.post("/image_sets", body).expect(400)
    assert admin.get("/image_sets").expect(200)["pagination"]["total"] == 0


def test_longest_title_makes_a_valid_container(admin: Caller, title: str) -> None:
    long = (title + "-" + "x" * 53)[:53]
    url = create(admin, long)["dropbox_url"]
    assert len(urlsplit(url).path.split("/")[-1]) == 61


def test_an_empty_container_left_behind_is_taken_over_and_another_is_not(
    admin: Caller, title: str, storage: BlobServiceClient
) -> None:
    storage.create_container(f"dropbox-{title}-empty")
    create(admin, f"{title}-empty")
    left = storage.create_container(f"dropbox-{title}-full")
    left.upload_blob("somebody.jpg", b"x")
    admin.post("/image_sets", {"title": f"{title}-full"}).expect(409, f"dropbox-{title}-full")
    assert [s["title"] for s in admin.get("/image_sets").expect(200)["image_sets"]] == [f"{title}-empty"]


def test_pages_of_image_sets(admin: Caller, title: str) -> None:
    made = [create(admin, f"{title}-{n}")["imageset_id"] for n in range(11)]
    first = admin.get("/image_sets").expect(200)
    assert [image_set["imageset_id"] for image_set in first["image_sets"]] == made[:10]
    assert first["pagination"] == {"page": 1, "pages": 2, "total": 11, "per_page": 10, "prev": None, "next": 2}


def test_existing_images_are_put_into_a_set_all_or_none(
    admin: Caller, title: str, image_ids: list[int], settings: Settings
) -> None:
    made = create(admin, title)
    path = f"/image_sets/{made['imageset_id']}"
    admin.post(path + "/images", [{"id": image_ids[0]}, {"id": 4711}]).expect(404, "no image 4711")
    assert admin.get(path + "/images").expect(200)["pagination"]["total"] == 0
    answer = admin.post(
        path + "/images", [{"id": image_ids[0]}, {"id": image_ids[0]}], headers={"Prefer": "return=representation"}
    )
    assert answer.expect(200)["imageset_id"] == made["imageset_id"]
    page = admin.get(path + "/images").expect(200)
    assert [image["image_id"] for image in page["images"]] == image_ids[:1]
    assert page["images"][0]["imageset"] == {"imageset_id": made["imageset_id"], "title": title}
    again = [{"id": image_ids[1]}, {"id": image_ids[0]}]
    admin.post(path + "/images", again).expect(
        409, f"Image {image_ids[0]} already belongs to image set {made['imageset_id']}"
    )
    other = create(admin, title + "-2")["imageset_id"]
    admin.post(f"/image_sets/{other}/images", again).expect(409, f"image set {made['imageset_id']}")
    assert admin.get("/images?per_page=5000").expect(200)["images"][1]["imageset"]["imageset_id"] is None
    admin.put(path, {"new_status": "finished"}).expect(200)
    admin.post(path + "/images", [{"id": image_ids[1]}]).expect(409, "is finished")
    admin.post("/image_sets/4711/images", [{"id": image_ids[1]}]).expect(404, "no image set 4711")


def test_unknown_image_set_is_a_404(admin: Caller) -> None:
    admin.get("/image_sets/4711").expect(404, "no image set 4711")
    admin.get("/image_sets/4711/images").expect(404, "no image set 4711")
    admin.put("/image_sets/4711", {"new_status": "finished"}).expect(404, "no image set 4711")


def test_storage_away_makes_no_image_set(
    app: Flask, admin: Caller, title: str, monkeypatch: pytest.MonkeyPatch, unreachable_blobs: BlobStore
) -> None:
    monkeypatch.setattr(components_of(app), "blob_store", unreachable_blobs)
    answer = admin.post("/image_sets", {"title": title})
    answer.expect(503, "storage")
    assert int(answer.headers["retry-after"]) > 0
    assert admin.get("/image_sets").expect(200)["pagination"]["total"] == 0


@pytest.mark.parametrize("name", ["Europe/Atlantis", "europe/amsterdam", "../etc/passwd", "", "CEST"])
def test_unknown_time_zone_is_refused_in_words(admin: Caller, title: str, name: str) -> None:
    admin.post("/image_sets", {"title": title, "timezone": name}).expect(422, "Europe/Amsterdam")
    admin.post("/image_sets", {"title": title}).expect(200)
