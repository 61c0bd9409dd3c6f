"""`flask check`: finds every planted disagreement, nothing else, and repairs what is safe."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from click.testing import Result
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.database.engine import db
from app.errors import NotFound
from app.health.consistency import find_disagreements
from app.health.findings import Finding
from app.settings import Settings
from app.wiring import components_of, make_blob_store
from local.azurite import running_azurite
from local.folder import scratch_folder
from tests.caller import Caller
from tests.jobs.test_finish_image_set import PIXEL_GIF
from tests.test_cli import run
from tests.workers import rows, run_jobs

NO_GRACE = timedelta(0)
Finder = Callable[[], dict[str, Finding]]


@pytest.fixture(scope="module")
def storage_connection_string() -> Iterator[str]:
    """A storage account of these tests alone, because the checks look at everything in it."""
    with scratch_folder() as folder, running_azurite(folder, durable=False) as own:
        yield own


@pytest.fixture(autouse=True)
def empty_account(
    app: Flask,
    settings: Settings,
    storage: BlobServiceClient,
    storage_connection_string: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Let the application use that account, which has an empty main container and nothing else."""
    own = settings.model_copy(update={"azure_storage_connection_string": SecretStr(storage_connection_string)})
    store = make_blob_store(own)
    for container in storage.list_containers():
        storage.delete_container(container.name)
    store.make_container(settings.azure_storage_imageset_container)
    monkeypatch.setattr(components_of(app), "blob_store", store)
    monkeypatch.setattr(components_of(app), "settings", own)
    yield
    store.close()


