"""Withdrawn images: their files go, they leave campaigns and datasets, and what is recorded of them stays."""

from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.database.engine import db
from app.jobs import publish_datasets
from app.media.previews import preview_folder
from tests.caller import Caller
from tests.conftest import Labelled
from tests.jobs.test_publish_datasets import publish, read_manifest, read_table
from tests.workers import rows, run_jobs

REASON = {"reason": " A person can be recognized. "}


@pytest.fixture
def files(app: Flask, labelled: Labelled, container: ContainerClient) -> list[str]:
    """Where the file and the previews of the first image lie."""
    with app.app_context():
        query = text("SELECT blobstorage_path FROM image WHERE id = :id")
        path = str(db.session.scalar(query, {"id": labelled.image_ids[0]})).partition("/")[2]
    folder = preview_folder(labelled.image_ids[0])
    names = [path, f"{folder}0011223344556677-320.webp", f"{folder}0011223344556677-2048.jpg"]
    for name in names:
        container.upload_blob(name, b"picture", overwrite=True)
    return names


def exist(container: ContainerClient, names: list[str]) -> list[bool]:
    return [container.get_blob_client(name).exists() for name in names]


def add_finished_campaign(admin: Caller, app: Flask, labelled: Labelled) -> int:
    """Publish another campaign with the first two images, both empty."""
    new = {"title": f"{labelled.title}-2", "labeler_email": labelled.partner_email}
    campaign_id: int = admin.post("/campaigns", new).expect(200)["campaign_id"]
    image_ids = labelled.image_ids[:2]
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "active"}).expect(200)
    labels = [{"image_id": image_id, "objects": []} for image_id in image_ids]
    admin.put(f"/campaigns/{campaign_id}/objects", labels).expect(200)
    assert publish(admin, app, campaign_id)["state"] == "succeeded"
    return campaign_id


def test_a_withdrawn_image_leaves_storage_and_campaigns_and_its_records_stay(
    admin: Caller, app: Flask, labelled: Labelled, files: list[str], container: ContainerClient
) -> None:
    first, second, third, fourth = labelled.image_ids
    finished_id = add_finished_campaign(admin, app, labelled)
    path, campaign = f"/images/{first}", f"/campaigns/{labelled.campaign_id}"
    labels = [{"image_id": image_id, "objects": []} for image_id in (first, second, third)]
    labelled.partner.put(f"{campaign}/objects", labels).expect(200)
    answer = admin.post(f"{path}/withdraw", REASON)
    withdrawn = answer.expect(200)
    withdrawal = withdrawn["withdrawal"]
    assert (withdrawal["reason"], withdrawal["created_by"]) == ("A person can be recognized.", "ada@example.org")
    assert withdrawn["download_url"] is None
    assert [found["campaign_id"] for found in withdrawn["campaigns"]] == [finished_id]
    # The last unlabeled image is still there.
    assert admin.get(campaign).expect(200)["progress"]["total"] == 3
    admin.get(path).expect(410, withdrawal["date_created"])
    admin.get(f"{path}/preview").expect(410)
    labelled.partner.get(f"/images/{fourth}").expect(303)
    assert labelled.partner.get(path).response.status_code == 410
    listed = admin.get(f"/campaigns/{finished_id}/images?expand=download_url").expect(200)["images"]
    assert [(image["image_id"], image["download_url"] is None) for image in listed] == [(first, True), (second, False)]
    for query, found in {
        "": [second, third, fourth],
        "campaign=2": [second],
        "filetype=JPEG": [second, third, fourth],
        "withdrawn=true": [first],
        "withdrawn=true&campaign=2": [first],
    }.items():
        page = admin.get(f"/images?{query}").expect(200)
        assert [image["image_id"] for image in page["images"]] == found, query
        assert page["pagination"]["total"] == len(found), query
    admin.post(f"{path}/withdraw", REASON).expect(409, "withdrawn before")
    admin.patch(path, {"type": "drone"}).expect(409, "was withdrawn")
    problem = admin.patch("/images", [{"image_id": second, "type": "a"}, {"image_id": first, "type": "a"}]).expect(409)
    assert problem["errors"][0]["pointer"] == "/1/image_id"
    admin.post(f"{campaign}/images", [{"id": first}]).expect(422, "withdrawn")
    [entry] = admin.get("/audit?action=withdraw_image").expect(200)["audit"]
    assert entry["details"] == {"reason": "A person can be recognized.", "campaign_ids": [labelled.campaign_id]}
    # Only the job deletes, so that nothing is lost when the request fails at its end.
    assert exist(container, files) == [True, True, True]
    run_jobs(app)
    assert exist(container, files) == [False, False, False]
    job = admin.get(answer.headers["link"].partition("/api/v1")[2].partition(">")[0]).expect(200)
    assert (job["kind"], job["subject"], job["state"]) == (
        "delete_image_files",
        {"type": "image", "id": first},
        "succeeded",
    )
    datasets = admin.get(f"/campaigns/{finished_id}/datasets").expect(200)["datasets"]
    assert {dataset["withdrawn_images"] for dataset in datasets} == {1}
    # A reopened campaign goes on without it, and does not complete because of that.
    admin.put(f"/campaigns/{finished_id}", {"new_status": "active"}).expect(200)
    reopened = admin.get(f"/campaigns/{finished_id}").expect(200)
    assert (reopened["status"], reopened["progress"]["total"], reopened["progress"]["done"]) == ("active", 1, 1)
    assert len(admin.get(f"{path}/history").expect(200)["history"]) == 2
    for bad, status in (({}, 400), ({"reason": "\u200b"}, 422), ({"reason": "x" * 501}, 422)):
        admin.post(f"/images/{second}/withdraw", bad).expect(status)
    admin.post("/images/4711/withdraw", REASON).expect(404)


