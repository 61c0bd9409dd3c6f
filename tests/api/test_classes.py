"""Classes of campaigns: the list and its rules, what labels mean by it, strict campaigns, and classes made of labels."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.services import classes
from tests.caller import Caller
from tests.conftest import Labelled

BOX = {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}
PLAIN: dict[str, Any] = {"color": None, "key": None, "description": None, "aliases": [], "retired": False}


def create(admin: Caller, title: str, **more: Any) -> dict[str, Any]:
    new = {"title": title, "labeler_email": "pat@partner.example", **more}
    made: dict[str, Any] = admin.post("/campaigns", new).expect(200)
    return made


def path_of(labelled: Labelled) -> str:
    return f"/campaigns/{labelled.campaign_id}"


def change(labelled: Labelled, **changes: Any) -> Any:
    return labelled.admin.patch(path_of(labelled), changes).expect(200)


def names(labelled: Labelled) -> list[str]:
    return [one["name"] for one in labelled.admin.get(path_of(labelled)).expect(200)["classes"]]


def item(labelled: Labelled, *labels: str | tuple[str, str], place: int = 0) -> dict[str, Any]:
    """One image with a box for each label; a pair is a label and its sender's own translation."""
    pairs = [label if isinstance(label, tuple) else (label, None) for label in labels]
    objects = [{"bounding_box": BOX, "label": label, "label_translated": own} for label, own in pairs]
    return {"image_id": labelled.image_ids[place], "objects": objects}


def put(labelled: Labelled, *items: dict[str, Any]) -> Any:
    return labelled.partner.put(path_of(labelled) + "/objects", list(items))


def stored(labelled: Labelled) -> list[tuple[str, str]]:
    found = labelled.admin.get(path_of(labelled) + "/objects").expect(200)["images"]
    return [(one["label"], one["label_original"]) for image in found for one in image["objects"]]


def test_a_campaign_has_the_classes_that_were_sent(admin: Caller, title: str) -> None:
    sent = [
        {"name": " PET ", "color": "#1F77B4", "key": "p", "description": "Bottles.", "aliases": ["PTE", "cafe\u0301"]},
        {"name": "can", "retired": True},
    ]
    made = create(admin, title, classes=sent, strict=True, instructions="Draw **tight** boxes.\n")
    full = {"color": "#1f77b4", "key": "p", "description": "Bottles.", "retired": False}
    assert made["classes"] == [
        {"name": "PET", **full, "aliases": ["PTE", "caf\u00e9"]},
        {"name": "can", **PLAIN, "retired": True},
    ]
    assert (made["strict"], made["instructions"]) == (True, "Draw **tight** boxes.\n")
    bare = create(admin, title + "-bare")
    assert (bare["classes"], bare["strict"], bare["instructions"]) == ([], False, None)


def test_translations_are_aliases_of_their_targets(admin: Caller, title: str) -> None:
    translations = {"blik": "can", "PTE": "plastic", "fles": "PET"}
    made = create(admin, title, classes=[{"name": "PET", "aliases": ["plastic"]}], label_translations=translations)
    assert made["label_translations"] == translations
    assert [(one["name"], sorted(one["aliases"])) for one in made["classes"]] == [
        ("PET", ["PTE", "fles", "plastic"]),
        ("can", ["blik"]),
    ]
    # The list can be sent back as it is, and without the aliases that are translations.
    path = f"/campaigns/{made['campaign_id']}"
    again = admin.patch(path, {"classes": made["classes"]}).expect(200)
    assert again["classes"] == made["classes"]
    short = admin.patch(path, {"classes": [{"name": "PET", "aliases": ["plastic"]}, {"name": "can"}]}).expect(200)
    assert short["classes"] == made["classes"]
    taken = [{"name": "PET", "aliases": ["plastic"]}, {"name": "can"}, {"name": "tin", "aliases": ["blik"]}]
    problem = admin.patch(path, {"classes": taken}).expect(422, "another meaning")
    assert problem["errors"][0]["pointer"] == "/classes/2/aliases"