@pytest.fixture
def finished(app: Flask, admin: Caller, title: str) -> dict[str, int]:
    """An image set with two files that was ingested, and a campaign on them that was published; all at peace."""
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        dropbox.upload_blob("one.gif", PIXEL_GIF)
        dropbox.upload_blob("two.gif", PIXEL_GIF + b"!")
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app)
    ids = [image["image_id"] for image in admin.get("/images").expect(200)["images"]]
    body = {"title": title, "labeler_email": "pat@partner.example"}
    path = f"/campaigns/{admin.post('/campaigns', body).expect(200)['campaign_id']}"
    admin.post(f"{path}/images", [{"id": image_id} for image_id in ids]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    objects = [{"label": "PET", "bounding_box": {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}}]
    admin.put(f"{path}/objects", [{"image_id": image_id, "objects": objects} for image_id in ids]).expect(200)
    admin.put(path, {"new_status": "finished"}).expect(200)
    run_jobs(app)
    return {"image_set": made["imageset_id"], "campaign": int(path.rpartition("/")[2]), "image": ids[0]}


@pytest.fixture
def find(app: Flask, blobs: BlobStore, settings: Settings, finished: dict[str, int]) -> Iterator[Finder]:
    """A function that returns what is wrong now, by check."""
    with app.app_context():

        def find_all() -> dict[str, Finding]:
            # Requests of the test share this session, and those that only read leave it without transactions.
            db.session.remove()
            found = list(find_disagreements(db.session(), blobs, settings.azure_storage_imageset_folder, NO_GRACE))
            db.session.rollback()
            assert len({item.check for item in found}) == len(found), found
            return {item.check: item for item in found}

        yield find_all


def repair(finding: Finding) -> None:
    assert finding.repair
    finding.repair()
    db.session.commit()


def change(app: Flask, statement: str, **values: int) -> None:
    with rows(app) as session:
        session.execute(text(statement), values)


def target(settings: Settings, title: str, name: str) -> str:
    return f"{settings.azure_storage_imageset_folder}/{title}/{name}"


def test_a_service_at_peace_has_no_findings(find: Finder) -> None:
    assert find() == {}


@pytest.mark.slow
def test_work_that_waits_or_runs_is_no_finding(app: Flask, admin: Caller, title: str, find: Finder) -> None:
    made = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        for number in range(150):
            dropbox.upload_blob(f"{number}.jpg", b"x")
    assert find() == {}
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    # It stops after its first batch, as a worker does that is told to.
    asked = iter([False, True, True, True])
    run_jobs(app, limit=1, should_stop=lambda: next(asked))
    assert admin.get(f"/image_sets/{made['imageset_id']}").expect(200)["ingest"]["state"] == "queued"
    assert set(find()) <= {"worker_missing"}
    run_jobs(app)
    assert find() == {}


def test_a_lost_turn_in_the_queue_is_found_and_given_again(app: Flask, admin: Caller, title: str, find: Finder) -> None:
    made = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    change(app, "DELETE FROM procrastinate_jobs")
    found = find()
    assert set(found) == {"job_stuck", "worker_missing"}
    repair(found["job_stuck"])
    run_jobs(app)
    assert find() == {}


@pytest.mark.slow
def test_a_dropbox_that_stays_because_of_a_problem_is_no_finding(
    app: Flask, admin: Caller, title: str, find: Finder, container: ContainerClient, settings: Settings
) -> None:
    made = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        dropbox.upload_blob("taken.jpg", b"x")
        dropbox.upload_blob("good.jpg", b"x")
    container.upload_blob(target(settings, f"{title}-2", "taken.jpg"), b"of somebody else")
    path = f"/image_sets/{made['imageset_id']}"
    admin.put(path, {"new_status": "finished"}).expect(200)
    run_jobs(app)
    assert admin.get(path).expect(200)["ingest"]["problems"] == 1
    assert find() == {}
    admin.post(f"{path}/problems/retry").expect(200)
    assert set(find()) <= {"worker_missing"}
    run_jobs(app)
    assert find() == {}
    admin.post(f"{path}/problems/drop").expect(200)
    assert set(find()) <= {"worker_missing", "file_without_image"}
    run_jobs(app)
    # What lies there is nobody's image, and was not made by this service.
    assert set(find()) == {"file_without_image"}


def test_a_failed_job_is_told_with_its_words(app: Flask, find: Finder) -> None:
    change(app, "UPDATE job SET state = 'failed', error = 'No disk.' WHERE kind = 'publish_datasets'")
    found = find()
    assert set(found) == {"job_failed"}
    assert "No disk." in found["job_failed"].detail
    assert found["job_failed"].repair is None


def test_a_finished_set_without_its_job_is_taken_in(app: Flask, admin: Caller, title: str, find: Finder) -> None:
    made = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    change(
        app, "UPDATE image_set SET status = 'finished', date_finished = now() WHERE id = :id", id=made["imageset_id"]
    )
    found = find()
    assert set(found) == {"image_set_not_ingested", "dropbox_left_over"}
    repair(found["image_set_not_ingested"])
    run_jobs(app)
    assert find() == {}


def test_a_finished_campaign_without_datasets_is_published(
    app: Flask, admin: Caller, finished: dict[str, int], find: Finder
) -> None:
    change(app, "DELETE FROM dataset")
    repair(find()["campaign_not_published"])
    run_jobs(app)
    assert find() == {}
    assert len(admin.get(f"/campaigns/{finished['campaign']}/datasets").expect(200)["datasets"]) >= 2


def test_wrong_counters_are_counted_again(app: Flask, admin: Caller, finished: dict[str, int], find: Finder) -> None:
    wrong = "image_count = 7, labeled_count = 3, empty_count = 2, unusable_count = 1, accepted_count = 4, rejected_count = 5"
    change(app, f"UPDATE campaign SET {wrong}")
    found = find()
    assert set(found) == {"campaign_miscounted"}
    assert "3 of 7 images labeled, 2 of them empty and 1 unusable" in found["campaign_miscounted"].detail
    assert "and 4 accepted and 5 rejected" in found["campaign_miscounted"].detail
    repair(found["campaign_miscounted"])
    assert admin.get(f"/campaigns/{finished['campaign']}").expect(200)["progress"] == {
        "total": 2,
        "done": 2,
        "states": {"unlabeled": 0, "labeled": 2, "empty": 0, "unusable": 0},
        "reviews": {"accepted": 0, "rejected": 0, "none": 2},
    }
    assert find() == {}


def test_a_review_that_is_not_that_of_the_present_content_is_pointed_at_no_more(
    app: Flask, admin: Caller, title: str, finished: dict[str, int], find: Finder
) -> None:
    body = {"title": f"{title}-2", "labeler_email": "pat@partner.example"}
    path = f"/campaigns/{admin.post('/campaigns', body).expect(200)['campaign_id']}"
    admin.post(f"{path}/images", [{"id": finished["image"]}]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    # Accepted content is replaced, and its successor is rejected and then accepted.
    for objects in ([], [{"label": "PET", "bounding_box": {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}}]):
        admin.put(f"{path}/objects", [{"image_id": finished["image"], "objects": objects}]).expect(200)
        for verdict in ("rejected", "accepted"):
            sent = [{"image_id": finished["image"], "verdict": verdict}]
            admin.put(f"{path}/reviews?reopen=true", sent).expect(200)
        if not objects:
            admin.put(path, {"new_status": "active", "auto_complete": False}).expect(200)
    admin.post(f"{path}/relabel", {"mapping": {"PET": "can"}}).expect(200)
    assert find() == {}
    progress = admin.get(path).expect(200)["progress"]
    assert progress["reviews"] == {"accepted": 1, "rejected": 0, "none": 0}
    for harm in ("NULL", "1", "3"):
        change(app, f"UPDATE campaign_image SET review_id = {harm} WHERE review_id IS NOT NULL OR campaign_id = 2")
        found = find()
        assert found["reviews_out_of_date"].detail.startswith(
            f"The review in force of 1 image(s) ({finished['image']})"
        )
        repair(found["reviews_out_of_date"])
        assert find() == {}
        assert admin.get(path).expect(200)["progress"] == progress
    # As the release before leaves it behind.
    admin.post(f"{path}/restore", {"as_of": "2020-01-01"}).expect(200)
    change(app, "UPDATE campaign_image SET review_id = 4 WHERE campaign_id = 2")
    change(app, "UPDATE campaign SET accepted_count = 1 WHERE id = 2")
    repair(find()["reviews_out_of_date"])
    assert find() == {}
    assert admin.get(path).expect(200)["progress"]["reviews"] == {"accepted": 0, "rejected": 0, "none": 1}


def test_a_campaign_that_holds_what_is_no_image_is_told(app: Flask, find: Finder, finished: dict[str, int]) -> None:
    change(app, "UPDATE image SET width = NULL, height = NULL WHERE id = :image", image=finished["image"])
    found = find()
    assert set(found) == {"campaign_holds_non_images"}
    assert found["campaign_holds_non_images"].subject == f"campaign {finished['campaign']}"
    assert f"1 image(s) ({finished['image']})" in found["campaign_holds_non_images"].detail


def test_a_label_that_is_no_class_becomes_one(
    app: Flask, admin: Caller, finished: dict[str, int], find: Finder
) -> None:
    path = f"/campaigns/{finished['campaign']}"
    before = admin.get(path).expect(200)["classes"]
    assert before
    change(app, "DELETE FROM campaign_class WHERE campaign_id = :id", id=finished["campaign"])
    found = find()
    assert set(found) == {"class_missing"}
    assert found["class_missing"].detail.startswith(f"{len(before)} label(s)")
    repair(found["class_missing"])
    assert find() == {}
    assert admin.get(path).expect(200)["classes"] == before


def test_kept_statistics_that_are_wrong_are_forgotten(app: Flask, finished: dict[str, int], find: Finder) -> None:
    keep = """INSERT INTO campaign_statistics SELECT :id, max(id),
        jsonb_build_object('labels', jsonb_build_array(jsonb_build_array('PET', CAST(:objects AS bigint), 1)))
        FROM submission WHERE campaign_id = :id ON CONFLICT (campaign_id) DO UPDATE SET counts = excluded.counts"""
    change(app, keep, id=finished["campaign"], objects=2)
    assert find() == {}
    change(app, keep, id=finished["campaign"], objects=3)
    found = find()
    assert set(found) == {"statistics_miscounted"}
    assert "have 3 objects, and there were 2" in found["statistics_miscounted"].detail
    repair(found["statistics_miscounted"])
    assert find() == {}


def test_images_that_were_not_inspected_and_lost_previews_are_inspected_again(
    app: Flask, finished: dict[str, int], container: ContainerClient, find: Finder
) -> None:
    def lose_previews() -> None:
        for blob in container.list_blobs("image_previews/"):
            container.delete_blob(blob.name)

    image = finished["image"]
    harms: dict[str, Callable[[], object]] = {
        "image_set_not_inspected": lambda: change(
            app, "UPDATE image SET date_inspected = NULL WHERE id = :id", id=image
        ),
        "images_of_other_problems": lambda: change(
            app, "UPDATE image SET problem = 'truncated' WHERE id = :id", id=image
        ),
        "preview_missing": lose_previews,
        "preview_left_over": lambda: container.upload_blob("image_previews/7/0011223344556677-320.webp", b"old"),
    }
    for check, harm in harms.items():
        harm()
        found = find()
        assert set(found) == {check}
        repair(found[check])
        run_jobs(app)
        assert find() == {}
    # Previews are written before their image is noted as inspected.
    change(app, "UPDATE image SET date_inspected = NULL, dhash = NULL, image_set_id = NULL WHERE id = :id", id=image)
    assert "preview_left_over" not in find()


def test_wrong_counts_of_images_are_counted_again(
    app: Flask, admin: Caller, finished: dict[str, int], find: Finder
) -> None:
    before = admin.get("/images").expect(200)["pagination"]["total"]
    for harm in ("UPDATE image_count SET count = count + 7", "INSERT INTO image_count VALUES (0, 7)"):
        change(app, harm)
        found = find()
        assert set(found) == {"images_miscounted"}
        assert admin.get("/images").expect(200)["pagination"]["total"] == before + 7
        repair(found["images_miscounted"])
        assert find() == {}
        assert admin.get("/images").expect(200)["pagination"]["total"] == before


def test_a_lost_object_is_found(app: Flask, finished: dict[str, int], find: Finder) -> None:
    change(app, "DELETE FROM object WHERE image_id = :id", id=finished["image"])
    found = find()
    assert set(found) == {"submission_incomplete", "snapshot_hash"}
    assert f"1 image(s) ({finished['image']})" in found["submission_incomplete"].detail


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("UPDATE campaign_image SET submission_id = NULL WHERE image_id = :id", "images_of_another_state"),
        ("UPDATE campaign_image SET state = 'unusable' WHERE image_id = :id", "images_of_another_state"),
        (
            "UPDATE campaign_membership SET date_left = now(), left_after = joined_after WHERE image_id = :id",
            "membership_wrong",
        ),
        ("UPDATE campaign_membership SET joined_after = 4711 WHERE image_id = :id", "submitted_without_membership"),
        ("UPDATE submission SET object_count = object_count + :id", "submission_miscounted"),
        ("UPDATE submission SET unchanged = :id", "submission_miscounted"),
        ("DELETE FROM submission_image WHERE image_id = :id", "submission_incomplete"),
        ("UPDATE submission_image SET object_count = object_count + 1 WHERE image_id = :id", "submission_incomplete"),
    ],
)
def test_a_submission_that_does_not_fit_its_images_is_found(
    app: Flask, finished: dict[str, int], find: Finder, harm: str, check: str
) -> None:
    change(app, harm, id=finished["image"])
    found = find()
    assert check in found
    assert found[check].repair is None