def test_the_removal_of_the_last_image_that_was_not_labeled_completes_the_campaign(
    admin: Caller, labelled: Labelled
) -> None:
    labels = [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids[1:]]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", labels).expect(200)
    admin.post(f"/images/{labelled.image_ids[0]}/withdraw", REASON).expect(200)
    campaign = admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    assert (campaign["status"], campaign["progress"]["total"]) == ("completed", 3)


def test_a_withdrawal_while_its_campaign_is_published_ends_in_files_without_it(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = labelled.image_ids
    labels = [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", labels).expect(200)
    read_parts, withdrawals = publish_datasets._read_parts, [first]

    def read_and_withdraw(*arguments: Any) -> Iterator[Any]:
        yield from read_parts(*arguments)
        while withdrawals:
            admin.post(f"/images/{withdrawals.pop()}/withdraw", REASON).expect(200)

    monkeypatch.setattr(publish_datasets, "_read_parts", read_and_withdraw)
    assert publish(admin, app, labelled.campaign_id)["state"] == "succeeded"
    assert withdrawals == []
    assert [image["image_id"] for image in read_manifest(container, labelled.title)["images"]] == others
    assert len(read_table(container, labelled.title)) == 1 + len(others)
    datasets = admin.get(f"/campaigns/{labelled.campaign_id}/datasets").expect(200)["datasets"]
    assert {(dataset["version"], dataset["withdrawn_images"]) for dataset in datasets} == {(1, 0)}


def test_the_files_are_deleted_when_the_storage_is_back_and_from_what_came_meanwhile(
    admin: Caller,
    app: Flask,
    labelled: Labelled,
    files: list[str],
    container: ContainerClient,
    unreachable_blobs: BlobStore,
) -> None:
    first = labelled.image_ids[0]
    admin.post(f"/images/{first}/withdraw", REASON).expect(200)
    with rows(app) as session:
        # An addition that had found the image before it was withdrawn.
        held = "INSERT INTO campaign_image (campaign_id, image_id) VALUES (:campaign, :image)"
        session.execute(text(held), {"campaign": labelled.campaign_id, "image": first})
        session.execute(text("UPDATE campaign SET image_count = image_count + 1"))
    run_jobs(app, unreachable_blobs)
    assert exist(container, files) == [True, True, True]
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["progress"]["total"] == 3
    run_jobs(app, hurry=True)
    assert exist(container, files) == [False, False, False]
    with rows(app) as session:
        assert session.scalar(text("SELECT state FROM job")) == "succeeded"
        stored = session.scalar(text("SELECT blobstorage_path FROM image WHERE id = :id"), {"id": first})
    # The row keeps the place, so that no other image gets it.
    container.upload_blob(str(stored).partition("/")[2], b"picture")
    result = app.test_cli_runner().invoke(args=["images", "register", str(stored).partition("/")[2]])
    assert result.exit_code == 0, result.output
    assert admin.get("/images?withdrawn=true").expect(200)["pagination"]["total"] == 1
    assert admin.get(f"/images/{first}/details").expect(200)["file"]["filesize"] == 123456
