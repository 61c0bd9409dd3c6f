"""Imports: label files that are sent to a campaign, checked as a whole, and stored as one submission or not at all."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.models.imports import FOLDER
from app.services.images import NO_ACCESS
from tests.caller import Caller
from tests.conftest import Labelled, insert_images
from tests.workers import rows, run_jobs

HEADER = "image_id,file_name,width,height,state,label,x_min,y_min,x_max,y_max,confidence"


EDGES = ("xmin", "ymin", "xmax", "ymax")


def csv_of(*lines: str) -> bytes:
    return "\n".join((HEADER, *lines, "")).encode()


def row(
    image_id: int | str, *box: object, name: str = "", size: str = ",", state: str = "", confidence: str = ""
) -> str:
    """A line of CSV: an image and a box (label and four numbers), or none."""
    label, *edges = box or ("", "", "", "", "")
    return f"{image_id},{name},{size},{state},{label},{','.join(map(str, edges))},{confidence}"


def send(caller: Caller, campaign_id: int, content: bytes, query: str = "", status: int = 202, words: str = "") -> Any:
    """Send a file, of CSV unless the query says otherwise, and return the answer."""
    form = "" if "format=" in query else "format=csv&"
    path = f"/campaigns/{campaign_id}/imports?{form}{query}"
    return caller.post(path, content=content, headers={"Content-Type": "application/octet-stream"}).expect(
        status, words
    )


def bring(app: Flask, caller: Caller, campaign_id: int, content: bytes, query: str = "") -> dict[str, Any]:
    """Send a file, run its job, and return the import."""
    import_id = send(caller, campaign_id, content, query)["import_id"]
    run_jobs(app)
    done: dict[str, Any] = caller.get(f"/imports/{import_id}").expect(200)
    return done


def kinds(done: dict[str, Any], severity: str = "error") -> dict[str, int]:
    return {one["kind"]: one["count"] for one in done["problems"] if one["severity"] == severity}


def details(done: dict[str, Any], kind: str) -> list[str]:
    [found] = [one for one in done["problems"] if one["kind"] == kind]
    return [example["detail"] for example in found["examples"]]


def contents(caller: Caller, campaign_id: int) -> dict[int, Any]:
    """State, reason and objects of each image of a campaign, without ids and dates."""
    found = caller.get(f"/campaigns/{campaign_id}/objects?per_page=100&labeled=true").expect(200)["images"]
    return {
        image["image_id"]: (
            image["state"],
            [
                (one["label"], *(one["bounding_box"][name] for name in EDGES), one["confidence"])
                for one in image["objects"]
            ],
        )
        for image in found
    }


def box(*edges: float, label: str = "cat", **more: Any) -> dict[str, Any]:
    return {"bounding_box": dict(zip(EDGES, edges, strict=True)), "label": label, **more}


def put(caller: Caller, campaign_id: int, *items: dict[str, Any]) -> Any:
    prefer = {"Prefer": "return=representation"}
    return caller.put(f"/campaigns/{campaign_id}/objects", list(items), headers=prefer).expect(200)


def files(app: Flask, container: ContainerClient) -> list[str]:
    """The files of imports that lie in the storage, which has those of other tests as well."""
    with rows(app) as session:
        paths = session.scalars(text("SELECT path FROM import")).all()
    return [path for path in paths if container.get_blob_client(path).exists()]


def names(app: Flask) -> dict[int, str]:
    """The paths of all images within the main container."""
    with rows(app) as session:
        found = session.execute(text("SELECT id, blobstorage_path FROM image")).all()
    return {each.id: each.blobstorage_path.partition("/")[2] for each in found}


def test_a_file_becomes_one_submission(app: Flask, labelled: Labelled, container: ContainerClient) -> None:
    one, two, three, _ = labelled.image_ids
    content = csv_of(
        row(one, "cat", 1, 2, 30.5, 40, confidence="0.25"),
        row(one, "dog", 0, 0, 1920, 1080),
        row(two),
        row(three, "cat", 1, 1, 2, 2),
    )
    sent = send(labelled.partner, labelled.campaign_id, content, "note=second%20pass&tool=t")
    assert (sent["state"], sent["format"], sent["counts"], sent["problems"]) == ("queued", "csv", None, None)
    assert len(files(app, container)) == 1
    run_jobs(app)
    done = labelled.partner.get(f"/imports/{sent['import_id']}").expect(200)
    assert (done["state"], done["error"], done["done"], done["total"]) == ("succeeded", None, 6, 6)
    assert done["counts"] == {
        "images": 3, "objects": 3, "replaced": 0, "unchanged": 0, "clipped": 0, "dropped": 0, "new_classes": 2,
    }  # fmt: skip
    assert kinds(done) == {}
    assert kinds(done, "warning") == {"new_class": 2, "not_in_file": 1}
    assert contents(labelled.partner, labelled.campaign_id) == {
        one: ("labeled", [("cat", 1, 2, 30.5, 40, 0.25), ("dog", 0, 0, 1920, 1080, None)]),
        two: ("empty", []),
        three: ("labeled", [("cat", 1, 1, 2, 2, None)]),
    }
    submission = labelled.partner.get(f"/submissions/{done['submission_id']}").expect(200)
    named = {name: submission[name] for name in ("kind", "image_count", "object_count", "unchanged", "note", "tool")}
    assert named == {
        "kind": "import", "image_count": 3, "object_count": 3, "unchanged": 0, "note": "second pass", "tool": "t",
    }  # fmt: skip
    campaign = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    assert campaign["progress"]["states"] == {"unlabeled": 1, "labeled": 2, "empty": 1, "unusable": 0}
    assert [one["name"] for one in campaign["classes"]] == ["cat", "dog"]
    assert files(app, container) == []


def test_an_import_is_what_a_submission_of_the_same_labels_is(app: Flask, labelled: Labelled, settings: Any) -> None:
    """Row by row: the same objects, states, counters and receipt, over what is there already, in both orders."""
    generator = random.Random(7)
    ids = labelled.image_ids + insert_images(app, settings, 20)
    twin = labelled.admin.post("/campaigns", {"title": f"{labelled.title}-twin", "labeler_email": "b@partner.example"})
    twin_id = twin.expect(200)["campaign_id"]
    labelled.admin.post(f"/campaigns/{twin_id}/images", [{"id": image_id} for image_id in ids]).expect(200)
    labelled.admin.put(f"/campaigns/{twin_id}", {"new_status": "active"}).expect(200)
    with rows(app) as session:
        session.execute(text("UPDATE campaign SET auto_complete = false"))
    more = [{"id": image_id} for image_id in ids[4:]]
    labelled.admin.post(f"/campaigns/{labelled.campaign_id}/images", more).expect(200)
    edges = [0, 0.1, 1, 2.5, 3, 1e-40, 3.0000002]
    for _ in range(6):
        items, lines = [], []
        for image_id in generator.sample(ids, 15):
            boxes = [
                box(
                    x := generator.choice(edges),
                    y := generator.choice(edges),
                    x + generator.choice([1, 7.3, 99]),
                    y + 5,
                    label=generator.choice("ab"),
                )
                for _ in range(generator.choice([0, 1, 2]))
            ]
            items.append({"image_id": image_id, "objects": boxes})
            lines += [row(image_id, one["label"], *one["bounding_box"].values()) for one in boxes] or [row(image_id)]
        receipt = put(labelled.admin, twin_id, *items)
        done = bring(app, labelled.admin, labelled.campaign_id, csv_of(*lines))
        assert done["state"] == "succeeded", done
        counts = {name: done["counts"][name] for name in ("images", "objects", "replaced", "unchanged")}
        assert counts == {
            "images": receipt["image_count"], "objects": receipt["object_count"],
            "replaced": receipt["replaced"], "unchanged": receipt["unchanged"],
        }  # fmt: skip
        assert contents(labelled.admin, labelled.campaign_id) == contents(labelled.admin, twin_id)
        # The other way round, all is unchanged.
        again = put(labelled.admin, labelled.campaign_id, *items)
        assert (again["submission_id"], again["unchanged"]) == (None, 15)
    edges_of = "x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge"
    columns = f"image_id, {edges_of}, confidence, label, label_original"
    with rows(app) as session:
        stored = text(f"SELECT {columns} FROM object WHERE campaign_id = :id ORDER BY submission_id, image_id, id")
        mine, other = (
            session.execute(stored, {"id": campaign_id}).all() for campaign_id in (labelled.campaign_id, twin_id)
        )
        assert mine == other
        counters = text("SELECT image_count, labeled_count, empty_count FROM campaign ORDER BY id")
        assert len(set(session.execute(counters).all())) == 1


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_what_is_there_already_stays_or_is_added_to(app: Flask, labelled: Labelled, mode: str) -> None:
    one, two, three, four = labelled.image_ids
    put(
        labelled.partner,
        labelled.campaign_id,
        {"image_id": one, "objects": [box(1, 1, 5, 5)]},
        {"image_id": two, "objects": []},
        {"image_id": three, "unusable": "dark"},
    )
    content = csv_of(
        row(one, "cat", 1, 1, 5, 5),
        row(two, "cat", 2, 2, 3, 3),
        row(three, state="unusable"),
        row(four, state="unlabeled"),
    )
    done = bring(app, labelled.partner, labelled.campaign_id, content, f"mode={mode}")
    assert done["state"] == "succeeded"
    assert kinds(done, "warning")["not_labeled"] == 1
    now = contents(labelled.partner, labelled.campaign_id)
    assert now[two] == ("labeled", [("cat", 2, 2, 3, 3, None)])
    assert now[three] == ("unusable", [])
    assert four not in now
    twice = [("cat", 1, 1, 5, 5, None)] * (1 if mode == "replace" else 2)
    assert now[one] == ("labeled", twice)
    assert done["counts"]["unchanged"] == (2 if mode == "replace" else 1)
    reason = labelled.admin.get(f"/campaigns/{labelled.campaign_id}/images?state=unusable").expect(200)["images"][0][
        "reason"
    ]
    assert reason == "dark"


def test_a_file_of_what_is_there_changes_nothing(app: Flask, labelled: Labelled) -> None:
    one, two, *_ = labelled.image_ids
    sent = {"image_id": one, "objects": [box(0.1, 0.2, 5, 5, confidence=0.3), box(1, 1, 2, 2, label="dog")]}
    receipt = put(labelled.partner, labelled.campaign_id, sent, {"image_id": two, "objects": []})
    content = csv_of(row(one, "cat", 0.1, 0.2, 5, 5, confidence="0.3"), row(one, "dog", 1, 1, 2, 2), row(two))
    done = bring(app, labelled.partner, labelled.campaign_id, content)
    assert (done["state"], done["submission_id"]) == ("succeeded", None)
    assert (done["counts"]["images"], done["counts"]["unchanged"]) == (2, 2)
    assert kinds(done, "warning") == {"nothing_to_do": 2, "not_in_file": 2}
    images = labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images?labeled=true").expect(200)["images"]
    assert {image["revision"] for image in images} == {receipt["submission_id"]}


def test_the_last_image_completes_the_campaign(app: Flask, labelled: Labelled) -> None:
    bring(app, labelled.partner, labelled.campaign_id, csv_of(*map(row, labelled.image_ids)))
    assert labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["status"] == "completed"
    done = bring(app, labelled.admin, labelled.campaign_id, csv_of(*map(row, labelled.image_ids)))
    assert (done["state"], done["counts"]["unchanged"]) == ("succeeded", 4)
    done = bring(app, labelled.admin, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))
    assert (done["state"], done["submission_id"]) == ("failed", None)
    assert "is completed" in done["error"]
    assert "activate it again" in done["error"]
    campaign = f"/campaigns/{labelled.campaign_id}"
    labelled.admin.put(campaign, {"new_status": "active", "auto_complete": False}).expect(200)
    done = bring(app, labelled.admin, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))
    assert done["state"] == "succeeded"
    for status in ("completed", "finished"):
        labelled.admin.put(campaign, {"new_status": status}).expect(200)
    send(labelled.admin, labelled.campaign_id, csv_of(), status=409, words="is finished")


def test_a_dry_run_says_what_would_come_and_keeps_nothing(app: Flask, labelled: Labelled) -> None:
    content = csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2))
    done = bring(app, labelled.partner, labelled.campaign_id, content, "dry_run=true")
    assert (done["state"], done["submission_id"], done["dry_run"]) == ("succeeded", None, True)
    assert (done["counts"]["images"], done["counts"]["objects"], done["counts"]["new_classes"]) == (1, 1, 1)
    assert contents(labelled.partner, labelled.campaign_id) == {}
    assert labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["classes"] == []


def test_whatever_is_wrong_is_named_and_nothing_is_imported(app: Flask, labelled: Labelled, non_image_id: int) -> None:
    one, two, three, four = labelled.image_ids
    labelled.hold(app, non_image_id)
    classes = {"classes": [{"name": "cat"}, {"name": "bottle", "retired": True}], "strict": True}
    labelled.admin.patch(f"/campaigns/{labelled.campaign_id}", classes).expect(200)
    content = csv_of(
        row(one, "cat", 1, 1, 2, 2),
        row(one, "catt", 3, 3, 4, 4),
        row(two, "cat", -5, 0, 10, 10),
        row(two, "cat", 7, 7, 7, 9),
        row(two, "bottle", 7, 7, 8, 9),
        row(three, "cat", 0, 0, 1, 1, size="1080,1920"),
        row(four, size="800,600"),
        row(99999),
        row(non_image_id, "cat", 0, 0, 1, 1),
        row(one, "cat\u200b", 3, 3, 4, 4),
    )
    done = bring(app, labelled.partner, labelled.campaign_id, content)
    assert (done["state"], done["submission_id"]) == ("failed", None)
    assert kinds(done) == {
        "unknown_image": 1, "other_size": 2, "not_an_image": 1, "bad_box": 2, "bad_class": 1, "unknown_class": 2,
    }  # fmt: skip
    assert "1 unknown images" in done["error"]
    assert "before EXIF rotation" in details(done, "other_size")[0]
    assert "before EXIF rotation" not in details(done, "other_size")[1]
    assert "Did you mean `cat`?" in details(done, "unknown_class")[0]
    assert "is retired" in details(done, "unknown_class")[1]
    assert "-5, 0, 10, 10" in details(done, "bad_box")[0]
    assert contents(labelled.partner, labelled.campaign_id) == {}


def test_boxes_are_clipped_where_that_is_asked_for(app: Flask, labelled: Labelled) -> None:
    one, two, three, _ = labelled.image_ids
    content = csv_of(
        row(one, "cat", -5, -5, 10, 2000), row(one, "cat", 5, 5, 5, 9), row(two, "cat", 1920, 0, 1930, 10),
        row(three, "cat", -0.004, 0, 1920.008, 1080),
    )  # fmt: skip
    done = bring(app, labelled.partner, labelled.campaign_id, content, "on_invalid=clip")
    assert done["state"] == "succeeded"
    assert (done["counts"]["clipped"], done["counts"]["dropped"]) == (1, 2)
    assert kinds(done, "warning") == {"clipped_box": 1, "dropped_box": 2, "new_class": 1, "not_in_file": 1}
    # What is hardly outside comes from rounding, and is on the edge.
    assert contents(labelled.partner, labelled.campaign_id) == {
        one: ("labeled", [("cat", 0, 0, 10, 1080, None)]),
        two: ("empty", []),
        three: ("labeled", [("cat", 0, 0, 1920, 1080, None)]),
    }


def test_images_are_found_by_id_path_or_name(app: Flask, labelled: Labelled) -> None:
    paths = names(app)
    one, two, *_ = labelled.image_ids
    base = paths[one].rpartition("/")[2]
    for number, (name, query) in enumerate(
        [
            (paths[one], ""), (paths[one], "match=path"), (f"./{paths[one]}", ""), (base, ""), (base, "match=name"),
            (f"C:\\data\\{base}", ""), (paths[one].replace("/", "\\"), "match=path"),
        ]
    ):  # fmt: skip
        done = bring(
            app, labelled.partner, labelled.campaign_id, csv_of(row("", "cat", 1, 1, 2, 3 + number, name=name)), query
        )
        assert (done["state"], done["counts"]["images"]) == ("succeeded", 1), (name, query, done)
    # An id of another installation does not count where the name is another one's, unless ids are asked for.
    done = bring(app, labelled.partner, labelled.campaign_id, csv_of(row(two, "cat", 1, 1, 2, 2, name=base)))
    assert list(contents(labelled.partner, labelled.campaign_id)) == [one]
    done = bring(
        app, labelled.partner, labelled.campaign_id, csv_of(row(two, "cat", 1, 1, 2, 2, name=base)), "match=id"
    )
    assert list(contents(labelled.partner, labelled.campaign_id)) == [one, two]
    done = bring(app, labelled.partner, labelled.campaign_id, csv_of(row("", name=base)), "match=id")
    assert kinds(done) == {"unknown_image": 1}


def test_flat_names_count_for_the_image_that_is_called_so(app: Flask, labelled: Labelled) -> None:
    one, two, *_ = labelled.image_ids
    base = names(app)[one].rpartition("/")[2]
    stem = re.sub("[^A-Za-z0-9._-]", "_", base.rpartition(".")[0])
    for number, name in enumerate((f"{one:06}_{stem}.jpg", f"train/{one:06}_{stem}", f"{one:06}_{stem}.png")):
        content = csv_of(row(one, "cat", 1, 1, 2, 3 + number, name=name))
        done = bring(app, labelled.partner, labelled.campaign_id, content)
        assert (done["state"], done["counts"]["images"]) == ("succeeded", 1), (name, done)
    assert list(contents(labelled.partner, labelled.campaign_id)) == [one]
    # Others number their files as well.
    for name in (f"{two:06}_camera.jpg", f"{two:06}_{stem}.jpg", f"{one:06}_{stem}2.jpg"):
        done = bring(app, labelled.partner, labelled.campaign_id, csv_of(row(int(name[:6]), name=name)))
        assert kinds(done) == {"unknown_image": 1}, name


def test_names_without_an_ending_are_found(app: Flask, labelled: Labelled) -> None:
    one, two, three, _ = labelled.image_ids
    with rows(app) as session:
        rename = text(
            "UPDATE image SET blobstorage_path = split_part(blobstorage_path, '/', 1) || :path WHERE id = :id"
        )
        for image_id, path in ((one, "/a/1.v2.jpg"), (two, "/a/2.jpg"), (three, "/a/2.png")):
            session.execute(rename, {"path": path, "id": image_id})
    for name, query in (("1.v2", ""), ("a/1.v2", "match=path"), ("x/1.v2", "match=name")):
        done = bring(app, labelled.partner, labelled.campaign_id, csv_of(row("", name=name)), query)
        assert (done["state"], done["counts"]["images"]) == ("succeeded", 1), (name, done)
    assert list(contents(labelled.partner, labelled.campaign_id)) == [one]
    assert kinds(bring(app, labelled.partner, labelled.campaign_id, csv_of(row("", name="2")))) == {
        "ambiguous_image": 1
    }
    assert kinds(bring(app, labelled.partner, labelled.campaign_id, csv_of(row("", name="2.jpg.jpg")))) == {
        "unknown_image": 1
    }
    done = bring(app, labelled.partner, labelled.campaign_id, csv_of(row("", name="2.jpg")))
    assert done["state"] == "succeeded"


def test_ambiguous_and_repeated_images_are_refused_or_skipped(app: Flask, labelled: Labelled) -> None:
    one, two, three, _ = labelled.image_ids
    with rows(app) as session:
        rename = text(
            "UPDATE image SET blobstorage_path = split_part(blobstorage_path, '/', 1) || :path WHERE id = :id"
        )
        for image_id, path in ((one, "/a/1.jpg"), (two, "/b/1.jpg"), (three, "/c/2.jpg")):
            session.execute(rename, {"path": path, "id": image_id})
    content = csv_of(row("", name="1.jpg"), row("", name="2.jpg"), row("", name="x/2.jpg"))
    done = bring(app, labelled.partner, labelled.campaign_id, content)
    assert kinds(done) == {"ambiguous_image": 1, "duplicate_image": 2}
    content = csv_of(row("", name="1.jpg"), row("", name="2.jpg"), row("", name="3.jpg"))
    done = bring(app, labelled.partner, labelled.campaign_id, content, "skip_unknown=true")
    assert (done["state"], kinds(done, "warning")["skipped_image"]) == ("succeeded", 2)
    assert list(contents(labelled.partner, labelled.campaign_id)) == [three]


def test_another_size_can_be_ignored(app: Flask, labelled: Labelled) -> None:
    content = csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2, size="10,10"))
    assert bring(app, labelled.partner, labelled.campaign_id, content)["state"] == "failed"
    assert bring(app, labelled.partner, labelled.campaign_id, content, "ignore_size=true")["state"] == "succeeded"


def test_words_of_the_campaign_are_read_as_in_a_submission(app: Flask, labelled: Labelled) -> None:
    classes = [{"name": "plastic", "aliases": ["PET"]}]
    labelled.admin.patch(f"/campaigns/{labelled.campaign_id}", {"classes": classes}).expect(200)
    done = bring(app, labelled.partner, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "PET", 1, 1, 2, 2)))
    assert done["counts"]["new_classes"] == 0
    [image] = labelled.partner.get(f"/campaigns/{labelled.campaign_id}/objects?labeled=true").expect(200)["images"]
    assert (image["objects"][0]["label"], image["objects"][0]["label_original"]) == ("plastic", "PET")


def test_an_accepted_image_is_for_admins_alone(app: Flask, labelled: Labelled) -> None:
    one, *_ = labelled.image_ids
    put(labelled.partner, labelled.campaign_id, {"image_id": one, "objects": [box(1, 1, 2, 2)]})
    labelled.admin.put(f"/campaigns/{labelled.campaign_id}/reviews", [{"image_id": one, "verdict": "accepted"}]).expect(
        200
    )
    same, other = csv_of(row(one, "cat", 1, 1, 2, 2)), csv_of(row(one, "cat", 1, 1, 2, 3))
    assert bring(app, labelled.partner, labelled.campaign_id, same)["state"] == "succeeded"
    assert kinds(bring(app, labelled.partner, labelled.campaign_id, other)) == {"accepted_image": 1}
    assert bring(app, labelled.admin, labelled.campaign_id, other)["state"] == "succeeded"
    progress = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["progress"]
    assert progress["reviews"] == {"accepted": 0, "rejected": 0, "none": 4}


def test_a_file_of_another_format_is_refused_in_words(app: Flask, labelled: Labelled) -> None:
    for content, query in (
        (b"\xff\xfe\x00", ""), (b"{}", "format=coco"), (b"PK\x03\x04", ""), (b"[" * 100_000, "format=label-studio"),
    ):  # fmt: skip
        done = bring(app, labelled.partner, labelled.campaign_id, content, query)
        assert done["state"] == "failed", (content[:9], done)
        assert len(done["error"]) > 20
    # Nothing is left for an operator to do.
    assert all(job["state"] == "succeeded" for job in labelled.admin.get("/jobs?per_page=100").expect(200)["jobs"])


def test_a_file_is_uploaded_with_a_link(app: Flask, labelled: Labelled, container: ContainerClient) -> None:
    path = f"/campaigns/{labelled.campaign_id}/imports?format=csv&upload=link"
    created = labelled.partner.post(path).expect(200)
    place = f"/imports/{created['import_id']}"
    assert (created["state"], created["job"]) == ("waiting", None)
    labelled.partner.put(place, {"new_status": "uploaded"}).expect(409, "Nothing was uploaded")
    content = csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2))
    stored = httpx.put(created["upload_url"], content=content, headers={"x-ms-blob-type": "BlockBlob"})
    assert stored.status_code == 201
    assert httpx.get(created["upload_url"]).status_code in (401, 403)
    answer = labelled.partner.put(place, {"new_status": "uploaded"}, headers={"Prefer": "return=representation"})
    assert answer.expect(200)["state"] == "queued"
    assert 'rel="monitor"' in answer.headers["Link"]
    labelled.partner.put(place, {"new_status": "uploaded"}).expect(409, "has its file already")
    run_jobs(app)
    assert labelled.partner.get(place).expect(200)["state"] == "succeeded"
    assert files(app, container) == []
    # The link still works for a while: what comes with it goes, too.
    httpx.put(created["upload_url"], content=b"more", headers={"x-ms-blob-type": "BlockBlob"})
    with rows(app) as session:
        session.execute(text("UPDATE import SET date_upload_expires = now() - interval '1 minute'"))
    run_jobs(app, hurry=True)
    assert files(app, container) == []


def test_what_cannot_be_asked_for_is_refused(labelled: Labelled) -> None:
    campaign_id, partner = labelled.campaign_id, labelled.partner
    send(partner, campaign_id, b"", status=400, words="upload=link")
    send(partner, campaign_id, b"x", "upload=link", status=400, words="not both")
    send(partner, campaign_id, b"x", "format=pdf", status=400, words="format")
    send(partner, campaign_id, b"x", "mode=merge", status=400, words="mode")
    send(partner, campaign_id, b"x", "origin=2", status=400, words="origin")
    partner.post(f"/campaigns/{campaign_id}/imports", content=b"x").expect(400, "format")
    headers = {"Content-Encoding": "gzip"}
    partner.post(f"/campaigns/{campaign_id}/imports?format=csv", content=b"x", headers=headers).expect(415)
    answer = send(partner, campaign_id, csv_of())
    partner.put(f"/imports/{answer['import_id']}", {"new_status": "uploaded"}).expect(409, "sent with the request")


def test_any_media_type_is_taken(labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}/imports?format=coco"
    for media_type in (
        "application/json",
        "text/csv",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        None,
    ):
        headers = {"Content-Type": media_type} if media_type else {}
        assert labelled.partner.post(path, content=b"{", headers=headers).expect(202)["state"] == "queued"


def test_the_same_request_is_answered_once(labelled: Labelled) -> None:
    path, key = f"/campaigns/{labelled.campaign_id}/imports?format=csv", {"Idempotency-Key": "a"}
    first = labelled.partner.post(path, content=csv_of(), headers=key).expect(202)
    assert labelled.partner.post(path, content=csv_of(), headers=key).expect(202) == first
    labelled.partner.post(path, content=csv_of(row(1)), headers=key).expect(422, "different request")
    assert len(labelled.partner.get(f"/campaigns/{labelled.campaign_id}/imports").expect(200)["imports"]) == 1


def test_labelers_see_their_own_imports(app: Flask, labelled: Labelled, http: Any) -> None:
    added = labelled.admin.post(f"/campaigns/{labelled.campaign_id}/labelers", {"email": "new@partner.example"}).expect(
        200
    )
    other = Caller(http, added["access_token"]["apikey"], added["access_token"]["apisecret"])
    mine, theirs = (bring(app, caller, labelled.campaign_id, csv_of()) for caller in (labelled.partner, other))
    path = f"/campaigns/{labelled.campaign_id}/imports"
    for caller, ids in ((labelled.partner, [mine]), (other, [theirs]), (labelled.admin, [theirs, mine])):
        listed = caller.get(path).expect(200)["imports"]
        assert [one["import_id"] for one in listed] == [one["import_id"] for one in ids]
        assert "problems" not in listed[0]
    other.get(f"/imports/{mine['import_id']}").expect(403, NO_ACCESS)
    other.get("/imports/999").expect(403, NO_ACCESS)
    labelled.admin.get("/imports/999").expect(404)
    unchanged = labelled.admin.get(f"/imports/{mine['import_id']}")
    etag = {"If-None-Match": unchanged.headers["ETag"]}
    labelled.admin.get(f"/imports/{mine['import_id']}", headers=etag).expect(304)


def test_who_lost_the_role_imports_nothing(app: Flask, labelled: Labelled) -> None:
    sent = send(labelled.partner, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))
    members = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["labelers"]
    labelled.admin.delete(f"/campaigns/{labelled.campaign_id}/labelers/{members[0]['user_id']}").expect(200)
    run_jobs(app)
    done = labelled.admin.get(f"/imports/{sent['import_id']}").expect(200)
    assert (done["state"], done["submission_id"]) == ("failed", None)
    assert "may no longer" in done["error"]


def test_examples_are_limited_and_counts_are_not(app: Flask, labelled: Labelled) -> None:
    lines = [row("", name=f"{number}.jpg") for number in range(1500)]
    done = bring(app, labelled.partner, labelled.campaign_id, csv_of(*lines))
    [unknown] = [one for one in done["problems"] if one["kind"] == "unknown_image"]
    assert (unknown["count"], len(unknown["examples"])) == (1500, 1000)


def test_drafts_of_imported_images_go(app: Flask, labelled: Labelled) -> None:
    one, two, *_ = labelled.image_ids
    drafts = [{"image_id": image_id, "objects": []} for image_id in (one, two)]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/drafts", drafts).expect(200)
    bring(app, labelled.partner, labelled.campaign_id, csv_of(row(one)))
    left = labelled.partner.get(f"/campaigns/{labelled.campaign_id}/drafts").expect(200)["drafts"]
    assert [draft["image_id"] for draft in left] == [two]


def coco_of(image_ids: list[int], boxes: dict[int, list[list[float]]], paths: dict[int, str]) -> bytes:
    images = [{"id": n, "file_name": paths[i], "width": 1920, "height": 1080} for n, i in enumerate(image_ids, 1)]
    annotations = [
        {"id": n, "image_id": 1 + image_ids.index(i), "category_id": 5, "bbox": found, "area": 1, "iscrowd": 0}
        for n, (i, found) in enumerate(((i, one) for i, each in boxes.items() for one in each), 1)
    ]
    categories = [{"id": 5, "name": "cat"}]
    return json.dumps({"annotations": annotations, "categories": categories, "images": images}).encode()


def test_a_file_of_numbered_classes_is_read_whatever_its_order(app: Flask, labelled: Labelled) -> None:
    one, two, *_ = labelled.image_ids
    content = coco_of([one, two], {two: [[1, 2, 3.5, 4]]}, names(app))
    done = bring(app, labelled.partner, labelled.campaign_id, content, "format=coco")
    assert done["state"] == "succeeded", done
    assert contents(labelled.partner, labelled.campaign_id) == {
        one: ("empty", []), two: ("labeled", [("cat", 1, 2, 4.5, 6, None)]),
    }  # fmt: skip
    content = content.replace(b'"category_id": 5', b'"category_id": 6').replace(b'"image_id": 2', b'"image_id": 3')
    done = bring(app, labelled.partner, labelled.campaign_id, content, "format=coco")
    assert kinds(done) == {"unknown_reference": 2}


@pytest.fixture
def findings(app: Flask, blobs: BlobStore) -> Iterator[Any]:
    """Return what `flask check` finds of files of imports."""

    # Other tests leave files of imports whose jobs they do not run.
    for blob in blobs.list_blobs(blobs.container, FOLDER):
        blobs.delete_blob(blob.name)

    def find(*options: str) -> list[str]:
        result = app.test_cli_runner().invoke(args=["check", *options])
        return [line for line in result.output.splitlines() if "import_file" in line]

    yield find
    for blob in blobs.list_blobs(blobs.container, FOLDER):
        blobs.delete_blob(blob.name)


def test_files_that_are_left_over_are_found(
    app: Flask, labelled: Labelled, container: ContainerClient, findings: Any
) -> None:
    send(labelled.partner, labelled.campaign_id, csv_of())
    assert findings() == []
    [file] = files(app, container)
    run_jobs(app)
    container.upload_blob(file, b"again")
    container.upload_blob(f"{FOLDER}/nobodys", b"new")
    assert [file in line for line in findings("--repair")] == [True]
    # What came a moment ago may belong to an import that is being created.
    assert [blob.name for blob in container.list_blobs(FOLDER)] == [f"{FOLDER}/nobodys"]
    assert len(findings("--grace-minutes", "0")) == 1