@pytest.mark.parametrize("has_files", [False, True])
def test_a_dropbox_without_a_set_is_deleted_when_it_is_empty(
    storage: BlobServiceClient, title: str, find: Finder, has_files: bool
) -> None:
    orphan = storage.create_container(f"dropbox-{title}-lost")
    if has_files:
        orphan.upload_blob("precious.jpg", b"x")
    found = find()
    assert set(found) == {"dropbox_left_over"}
    if has_files:
        with pytest.raises(NotFound, match="contains files"):
            repair(found["dropbox_left_over"])
        orphan.delete_container()
    else:
        repair(found["dropbox_left_over"])
        assert not orphan.exists()
    assert find() == {}


def test_a_dropbox_of_a_set_that_is_done_is_emptied_and_deleted(
    app: Flask, admin: Caller, storage: BlobServiceClient, title: str, find: Finder
) -> None:
    storage.create_container(f"dropbox-{title}").upload_blob("late.jpg", b"late")
    repair(find()["dropbox_left_over"])
    run_jobs(app)
    assert find() == {}
    assert admin.get("/images").expect(200)["pagination"]["total"] == 3


def test_a_set_without_its_dropbox_gets_one(
    admin: Caller, storage: BlobServiceClient, title: str, find: Finder
) -> None:
    made = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    storage.delete_container(f"dropbox-{title}-2")
    repair(find()["dropbox_missing"])
    assert find() == {}
    admin.post(f"/image_sets/{made['imageset_id']}/dropbox_url").expect(200)