def test_translations_that_swap_two_labels_go_on_working(admin: Caller, title: str, labelled: Labelled) -> None:
    made = create(admin, title + "-swap", label_translations={"a": "b", "b": "a"})
    path = f"/campaigns/{made['campaign_id']}"
    admin.patch(path, {"classes": made["classes"], "strict": True}).expect(200)
    admin.post(path + "/images", [{"id": labelled.image_ids[0]}]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    admin.put(path + "/objects", [item(labelled, "a", "b")]).expect(200)
    [image] = admin.get(path + "/objects").expect(200)["images"]
    assert [one["label"] for one in image["objects"]] == ["b", "a"]


@pytest.mark.parametrize(
    ("sent", "status", "pointer", "words"),
    [
        ([{"name": "a"}, {"name": " a "}], 422, "/classes/1/name", "is already at /classes/0"),
        ([{"name": "a"}, {"name": "b", "aliases": ["a"]}], 422, "/classes/1/aliases", "unique together"),
        ([{"name": "a", "aliases": ["x"]}, {"name": "b", "aliases": ["x"]}], 422, "/classes/1/aliases", "/classes/0"),
        ([{"name": "a", "aliases": ["a"]}], 422, "/classes/0/aliases", "unique"),
        ([{"name": "a", "aliases": ["a"], "retired": True}], 422, "/classes/0/aliases", "unique"),
        ([{"name": "a", "aliases": ["x", "x "]}], 422, "/classes/0/aliases", "unique"),
        ([{"name": "a", "key": "p"}, {"name": "b", "key": "p"}], 422, "/classes/1/key", "key is already"),
        ([{"name": "a\u200b"}], 422, "/classes/0/name", "U+200B"),
        ([{"name": " "}], 422, "/classes/0/name", "blank"),
        ([{"name": "a", "aliases": ["\u202e"]}], 422, "/classes/0/aliases/0", "U+202E"),
        ([{"name": "a", "color": "red"}], 400, "/classes/0/color", "as #1f77b4"),
        ([{"name": "a", "color": "#12345g"}], 400, "/classes/0/color", "as #1f77b4"),
        ([{"name": "a", "color": "#123456\n"}], 400, "/classes/0/color", ""),
        ([{"name": "a", "key": "F1"}], 400, "/classes/0/key", ""),
        ([{"name": "a", "key": " "}], 400, "/classes/0/key", ""),
        ([{"name": ""}], 400, "/classes/0/name", ""),
        ([{"colour": "#123456"}], 400, "/classes/0", ""),
        ([{"name": "a", "retired": None}], 400, "/classes/0/retired", ""),
        ([{"name": f"{n}"} for n in range(10_000)], 400, "/classes", "at most 5000 items, found 10000"),
        (None, 400, "/classes", "a list"),
    ],
)  # fmt: skip
def test_lists_that_break_a_rule_are_refused(
    admin: Caller, title: str, sent: Any, status: int, pointer: str, words: str
) -> None:
    new = {"title": title, "labeler_email": "pat@partner.example", "classes": sent}
    assert admin.post("/campaigns", new).expect(status, words)["errors"][0]["pointer"] == pointer
    assert admin.get("/campaigns").expect(200)["pagination"]["total"] == 0
    made = create(admin, title, classes=[{"name": "kept"}])
    path = f"/campaigns/{made['campaign_id']}"
    assert admin.patch(path, {"classes": sent}).expect(status, words)["errors"][0]["pointer"] == pointer
    assert [one["name"] for one in admin.get(path).expect(200)["classes"]] == ["kept"]


@pytest.mark.parametrize(
    "sent", [{}, {"status": "active"}, {"strict": None}, {"instructions": ""}, {"instructions": "x" * 20_001}]
)
def test_malformed_changes_are_refused(labelled: Labelled, sent: dict[str, Any]) -> None:
    labelled.admin.patch(path_of(labelled), sent).expect(400)


def test_a_strict_campaign_needs_a_class_that_it_takes(admin: Caller, title: str) -> None:
    new = {"title": title, "labeler_email": "pat@partner.example", "strict": True}
    for listed in ([], [{"name": "a", "retired": True}]):
        admin.post("/campaigns", {**new, "classes": listed}).expect(422, "needs a class that is not retired")
    missing = {"label_translations": {"a/b": "x"}, "classes": [{"name": "y"}]}
    problem = admin.post("/campaigns", new | missing).expect(422, "not one of the classes")
    assert problem["errors"][0]["pointer"] == "/label_translations/a~1b"
    path = f"/campaigns/{create(admin, title)['campaign_id']}"
    admin.patch(path, {"strict": True}).expect(422, "needs a class")
    assert admin.get(path).expect(200)["strict"] is False
    admin.patch(path, {"strict": True, "classes": [{"name": "a"}]}).expect(200)
    admin.patch(path, {"classes": []}).expect(422, "needs a class")
    assert admin.patch(path, {"classes": [], "strict": False}).expect(200)["classes"] == []


def test_what_a_label_means_is_decided_in_one_order(labelled: Labelled) -> None:
    change(labelled, classes=[{"name": "PET", "aliases": ["PTE", "plastic"]}, {"name": "can"}])
    put(labelled, item(labelled, " PTE", "PET", ("PTE", "can"), ("can", "plastic"), "tin")).expect(200)
    expected = [("PET", "PTE"), ("PET", "PET"), ("can", "PTE"), ("PET", "can"), ("tin", "tin")]
    assert stored(labelled) == expected
    assert names(labelled) == ["PET", "can", "tin"]


def test_labels_become_classes_in_the_order_of_their_first_use(labelled: Labelled) -> None:
    put(labelled, item(labelled, "b", "a", "b"), item(labelled, "c", place=1)).expect(200)
    put(labelled, item(labelled, "a", "d", place=2)).expect(200)
    assert names(labelled) == ["b", "a", "c", "d"]
    put(labelled, item(labelled, "e"), {"image_id": 4711, "objects": []}).expect(404)
    assert names(labelled) == ["b", "a", "c", "d"]


def test_no_more_classes_are_collected_than_a_list_may_have(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "MAX_CLASSES", 3)
    put(labelled, item(labelled, "a", "b", "c", "d")).expect(200)
    put(labelled, item(labelled, "e", place=1)).expect(200)
    assert names(labelled) == ["a", "b", "c"]
    assert [label for label, _ in stored(labelled)] == ["a", "b", "c", "d", "e"]


def test_a_strict_campaign_refuses_other_words_and_names_the_nearest(labelled: Labelled) -> None:
    listed = [{"name": "PET", "aliases": ["bottle"]}, {"name": "PETG"}, {"name": "can"}]
    change(labelled, classes=listed, strict=True)
    items = [item(labelled, "PET", "Peet", ("PET", "Botle")), item(labelled, "zzz", place=1)]
    problem = put(labelled, *items).expect(422, "Nothing was stored")
    assert [error["pointer"] for error in problem["errors"]] == [
        "/0/objects/1/label",
        "/0/objects/2/label_translated",
        "/1/objects/0/label",
    ]
    details = [error["detail"] for error in problem["errors"]]
    assert "Did you mean `PET` or `PETG`?" in details[0]
    assert "Did you mean `bottle`?" in details[1]
    assert details[2].endswith("Its classes are: `PET`, `PETG`, `can`.")
    assert stored(labelled) == []
    put(labelled, item(labelled, "PET", "bottle", ("zzz", "can"))).expect(200)
    assert names(labelled) == ["PET", "PETG", "can"]


def test_errors_of_a_strict_campaign_are_bounded(labelled: Labelled) -> None:
    change(labelled, classes=[{"name": f"class {n}"} for n in range(5000)], strict=True)
    items = [item(labelled, *(f"klass {n}" for n in range(2000)), place=place) for place in range(4)]
    problem = put(labelled, *items).expect(422, "Did you mean")
    assert len(problem["errors"]) == 50
    assert sum("Did you mean" in error["detail"] for error in problem["errors"]) == classes.MAX_HINTS
    change(labelled, classes=[{"name": f"class {n}"} for n in range(12)], strict=True)
    assert "`class 9` and 2 more." in put(labelled, item(labelled, "zzz")).expect(422)["detail"]


def test_faults_of_a_label_come_before_words_that_are_unknown(labelled: Labelled) -> None:
    change(labelled, classes=[{"name": "PET"}], strict=True)
    problem = put(labelled, item(labelled, "zzz", "a\u200b")).expect(422, "U+200B")
    assert [error["pointer"] for error in problem["errors"]] == ["/0/objects/1/label"]


def test_a_retired_class_is_not_taken_and_stays_where_it_is(labelled: Labelled) -> None:
    put(labelled, item(labelled, "PTE", "PET")).expect(200)
    change(labelled, classes=[{"name": "PTE", "retired": True}, {"name": "PET"}])
    put(labelled, item(labelled, "PTE", place=1)).expect(422, "The class `PTE` is retired")
    # What the campaign holds already may be sent again.
    assert put(labelled, item(labelled, "PTE", "PET")).expect(200) == "ok"
    assert stored(labelled) == [("PTE", "PTE"), ("PET", "PET")]
    # The word may go on as another one for the class that took its place.
    change(labelled, classes=[{"name": "PTE", "retired": True}, {"name": "PET", "aliases": ["PTE"]}])
    put(labelled, item(labelled, "PTE", place=1)).expect(200)
    assert stored(labelled)[2:] == [("PET", "PTE")]


def test_a_class_that_objects_have_keeps_name_and_position(labelled: Labelled) -> None:
    change(labelled, classes=[{"name": "unused"}, {"name": "a"}, {"name": "b"}, {"name": "other"}])
    put(labelled, item(labelled, "a", "b")).expect(200)
    put(labelled, item(labelled, "b")).expect(200)
    before = labelled.admin.get(path_of(labelled)).expect(200)
    for listed, pointer, words in [
        (["unused", "b", "a"], "/classes/2", "must keep its position: 1"),
        (["a", "b"], "/classes/0", "must keep its position: 1"),
        (["unused", "A", "b"], "/classes", "`a`, so it cannot be dropped or renamed"),
        ([], "/classes", "cannot be dropped"),
    ]:
        sent = {"classes": [{"name": name} for name in listed]}
        problem = labelled.admin.patch(path_of(labelled), sent).expect(409, words)
        assert problem["errors"][0]["pointer"] == pointer
    assert labelled.admin.get(path_of(labelled)).expect(200) == before
    change(
        labelled, classes=[{"name": "new"}, {"name": "a", "key": "a"}, {"name": "b", "retired": True}, {"name": "c"}]
    )
    assert names(labelled) == ["new", "a", "b", "c"]


def test_changes_leave_the_rest_alone_and_end_with_the_campaign(labelled: Labelled) -> None:
    before = change(labelled, classes=[{"name": "a"}], instructions="Draw.")
    assert change(labelled, instructions=None) == before | {"instructions": None}
    for status in ("completed", "finished"):
        labelled.admin.patch(path_of(labelled), {"instructions": status}).expect(200)
        labelled.admin.put(path_of(labelled), {"new_status": status}).expect(200)
    labelled.admin.patch(path_of(labelled), {"instructions": "late"}).expect(409, "is finished")
    assert labelled.admin.get(path_of(labelled)).expect(200)["instructions"] == "finished"
    labelled.admin.patch("/campaigns/4711", {"strict": False}).expect(404, "no campaign 4711")


def test_a_list_that_was_changed_meanwhile_is_not_overwritten(labelled: Labelled) -> None:
    etag = labelled.admin.get(path_of(labelled)).headers["etag"]
    put(labelled, item(labelled, "collected")).expect(200)
    sent: dict[str, Any] = {"classes": []}
    labelled.admin.patch(path_of(labelled), sent, headers={"If-Match": etag}).expect(412)
    fresh = labelled.admin.get(path_of(labelled)).headers["etag"]
    sent = {"classes": [{"name": "collected"}, {"name": "more"}]}
    answer = labelled.admin.patch(path_of(labelled), sent, headers={"If-Match": fresh})
    assert [one["name"] for one in answer.expect(200)["classes"]] == ["collected", "more"]
    assert answer.headers["etag"] == labelled.admin.get(path_of(labelled)).headers["etag"]


def test_labels_of_an_earlier_release_are_collected_when_they_are_sent_again(app: Flask, labelled: Labelled) -> None:
    put(labelled, item(labelled, "a")).expect(200)
    with app.app_context():
        db.session.execute(text("DELETE FROM campaign_class"))
        db.session.commit()
    put(labelled, item(labelled, "a", "b")).expect(200)
    assert names(labelled) == ["a", "b"]
