"""Campaigns of models: what a model found is nobody's label, and is a suggestion where a campaign asks for it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from tests.caller import Caller
from tests.conftest import Labelled

BOX = {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}
MODEL = {"kind": "model", "model": "detector", "version": "2.1"}


@pytest.fixture
def found(labelled: Labelled) -> int:
    """A campaign of a model that found two things on the first image and nothing on the second."""
    made = labelled.admin.post("/campaigns", {"title": labelled.title + "-model", **MODEL}).expect(200)
    assert made["access_token"] is None
    assert {name: made[name] for name in MODEL} == MODEL
    path = f"/campaigns/{made['campaign_id']}"
    labelled.admin.post(path + "/images", [{"id": image_id} for image_id in labelled.image_ids[:3]]).expect(200)
    labelled.admin.put(path, {"new_status": "active"}).expect(200)
    objects = [{"bounding_box": BOX, "label": label, "confidence": 0.5} for label in ("PET", "can")]
    items = [
        {"image_id": labelled.image_ids[0], "objects": objects},
        {"image_id": labelled.image_ids[1], "objects": []},
    ]
    labelled.admin.put(path + "/objects", items).expect(200)
    campaign_id: int = made["campaign_id"]
    return campaign_id


def suggestions(caller: Caller, labelled: Labelled, place: str) -> list[Any]:
    images = caller.get(f"/campaigns/{labelled.campaign_id}/{place}").expect(200)["images"]
    return [image["suggestions"] for image in images]


def test_images_carry_what_the_named_model_found(labelled: Labelled, found: int) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    for place in ("images", "objects"):
        assert suggestions(labelled.partner, labelled, place) == [None] * 4
    assert labelled.admin.patch(path, {"prelabels_from": found}).expect(200)["prelabels_from"] == found
    [there] = labelled.admin.get(f"/campaigns/{found}/objects?per_page=1").expect(200)["images"]
    assert len(there["objects"]) == 2
    for place in ("images", "objects"):
        assert suggestions(labelled.partner, labelled, place) == [there["objects"], [], [], []]
    sent = [{"image_id": labelled.image_ids[0], "objects": [{"bounding_box": BOX, "label": "mine"}]}]
    labelled.partner.put(path + "/objects", sent).expect(200)
    [first, *_] = labelled.partner.get(path + "/objects").expect(200)["images"]
    assert [one["label"] for one in first["objects"]] == ["mine"]
    assert first["suggestions"] == there["objects"]
    labelled.admin.patch(path, {"prelabels_from": None}).expect(200)
    assert suggestions(labelled.partner, labelled, "objects") == [None] * 4


def test_a_new_campaign_can_name_its_model(labelled: Labelled, found: int) -> None:
    new = {"title": labelled.title + "-b", "labeler_email": "pat@partner.example", "prelabels_from": found}
    made = labelled.admin.post("/campaigns", new).expect(200)
    assert (made["kind"], made["model"], made["version"], made["prelabels_from"]) == ("people", None, None, found)


def test_campaigns_of_models_are_listed_when_asked_for(labelled: Labelled, found: int) -> None:
    def listed(query: str) -> list[int]:
        page = labelled.admin.get(f"/campaigns{query}").expect(200)
        assert page["pagination"]["total"] == len(page["campaigns"])
        return [campaign["campaign_id"] for campaign in page["campaigns"]]

    assert listed("") == listed("?kind=people") == [labelled.campaign_id]
    assert listed("?kind=model") == [found]
    assert listed("?kind=any") == [labelled.campaign_id, found]
    labelled.admin.get("/campaigns?kind=robot").expect(400)
    assert labelled.admin.get(f"/campaigns/{found}").expect(200)["campaign_id"] == found


def test_what_a_model_found_is_label_of_an_image_only_by_name(app: Flask, labelled: Labelled, found: int) -> None:
    with app.app_context():
        finish = "UPDATE campaign SET status = 'finished', date_finished = now() WHERE id = :id"
        db.session.execute(text(finish), {"id": found})
        db.session.commit()
    path = f"/images/{labelled.image_ids[0]}/objects"
    assert labelled.admin.get(path).expect(200) == []
    assert len(labelled.admin.get(f"{path}?campaigns={found}").expect(200)) == 2


def test_statistics_of_an_image_set_leave_models_out(labelled: Labelled, found: int, title: str) -> None:
    imageset_id = labelled.admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
    labelled.admin.post(f"/image_sets/{imageset_id}/images", [{"id": labelled.image_ids[0]}]).expect(200)
    counted = labelled.admin.get(f"/statistics?image_set={imageset_id}").expect(200)
    assert (counted["images"], counted["objects"]) == (1, 0)
    by_name = labelled.admin.get(f"/statistics?campaigns={found},{labelled.campaign_id}").expect(200)
    assert (by_name["images"], by_name["objects"]) == (7, 2)


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 400, "`labeler_email` is missing"),
        ({"kind": "people"}, 400, "`labeler_email` is missing"),
        ({"kind": "model", "version": "1"}, 400, "`model` is missing"),
        ({"kind": "model", "model": "m"}, 400, "`version` is missing"),
        ({**MODEL, "labeler_email": "a@partner.example"}, 422, "no `labeler_email`"),
        ({"labeler_email": "a@partner.example", "model": "m"}, 422, "no `model`"),
        ({"labeler_email": "a@partner.example", "version": "1"}, 422, "no `version`"),
        ({**MODEL, "prelabels_from": 1}, 422, "no `prelabels_from`"),
        ({**MODEL, "model": "\u200b"}, 422, "U+200B"),
        ({**MODEL, "version": " "}, 422, "blank"),
        ({**MODEL, "kind": "robot"}, 400, "people, model"),
        ({"labeler_email": "a@partner.example", "prelabels_from": 1}, 422, "not a campaign of a model"),
        ({"labeler_email": "a@partner.example", "prelabels_from": 4711}, 422, "no campaign 4711"),
    ],
)
def test_fields_must_fit_the_kind(labelled: Labelled, sent: dict[str, Any], status: int, words: str) -> None:
    labelled.admin.post("/campaigns", {"title": labelled.title + "-x", **sent}).expect(status, words)
    assert labelled.admin.get("/campaigns?kind=any").expect(200)["pagination"]["total"] == 1


def test_changes_keep_models_and_people_apart(labelled: Labelled, found: int) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    labelled.admin.patch(path, {"prelabels_from": labelled.campaign_id}).expect(422, "not a campaign of a model")
    labelled.admin.patch(path, {"prelabels_from": 4711}).expect(422, "no campaign 4711")
    labelled.admin.patch(f"/campaigns/{found}", {"prelabels_from": found}).expect(422, "cannot have suggestions")
    labelled.admin.patch(f"/campaigns/{found}", {"instructions": "Read only."}).expect(200)
    labelled.admin.post(f"/campaigns/{found}/labelers", {"email": "a@partner.example"}).expect(409, "no labelers")