def test_files_and_images_that_miss_each_other_are_found(
    container: ContainerClient, settings: Settings, title: str, finished: dict[str, int], find: Finder
) -> None:
    container.upload_blob(target(settings, title, "stray.jpg"), b"x")
    container.upload_blob(target(settings, title, "one.gif"), b"shorter", overwrite=True)
    container.delete_blob(target(settings, title, "two.gif"))
    found = find()
    assert set(found) == {"file_without_image", "image_of_another_size", "image_without_file"}
    assert found["image_of_another_size"].subject == f"image {finished['image']}"
    assert "7 bytes, not 35" in found["image_of_another_size"].detail
    assert all(finding.repair is None for finding in found.values())


def test_a_withdrawn_image_that_is_still_somewhere_is_withdrawn_again(
    admin: Caller,
    app: Flask,
    container: ContainerClient,
    settings: Settings,
    title: str,
    finished: dict[str, int],
    find: Finder,
) -> None:
    admin.post(f"/images/{finished['image']}/withdraw", {"reason": "A person is on it."}).expect(200)
    # The job that waits will delete its files.
    assert set(find()) == {"worker_missing"}
    run_jobs(app)
    assert find() == {}
    container.upload_blob(target(settings, title, "one.gif"), b"x")
    change(app, "UPDATE campaign SET status = 'active', date_finished = NULL")
    found = find()
    assert set(found) == {"withdrawn_image_with_file", "withdrawn_image_in_campaign"}
    for finding in found.values():
        assert finding.subject == f"image {finished['image']}"
        repair(finding)
    run_jobs(app)
    assert find() == {}
    assert admin.get("/campaigns/1").expect(200)["progress"]["total"] == 1


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_damaged_dataset_is_published_again(
    app: Flask, container: ContainerClient, title: str, find: Finder, is_gone: bool
) -> None:
    path = f"label_sets/{title}_labels.csv"
    if is_gone:
        container.delete_blob(path)
    else:
        container.upload_blob(path, b"nonsense", overwrite=True)
    found = find()
    assert set(found) == {"dataset_damaged"}
    assert ("is gone" if is_gone else "another SHA-256") in found["dataset_damaged"].detail
    repair(found["dataset_damaged"])
    run_jobs(app)
    assert find() == {}


