"""Queries that are kept by name, and the images that they find."""

from dataclasses import fields
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.errors import NotFound
from app.services import queries
from app.services.image_filters import ImageFilter
from app.web.openapi import load_spec
from tests.caller import Caller

# What is added must be there.
NOT_FILTERS = {"page", "per_page", "after", "cursor", "sort", "expand", "withdrawn"}


def test_a_query_takes_the_filters_of_the_list() -> None:
    spec = load_spec()
    listed = [parameter["$ref"].rpartition("/")[2] for parameter in spec["paths"]["/images"]["get"]["parameters"]]
    names = {spec["components"]["parameters"][name]["name"] for name in listed} - NOT_FILTERS
    assert set(spec["components"]["schemas"]["ImageQuery"]["properties"]) == names
    assert {field.name for field in fields(ImageFilter)} == names | {"withdrawn"}


def test_queries_are_kept_replaced_listed_and_deleted(admin: Caller, app: Flask, image_ids: list[int]) -> None:
    with app.app_context():
        db.session.execute(text("UPDATE image SET type = 'drone' WHERE id IN (1, 3)"))
        db.session.commit()
    admin.put("/queries/flights", {"query": {"path": "/loose/"}}).expect(200)
    answer = admin.put("/queries/flights", {"query": {"type": "drone", "near": [52, 4.4, 100]}})
    kept = answer.expect(200)
    assert (kept["query_id"], kept["name"], kept["changed_by"]) == (1, "flights", "ada@example.org")
    assert kept["query"] == {"type": "drone", "near": [52, 4.4, 100]}
    assert kept["date_created"] < kept["date_changed"]
    again = admin.get("/queries/flights", headers={"If-None-Match": answer.headers["etag"]})
    assert again.response.status_code == 304
    admin.put("/queries/7", {"query": {"type": "drone", "state": ["labeled"], "campaign": 1}}).expect(200)
    assert [query["name"] for query in admin.get("/queries").expect(200)["queries"]] == ["flights", "7"]
    with app.app_context():
        found = queries.select_images(db.session(), {"query": {"type": "drone"}}, "/0")
        assert set(db.session.scalars(found)) == {1, 3}
        named = queries.select_images(db.session(), {"query_name": "7"}, "/0")
        assert set(db.session.scalars(named)) == set()
    assert admin.delete("/queries/flights").expect(200) == kept
    for answer in (admin.get("/queries/flights"), admin.delete("/queries/flights"), admin.get("/queries/{name}")):
        answer.expect(404, "no kept query")
    with app.app_context(), pytest.raises(NotFound) as missing:
        queries.select_images(db.session(), {"query_name": "flights"}, "/3")
    assert missing.value.errors[0]["pointer"] == "/3/query_name"


def test_queries_that_cannot_be_are_refused_in_words(admin: Caller) -> None:
    good = {"query": {"type": "drone"}}
    for name in ("Flights", "a--b", "-a", "a" * 54, "a%20b", "%C3%A4", "a.b"):
        admin.put(f"/queries/{name}", good).expect(422, "lowercase letters")
    admin.put("/queries/a/b", good).expect(404)
    admin.put("/queries/a%2Fb", good).expect(404)
    broken: list[dict[str, Any]] = [
        {},
        {"typ": "drone"},
        {"near": [1, 2]},
        {"type": None},
        {"metadata": {"a": 1}},
        {"taken": "today"},
    ]
    for query in broken:
        admin.put("/queries/a", {"query": query}).expect(400)
    for name, value in (("state", ["labeled"]), ("taken_to", "2026-02-30"), ("label", "PET")):
        problem = admin.put("/queries/a", {"query": {name: value}}).expect(422)
        assert problem["errors"][0]["pointer"] == f"/query/{name}"
    bad = {"campaign": 1, "min_objects": 2, "max_objects": 1}
    admin.put("/queries/a", {"query": bad}).expect(422, "must not be greater")
    assert admin.get("/queries").expect(200)["queries"] == []
