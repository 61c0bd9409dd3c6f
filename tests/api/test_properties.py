"""Rules that hold for everything that can be sent: keys, titles, boxes, labels. (Paths: tests/azure/test_blobs.py.)"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from connexion import FlaskApp
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from app.azure.names import dropbox_name
from app.errors import Unprocessable
from app.services.api_keys import BASE62, hash_secret, is_well_formed, make_key_pair
from app.services.labels import normal_translations
from app.services.text import UnfitText, normalize
from app.services.titles import check_title
from tests.caller import Caller
from tests.conftest import Labelled

# The same examples in every run, so that a failure is one of the change and not of the day.
repeatable = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
few = settings(repeatable, max_examples=60)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=140)


@repeatable
@given(st.integers(0, 1), st.data())
def test_one_wrong_character_in_a_key_pair_is_seen_without_a_query(part: int, data: st.DataObject) -> None:
    pair = list(make_key_pair())
    assert is_well_formed(*pair)
    place = data.draw(st.integers(0, len(pair[part]) - 1))
    other = data.draw(st.sampled_from(BASE62 + "-_ é"))
    assume(pair[part][place] != other)
    pair[part] = pair[part][:place] + other + pair[part][place + 1 :]
    # The key itself has no checksum: it is no secret, and an unknown one is told by the query.
    if part == 1 or other not in BASE62 or place < len("lsk_"):
        assert not is_well_formed(*pair)


@repeatable
@given(TEXT, TEXT)
def test_what_is_no_key_pair_never_seems_to_be_one(key: str, secret: str) -> None:
    assert not is_well_formed(key, secret)


def test_no_two_pairs_are_the_same_and_hashes_tell_nothing() -> None:
    pairs = [make_key_pair() for _ in range(500)]
    assert len({key for key, _ in pairs}) == len({secret for _, secret in pairs}) == 500
    assert all(secret.encode() not in hash_secret(secret) for _, secret in pairs)


@pytest.fixture
def statements(server: FlaskApp) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


def test_a_typo_in_a_secret_costs_no_query(admin: Caller, statements: list[str]) -> None:
    secret = admin.secret or ""
    typo = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    Caller(admin.http, admin.key, typo).get("/whoami").expect(401)
    assert statements == []


@repeatable
@given(st.one_of(TEXT, st.from_regex(r"[a-z0-9-]{1,60}", fullmatch=True)))
def test_a_title_that_is_taken_can_name_a_container(title: str) -> None:
    try:
        check_title(title)
    except Unprocessable:
        assert not re.fullmatch(r"(?=.{1,53}$)[a-z0-9]+(-[a-z0-9]+)*", title)
        return
    # The rule is Azure's: learn.microsoft.com, "Naming and referencing containers, blobs, and metadata".
    assert re.fullmatch(r"(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*", dropbox_name(title))


@repeatable
@given(st.dictionaries(TEXT, TEXT, max_size=5))
def test_translations_that_are_taken_are_normal_and_stay_so(translations: dict[str, str]) -> None:
    try:
        kept = normal_translations(translations)
    except Unprocessable:
        return
    assert normal_translations(kept) == kept
    for text in (*kept, *kept.values()):
        assert normalize(text) == text
    assert len(kept) == len(translations)


SIDE = st.integers(-5, 1930)
BOX = st.fixed_dictionaries({"xmin": SIDE, "xmax": SIDE, "ymin": SIDE, "ymax": SIDE})
# Most texts of any characters hold one that cannot be seen.
LABEL = TEXT | st.text(" PETß\u00a0塑e\u0301", min_size=1, max_size=12)
ITEM = st.fixed_dictionaries(
    {"bounding_box": BOX, "label": LABEL},
    optional={"confidence": st.none() | st.floats(-0.5, 1.5), "label_translated": st.none() | LABEL},
)


def is_a_label(text: str) -> bool:
    try:
        return normalize(text) != ""
    except UnfitText:
        return False


def is_allowed(item: dict[str, Any]) -> bool:
    """The contract: a box with an area inside the image of 1920 x 1080 pixels, a label, a confidence."""
    box, confidence = item["bounding_box"], item.get("confidence")
    labels = [item["label"], *([item["label_translated"]] if item.get("label_translated") is not None else [])]
    return (
        0 <= box["xmin"] < box["xmax"] <= 1920
        and 0 <= box["ymin"] < box["ymax"] <= 1080
        and all(map(is_a_label, labels))
        and (confidence is None or 0 <= confidence <= 1)
    )


@few
@given(st.lists(ITEM, max_size=4))
def test_boxes_are_stored_as_they_were_sent_or_refused_as_a_whole(
    app: Flask, labelled: Labelled, admin: Caller, items: list[dict[str, Any]]
) -> None:
    image_id, path = labelled.image_ids[0], f"/images/{labelled.image_ids[0]}/objects?campaigns={labelled.campaign_id}"
    before = admin.get(path).expect(200)
    sent = [{"image_id": image_id, "objects": items}]
    answer = labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent)
    found = admin.get(path).expect(200)
    if not all(is_allowed(item) for item in items):
        assert answer.response.status_code in (400, 422), answer.response.text
        assert found == before
        return
    answer.expect(200)
    # `label_original` may be that of an earlier submission that was the same in all else.
    labels = [normalize(item.get("label_translated") or item["label"]) for item in items]
    expected = [(item["bounding_box"], item.get("confidence")) for item in items]
    assert [(o["bounding_box"], o["confidence"]) for o in found] == expected
    assert [o["label"] for o in found] == labels
