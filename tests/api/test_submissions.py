"""Submissions: their receipts, the states and revisions of images, and the history that stays."""

from typing import Any

import pytest
from flask import Flask

from app.settings import Settings
from tests.api.test_objects import box, count, item, put
from tests.caller import Caller
from tests.conftest import Labelled, insert_images

RECEIPT = {"Prefer": "return=representation"}


def images_of(admin: Caller, labelled: Labelled, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get(f"/campaigns/{labelled.campaign_id}/images{query}").expect(200)["images"]
    return found


def revisions(admin: Caller, labelled: Labelled) -> list[int | None]:
    return [image["revision"] for image in images_of(admin, labelled)]


def submit(labelled: Labelled, images: Any, query: str = "", **headers: str) -> dict[str, Any]:
    path = f"/campaigns/{labelled.campaign_id}/objects{query}"
    receipt: dict[str, Any] = labelled.partner.put(path, images, headers=RECEIPT | headers).expect(200)
    return receipt


# --- Receipts


def test_a_receipt_says_who_sent_what_with_which_tool(admin: Caller, labelled: Labelled) -> None:
    first, second, third, _ = labelled.image_ids
    receipt = submit(
        labelled,
        [{"image_id": first, "objects": [item(), item()]}, {"image_id": second, "objects": []}],
        "?tool=boxer%202&note=%20Second%20%20pass%20",
        **{"X-Request-ID": "abc-1"},
    )
    assert receipt["submission_id"] > 0
    assert receipt["date_created"].endswith("Z")
    expected = {
        "campaign_id": labelled.campaign_id, "kind": "submission", "of": None, "image_count": 2, "object_count": 2,
        "replaced": 0, "unchanged": 0, "tool": "boxer 2", "note": "Second pass", "created_by": labelled.partner_email,
        "key_name": None, "request_id": "abc-1",
    }  # fmt: skip
    assert {name: receipt[name] for name in expected} == expected
    assert admin.get(f"/submissions/{receipt['submission_id']}").expect(200) == receipt
    assert labelled.partner.get(f"/submissions/{receipt['submission_id']}").expect(200) == receipt
    again = submit(
        labelled,
        [
            {"image_id": first, "objects": [item(), item()]},
            {"image_id": second, "objects": [item()]},
            {"image_id": third, "objects": [item()]},
        ],
        **{"User-Agent": "boxer/3 (Linux)"},
    )
    counts = ("image_count", "object_count", "replaced", "unchanged", "tool", "note")
    assert [again[name] for name in counts] == [3, 4, 1, 1, "boxer/3 (Linux)", None]


@pytest.mark.parametrize("query", ["tool=%E2%80%8B", "note=%E2%80%8B", "tool=", "note=" + "x" * 501])
def test_a_tool_or_note_that_cannot_be_seen_is_refused(labelled: Labelled, query: str) -> None:
    put_path = f"/campaigns/{labelled.campaign_id}/objects?{query}"
    labelled.partner.put(put_path, [{"image_id": labelled.image_ids[0], "objects": []}]).expect(400, query[:4])


def test_only_changed_images_get_a_new_revision(app: Flask, admin: Caller, labelled: Labelled) -> None:
    ids = labelled.image_ids
    sent: list[dict[str, Any]] = [{"image_id": image_id, "objects": [item()]} for image_id in ids[:3]]
    one = submit(labelled, sent)["submission_id"]
    sent[1] = {"image_id": ids[1], "objects": [item("can")]}
    two = submit(labelled, sent)
    assert (two["replaced"], two["unchanged"], two["image_count"]) == (1, 2, 3)
    assert revisions(admin, labelled) == [one, two["submission_id"], one, None]
    assert count(app, "submission_image") == 4
    assert count(app, "object") == 4
    listed = admin.get(f"/campaigns/{labelled.campaign_id}/objects").expect(200)["images"]
    assert [(image["state"], image["revision"]) for image in listed] == [
        ("labeled", one), ("labeled", two["submission_id"]), ("labeled", one), ("unlabeled", None),
    ]  # fmt: skip


# --- Lists


def test_submissions_are_listed_newest_first_and_filtered(admin: Caller, labelled: Labelled) -> None:
    path, image_id = f"/campaigns/{labelled.campaign_id}/submissions", labelled.image_ids[0]
    made = [submit(labelled, [{"image_id": image_id, "objects": [item()] * n}]) for n in range(3)]
    own = admin.put(
        f"/campaigns/{labelled.campaign_id}/objects", [{"image_id": image_id, "objects": []}], headers=RECEIPT
    )
    made.append(own.expect(200))
    newest = made[::-1]
    key_id = admin.get("/whoami").expect(200) and 1

    def listed(query: str = "", caller: Caller = admin) -> list[Any]:
        found: list[Any] = caller.get(f"{path}{query}").expect(200)["submissions"]
        return found

    assert listed() == newest
    assert listed("?per_page=2&page=2") == newest[2:]
    assert listed(f"?after={newest[0]['submission_id']}&per_page=2") == newest[1:3]
    assert listed("?user=PAT@partner.example") == newest[1:]
    assert listed(f"?key={key_id}") == newest[:1]
    assert listed(f"?from={made[1]['date_created']}&to={made[3]['date_created']}") == [made[2], made[1]]
    assert listed("?user=nobody@partner.example") == []
    admin.get(f"{path}?from=2026-02-02&to=2026-02-01").expect(400, "from must be before to")
    admin.get("/campaigns/4711/submissions").expect(404, "4711")
    admin.get("/submissions/4711").expect(404, "4711")


def test_a_labeler_sees_no_address_but_its_own(admin: Caller, labelled: Labelled) -> None:
    path, image_id = f"/campaigns/{labelled.campaign_id}", labelled.image_ids[0]
    submit(labelled, [{"image_id": image_id, "objects": []}])
    admin.put(f"{path}/objects", [{"image_id": image_id, "objects": [item()]}]).expect(200)
    partner = labelled.partner
    by = [made["created_by"] for made in partner.get(f"{path}/submissions").expect(200)["submissions"]]
    assert by == [None, labelled.partner_email]
    assert partner.get(f"{path}/submissions?user=ada@example.org").expect(200)["submissions"] == []
    stale = partner.put(f"{path}/objects", [{"image_id": image_id, "objects": [], "revision": None}]).expect(412)
    assert stale["errors"][0]["created_by"] is None


def test_the_history_of_an_image_goes_over_all_campaigns(admin: Caller, labelled: Labelled, title: str) -> None:
    image_id = labelled.image_ids[0]
    one = submit(labelled, [{"image_id": image_id, "objects": [item(), item()]}], "?note=first")
    two = submit(labelled, [{"image_id": image_id, "unusable": "out of focus"}])
    other = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "q@partner.example"}).expect(200)
    path = f"/campaigns/{other['campaign_id']}"
    admin.post(f"{path}/images", [{"id": image_id}]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    three = admin.put(f"{path}/objects", [{"image_id": image_id, "objects": []}], headers=RECEIPT).expect(200)
    page = admin.get(f"/images/{image_id}/history").expect(200)
    assert page["pagination"]["total"] == 3
    seen = [
        (entry["submission_id"], entry["campaign"]["title"], entry["state"], entry["reason"], entry["object_count"])
        for entry in page["history"]
    ]
    assert seen == [
        (three["submission_id"], f"{title}-2", "empty", None, 0),
        (two["submission_id"], title, "unusable", "out of focus", 0),
        (one["submission_id"], title, "labeled", None, 2),
    ]
    assert [entry["created_by"] for entry in page["history"]] == ["ada@example.org", *[labelled.partner_email] * 2]
    assert page["history"][2]["note"] == "first"
    assert admin.get(f"/images/{labelled.image_ids[1]}/history").expect(200)["history"] == []
    admin.get("/images/4711/history").expect(404, "4711")


# --- States


def test_images_have_a_state_that_can_be_asked_for(admin: Caller, labelled: Labelled) -> None:
    first, second, third, fourth = labelled.image_ids
    submit(labelled, [
        {"image_id": first, "objects": [item()]}, {"image_id": second, "objects": []},
        {"image_id": third, "unusable": " out  of focus "},
    ])  # fmt: skip
    states = {image["image_id"]: (image["state"], image["reason"]) for image in images_of(admin, labelled)}
    assert states == {
        first: ("labeled", None), second: ("empty", None), third: ("unusable", "out of focus"), fourth: ("unlabeled", None),
    }  # fmt: skip
    for query, ids in {
        "?state=labeled": [first],
        "?state=empty,unusable": [second, third],
        "?state=unlabeled&state=labeled": [first, fourth],
        "?labeled=true": [first, second, third],
        "?labeled=false": [fourth],
        "?labeled=true&state=empty,unlabeled": [second],
        "?labeled=false&state=empty": [],
        "?state=labeled,empty,unusable,unlabeled": [first, second, third, fourth],
    }.items():
        for path in ("images", "objects"):
            page = admin.get(f"/campaigns/{labelled.campaign_id}/{path}{query}").expect(200)
            assert [image["image_id"] for image in page["images"]] == ids, query
            assert page["pagination"]["total"] == len(ids), query
        page = admin.get(f"/images{query}&campaign={labelled.campaign_id}").expect(200)
        assert [image["image_id"] for image in page["images"]] == ids, query
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["progress"] == {
        "total": 4, "done": 3, "states": {"unlabeled": 1, "labeled": 1, "empty": 1, "unusable": 1},
        "reviews": {"accepted": 0, "rejected": 0, "none": 4},
    }  # fmt: skip
    admin.get(f"/campaigns/{labelled.campaign_id}/images?state=done").expect(400, "unlabeled, labeled, empty, unusable")
    admin.get("/images?state=empty").expect(400, "state requires campaign")


def test_states_are_counted_through_every_change(admin: Caller, labelled: Labelled) -> None:
    first, *_ = labelled.image_ids
    contents: dict[str, dict[str, Any]] = {
        "labeled": {"objects": [item()]}, "empty": {"objects": []}, "unusable": {"unusable": "dark"},
    }  # fmt: skip
    for state in ("empty", "unusable", "labeled", "unusable", "empty", "labeled"):
        submit(labelled, [{"image_id": first} | contents[state]])
        states = admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["progress"]["states"]
        assert states == {"unlabeled": 3, "labeled": 0, "empty": 0, "unusable": 0} | {state: 1}
    submit(labelled, [{"image_id": first, "unusable": "dark"}])
    assert submit(labelled, [{"image_id": first, "unusable": "dark", "objects": []}])["unchanged"] == 1
    assert submit(labelled, [{"image_id": first, "unusable": "darker"}])["replaced"] == 1
    submit(labelled, [{"image_id": image_id, "unusable": "dark"} for image_id in labelled.image_ids])
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["status"] == "completed"


def test_what_is_no_reason_is_refused(labelled: Labelled) -> None:
    image_id = labelled.image_ids[0]
    both = put(labelled, [{"image_id": image_id, "unusable": "dark", "objects": [item()]}], 422, "must have no objects")
    assert both["errors"][0]["pointer"] == "/0/objects"
    hidden = put(labelled, [{"image_id": image_id, "unusable": "\u200b"}], 422, "The reason must")
    assert hidden["errors"][0]["pointer"] == "/0/unusable"
    put(labelled, [{"image_id": image_id, "unusable": "x" * 201}], 422, "1 to 200 characters")
    put(labelled, [{"image_id": image_id, "unusable": ""}], 400)
    put(labelled, [{"image_id": image_id}], 400, "at least one of: `objects`, `unusable`")


# --- Revisions


def test_a_stale_revision_stores_nothing_and_names_who_came_before(admin: Caller, labelled: Labelled) -> None:
    first, second, third, _ = labelled.image_ids
    one = submit(labelled, [{"image_id": first, "objects": [item()]}, {"image_id": second, "objects": []}])
    # Each names what it has seen.
    two = submit(labelled, [
        {"image_id": first, "objects": [], "revision": one["submission_id"]},
        {"image_id": third, "objects": [], "revision": None},
    ])  # fmt: skip
    before = images_of(admin, labelled)
    problem = admin.put(
        f"/campaigns/{labelled.campaign_id}/objects",
        [
            {"image_id": second, "objects": [item()], "revision": one["submission_id"]},
            {"image_id": first, "objects": [item()], "revision": one["submission_id"]},
            {"image_id": third, "objects": [item()], "revision": None},
        ],
    ).expect(412, f"Image {first} has changed since you read it: its revision is {two['submission_id']}.")
    assert [error["pointer"] for error in problem["errors"]] == ["/1/revision", "/2/revision"]
    for error in problem["errors"]:
        assert error["revision"] == two["submission_id"]
        assert error["created_by"] == labelled.partner_email
        assert error["date_created"] == two["date_created"]
    assert images_of(admin, labelled) == before


def test_a_revision_that_the_image_never_had_is_stale(labelled: Labelled) -> None:
    image_id = labelled.image_ids[0]
    problem = put(labelled, [{"image_id": image_id, "objects": [], "revision": 4711}], 412, "it has no revision")
    assert problem["errors"][0]["revision"] is None
    put(labelled, [{"image_id": image_id, "objects": [], "revision": 0}], 400)


# --- Fractions


def current_boxes(admin: Caller, labelled: Labelled) -> list[str]:
    """The boxes of the first image, as the answer writes them."""
    answer = admin.get(f"/images/{labelled.image_ids[0]}/objects?campaigns={labelled.campaign_id}")
    answer.expect(200)
    return [part.split("}")[0] for part in answer.response.text.replace(" ", "").split('"bounding_box":{')[1:]]


def test_boxes_may_have_fractions_and_whole_numbers_stay_whole(admin: Caller, labelled: Labelled) -> None:
    boxes = [
        box(0.1, 478.3, 247.0, 1e3),  # type: ignore[arg-type]
        box(1, 2, 3, 4),
        box(0.30000001192092896, 1919.99999, 0.00001, 1080.00001),  # type: ignore[arg-type]
        box(-0.0, 0.5, 7, 8),  # type: ignore[arg-type]
    ]
    objects = [{"bounding_box": each, "label": "PET", "confidence": 0.1234567891} for each in boxes]
    submit(labelled, [{"image_id": labelled.image_ids[0], "objects": objects}])
    assert current_boxes(admin, labelled) == [
        '"xmin":0.1,"xmax":478.3,"ymin":247,"ymax":1000',
        '"xmin":1,"xmax":2,"ymin":3,"ymax":4',
        '"xmin":0.3,"xmax":1920,"ymin":0.00001,"ymax":1080',
        '"xmin":0,"xmax":0.5,"ymin":7,"ymax":8',
    ]
    stored = admin.get(f"/campaigns/{labelled.campaign_id}/objects").expect(200)["images"][0]["objects"]
    assert {each["confidence"] for each in stored} == {0.12345679}
    # What comes back is what was stored, to the last bit.
    again = [{"image_id": labelled.image_ids[0], "objects": [
        {name: each[name] for name in ("bounding_box", "label", "confidence")} for each in stored
    ]}]  # fmt: skip
    assert submit(labelled, again)["unchanged"] == 1
    assert submit(labelled, [{"image_id": labelled.image_ids[0], "objects": objects}])["unchanged"] == 1
    moved = [objects[0] | {"bounding_box": box(0.1, 478.30005, 247, 1000)}, *objects[1:]]  # type: ignore[arg-type]
    assert submit(labelled, [{"image_id": labelled.image_ids[0], "objects": moved}])["replaced"] == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (box(9.25, 9.2500001), "has xmin 9.25, xmax"),  # type: ignore[arg-type]
        (box(1.5, 1920.5), "(xmin 1.5, ymin 2, xmax 1920.5, ymax 8) does not lie in the image, which is 1920 wide"),  # type: ignore[arg-type]
        (box(-0.5, 9), "0 <= xmin"),  # type: ignore[arg-type]
    ],
)
def test_a_box_that_cannot_be_is_named_with_its_image(labelled: Labelled, bad: dict[str, Any], words: str) -> None:
    image_id = labelled.image_ids[1]
    wrong = {"bounding_box": bad, "label": "PET"}
    problem = put(labelled, [{"image_id": image_id, "objects": [item(), wrong]}], 422)
    detail = problem["errors"][0]["detail"]
    assert f"Box 1 of image {image_id} " in detail
    assert words.split(", xmax", maxsplit=1)[0] in detail


