"""Campaigns: making them, their steps, their images, and who is let in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from app.services import images
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled, insert_images

JSON = {"Content-Type": "application/json"}
KEYS = {
    "campaign_id", "title", "status", "progress", "metadata", "label_translations", "classes", "strict",
    "instructions", "kind", "model", "version", "prelabels_from", "auto_complete", "late_corrections", "archived", "date_created",
    "date_started", "date_completed", "date_finished", "created_by", "labelers", "reviewers", "publication",
}  # fmt: skip


def create(admin: Caller, title: str, email: str = "pat@partner.example", **more: object) -> dict[str, object]:
    made: dict[str, object] = admin.post("/campaigns", {"title": title, "labeler_email": email, **more}).expect(200)
    return made


def test_new_campaign_has_every_key_and_the_partners_pair(admin: Caller, title: str) -> None:
    made = create(admin, title, metadata={"river": "Rhine"}, label_translations={"PET": "plastic"})
    token = made.pop("access_token")
    assert set(made) == KEYS
    assert made["status"] == "created"
    assert made["progress"] == {
        "total": 0,
        "done": 0,
        "states": {"unlabeled": 0, "labeled": 0, "empty": 0, "unusable": 0},
        "reviews": {"accepted": 0, "rejected": 0, "none": 0},
    }
    assert made["metadata"] == {"river": "Rhine"}
    assert made["label_translations"] == {"PET": "plastic"}
    assert made["created_by"] == "ada@example.org"
    assert made["auto_complete"] is True
    assert made["date_started"] is made["publication"] is None
    assert isinstance(token, dict)
    assert token["apikey"].startswith("lsk_")
    assert token["apisecret"].startswith("lss_")
    assert admin.get(f"/campaigns/{made['campaign_id']}").expect(200) == made


def test_partner_who_has_a_key_keeps_it_and_its_secret_is_not_shown_again(admin: Caller, title: str) -> None:
    first = create(admin, title + "-a", "Pat@Partner.example")["access_token"]
    second = create(admin, title + "-b", "pat@partner.EXAMPLE")["access_token"]
    assert second == {"apikey": first["apikey"], "apisecret": None}  # type: ignore[index]


def test_partner_without_usable_key_gets_a_new_one(app: Flask, admin: Caller, title: str) -> None:
    first = create(admin, title + "-a")["access_token"]
    with app.app_context():
        db.session.execute(text("UPDATE api_key SET date_revoked = now() WHERE key LIKE 'lsk_%' AND id > 1"))
        db.session.commit()
    second = create(admin, title + "-b")["access_token"]
    assert second["apikey"] != first["apikey"]  # type: ignore[index]
    assert second["apisecret"] is not None  # type: ignore[index]


def test_disabled_partner_gets_no_campaign_and_nothing_is_left(app: Flask, admin: Caller, title: str) -> None:
    create(admin, title + "-a")
    with app.app_context():
        db.session.execute(text("UPDATE \"user\" SET enabled = false WHERE email = 'pat@partner.example'"))
        db.session.commit()
    body = {"title": title + "-b", "labeler_email": "pat@partner.example"}
    admin.post("/campaigns", body).expect(409, "disabled")
    assert admin.get("/campaigns").expect(200)["pagination"]["total"] == 1


@pytest.mark.parametrize("email", ["pat", "pat@", "pat@partner", "p at@partner.example", "@partner.example", "a@b..c"])
def test_address_that_is_none_is_refused(admin: Caller, title: str, email: str) -> None:
    admin.post("/campaigns", {"title": title, "labeler_email": email}).expect(400, "labeler_email")


@pytest.mark.parametrize(
    "bad", ["Spring", "spring!", "-spring", "spring-", "sp--ring", "a" * 54, "sp ring", "spring\n", "å"]
)
def test_misspelt_title_gets_the_rule_in_words(admin: Caller, bad: str) -> None:
    body = {"title": bad, "labeler_email": "pat@partner.example"}
    admin.post("/campaigns", body).expect(422, "lowercase letters")


def test_taken_title_is_a_conflict(admin: Caller, title: str) -> None:
    create(admin, title)
    admin.post("/campaigns", {"title": title, "labeler_email": "x@partner.example"}).expect(409, title)


def test_one_title_posted_eight_times_at_once_is_made_once(admin: Caller, title: str) -> None:
    body = {"title": title, "labeler_email": "pat@partner.example"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.post("/campaigns", body), range(8)))
    assert sorted(answer.response.status_code for answer in answers) == [200] + [409] * 7
    assert admin.get("/campaigns").expect(200)["pagination"]["total"] == 1


def test_campaign_walks_its_steps_and_sets_its_dates(admin: Caller, title: str) -> None:
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    prefer = {"Prefer": "return=representation"}
    assert admin.put(path, {"new_status": "active"}).expect(200) == "ok"
    active = admin.get(path).expect(200)
    assert active["date_started"] is not None
    completed = admin.put(path, {"new_status": "completed"}, headers=prefer).expect(200)
    assert completed["status"] == "completed"
    assert completed["date_completed"] is not None
    reopened = admin.put(path, {"new_status": "active", "auto_complete": False}, headers=prefer).expect(200)
    assert reopened["date_completed"] is None
    assert reopened["date_started"] > active["date_started"]
    assert reopened["auto_complete"] is False
    admin.put(path, {"new_status": "completed"}).expect(200)
    finished = admin.put(path, {"new_status": "finished"}, headers=prefer)
    body = finished.expect(200)
    assert body["date_finished"] is not None
    assert body["publication"]["kind"] == "publish_datasets"
    assert finished.headers["link"] == f'</api/v1/jobs/{body["publication"]["job_id"]}>; rel="monitor"'
    assert finished.headers["preference-applied"] == "return=representation"


ALLOWED = {("created", "active"), ("active", "completed"), ("completed", "finished"), ("completed", "active")}
STATUSES = ["created", "active", "completed", "finished"]


@pytest.mark.parametrize("status", STATUSES)
def test_every_other_step_is_a_conflict_that_names_the_status(admin: Caller, title: str, status: str) -> None:
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    for step in STATUSES[1 : STATUSES.index(status) + 1]:
        admin.put(path, {"new_status": step}).expect(200)
    before = admin.get(path).expect(200)
    for new_status in STATUSES:
        if (status, new_status) not in ALLOWED:
            admin.put(path, {"new_status": new_status}).expect(409, f"is {status}")
    assert admin.get(path).expect(200) == before


@pytest.mark.parametrize(
    "body", [{}, {"new_status": "paused"}, {"new_status": None}, {"new_status": "active", "x": 1}, [], "active"]
)
def test_malformed_status_change_is_refused(admin: Caller, labelled: Labelled, body: object) -> None:
    admin.request("PUT", f"/campaigns/{labelled.campaign_id}", json=body).expect(400)


def test_images_are_added_by_id_and_by_path_and_each_counts_once(
    admin: Caller, title: str, image_ids: list[int]
) -> None:
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    known = {image["image_id"]: image for image in admin.get("/images").expect(200)["images"]}
    file = known[image_ids[1]]["blobstorage_path"]
    references = [{"id": image_ids[0]}, {"id": image_ids[0]}, {"filepath": file}, {"filepath": "/" + file}]
    assert admin.post(path + "/images", references).expect(200) == "ok"
    assert admin.get(path).expect(200)["progress"]["total"] == 2
    admin.post(path + "/images", [{"id": image_ids[0]}, {"id": image_ids[2]}]).expect(200)
    page = admin.get(path + "/images").expect(200)
    assert [(i["image_id"], i["url"]) for i in page["images"]] == [(i, f"/images/{i}") for i in image_ids[:3]]
    assert page["pagination"] == {"page": 1, "pages": 1, "total": 3, "per_page": 1000, "prev": None, "next": None}


def test_one_unknown_image_adds_nothing(admin: Caller, title: str, image_ids: list[int]) -> None:
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    problem = admin.post(path + "/images", [{"id": image_ids[0]}, {"id": 999}]).expect(404, "no image 999")
    assert problem["errors"] == [{"pointer": "/1/id", "detail": "There is no image 999."}]
    admin.post(path + "/images", [{"id": image_ids[0]}, {"filepath": "no/such.jpg"}]).expect(404, "no/such.jpg")
    assert admin.get(path).expect(200)["progress"]["total"] == 0


def test_what_is_no_image_cannot_enter_a_campaign(
    admin: Caller, app: Flask, settings: Settings, title: str, image_ids: list[int], non_image_id: int
) -> None:
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    # Truncated: of a known format, and of no known size.
    [sizeless] = insert_images(app, settings, 1, width=None, height=None)
    file = admin.get(f"/images?after={sizeless - 1}").expect(200)["images"][0]["blobstorage_path"]
    wanted = [{"id": image_ids[0]}, {"id": non_image_id}, {"filepath": f"/{file}"}, {"id": image_ids[1]}]
    problem = admin.post(path + "/images", wanted).expect(
        422, "is no image, its size in pixels is unknown, or it was withdrawn"
    )
    assert [error["pointer"] for error in problem["errors"]] == ["/1/id", "/2/filepath"]
    assert [f"Image {name} " in e["detail"] for name, e in zip((non_image_id, file), problem["errors"], strict=True)]
    assert "Nothing was added" in problem["detail"]
    assert admin.get(path).expect(200)["progress"]["total"] == 0
    assert admin.get(path + "/images").expect(200)["images"] == []
    problem = admin.post(path + "/images", [{"id": sizeless}] * 60).expect(422)
    assert len(problem["errors"]) == 50


def test_many_images_are_added_in_steps_all_or_none(
    admin: Caller, title: str, image_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "BATCH_SIZE", 2)
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    wanted = [{"id": image_id} for image_id in [*image_ids, image_ids[0]]]
    problem = admin.post(path + "/images", [*wanted, {"id": 999}]).expect(404, "no image 999")
    assert problem["errors"] == [{"pointer": "/5/id", "detail": "There is no image 999."}]
    assert admin.get(path).expect(200)["progress"]["total"] == 0
    admin.post(path + "/images", wanted).expect(200)
    assert admin.get(path).expect(200)["progress"]["total"] == 4


@pytest.mark.parametrize("noun", ["campaigns", "image_sets"])
def test_an_empty_addition_has_no_effect(admin: Caller, labelled: Labelled, noun: str, title: str) -> None:
    extra = {"labeler_email": "pat@partner.example"} if noun == "campaigns" else {}
    made = admin.post(f"/{noun}", {"title": f"{title}-2", **extra}).expect(200)
    path = f"/{noun}/{made['campaign_id' if noun == 'campaigns' else 'imageset_id']}"
    before = admin.get(path).expect(200)
    assert admin.post(f"{path}/images", []).expect(200) == "ok"
    prefer = {"Prefer": "return=representation"}
    nothing = {"added": 0, "skipped": 0, "flagged": 0} if noun == "campaigns" else {}
    assert admin.post(f"{path}/images", [], headers=prefer).expect(200) == before | nothing
    assert admin.get(path).expect(200) == before
    admin.request("POST", f"{path}/images", content=b"[" + b" " * 100_000 + b"]", headers=JSON).expect(200)
    admin.post(f"/{noun}/4711/images", []).expect(404, "4711")
    labelled.partner.post(f"{path}/images", []).expect(403)
    for status in ("active", "completed") if noun == "campaigns" else ("finished",):
        admin.put(path, {"new_status": status}).expect(200)
    admin.post(f"{path}/images", []).expect(409, "only while it is created")


@pytest.mark.parametrize("length", [1, 100, 10_000])
def test_images_are_added_by_path_in_steps(
    admin: Caller, title: str, image_ids: list[int], monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(images, "BATCH_LENGTH", length)
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    stored = [image["blobstorage_path"] for image in admin.get("/images").expect(200)["images"]]
    wanted = [{"filepath": "/" + stored[0]}, {"id": image_ids[1]}, {"filepath": stored[2]}, {"filepath": stored[0]}]
    problem = admin.post(path + "/images", [*wanted, {"filepath": "c/none.jpg"}]).expect(404, "no image c/none.jpg")
    assert [error["pointer"] for error in problem["errors"]] == ["/4/filepath"]
    admin.post(path + "/images", wanted).expect(200)
    added = admin.get(path + "/images").expect(200)["images"]
    assert [image["image_id"] for image in added] == image_ids[:3]


@pytest.mark.parametrize(
    "body",
    [[{}], [{"id": 1, "filepath": "x"}], [{"id": 0}], [{"id": -1}], [{"id": "1"}], [{"id": 1.0}], [{"id": True}],
     [{"id": 2**63}], [{"filepath": ""}], [{"filepath": "a\u0000b"}], {"id": 1}, [1], [{"id": 1, "x": 1}]],
)  # fmt: skip
def test_malformed_addition_is_refused(admin: Caller, title: str, body: object) -> None:
    path = f"/campaigns/{create(admin, title)['campaign_id']}/images"
    admin.request("POST", path, json=body).expect(400)


def test_pages_of_campaigns(admin: Caller, title: str) -> None:
    made = [create(admin, f"{title}-{n}")["campaign_id"] for n in range(3)]
    page = admin.get("/campaigns?page=2&per_page=2").expect(200)
    assert [campaign["campaign_id"] for campaign in page["campaigns"]] == made[2:]
    assert page["pagination"] == {"page": 2, "pages": 2, "total": 3, "per_page": 2, "prev": 1, "next": None}
    admin.get("/campaigns?page=3&per_page=2").expect(404, "no page 3")


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=x", "page=1.5", "page=", "per_page=0", "per_page=5001", "page=1&page=2", "size=3",
     "page=99999999999999999999", "page=" + "9" * 5000],
)  # fmt: skip
def test_query_parameters_that_are_wrong_are_refused(admin: Caller, query: str) -> None:
    problem = admin.get(f"/campaigns?{query}").expect(400)
    assert len(problem["detail"]) <= 500


def test_page_one_of_an_empty_list_is_never_past_the_last(admin: Caller) -> None:
    page = admin.get("/campaigns").expect(200)
    assert page == {
        "campaigns": [],
        "pagination": {"page": 1, "pages": 1, "total": 0, "per_page": 10, "prev": None, "next": None},
    }


@pytest.mark.parametrize("campaign_id", ["0", "-1", "+1", "01", "x", "1.0", "9223372036854775808", "9" * 5000, "1%00"])
def test_an_id_that_cannot_be_is_a_404(admin: Caller, campaign_id: str) -> None:
    admin.get(f"/campaigns/{campaign_id}").expect(404)


def test_unknown_campaign_is_a_404_for_the_admin(admin: Caller) -> None:
    for method, path, body in [
        ("GET", "", None),
        ("PUT", "", {"new_status": "active"}),
        ("GET", "/images", None),
        ("POST", "/images", [{"id": 1}]),
        ("GET", "/objects", None),
        ("PUT", "/objects", [{"image_id": 1, "objects": []}]),
        ("GET", "/datasets", None),
    ]:
        admin.request(method, f"/campaigns/77{path}", json=body).expect(404, "no campaign 77")


def test_partner_sees_its_own_campaign_and_nothing_else(
    admin: Caller, labelled: Labelled, http: TestClient, title: str
) -> None:
    partner = labelled.partner
    other = create(admin, title + "-other", "sam@other.example")
    assert partner.get(f"/campaigns/{labelled.campaign_id}/images").expect(200)["pagination"]["total"] == 4
    foreign = partner.get(f"/campaigns/{other['campaign_id']}/images").expect(403)
    missing = partner.get("/campaigns/4711/images").expect(403)
    assert foreign["detail"] == missing["detail"]


def test_a_role_granted_a_moment_ago_counts_at_once(admin: Caller, labelled: Labelled, title: str) -> None:
    labelled.partner.get("/whoami").expect(200)
    second = create(admin, title + "-second", labelled.partner_email)
    labelled.partner.get(f"/campaigns/{second['campaign_id']}/images").expect(200)


def test_translations_are_kept_in_normal_form_and_fit_the_labels_of_partners(
    admin: Caller, http: TestClient, title: str, image_ids: list[int]
) -> None:
    new = {"title": title, "labeler_email": "pat@partner.example", "label_translations": {"cafe\u0301": "n\u0303"}}
    made = admin.post("/campaigns", new).expect(200)
    assert made["label_translations"] == {"caf\u00e9": "\u00f1"}
    path = f"/campaigns/{made['campaign_id']}"
    admin.post(path + "/images", [{"id": image_ids[0]}]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    box = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}
    item = {"bounding_box": box, "label": "caf\u00e9"}
    admin.put(path + "/objects", [{"image_id": image_ids[0], "objects": [item]}]).expect(200)
    [image] = admin.get(path + "/objects").expect(200)["images"]
    assert [(o["label"], o["label_original"]) for o in image["objects"]] == [("\u00f1", "caf\u00e9")]


@pytest.mark.parametrize(
    ("translations", "words"),
    [
        ({"": "a"}, "1 to 128"),
        ({"x" * 129: "a"}, "1 to 128"),
        ({"a\tb": "a"}, "control"),
        ({"x" * 100_000: "a"}, "1 to 128"),
        ({"\u0958" * 100: "a"}, "1 to 128"),
        ({"a": "\u0958" * 100}, "translation of the label"),
        ({"caf\u00e9": "a", "cafe\u0301": "b"}, "same normal form"),
    ],
)
def test_translations_of_labels_that_no_object_can_have_are_refused(
    admin: Caller, title: str, translations: dict[str, str], words: str
) -> None:
    new = {"title": title, "labeler_email": "pat@partner.example", "label_translations": translations}
    problem = admin.post("/campaigns", new).expect(422, words)
    assert problem["errors"][0]["pointer"].startswith("/label_translations/")
    assert admin.get("/campaigns").expect(200)["pagination"]["total"] == 0
