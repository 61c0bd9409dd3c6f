"""Texts that look the same are the same: labels, their translations, names of keys and addresses."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.services.text import MAX_LENGTH, UnfitText, normalize
from tests.api.test_properties import repeatable
from tests.caller import Answer, Caller
from tests.conftest import Labelled
from tests.workers import rows

BOX = {"xmin": 0, "xmax": 9, "ymin": 0, "ymax": 9}
# What is sent, and what it is.
SAME = {
    "PET ": "PET",
    "\t PET\r\n": "PET",
    "\u2003PET\u00a0\u3000": "PET",
    "PET\u2028": "PET",
    "\u2800PET\x85": "PET",
    "PET  bottle": "PET bottle",
    "PET\u00a0\u2009bottle": "PET bottle",
    "cafe\u0301": "caf\u00e9",
    "\u212b": "\u00c5",
    "e\u0301" * MAX_LENGTH: "\u00e9" * MAX_LENGTH,
    " " * 90 + "x" * MAX_LENGTH + " " * 90: "x" * MAX_LENGTH,
}
# Of those that are the same, one.
ONE_OF_EACH = {sent: kept for kept, sent in {kept: sent for sent, kept in SAME.items() if len(kept) < 100}.items()}
KEPT = [
    "PET",
    "Ü b-3, (x)",
    "塑料",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner within the word.
    "\u0915\u094d\u200d\u0937",  # Devanagari, with a joiner behind a mark.
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # A family.
    "\U0001f3f3\ufe0f\u200d\U0001f308",  # The rainbow flag.
    "\U0001f575\U0001f3fd\u200d\u2642\ufe0f",  # A man of medium skin tone, who investigates.
    "\u2764\ufe0f",
    "1\ufe0f\u20e3",
    "\u2139\ufe0f",
    "\u2194\ufe0f",
    "\U0001fae9\ufe0f",  # Newer than the Unicode of some Pythons.
    "x" * MAX_LENGTH,
]
REFUSED = {
    " ": "is blank",
    "\u3000\u2028\t": "is blank",
    "PET\u200b": "U+200B (ZERO WIDTH SPACE)",
    "\ufeffPET": "U+FEFF",
    "P\u00adET": "U+00AD (SOFT HYPHEN)",
    "PET\u2060": "U+2060",
    "P\u180eET": "U+180E",
    "\u202ePET": "U+202E (RIGHT-TO-LEFT OVERRIDE)",
    "PET\u200f": "U+200F",
    "\u2066PET\u2069": "U+2066",
    "PET\u061c": "U+061C",
    "\u3164": "U+3164 (HANGUL FILLER)",
    "PET\ufe00": "U+FE00",
    "PET\U000e0041": "U+E0041",
    "a\u2028b": "U+2028 (LINE SEPARATOR)",
    "a\u2029b": "U+2029",
    "a\x85b": "U+0085 (control character)",
    "a\tb": "U+0009",
    "a\x07b": "U+0007",
    "\x1fa": "U+001F",
    "a\x7f": "U+007F",
    "a\ufdd0": "U+FDD0 (not a character)",
    "a\uffff": "U+FFFF",
    "a\U0010fffe": "U+10FFFE",
    "PET\u200d": "U+200D (ZERO WIDTH JOINER) except within a word or an emoji",
    "\u200cPET": "U+200C",
    "PET \u200dx": "U+200D",
    "PET\u200d x": "U+200D",
    "a\u200d\u200db": "U+200D",
    "a-\u200db": "U+200D",
    "PET\ufe0f": "U+FE0F (VARIATION SELECTOR-16) except after a symbol",
    "\ufe0f": "U+FE0F",
    "1\ufe0f": "U+FE0F",
    "+\ufe0f": "U+FE0F",
    "x" * (MAX_LENGTH + 1): "must have 1 to 128 characters, and has 129",
    "\u0958" * MAX_LENGTH: "and has 256",
    " " * 4 * MAX_LENGTH + "x": "and has more",
}


@pytest.mark.parametrize(("sent", "kept"), [*SAME.items(), *zip(KEPT, KEPT, strict=True)], ids=ascii)
def test_a_text_has_one_form(sent: str, kept: str) -> None:
    assert normalize(sent) == kept


@pytest.mark.parametrize(("sent", "words"), REFUSED.items(), ids=ascii)
def test_what_cannot_be_seen_is_refused_by_its_name(sent: str, words: str) -> None:
    with pytest.raises(UnfitText) as caught:
        normalize(sent)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


ODD = st.sampled_from([*" \t\u00a0\u3000\u200c\u200d\ufe0f\u20e3\u0301\u094d\u0915\u2194\U0001f468", "e", "1", "-"])


@repeatable
@given(st.text(st.characters() | ODD, max_size=MAX_LENGTH + 10) | st.text(ODD, max_size=12))
def test_the_form_of_a_form_is_itself(sent: str) -> None:
    try:
        kept = normalize(sent)
    except UnfitText:
        return
    assert normalize(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert 1 <= len(kept) <= MAX_LENGTH
    assert kept == " ".join(kept.split())
    # What cannot be seen is a joiner or a selector, if anything.
    seen = {unicodedata.category(character) for character in kept if character not in "\u200c\u200d\ufe0e\ufe0f"}
    assert not seen & {"Cc", "Cs", "Zl", "Zp"}
    assert normalize(f"\u2003{kept}\r\n") == kept
    assert normalize(unicodedata.normalize("NFD", kept)[: 4 * MAX_LENGTH]) == kept


def submit(labelled: Labelled, label: str, **more: str) -> Answer:
    sent = [{"image_id": labelled.image_ids[0], "objects": [{"bounding_box": BOX, "label": label, **more}]}]
    return labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent)


def labels_of(admin: Caller, labelled: Labelled) -> list[tuple[str, str]]:
    found = admin.get(f"/images/{labelled.image_ids[0]}/objects?campaigns={labelled.campaign_id}").expect(200)
    return [(item["label"], item["label_original"]) for item in found]


def test_labels_are_kept_in_their_form(admin: Caller, labelled: Labelled) -> None:
    for sent, kept in SAME.items():
        for more, original in (({}, kept), ({"label_translated": sent}, "other")):
            # What equals the present state is not stored.
            submit(labelled, "different").expect(200)
            submit(labelled, "other" if more else sent, **more).expect(200)
            assert labels_of(admin, labelled) == [(kept, original)]


def test_labels_that_cannot_be_are_refused_at_their_place(admin: Caller, labelled: Labelled) -> None:
    for sent, words in REFUSED.items():
        # What the schema does not allow is refused before.
        status = 422 if len(sent) <= 4 * MAX_LENGTH else 400
        for problem, field in (
            (submit(labelled, sent).expect(status), "label"),
            (submit(labelled, "other", label_translated=sent).expect(status), "label_translated"),
        ):
            assert problem["errors"][0]["pointer"] == f"/0/objects/0/{field}"
            assert status == 400 or words in problem["detail"]
    assert labels_of(admin, labelled) == []


def translating(admin: Caller, title: str, translations: dict[str, str]) -> Answer:
    new = {"title": title, "labeler_email": "pat@partner.example", "label_translations": translations}
    return admin.post("/campaigns", new)


def test_a_translation_is_found_however_its_label_is_written(admin: Caller, title: str, image_ids: list[int]) -> None:
    made = translating(admin, title, {sent: f" {number} {sent}"[:500] for number, sent in enumerate(ONE_OF_EACH)})
    expected = {ONE_OF_EACH[sent]: normalize(f"{number} {sent}") for number, sent in enumerate(ONE_OF_EACH)}
    assert made.expect(200)["label_translations"] == expected
    path = f"/campaigns/{made.expect(200)['campaign_id']}"
    admin.post(f"{path}/images", [{"id": image_ids[0]}]).expect(200)
    admin.put(path, {"new_status": "active", "auto_complete": False}).expect(200)
    objects = [{"bounding_box": BOX, "label": label} for label in (*ONE_OF_EACH, *ONE_OF_EACH.values())]
    admin.put(f"{path}/objects", [{"image_id": image_ids[0], "objects": objects}]).expect(200)
    [image] = admin.get(f"{path}/objects").expect(200)["images"]
    assert [item["label"] for item in image["objects"]] == [*expected.values()] * 2


def test_translations_that_cannot_be_are_refused_at_their_place(admin: Caller, title: str) -> None:
    for sent, words in REFUSED.items():
        is_long = len(sent) > 4 * MAX_LENGTH
        as_label = translating(admin, title, {"PET": "plastic", sent: "a"}).expect(422, words)
        translated = translating(admin, title, {"PET": sent}).expect(400 if is_long else 422, "" if is_long else words)
        for problem in (as_label, translated):
            assert problem["errors"][0]["pointer"].startswith("/label_translations/")
    assert admin.get("/campaigns").expect(200)["pagination"]["total"] == 0


def test_two_labels_of_one_form_have_no_two_translations(admin: Caller, title: str) -> None:
    translating(admin, title, {"PET": "a", "PET ": "b"}).expect(422, "same normal form")


ADDRESSES = {
    "address of a user": lambda admin, title, email: admin.post("/users", {"email": email}),
    "address of a labeler": lambda admin, title, email: admin.post(
        "/campaigns", {"title": title, "labeler_email": email}
    ),
}


@pytest.mark.parametrize("send", ADDRESSES.values(), ids=ADDRESSES)
@pytest.mark.parametrize(
    ("email", "status", "kept"),
    [
        ("\u3000Jos\u0065\u0301@partner.example\n", 200, "Jos\u00e9@partner.example"),
        ("pat\u200b@partner.example", 422, None),
        ("pat@partner.example\u202e", 422, None),
        ("pat\t@partner.example", 422, None),
        ("pat\u200d@partner.example", 422, None),
        ("pat @partner.example", 400, None),
        ("pat\u00a0@partner.example", 400, None),
        ("   ", 422, None),
    ],
)
def test_addresses_have_one_form(
    admin: Caller,
    app: Flask,
    title: str,
    send: Callable[[Caller, str, str], Answer],
    email: str,
    status: int,
    kept: str | None,
) -> None:
    answer = send(admin, title, email).expect(status)
    with rows(app) as session:
        emails = list(session.scalars(text('SELECT email FROM "user" WHERE id > 1')))
    assert emails == ([] if kept is None else [kept])
    if kept is None:
        assert answer["errors"][0]["pointer"] in ("/email", "/labeler_email")


def test_one_address_is_one_user_however_it_is_written(admin: Caller, title: str) -> None:
    admin.post("/users", {"email": "Jos\u00e9@partner.example"}).expect(200)
    admin.post("/users", {"email": " jose\u0301@partner.example"}).expect(409, "already")
    admin.post("/campaigns", {"title": title, "labeler_email": "jose\u0301@partner.example "}).expect(200)
    assert admin.get("/users").expect(200)["pagination"]["total"] == 2


@pytest.mark.parametrize(
    ("name", "status", "kept"),
    [
        (" labelling\u00a0 tool\n", 200, "labelling tool"),
        ("tool\u200b", 422, "U+200B"),
        ("a\tb", 422, "U+0009"),
        (" ", 422, "is blank"),
        ("x" * 129, 422, "and has 129"),
    ],
)
def test_names_of_keys_have_one_form(admin: Caller, name: str, status: int, kept: str) -> None:
    made = admin.post("/users/1/api_keys", {"name": name}).expect(status, "" if status == 200 else kept)
    assert (made["name"] == kept) if status == 200 else (made["errors"][0]["pointer"] == "/name")
    rotated = admin.post(f"/users/1/api_keys/{1 + (status == 200)}/rotate", {}).expect(200)
    assert rotated["name"] == (kept if status == 200 else None)


@pytest.mark.parametrize("path", ["/campaigns", "/image_sets"])
def test_a_title_is_found_however_it_is_written(admin: Caller, title: str, path: str) -> None:
    extra: dict[str, Any] = {"labeler_email": "pat@partner.example"} if path == "/campaigns" else {}
    admin.post(path, {"title": title, **extra}).expect(200)
    for query in (f" {title} ", f"\u00a0{title[:-3]}*\t"):
        assert admin.get(path, params={"title": query}).expect(200)["pagination"]["total"] == 1
    for query in ("\u200b", f"{title}\u202e", " "):
        problem = admin.get(path, params={"title": query}).expect(400, "query parameter `title`")
        assert problem["errors"][0]["parameter"] == "title"