@pytest.mark.parametrize("number", ["1e-50", "1e400", "NaN", "Infinity", "-1e400", "1e39"])
@pytest.mark.parametrize("place", ["xmin", "confidence"])
def test_numbers_that_single_precision_has_not_are_a_400(labelled: Labelled, number: str, place: str) -> None:
    numbers = {"xmin": "1", "confidence": "1"} | {place: number}
    body = (
        f'[{{"image_id": {labelled.image_ids[0]}, "objects": [{{"label": "PET", "confidence": {numbers["confidence"]}, '
        f'"bounding_box": {{"xmin": {numbers["xmin"]}, "xmax": 5, "ymin": 1, "ymax": 5}}}}]}}]'
    )
    answer = labelled.partner.request(
        "PUT",
        f"/campaigns/{labelled.campaign_id}/objects",
        content=body.encode(),
        headers={"Content-Type": "application/json"},
    )
    answer.expect(400)


def test_a_tool_that_ignores_the_orientation_is_told_so(
    app: Flask, admin: Caller, settings: Settings, labelled: Labelled
) -> None:
    [upright] = insert_images(app, settings, 1, width=600, height=800)
    labelled.hold(app, upright)
    first = {"image_id": labelled.image_ids[0], "objects": [item()], "image": {"width": 1920, "height": 1080}}
    turned = {"image_id": upright, "objects": [], "image": {"width": 800, "height": 600}}
    words = f"Your tool read image {upright} as 800\N{MULTIPLICATION SIGN}600; displayed it is 600\N{MULTIPLICATION SIGN}800"
    problem = put(labelled, [first, turned], 422, f"{words}: it ignores EXIF orientation.")
    assert problem["errors"][0]["pointer"] == "/1/image"
    put(labelled, [first, turned | {"image": {"width": 300, "height": 400}}], 422, "displayed it is 600")
    put(labelled, [first, turned | {"image": {"width": 600, "height": 800}}])
    put(labelled, [turned | {"image": {"width": 600}}], 400, "height")


