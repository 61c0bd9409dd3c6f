"""What is published when a campaign is finished: the label CSV and the image manifest, as the contract describes them."""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.jobs import dataset_files
from app.jobs.image_paths import find_image_paths
from app.services import snapshot_parts
from app.settings import Settings
from tests.api.test_snapshots import content_hash
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import rows, run_jobs


def box(xmin: int, ymin: int, xmax: int, ymax: int) -> dict[str, int]:
    return {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}


def publish(admin: Caller, app: Flask, campaign_id: int) -> dict[str, Any]:
    """Finish a campaign that is active or completed, run its job, and return the job."""
    if admin.get(f"/campaigns/{campaign_id}").expect(200)["status"] == "active":
        admin.put(f"/campaigns/{campaign_id}", {"new_status": "completed"}).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "finished"}).expect(200)
    run_jobs(app)
    job: dict[str, Any] = admin.get(f"/campaigns/{campaign_id}").expect(200)["publication"]
    return job


def read_table(container: ContainerClient, title: str) -> list[list[str]]:
    content = container.download_blob(f"label_sets/{title}_labels.csv").readall()
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def read_manifest(container: ContainerClient, title: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(container.download_blob(f"label_sets/{title}_images.json").readall())
    return manifest


@pytest.fixture
def put_labels(labelled: Labelled) -> None:
    """Two boxes on the first image after an older submission, none on the second, one on the fourth."""
    first, second, _, fourth = labelled.image_ids
    objects = f"/campaigns/{labelled.campaign_id}/objects"
    old = {"bounding_box": box(0, 0, 5, 5), "label": "old"}
    labelled.partner.put(objects, [{"image_id": first, "objects": [old]}]).expect(200)
    named = {"bounding_box": box(96, 108, 1920, 1080), "label": '=b"o,x; 1 😀', "confidence": 0.87}
    plain = {"bounding_box": box(0, 0, 192, 540), "label": "b"}
    small = {"bounding_box": box(480, 270, 1440, 810), "label": "c", "confidence": 1}
    submission = [
        {"image_id": first, "objects": [named, plain]},
        {"image_id": second, "objects": []},
        {"image_id": fourth, "objects": [small]},
    ]
    labelled.partner.put(objects, submission).expect(200)


@pytest.mark.usefixtures("put_labels")
def test_labels_and_manifest_say_what_was_labeled(
    admin: Caller, app: Flask, settings: Settings, labelled: Labelled, container: ContainerClient
) -> None:
    job = publish(admin, app, labelled.campaign_id)
    assert (job["state"], job["done"], job["total"], job["error"]) == ("succeeded", 4, 4, None)
    with rows(app) as session:
        stored = session.scalars(text("SELECT blobstorage_path FROM image ORDER BY id")).all()
    paths = [path.removeprefix(f"{settings.azure_storage_imageset_container}/") for path in stored]
    header, first, second, fourth = read_table(container, labelled.title)
    assert header == ["image_url", "label", "label_confidence"]
    assert [first[0], second[0], fourth[0]] == [paths[0], paths[1], paths[3]]
    assert json.loads(first[1]) == [
        {"label": '=b"o,x; 1 😀', "topX": 0.05, "topY": 0.1, "bottomX": 1.0, "bottomY": 1.0},
        {"label": "b", "topX": 0.0, "topY": 0.0, "bottomX": 0.1, "bottomY": 0.5},
    ]
    assert json.loads(first[2]) == [0.87, None]
    assert second[1:] == ["[]", "[]"]
    assert json.loads(fourth[1]) == [{"label": "c", "topX": 0.25, "topY": 0.25, "bottomX": 0.75, "bottomY": 0.75}]
    manifest = read_manifest(container, labelled.title)
    assert manifest["campaign"]["title"] == labelled.title
    assert manifest["campaign"]["date_finished"].endswith("Z")
    assert manifest["counts"] == {
        "images": 4,
        "labeled": 3,
        "unlabeled": 1,
        "rejected": 0,
        "objects": 3,
        "not_images": 0,
    }
    assert [(image["path"], image["labeled"]) for image in manifest["images"]] == list(
        zip(paths, [True, True, False, True], strict=True)
    )


@pytest.mark.usefixtures("put_labels")
def test_fractions_are_published_and_unusable_and_rejected_images_are_not(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient
) -> None:
    first, _, third, _ = labelled.image_ids
    half = {"label": "a", "bounding_box": {"xmin": 0.5, "ymin": 0.25, "xmax": 9.3, "ymax": 20}}
    sent = [{"image_id": first, "objects": [half]}, {"image_id": third, "unusable": "dark"}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    reviews = [{"image_id": labelled.image_ids[1], "verdict": "rejected"}, {"image_id": first, "verdict": "accepted"}]
    admin.put(f"/campaigns/{labelled.campaign_id}/reviews", reviews).expect(200)
    publish(admin, app, labelled.campaign_id)
    table = read_table(container, labelled.title)
    assert len(table) == 3
    [box] = json.loads(table[1][1])
    assert box == {"label": "a", "topX": 0.5 / 1920, "topY": 0.25 / 1080, "bottomX": 9.3 / 1920, "bottomY": 20 / 1080}
    manifest = read_manifest(container, labelled.title)
    assert [(image["labeled"], image["review"]) for image in manifest["images"]] == [
        (True, "accepted"), (False, "rejected"), (False, None), (True, None),
    ]  # fmt: skip
    assert (manifest["counts"]["unlabeled"], manifest["counts"]["rejected"]) == (2, 1)


@pytest.mark.usefixtures("put_labels")
def test_links_to_datasets_save_a_file_of_its_type(admin: Caller, app: Flask, labelled: Labelled) -> None:
    publish(admin, app, labelled.campaign_id)
    found = admin.get(f"/campaigns/{labelled.campaign_id}/datasets").expect(200)["datasets"]
    headers = {dataset["kind"]: httpx.get(dataset["url"]).raise_for_status().headers for dataset in found}
    assert {kind: answer["content-type"] for kind, answer in headers.items()} == {
        "images": "application/json",
        "labels": "text/csv; charset=utf-8",
        "labels_jsonl": "application/jsonl",
        "labels_mltable": "application/yaml",
    }
    csv = f"{labelled.title}_labels.csv"
    assert headers["labels"]["content-disposition"] == f'attachment; filename="{csv}"'
    assert headers["labels_jsonl"]["content-disposition"] == 'attachment; filename="labels.jsonl"'
    assert {answer["cache-control"] for answer in headers.values()} == {"private"}


@pytest.mark.usefixtures("put_labels")
def test_what_is_no_image_is_in_no_dataset(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient, non_image_id: int
) -> None:
    labelled.hold(app, non_image_id)
    with rows(app) as session:
        # As an earlier release took it, before all other images and with a box.
        swapped = labelled.image_ids[0]
        session.execute(text("UPDATE image SET width = NULL, height = NULL WHERE id = :id"), {"id": swapped})
        listed = session.scalars(text("SELECT blobstorage_path FROM image WHERE width > 0 ORDER BY id")).all()
    labelled.partner.put(
        f"/campaigns/{labelled.campaign_id}/objects", [{"image_id": non_image_id, "objects": []}]
    ).expect(200)
    job = publish(admin, app, labelled.campaign_id)
    assert (job["done"], job["total"]) == (5, 5)
    paths = [path.partition("/")[2] for path in listed]
    assert [row[0] for row in read_table(container, labelled.title)[1:]] == [paths[0], paths[2]]
    lines = container.download_blob(f"label_sets/{labelled.title}/labels.jsonl").readall().decode().splitlines()
    assert [json.loads(line)["image_url"] for line in lines] == [paths[0], paths[2]]
    manifest = read_manifest(container, labelled.title)
    assert [image["path"] for image in manifest["images"]] == paths
    assert manifest["counts"] == {
        "images": 3,
        "labeled": 2,
        "unlabeled": 1,
        "rejected": 0,
        "objects": 1,
        "not_images": 2,
    }
    datasets = admin.get(f"/campaigns/{labelled.campaign_id}/datasets").expect(200)["datasets"]
    assert {d["kind"]: (d["image_count"], d["object_count"]) for d in datasets} == {
        "images": (3, 0),
        "labels": (2, 1),
        "labels_jsonl": (2, 1),
        "labels_mltable": (2, 1),
    }


def test_a_set_that_holds_more_than_images_is_not_registered_as_a_whole(
    app: Flask, settings: Settings, labelled: Labelled, non_image_id: int
) -> None:
    labelled.hold(app, non_image_id)
    own = f"{settings.azure_storage_imageset_container}/loose"
    with rows(app) as session:
        made = (
            "INSERT INTO image_set (title, status, blobstorage_path, created_by, date_finished)"
            " VALUES ('x', 'finished', :path, 1, now())"
        )
        session.execute(text(made), {"path": own})
        session.execute(text("UPDATE image SET image_set_id = 1"))
        listed = session.scalars(text("SELECT blobstorage_path FROM image WHERE width > 0 ORDER BY id")).all()
        arguments = (session, labelled.campaign_id, settings.azure_storage_imageset_container, "manifest.json")
        assert find_image_paths(*arguments) == [(path.partition("/")[2], False) for path in listed]
        session.execute(text("UPDATE image SET width = 9, height = 9 WHERE id = :id"), {"id": non_image_id})
        assert find_image_paths(*arguments) == [("loose/**", True)]
        session.execute(text("UPDATE image_set SET blobstorage_path = :path"), {"path": f"{own}*"})
        session.execute(text("UPDATE image SET blobstorage_path = replace(blobstorage_path, 'loose', 'loose*')"))
        assert [is_pattern for _, is_pattern in find_image_paths(*arguments)] == [False] * 5


@pytest.mark.usefixtures("put_labels")
def test_datasets_are_noted_with_the_hashes_of_their_files(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient
) -> None:
    publish(admin, app, labelled.campaign_id)
    with rows(app) as session:
        datasets = session.execute(text("SELECT * FROM dataset ORDER BY kind")).all()
    assert [(d.kind, d.name, d.version, d.registration) for d in datasets] == [
        (kind, f"{labelled.title}_{kind}", 1, "off") for kind in ("images", "labels", "labels_jsonl", "labels_mltable")
    ]
    for dataset in datasets:
        content = container.download_blob(dataset.path).readall()
        assert hashlib.sha256(content).digest() == bytes(dataset.sha256)
        assert dataset.file_size == len(content)
    assert [(d.image_count, d.object_count) for d in datasets] == [(4, 0), (3, 3), (3, 3), (3, 3)]
    manifest = read_manifest(container, labelled.title)
    described = {kind: file["sha256"] for kind, file in manifest["files"].items()}
    assert described == {d.kind: bytes(d.sha256).hex() for d in datasets if d.kind != "images"}


@pytest.mark.usefixtures("put_labels")
def test_a_repeated_run_writes_the_same_bytes_and_notes_them_once(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient
) -> None:
    job = publish(admin, app, labelled.campaign_id)
    names = [f"label_sets/{labelled.title}_labels.csv", f"label_sets/{labelled.title}_images.json"]
    before = [container.download_blob(name).readall() for name in names]
    with rows(app) as session:
        session.execute(text("UPDATE job SET state = 'failed' WHERE id = :id"), {"id": job["job_id"]})
    admin.post(f"/jobs/{job['job_id']}/retry").expect(200)
    run_jobs(app)
    assert [container.download_blob(name).readall() for name in names] == before
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM dataset")) == 4


def test_a_reopened_campaign_publishes_the_next_version(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient
) -> None:
    path, title = f"/campaigns/{labelled.campaign_id}", labelled.title
    image_id = labelled.image_ids[0]
    admin.put(f"{path}/objects", [{"image_id": image_id, "objects": []}]).expect(200)
    for status in ("completed", "finished"):
        admin.put(path, {"new_status": status}).expect(200)
    admin.put(path, {"new_status": "active"}).expect(409, "publishes it")
    admin.put(path, {"new_status": "completed"}).expect(409, "from finished it can become active")
    job_id = admin.get(path).expect(200)["publication"]["job_id"]
    run_jobs(app)
    first = read_manifest(container, title)
    assert {file["path"].rpartition("/")[0] for file in first["files"].values()} == {
        f"label_sets/{title}/v1", f"label_sets/{title}/v1/{title}",
    }  # fmt: skip
    reopened = admin.put(path, {"new_status": "active"}, headers={"Prefer": "return=representation"}).expect(200)
    assert (reopened["status"], reopened["date_finished"]) == ("active", None)
    # What was finished then can no longer be published.
    with rows(app) as session:
        session.execute(text("UPDATE job SET state = 'failed' WHERE id = :id"), {"id": job_id})
    admin.post(f"/jobs/{job_id}/retry").expect(409, "was reopened")
    with rows(app) as session:
        session.execute(text("UPDATE job SET state = 'succeeded' WHERE id = :id"), {"id": job_id})
    admin.delete(f"{path}/images/{labelled.image_ids[1]}").expect(200)
    admin.put(f"{path}/objects", [{"image_id": image_id, "unusable": "dark"}]).expect(200)
    for status in ("completed", "finished"):
        admin.put(path, {"new_status": status}).expect(200)
    run_jobs(app)
    second = read_manifest(container, title)
    assert (first["counts"]["images"], second["counts"]["images"], second["counts"]["labeled"]) == (4, 3, 0)
    found = admin.get(f"{path}/datasets").expect(200)["datasets"]
    assert [dataset["version"] for dataset in found] == [2] * 4 + [1] * 4
    for dataset in found:
        content = container.download_blob(dataset["path"]).readall()
        assert hashlib.sha256(content).hexdigest() == dataset["sha256"]
        assert f"/v{dataset['version']}/" in dataset["path"]
        if dataset["version"] == 2:
            copy = dataset["path"].replace(f"{title}/v2/", "", 1)
            assert container.download_blob(copy).readall() == content


@pytest.mark.usefixtures("put_labels")
def test_what_is_published_is_a_snapshot_of_the_campaign(
    admin: Caller, app: Flask, labelled: Labelled, container: ContainerClient
) -> None:
    second = labelled.image_ids[1]
    labelled.partner.put(
        f"/campaigns/{labelled.campaign_id}/objects", [{"image_id": second, "unusable": "dark"}]
    ).expect(200)
    publish(admin, app, labelled.campaign_id)
    [snapshot] = admin.get("/snapshots").expect(200)["snapshots"]
    assert [snapshot[key] for key in ("kind", "name", "version", "campaign_id", "state", "created_by")] == [
        "campaign", labelled.title, 1, labelled.campaign_id, "ready", "ada@example.org",
    ]  # fmt: skip
    assert snapshot["counts"]["states"] == {"labeled": 2, "unusable": 1, "unlabeled": 1}
    images = admin.get(f"/snapshots/{snapshot['snapshot_id']}/objects").expect(200)["images"]
    # Its images were not inspected, which publishing does not wait for.
    assert {image["sha256"] for image in images} == {None}
    assert snapshot["content_hash"] == content_hash(images)
    manifest = read_manifest(container, labelled.title)["images"]
    assert [image["image_id"] for image in images] == [image["image_id"] for image in manifest]
    published = {row[0]: len(json.loads(row[1])) for row in read_table(container, labelled.title)[1:]}
    assert [published.get(image["path"], 0) for image in manifest] == [image["object_count"] for image in images]
    # People's snapshots of the same name have versions of their own.
    new = {"name": labelled.title, "campaigns": [labelled.campaign_id], "dry_run": True}
    assert admin.post("/snapshots", new).expect(200)["version"] == 1


def test_a_campaign_without_images_gives_files_without_rows(
    admin: Caller, app: Flask, title: str, container: ContainerClient
) -> None:
    made = admin.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
    admin.put(f"/campaigns/{made['campaign_id']}", {"new_status": "active"}).expect(200)
    assert publish(admin, app, made["campaign_id"])["state"] == "succeeded"
    assert read_table(container, title) == [["image_url", "label", "label_confidence"]]
    assert read_manifest(container, title)["images"] == []


def test_a_path_that_a_spreadsheet_would_run_is_marked(
    admin: Caller, app: Flask, settings: Settings, title: str, container: ContainerClient
) -> None:
    path = f"{settings.azure_storage_imageset_container}/=cmd|{title}"
    with rows(app) as session:
        session.execute(
            text("INSERT INTO image (blobstorage_path, width, height) VALUES (:path, 9, 9)"), {"path": path}
        )
    made = admin.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
    url = f"/campaigns/{made['campaign_id']}"
    admin.post(url + "/images", [{"filepath": path}]).expect(200)
    admin.put(url, {"new_status": "active"}).expect(200)
    image_id = admin.get(url + "/images").expect(200)["images"][0]["image_id"]
    admin.put(url + "/objects", [{"image_id": image_id, "objects": []}]).expect(200)
    publish(admin, app, made["campaign_id"])
    assert read_table(container, title)[1][0] == f"'=cmd|{title}"
    assert read_manifest(container, title)["images"][0]["path"] == f"=cmd|{title}"


@pytest.mark.parametrize("most", [1, 2, 3, 4, 7, 8, 10_000])
def test_boxes_are_read_a_few_at_a_time_and_make_the_same_files(
    labelled: Labelled,
    admin: Caller,
    app: Flask,
    container: ContainerClient,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    numbers = dict(zip(labelled.image_ids, (7, 0, 1, 4), strict=True))
    submission = [
        {
            "image_id": image_id,
            "objects": [
                {"bounding_box": box(n, n, n + 96, n + 108), "label": f'"{n}", x', "confidence": n / 8}
                for n in range(count)
            ],
        }
        for image_id, count in numbers.items()
    ]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", submission).expect(200)
    counts: list[int] = []
    write = dataset_files.Files.write

    def counted(files: dataset_files.Files, rows: Sequence[Any], **kwargs: bool) -> None:
        counts.append(sum(row.object_count for row in rows))
        write(files, rows, **kwargs)

    monkeypatch.setattr(dataset_files.Files, "write", counted)
    monkeypatch.setattr(snapshot_parts, "BOXES_AT_A_TIME", most)
    monkeypatch.setattr(snapshot_parts, "IMAGES_AT_A_TIME", 3)
    publish(admin, app, labelled.campaign_id)
    assert max(counts) <= most
    assert sum(counts) == 12
    _, *table = read_table(container, labelled.title)
    assert [len(json.loads(row[1])) for row in table] == [7, 0, 1, 4]
    assert [json.loads(row[2]) for row in table] == [[n / 8 for n in range(count)] for count in (7, 0, 1, 4)]
    assert [label["label"] for label in json.loads(table[0][1])] == [f'"{n}", x' for n in range(7)]
    lines = container.download_blob(f"label_sets/{labelled.title}/labels.jsonl").readall().splitlines()
    assert [json.loads(line)["label_confidence"] for line in lines] == [json.loads(row[2]) for row in table]
    assert [[label["topX"] for label in json.loads(line)["label"]] for line in lines] == [
        [label["topX"] for label in json.loads(row[1])] for row in table
    ]
    assert read_manifest(container, labelled.title)["counts"]["objects"] == 12