def test_the_command_tells_each_finding_and_mends_what_it_may(app: Flask, finished: dict[str, int]) -> None:
    assert run(app, "check", "--grace-minutes", "10000").stdout == ""
    change(app, "UPDATE campaign SET labeled_count = 1")
    change(app, "DELETE FROM object WHERE image_id = :id", id=finished["image"])
    told = read(run(app, "check"))
    assert not any(told.values())
    assert {"campaign_miscounted", "submission_incomplete"} <= set(told)
    repaired = run(app, "check", "--repair")
    assert read(repaired)["campaign_miscounted"]
    assert repaired.exit_code == 1
    assert "disagreement(s) left" in repaired.stderr
    assert "campaign_miscounted" not in read(run(app, "check"))


def read(result: Result) -> dict[str, bool]:
    """What a run of the command found, and whether it is repaired."""
    return {item["check"]: item["repaired"] for item in map(json.loads, result.stdout.splitlines())}


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("UPDATE snapshot SET image_count = image_count + 1", "snapshot_counts"),
        ("DELETE FROM snapshot_image", "snapshot_counts"),
        ("UPDATE snapshot_class SET object_count = object_count + 1", "snapshot_counts"),
        ("UPDATE snapshot_labels SET submission_id = submission_id + 1000", "snapshot_without_content"),
        ("UPDATE snapshot_image SET width = width + 1", "snapshot_hash"),
        ("UPDATE snapshot_image SET split = 'val'", "snapshot_hash"),
    ],
)
def test_a_damaged_snapshot_is_found(app: Flask, find: Finder, damage: str, check: str) -> None:
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM snapshot WHERE state = 'ready' AND image_count > 0")) == 1
        # What triggers refuse, a hand can do.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(damage))
    found = find()
    assert set(found) == {check}
    assert found[check].subject == "snapshot 1"
    assert found[check].repair is None