# --- As of, and restore


def states_of(admin: Caller, labelled: Labelled, query: str) -> list[tuple[str, int | None, list[str]]]:
    page = admin.get(f"/campaigns/{labelled.campaign_id}/objects{query}").expect(200)
    assert page["pagination"]["total"] == len(page["images"])
    plain = admin.get(f"/campaigns/{labelled.campaign_id}/images{query}").expect(200)["images"]
    found = [
        (image["state"], image["revision"], [each["label"] for each in image.pop("objects")])
        for image in page["images"]
    ]
    assert page["images"] == plain
    return found


def make_past(labelled: Labelled) -> list[dict[str, Any]]:
    """Three submissions: two images labeled; one of them corrected and one empty; one unusable and one corrected again."""
    first, second, third, fourth = labelled.image_ids
    return [
        submit(labelled, [{"image_id": first, "objects": [item("a")]}, {"image_id": second, "objects": [item("b")]}]),
        submit(labelled, [{"image_id": first, "objects": [item("c"), item("d")]}, {"image_id": third, "objects": []}]),
        submit(labelled, [{"image_id": second, "unusable": "dark"}, {"image_id": first, "objects": [item("a")]}]),
        submit(labelled, [{"image_id": fourth, "objects": [item("e")]}]),
    ]


def test_lists_show_what_images_were(admin: Caller, labelled: Labelled) -> None:
    made = make_past(labelled)
    one, two, three, _ = ids = [receipt["submission_id"] for receipt in made]
    past = [
        [("labeled", one, ["a"]), ("labeled", one, ["b"]), ("unlabeled", None, []), ("unlabeled", None, [])],
        [("labeled", two, ["c", "d"]), ("labeled", one, ["b"]), ("empty", two, []), ("unlabeled", None, [])],
        [("labeled", three, ["a"]), ("unusable", three, []), ("empty", two, []), ("unlabeled", None, [])],
    ]
    for submission_id, receipt, expected in zip(ids, made, past, strict=False):
        assert states_of(admin, labelled, f"?as_of={submission_id}") == expected
        assert states_of(admin, labelled, f"?as_of={receipt['date_created']}") == expected
        assert states_of(labelled.partner, labelled, f"?as_of={submission_id}&per_page=4") == expected
    assert states_of(admin, labelled, "?as_of=2026-01-01") == []
    started = admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["date_started"]
    assert states_of(admin, labelled, f"?as_of={started}") == [("unlabeled", None, [])] * 4
    assert states_of(admin, labelled, f"?as_of={two}&state=empty") == [past[1][2]]
    assert states_of(admin, labelled, f"?as_of={two}&labeled=false") == [past[1][3]]
    page = admin.get(f"/campaigns/{labelled.campaign_id}/objects?as_of={two}&per_page=2&page=2").expect(200)
    assert [image["image_id"] for image in page["images"]] == labelled.image_ids[2:]
    after = admin.get(
        f"/campaigns/{labelled.campaign_id}/images?as_of={three}&per_page=1&after={labelled.image_ids[0]}"
    ).expect(200)
    assert [(image["state"], image["reason"]) for image in after["images"]] == [("unusable", "dark")]


