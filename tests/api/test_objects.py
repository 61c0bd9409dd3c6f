"""Objects: what a partner submits, what becomes current, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.services import sent_images
from tests.caller import Caller
from tests.conftest import Labelled


def box(xmin: int = 1, xmax: int = 9, ymin: int = 2, ymax: int = 8) -> dict[str, int]:
    return {"xmin": xmin, "xmax": xmax, "ymin": ymin, "ymax": ymax}


def item(label: str = "PET", **more: Any) -> dict[str, Any]:
    return {"bounding_box": box(), "label": label} | more


def put(labelled: Labelled, images: Any, status: int = 200, words: str = "", **kwargs: Any) -> Any:
    return labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", images, **kwargs).expect(status, words)


def current(admin: Caller, labelled: Labelled) -> dict[int, list[dict[str, Any]]]:
    page = admin.get(f"/campaigns/{labelled.campaign_id}/objects").expect(200)
    return {image["image_id"]: image["objects"] for image in page["images"]}


def progress(admin: Caller, labelled: Labelled) -> dict[str, Any]:
    campaign: dict[str, Any] = admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    done: dict[str, Any] = campaign["progress"]
    return done


def test_submitted_objects_are_current_in_their_order(admin: Caller, labelled: Labelled) -> None:
    first, second, *_ = labelled.image_ids
    sent = [item("PET", confidence=0.87), item("can", label_translated="blik"), item("cap", confidence=None)]
    assert put(labelled, [{"image_id": second, "objects": []}, {"image_id": first, "objects": sent}]) == "ok"
    stored = current(admin, labelled)
    assert [(o["label"], o["label_original"], o["confidence"]) for o in stored[first]] == [
        ("PET", "PET", 0.87), ("blik", "can", None), ("cap", "cap", None),
    ]  # fmt: skip
    one = stored[first][0]
    assert set(one) == {
        "object_id", "image_id", "campaign_id", "label", "label_original", "bounding_box", "confidence", "date_added",
    }  # fmt: skip
    assert one["bounding_box"] == box()
    assert one["image_id"] == first
    assert one["date_added"].endswith("Z")
    assert stored[second] == []
    states = {"unlabeled": 2, "labeled": 1, "empty": 1, "unusable": 0}
    reviews = {"accepted": 0, "rejected": 0, "none": 4}
    assert progress(admin, labelled) == {"total": 4, "done": 2, "states": states, "reviews": reviews}


def test_an_empty_list_says_nothing_is_there_and_counts_as_labeled(admin: Caller, labelled: Labelled) -> None:
    put(labelled, [{"image_id": labelled.image_ids[0], "objects": []}])
    assert progress(admin, labelled)["done"] == 1


def test_a_second_submission_replaces_the_first_and_keeps_it_on_record(
    app: Flask, admin: Caller, labelled: Labelled
) -> None:
    image_id = labelled.image_ids[0]
    put(labelled, [{"image_id": image_id, "objects": [item("a"), item("b")]}])
    put(labelled, [{"image_id": image_id, "objects": [item("c")]}])
    assert [o["label"] for o in current(admin, labelled)[image_id]] == ["c"]
    assert progress(admin, labelled)["done"] == 1
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM object")) == 3


def test_a_submission_is_kept_with_the_id_of_its_request(app: Flask, labelled: Labelled) -> None:
    body = [{"image_id": labelled.image_ids[0], "objects": []}]
    put(labelled, body, headers={"X-Request-ID": "abc-1"})
    with app.app_context():
        assert db.session.scalar(text("SELECT request_id FROM submission")) == "abc-1"


def test_the_receipt_names_the_submission(labelled: Labelled) -> None:
    receipt = put(
        labelled,
        [{"image_id": labelled.image_ids[0], "objects": [item(), item()]}],
        headers={"Prefer": "respond-async, return=representation"},
    )
    assert receipt["submission_id"] > 0
    assert receipt["campaign_id"] == labelled.campaign_id
    assert (receipt["image_count"], receipt["object_count"]) == (1, 2)


def test_campaign_completes_itself_with_its_last_image(admin: Caller, labelled: Labelled) -> None:
    put(labelled, [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids[:3]])
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["status"] == "active"
    put(labelled, [{"image_id": labelled.image_ids[3], "objects": [item()]}])
    campaign = admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    assert campaign["status"] == "completed"
    assert campaign["date_completed"] is not None
    put(labelled, [{"image_id": labelled.image_ids[3], "objects": []}], 409, "is completed")


@pytest.mark.parametrize(("auto_complete", "status"), [(None, "completed"), (True, "completed"), (False, "active")])
def test_reopened_campaign_completes_on_its_next_submission_unless_told_not_to(
    admin: Caller, labelled: Labelled, auto_complete: bool | None, status: str
) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    put(labelled, [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids])
    body = {"new_status": "active"} | ({} if auto_complete is None else {"auto_complete": auto_complete})
    admin.put(path, body).expect(200)
    assert admin.get(path).expect(200)["status"] == "active"
    put(labelled, [{"image_id": labelled.image_ids[0], "objects": [item()]}])
    assert admin.get(path).expect(200)["status"] == status


def count(app: Flask, table: str) -> int:
    with app.app_context():
        return int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


CONTENT = [
    item("PET", confidence=0.1),
    item(" cafe\u0301 "),
    item("can", label_translated="blik"),
    item("PET", confidence=0.1),
]


@pytest.mark.parametrize("chunk_count", [10_000, 2])
@pytest.mark.parametrize("auto_complete", [True, False])
def test_a_submission_that_is_sent_again_changes_nothing(
    app: Flask,
    admin: Caller,
    labelled: Labelled,
    monkeypatch: pytest.MonkeyPatch,
    auto_complete: bool,
    chunk_count: int,
) -> None:
    monkeypatch.setattr(sent_images, "CHUNK_COUNT", chunk_count)
    path = f"/campaigns/{labelled.campaign_id}"
    admin.put(path, {"new_status": "completed"}).expect(200)
    admin.put(path, {"new_status": "active", "auto_complete": auto_complete}).expect(200)
    sent = [{"image_id": image_id, "objects": CONTENT[:n]} for n, image_id in enumerate(labelled.image_ids)]
    receipt = {"Prefer": "return=representation"}
    first = put(labelled, sent, headers=receipt)
    before = admin.get(path).expect(200), admin.get(f"{path}/objects").expect(200)
    assert before[0]["status"] == ("completed" if auto_complete else "active")
    assert put(labelled, sent) == "ok"
    again = put(labelled, sent[::-1], headers=receipt)
    assert again["date_created"] > first["date_created"]
    own = {name: again[name] for name in ("date_created", "request_id")}
    assert again == first | own | {"submission_id": None, "unchanged": 4}
    part = admin.put(f"{path}/objects", sent[2:], headers=receipt).expect(200)
    assert (part["submission_id"], part["image_count"], part["object_count"]) == (None, 2, 5)
    assert part["created_by"] == "ada@example.org"
    assert (admin.get(path).expect(200), admin.get(f"{path}/objects").expect(200)) == before
    assert (count(app, "submission"), count(app, "object")) == (1, 6)


def test_what_a_label_was_before_its_translation_is_not_compared(admin: Caller, labelled: Labelled) -> None:
    image_id = labelled.image_ids[0]
    put(labelled, [{"image_id": image_id, "objects": [item("PET", label_translated="plastic")]}])
    put(labelled, [{"image_id": image_id, "objects": [item("plastic")]}])
    assert [o["label_original"] for o in current(admin, labelled)[image_id]] == ["PET"]


OTHER = {
    "label": [*CONTENT[:3], item("PE", confidence=0.1)],
    "translation": [CONTENT[0], CONTENT[1], item("can", label_translated="can"), CONTENT[3]],
    "box": [*CONTENT[:3], item("PET", confidence=0.1, bounding_box=box(ymax=9))],
    "confidence": [*CONTENT[:3], item("PET", confidence=0.2)],
    "no confidence": [*CONTENT[:3], item("PET")],
    "order": [CONTENT[1], CONTENT[0], *CONTENT[2:]],
    "one less": CONTENT[:3],
    "one more": [*CONTENT, CONTENT[3]],
    "none": [],
}


@pytest.mark.parametrize("content", OTHER.values(), ids=OTHER)
def test_a_submission_that_differs_in_one_image_is_another(
    app: Flask, admin: Caller, labelled: Labelled, content: list[dict[str, Any]]
) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    sent = [{"image_id": image_id, "objects": CONTENT} for image_id in labelled.image_ids]
    put(labelled, sent)
    other = [*sent[:3], {"image_id": labelled.image_ids[3], "objects": content}]
    before = admin.get(f"{path}/objects").expect(200)
    put(labelled, other, 409, "is completed")
    put(labelled, other[::-1], 409, "is completed")
    assert admin.get(f"{path}/objects").expect(200) == before
    assert count(app, "submission") == 1
    admin.put(path, {"new_status": "active"}).expect(200)
    put(labelled, other)
    assert count(app, "submission") == 2
    assert admin.get(path).expect(200)["status"] == "completed"
    assert [len(objects) for objects in current(admin, labelled).values()] == [4, 4, 4, len(content)]


def test_in_a_completed_campaign_an_unlabeled_image_is_not_an_empty_one(admin: Caller, labelled: Labelled) -> None:
    first, second, *_ = labelled.image_ids
    put(labelled, [{"image_id": first, "objects": []}])
    admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "completed"}).expect(200)
    put(labelled, [{"image_id": first, "objects": []}])
    put(labelled, [{"image_id": second, "objects": []}], 409, "is completed")
    put(labelled, [{"image_id": 4711, "objects": []}], 409, "is completed")
    put(labelled, [{"image_id": first, "objects": []}] * 2, 422, "already named")
    admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "finished"}).expect(200)
    put(labelled, [{"image_id": first, "objects": []}], 409, "is finished")


def test_a_reopened_campaign_completes_again_also_when_nothing_changes(admin: Caller, labelled: Labelled) -> None:
    sent = [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids]
    put(labelled, sent)
    admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "active"}).expect(200)
    put(labelled, [])
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["status"] == "active"
    put(labelled, sent[:1])
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["status"] == "completed"


def test_an_empty_submission_has_no_effect(app: Flask, admin: Caller, labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    before = admin.get(path).expect(200)
    assert put(labelled, []) == "ok"
    receipt = put(labelled, [], headers={"Prefer": "return=representation"})
    assert (receipt["submission_id"], receipt["image_count"], receipt["object_count"]) == (None, 0, 0)
    assert admin.get(path).expect(200) == before
    assert count(app, "submission") == 0
    admin.put("/campaigns/4711/objects", []).expect(404, "4711")
    labelled.partner.put("/campaigns/4711/objects", []).expect(403)
    admin.put(path, {"new_status": "completed"}).expect(200)
    put(labelled, [])
    admin.put(path, {"new_status": "finished"}).expect(200)
    put(labelled, [], 409, "is finished")


def test_translations_of_the_campaign_apply_where_the_sender_gives_none(
    admin: Caller, title: str, image_ids: list[int]
) -> None:
    made = admin.post(
        "/campaigns",
        {"title": title, "labeler_email": "p@partner.example", "label_translations": {"PET": "plastic", "blik": "can"}},
    ).expect(200)
    path = f"/campaigns/{made['campaign_id']}"
    admin.post(path + "/images", [{"id": image_ids[0]}]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    sent = [item("PET"), item("blik", label_translated="tin"), item("wood")]
    admin.put(path + "/objects", [{"image_id": image_ids[0], "objects": sent}]).expect(200)
    objects = admin.get(path + "/objects").expect(200)["images"][0]["objects"]
    assert [(o["label"], o["label_original"]) for o in objects] == [
        ("plastic", "PET"), ("tin", "blik"), ("wood", "wood"),
    ]  # fmt: skip


def test_the_same_image_twice_is_refused_and_nothing_stored(admin: Caller, labelled: Labelled) -> None:
    twice = [{"image_id": labelled.image_ids[0], "objects": [item()]}] * 2
    problem = put(labelled, twice, 422, "already named")
    assert problem["errors"][0]["pointer"] == "/1/image_id"
    assert progress(admin, labelled)["done"] == 0


@pytest.mark.parametrize(
    "bad",
    [box(xmin=9), box(ymin=8), box(xmin=10), box(xmin=-1), box(ymin=-1), box(xmax=1921), box(ymax=1081)],
)
def test_a_box_that_cannot_be_is_refused_and_nothing_stored(
    app: Flask, admin: Caller, labelled: Labelled, bad: dict[str, int]
) -> None:
    first, second, *_ = labelled.image_ids
    wrong = {"bounding_box": bad, "label": "PET"}
    sent = [{"image_id": first, "objects": [item()]}, {"image_id": second, "objects": [item(), wrong]}]
    problem = put(labelled, sent, 422)
    assert problem["errors"][0]["pointer"] == "/1/objects/1/bounding_box"
    assert progress(admin, labelled)["done"] == 0
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM submission")) == 0


def test_a_box_may_fill_its_image(labelled: Labelled) -> None:
    whole = {"bounding_box": box(0, 1920, 0, 1080), "label": "all"}
    put(labelled, [{"image_id": labelled.image_ids[0], "objects": [whole]}])


def test_what_is_no_image_takes_no_boxes_but_can_be_said_to_be_empty(
    app: Flask, admin: Caller, labelled: Labelled, non_image_id: int
) -> None:
    labelled.hold(app, non_image_id)
    large = {"bounding_box": box(0, 99999, 0, 9), "label": "all"}
    first = {"image_id": labelled.image_ids[0], "objects": [item()]}
    problem = put(labelled, [first, {"image_id": non_image_id, "objects": [item(), large]}], 422, "is not an image")
    assert [error["pointer"] for error in problem["errors"]] == ["/1/objects"]
    assert f"Image {non_image_id} " in problem["errors"][0]["detail"]
    assert "`objects: []`" in problem["detail"]
    assert progress(admin, labelled)["done"] == 0
    everything = [{"image_id": image_id, "objects": []} for image_id in [non_image_id, *labelled.image_ids]]
    put(labelled, everything)
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["status"] == "completed"


def test_an_image_of_another_campaign_is_a_404_and_nothing_is_stored(admin: Caller, labelled: Labelled) -> None:
    sent = [{"image_id": labelled.image_ids[0], "objects": [item()]}, {"image_id": 4711, "objects": []}]
    problem = put(labelled, sent, 404, "4711 is not in campaign")
    assert problem["errors"][0]["pointer"] == "/1/image_id"
    assert progress(admin, labelled)["done"] == 0


def test_objects_are_put_only_while_active(admin: Caller, title: str, image_ids: list[int]) -> None:
    made = admin.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
    path = f"/campaigns/{made['campaign_id']}"
    admin.post(path + "/images", [{"id": image_ids[0]}]).expect(200)
    sent = [{"image_id": image_ids[0], "objects": []}]
    admin.put(path + "/objects", sent).expect(409, "is created")
    for status in ["active", "completed", "finished"]:
        admin.put(path, {"new_status": status}).expect(200)
    admin.put(path + "/objects", sent).expect(409, "is finished")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"label": ""}, "/0/objects/0/label"),
        ({"label": "x" * 513}, "/0/objects/0/label"),
        ({"label": "a\u0000b"}, "/0/objects/0/label"),
        ({"label": None}, "/0/objects/0/label"),
        ({"label_translated": ""}, "/0/objects/0/label_translated"),
        ({"confidence": 1.5}, "/0/objects/0/confidence"),
        ({"confidence": "high"}, "/0/objects/0/confidence"),
        ({"bounding_box": {"xmin": 1}}, "/0/objects/0/bounding_box"),
        ({"bounding_box": box() | {"xmin": "a"}}, "/0/objects/0/bounding_box/xmin"),
        ({"bounding_box": box() | {"xmax": 2**31}}, "/0/objects/0/bounding_box/xmax"),
        ({"colour": "red"}, "/0/objects/0"),
    ],
)
def test_malformed_objects_are_refused_at_their_place(labelled: Labelled, change: dict[str, Any], pointer: str) -> None:
    problem = put(labelled, [{"image_id": labelled.image_ids[0], "objects": [item() | change]}], 400)
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("body", [{}, [{}], [{"image_id": 1}], [{"image_id": 1, "objects": None}], "x", 3])
def test_malformed_submissions_are_refused(labelled: Labelled, body: Any) -> None:
    path = f"/campaigns/{labelled.campaign_id}/objects"
    labelled.partner.request("PUT", path, json=body).expect(400)


def test_two_submissions_for_one_image_at_once_leave_one_whole_set(admin: Caller, labelled: Labelled) -> None:
    image_id = labelled.image_ids[0]

    def submit(letter: str) -> None:
        put(labelled, [{"image_id": image_id, "objects": [item(letter) for _ in range(20)]}])

    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(submit, "ab"))
        labels = [o["label"] for o in current(admin, labelled)[image_id]]
        assert labels in (["a"] * 20, ["b"] * 20)
    assert progress(admin, labelled)["done"] == 1


def test_labels_are_stored_in_normal_form_c(admin: Caller, labelled: Labelled) -> None:
    put(labelled, [{"image_id": labelled.image_ids[0], "objects": [item("cafe\u0301")]}])
    assert current(admin, labelled)[labelled.image_ids[0]][0]["label_original"] == "caf\u00e9"


def test_objects_of_an_image_come_from_exactly_one_campaign(
    admin: Caller, labelled: Labelled, title: str, image_ids: list[int]
) -> None:
    image_id, unlabeled = image_ids[0], image_ids[2]
    put(labelled, [{"image_id": image_id, "objects": [item("first")]}])
    made = admin.post("/campaigns", {"title": title + "-2", "labeler_email": "p@partner.example"}).expect(200)
    second = made["campaign_id"]
    admin.post(f"/campaigns/{second}/images", [{"id": image_id}, {"id": unlabeled}]).expect(200)
    admin.put(f"/campaigns/{second}", {"new_status": "active"}).expect(200)
    admin.put(f"/campaigns/{second}/objects", [{"image_id": image_id, "objects": [item("second")]}]).expect(200)

    def labels(query: str = "", of: int = image_id) -> list[str]:
        return [o["label"] for o in admin.get(f"/images/{of}/objects{query}").expect(200)]

    assert labels() == []  # No campaign is finished yet.
    assert labels(f"?campaigns={second},{labelled.campaign_id}") == ["second"]
    assert labels(f"?campaigns={labelled.campaign_id},{second}") == ["first"]
    assert labels(f"?campaigns={second},{labelled.campaign_id}", unlabeled) == []
    for campaign_id in (labelled.campaign_id, second):
        for status in ("completed", "finished"):
            admin.put(f"/campaigns/{campaign_id}", {"new_status": status}).expect(200)
    assert labels() == ["second"]
    admin.get(f"/images/{image_id}/objects?campaigns={second},4711").expect(404, "no campaign 4711")
    admin.get("/images/4711/objects").expect(404, "no image 4711")
    admin.get(f"/images/{image_id}/objects?campaigns=x").expect(400)


def test_pages_of_objects_follow_the_images(admin: Caller, labelled: Labelled) -> None:
    page = admin.get(f"/campaigns/{labelled.campaign_id}/objects?per_page=3&page=2").expect(200)
    assert [image["image_id"] for image in page["images"]] == labelled.image_ids[3:]
    assert page["images"][0]["objects"] == []
    assert page["pagination"]["total"] == 4


def test_a_label_that_is_too_long_in_normal_form_is_refused(labelled: Labelled) -> None:
    sent = [{"image_id": labelled.image_ids[0], "objects": [item("\u0958" * 128)]}]
    assert put(labelled, sent, 422)["errors"][0]["pointer"] == "/0/objects/0/label"


def test_an_image_with_more_objects_than_one_statement_takes_is_stored_and_compared_whole(
    admin: Caller, labelled: Labelled
) -> None:
    first, second, *_ = labelled.image_ids
    many = [
        {"bounding_box": box(xmin=n % 100, xmax=n % 100 + 1), "label": "PET"}
        for n in range(2 * sent_images.CHUNK_COUNT + 1)
    ]
    body = [{"image_id": first, "objects": [item()]}, {"image_id": second, "objects": many}]
    representation = {"Prefer": "return=representation"}
    assert put(labelled, body, headers=representation)["submission_id"] is not None
    stored = [(one["label"], one["bounding_box"]) for one in current(admin, labelled)[second]]
    assert stored == [(one["label"], one["bounding_box"]) for one in many]
    assert progress(admin, labelled)["done"] == 2
    assert put(labelled, body, headers=representation)["submission_id"] is None
    for changed in (many[:-1], [*many, item()], [*many[:-1], item("other")], [item("other"), *many[1:]]):
        body[1]["objects"] = changed
        assert put(labelled, body, headers=representation)["submission_id"] is not None
        assert put(labelled, body, headers=representation)["submission_id"] is None
    body[1]["objects"] = [*many[:-1], {"bounding_box": box(xmax=1921), "label": "PET"}]
    problem = put(labelled, body, 422, "1920 pixels wide")
    assert [error["pointer"] for error in problem["errors"]] == [f"/1/objects/{len(many) - 1}/bounding_box"]


def test_faults_of_the_whole_body_come_first_and_nothing_is_stored(admin: Caller, labelled: Labelled) -> None:
    first, second, *_ = labelled.image_ids
    many = [item()] * sent_images.CHUNK_COUNT
    body = [
        {"image_id": first, "objects": many},
        {"image_id": 999_999, "objects": many},
        {"image_id": second, "objects": [item("\u200b")]},
    ]
    assert [error["pointer"] for error in put(labelled, body, 422)["errors"]] == ["/2/objects/0/label"]
    # Nor is anything of a body stored whose last pieces break the schema, which is found out when the first are stored.
    wrong = [body[0], {"image_id": second}, {"image_id": second, "objects": [{"label": "PET"}]}]
    pointers = [error["pointer"] for error in put(labelled, wrong, 400)["errors"]]
    assert pointers == ["/1", "/2/objects/0"]
    assert progress(admin, labelled)["done"] == 0
    body[2]["objects"] = [item()]
    assert [error["pointer"] for error in put(labelled, body, 404)["errors"]] == ["/1/image_id"]
    assert progress(admin, labelled)["done"] == 0
    del body[1]
    put(labelled, body)
    submission = admin.get(f"/campaigns/{labelled.campaign_id}/submissions").expect(200)["submissions"][0]
    assert (submission["image_count"], submission["object_count"]) == (2, len(many) + 1)
