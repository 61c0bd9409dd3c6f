"""Images counted by place, for a map."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import insert_images

# Two at one place, one beside them, one far away, and one without a place.
PLACES = [(51.8, 5.7), (51.8, 5.7), (51.81, 5.71), (52.8, 6.7), (None, None)]


def place_images(app: Flask, settings: Settings, places: list[Any]) -> list[int]:
    """Register an image at each place."""
    ids = insert_images(app, settings, len(places))
    with app.app_context():
        for image_id, (lat, lon) in zip(ids, places, strict=True):
            change = text("UPDATE image SET lat = :lat, lon = :lon WHERE id = :id")
            db.session.execute(change, {"lat": lat, "lon": lon, "id": image_id})
        db.session.commit()
    return ids


def test_places_are_counted_by_cells_of_the_rectangle_that_holds_them(
    app: Flask, settings: Settings, admin: Caller
) -> None:
    ids = place_images(app, settings, PLACES)
    coarse = admin.get("/images/places?cells=2").expect(200)
    assert coarse["bounds"] == [5.7, 51.8, 6.7, 52.8]
    assert (coarse["with_place"], coarse["without_place"]) == (4, 1)
    near, far = coarse["places"]
    assert (near["image_count"], near["image_id"]) == (3, ids[0])
    assert near["lat"] == pytest.approx((51.8 * 2 + 51.81) / 3)
    assert near["lon"] == pytest.approx((5.7 * 2 + 5.71) / 3)
    assert far == {"lat": 52.8, "lon": 6.7, "image_count": 1, "image_id": ids[3]}
    fine = admin.get("/images/places?cells=128").expect(200)
    assert [place["image_count"] for place in fine["places"]] == [2, 1, 1]
    assert [place["image_id"] for place in fine["places"]] == [ids[0], ids[2], ids[3]]


def test_the_filters_of_the_list_of_images_apply_to_places(app: Flask, settings: Settings, admin: Caller) -> None:
    ids = place_images(app, settings, PLACES)
    admin.patch(f"/images/{ids[2]}", {"type": "drone"}).expect(200)
    found = admin.get("/images/places?type=drone").expect(200)
    place = {"lat": 51.81, "lon": 5.71, "image_count": 1, "image_id": ids[2]}
    assert found == {"bounds": [5.71, 51.81, 5.71, 51.81], "places": [place], "with_place": 1, "without_place": 0}
    admin.get("/images/places?label=PET").expect(400, "label requires campaign")
    admin.get("/images/places?bbox=1,2,3,1").expect(400, "bbox must be")
    admin.get("/images/places?cells=129").expect(400)
    admin.get("/images/places?page=1").expect(400)


def test_without_places_there_is_no_rectangle(app: Flask, settings: Settings, admin: Caller) -> None:
    nothing: dict[str, Any] = {"bounds": None, "places": [], "with_place": 0, "without_place": 0}
    assert admin.get("/images/places").expect(200) == nothing
    insert_images(app, settings, 2)
    assert admin.get("/images/places").expect(200) == nothing | {"without_place": 2}


def test_bounds_may_cross_the_antimeridian(app: Flask, settings: Settings, admin: Caller) -> None:
    ids = place_images(app, settings, [(-17, 179), (-17, -179), (-17, 0)])
    found = admin.get("/images/places?bbox=178,-18,-178,-16&cells=2").expect(200)
    assert found["bounds"] == [178, -18, -178, -16]
    assert [(place["lon"], place["image_id"]) for place in found["places"]] == [(179, ids[0]), (-179, ids[1])]
    # A cell on both sides of it has its middle in it.
    both = admin.get("/images/places?bbox=178,-18,-178,-16&cells=1").expect(200)["places"]
    assert [(abs(place["lon"]), place["image_count"]) for place in both] == [(180, 2)]