@pytest.mark.parametrize(("as_of", "status"), [("4711", 404), ("2100-01-01", 400), ("yesterday", 400), ("0", 400)])
def test_a_moment_that_never_was_is_refused(admin: Caller, labelled: Labelled, as_of: str, status: int) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    for address in ("images", "objects"):
        admin.get(f"{path}/{address}?as_of={as_of}").expect(status)
    admin.post(f"{path}/restore", {"as_of": as_of}).expect(status)


def test_a_submission_of_another_campaign_is_no_moment(admin: Caller, labelled: Labelled, title: str) -> None:
    submission_id = submit(labelled, [{"image_id": labelled.image_ids[0], "objects": []}])["submission_id"]
    other = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "q@partner.example"}).expect(200)
    path = f"/campaigns/{other['campaign_id']}"
    admin.get(f"{path}/objects?as_of={submission_id}").expect(404, "has no submission")
    admin.put(path, {"new_status": "active"}).expect(200)
    admin.post(f"{path}/restore", {"as_of": str(submission_id)}).expect(404, "has no submission")


def test_a_restore_is_a_submission_of_what_was(app: Flask, admin: Caller, labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    made = make_past(labelled)
    two = made[1]["submission_id"]
    assert admin.get(path).expect(200)["status"] == "completed"
    then = [(state, labels) for state, _, labels in states_of(admin, labelled, f"?as_of={two}")]
    before = states_of(admin, labelled, "")
    tried = admin.post(f"{path}/restore", {"as_of": str(two), "dry_run": True}).expect(200)
    assert tried == {
        "submission_id": None, "campaign_id": labelled.campaign_id, "of": two, "image_count": 3, "object_count": 3,
        "states": {"unlabeled": 1, "labeled": 2, "empty": 0, "unusable": 0}, "skipped": 0, "dry_run": True,
    }  # fmt: skip
    assert states_of(admin, labelled, "") == before
    done = admin.post(f"{path}/restore?note=oops", {"as_of": str(two)}).expect(200)
    assert done == tried | {"submission_id": done["submission_id"], "dry_run": False}
    assert [(state, labels) for state, _, labels in states_of(admin, labelled, "")] == then
    assert [revision for _, revision, _ in states_of(admin, labelled, "")] == [
        done["submission_id"], done["submission_id"], two, None,
    ]  # fmt: skip
    campaign = admin.get(path).expect(200)
    assert (campaign["status"], campaign["progress"]["states"]) == (
        "active", {"unlabeled": 1, "labeled": 2, "empty": 1, "unusable": 0},
    )  # fmt: skip
    entry = admin.get(f"/submissions/{done['submission_id']}").expect(200)
    kept = ("kind", "of", "image_count", "object_count", "replaced", "unchanged", "note", "created_by")
    assert [entry[name] for name in kept] == ["restore", two, 3, 3, 3, 0, "oops", "ada@example.org"]
    again = admin.post(f"{path}/restore", {"as_of": str(two)}).expect(200)
    assert (again["submission_id"], again["image_count"]) == (None, 0)
    # And back to where it came from.
    admin.post(f"{path}/restore", {"as_of": str(made[3]["submission_id"])}).expect(200)
    assert [(state, labels) for state, _, labels in states_of(admin, labelled, "")] == [
        (state, labels) for state, _, labels in before
    ]
    assert admin.get(path).expect(200)["status"] == "completed"
    history = admin.get(f"/images/{labelled.image_ids[3]}/history").expect(200)["history"]
    assert [(each["state"], each["kind"]) for each in history] == [
        ("labeled", "restore"), ("unlabeled", "restore"), ("labeled", "submission"),
    ]  # fmt: skip


def test_only_named_images_are_restored(admin: Caller, labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    two = str(make_past(labelled)[1]["submission_id"])
    first, second, *_ = labelled.image_ids
    problem = admin.post(f"{path}/restore", {"as_of": two, "image_ids": [first, 4711]}).expect(404, "4711 is not in")
    assert problem["errors"][0]["pointer"] == "/image_ids/1"
    done = admin.post(f"{path}/restore", {"as_of": two, "image_ids": [second, second]}).expect(200)
    assert done["image_count"] == 1
    assert [labels for _, _, labels in states_of(admin, labelled, "")] == [["a"], ["b"], [], ["e"]]


def test_labels_are_restored_only_while_active_or_completed(admin: Caller, labelled: Labelled, title: str) -> None:
    made = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "q@partner.example"}).expect(200)
    path = f"/campaigns/{made['campaign_id']}"
    admin.post(f"{path}/restore", {"as_of": "2026-01-01"}).expect(409, "is created")
    for status in ("active", "completed", "finished"):
        admin.put(path, {"new_status": status}).expect(200)
    admin.post(f"{path}/restore", {"as_of": "2026-01-01"}).expect(409, "is finished")
    admin.post(f"{path}/restore", {}).expect(400, "as_of")
    admin.post("/campaigns/4711/restore", {"as_of": "2026-01-01"}).expect(404)


def test_objects_of_an_image_come_from_the_campaign_that_was_chosen_then(
    admin: Caller, labelled: Labelled, title: str
) -> None:
    image_id, path = labelled.image_ids[0], f"/campaigns/{labelled.campaign_id}"
    made = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "q@partner.example"}).expect(200)
    other, other_id = f"/campaigns/{made['campaign_id']}", made["campaign_id"]
    admin.post(f"{other}/images", [{"id": image_id}]).expect(200)
    admin.put(other, {"new_status": "active"}).expect(200)

    def put_label(address: str, label: str) -> dict[str, Any]:
        sent = [{"image_id": image_id, "objects": [item(label)]}]
        receipt: dict[str, Any] = admin.put(f"{address}/objects", sent, headers=RECEIPT).expect(200)
        return receipt

    def labels(query: str) -> list[str]:
        return [each["label"] for each in admin.get(f"/images/{image_id}/objects?{query}").expect(200)]

    one, two = put_label(path, "a"), put_label(other, "b")
    admin.put(path, {"new_status": "completed"}).expect(200)
    admin.put(path, {"new_status": "finished"}).expect(200)
    between = admin.get(path).expect(200)["date_finished"]
    admin.put(other, {"new_status": "active"}).expect(200)
    three = put_label(other, "c")
    admin.put(other, {"new_status": "finished"}).expect(200)
    both = f"campaigns={other_id},{labelled.campaign_id}"
    assert labels("") == labels(both) == ["c"]
    assert labels(f"as_of={between}") == ["a"]
    assert labels(f"as_of={one['date_created']}") == []
    assert labels(f"{both}&as_of={one['submission_id']}") == ["a"]
    assert labels(f"{both}&as_of={two['submission_id']}") == ["b"]
    assert labels(f"{both}&as_of={three['submission_id']}") == ["c"]
    assert labels(f"campaigns={labelled.campaign_id}&as_of={three['date_created']}") == ["a"]
    assert labels(f"{both}&as_of=2026-01-01") == []
    admin.get(f"/images/{image_id}/objects?as_of=4711").expect(404, "no submission 4711")
    admin.get(f"/images/{image_id}/objects?as_of=2100-01-01").expect(400, "future")


# --- Differences


def differences(caller: Caller, labelled: Labelled, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = caller.get(f"/campaigns/{labelled.campaign_id}/diff{query}").expect(200)
    return found


def test_differences_say_what_became_of_each_object(admin: Caller, labelled: Labelled) -> None:
    first, second, third, fourth = labelled.image_ids
    one = submit(labelled, [
        {"image_id": first, "objects": [
            item("same"), item("moved"), item("PET"), item("gone", bounding_box=box(100, 200, 100, 200)),
            item("sure", bounding_box=box(500, 600, 500, 600), confidence=0.5),
        ]},
        {"image_id": second, "objects": [item()]}, {"image_id": third, "unusable": "dark"},
    ])["submission_id"]  # fmt: skip
    two = submit(labelled, [
        {"image_id": first, "objects": [
            item("can", bounding_box=box(1, 9, 2, 7.5)),  # type: ignore[arg-type]
            item("new", bounding_box=box(1000, 1100, 900, 1000)), item("moved", bounding_box=box(1, 8, 2, 8)),
            item("same"), item("sure", bounding_box=box(500, 600, 500, 600), confidence=0.75),
        ]},
        {"image_id": third, "unusable": "darker"}, {"image_id": fourth, "objects": []},
    ])["submission_id"]  # fmt: skip
    found = differences(admin, labelled, f"?from={one}&to={two}")
    assert found["counts"] == {
        "images": 3, "added": 1, "removed": 1, "moved": 1, "relabeled": 1, "changed": 1, "states": 1, "joined": 0, "left": 0,
    }  # fmt: skip
    assert (found["from"], found["to"]) == (one, two)
    image = found["images"][0]
    assert (image["image_id"], image["state"], image["revision"]) == (first, ["labeled", "labeled"], [one, two])
    assert [each["label"] for each in image["added"]] == ["new"]
    assert [each["label"] for each in image["removed"]] == ["gone"]
    [moved], [relabeled], [changed] = image["moved"], image["relabeled"], image["changed"]
    assert (moved["before"]["bounding_box"], moved["after"]["bounding_box"]) == (box(), box(1, 8, 2, 8))
    assert moved["iou"] == pytest.approx(42 / 48)
    assert (relabeled["before"]["label"], relabeled["after"]["label"]) == ("PET", "can")
    assert relabeled["after"]["bounding_box"]["ymax"] == 7.5
    assert (changed["before"]["confidence"], changed["after"]["confidence"]) == (0.5, 0.75)
    assert [(each["state"], each["reason"]) for each in found["images"][1:]] == [
        (["unusable", "unusable"], ["dark", "darker"]), (["unlabeled", "empty"], [None, None]),
    ]  # fmt: skip
    whole = differences(labelled.partner, labelled)
    assert (whole["from"], whole["to"], whole["counts"]["images"], whole["counts"]["added"]) == (None, None, 4, 6)
    assert differences(admin, labelled, f"?from={two}")["counts"]["images"] == 0
    back = differences(admin, labelled, f"?from={two}&to={one}")
    assert (back["counts"]["added"], back["images"][2]["state"]) == (1, ["empty", "unlabeled"])
    admin.post(f"/campaigns/{labelled.campaign_id}/restore", {"as_of": str(one)}).expect(200)
    # Other revisions with the same content are no difference.
    assert differences(admin, labelled, f"?from={one}")["images"] == []


def test_pages_of_differences(admin: Caller, labelled: Labelled) -> None:
    make_past(labelled)
    ids = labelled.image_ids
    whole = differences(admin, labelled)
    assert [image["image_id"] for image in whole["images"]] == ids
    page = differences(admin, labelled, "?per_page=3&page=2")
    assert page["images"] == whole["images"][3:]
    assert (page["counts"], page["pagination"]["total"]) == (whole["counts"], 4)
    behind = admin.get(f"/campaigns/{labelled.campaign_id}/diff?per_page=1&after={ids[0]}")
    assert behind.expect(200)["images"] == whole["images"][1:2]
    assert f"after={ids[1]}" in behind.response.headers["Link"]
    assert differences(admin, labelled, f"?after={ids[3]}")["images"] == []
    admin.get(f"/campaigns/{labelled.campaign_id}/diff?page=3&per_page=3").expect(404)
    admin.get(f"/campaigns/{labelled.campaign_id}/diff?from=4711").expect(404, "has no submission")
    admin.get(f"/campaigns/{labelled.campaign_id}/diff?to=2100-01-01").expect(400, "future")
    admin.get("/campaigns/4711/diff").expect(404)


def test_an_image_with_too_many_boxes_is_not_compared(
    admin: Caller, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.agreement.matching.MAX_PAIRS", 3)
    image_id = labelled.image_ids[0]
    one = submit(labelled, [{"image_id": image_id, "objects": [item("a")] * 2}])["submission_id"]
    submit(labelled, [{"image_id": image_id, "objects": [item("b")] * 2}])
    admin.get(f"/campaigns/{labelled.campaign_id}/diff?from={one}").expect(422, f"Image {image_id} has too many")
