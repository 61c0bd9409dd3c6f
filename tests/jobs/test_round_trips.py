"""A snapshot that is exported and imported again changes nothing, through the service, for each format that can carry it."""

import random
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.formats.readers import READERS
from app.settings import Settings
from tests.api.test_imports import EDGES, bring, contents, put
from tests.conftest import Labelled, insert_images
from tests.workers import rows, run_jobs

IMAGE_COUNT = 25
SIZES = [(1920, 1080), (1001, 999), (3, 7), (6000, 4000)]
# What a format cannot carry is left out of its campaigns.
WITHOUT_CONFIDENCE = {"cvat", "jsonl", "voc", "yolo"}
WITHOUT_FRACTIONS = {"voc"}
WITH_UNUSABLE = {"csv", "datumaro", "label-studio", "parquet"}
LABELS = ["cat", "Dog", "=1+1", "Schäfer-Hund, <&\"'>", "犬"]


def make_objects(chance: random.Random, form: str, width: int, height: int) -> list[dict[str, Any]]:
    found = []
    for _ in range(chance.choice([0, 0, 1, 2, 5])):
        edges: tuple[float, ...]
        if form in WITHOUT_FRACTIONS or chance.random() < 0.4:
            x, y = chance.randrange(width), chance.randrange(height)
            edges = (x, y, chance.randint(x + 1, width), chance.randint(y + 1, height))
        else:
            left, upper = chance.uniform(0, width * 0.9), chance.uniform(0, height * 0.9)
            right, lower = chance.uniform(left + 0.01, width), chance.uniform(upper + 0.01, height)
            edges = (left, upper, right, chance.choice([lower, height]))
        one: dict[str, Any] = {"label": chance.choice(LABELS), "bounding_box": dict(zip(EDGES, edges, strict=True))}
        if form not in WITHOUT_CONFIDENCE and chance.random() < 0.5:
            one["confidence"] = chance.choice([0, 1, 0.25, chance.random()])
        found.append(one)
    # YOLO readers take equal rows for one.
    return list({str(one): one for one in found}.values())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("form", sorted(READERS))
def test_what_was_exported_comes_back_as_it_is(
    app: Flask, settings: Settings, labelled: Labelled, container: ContainerClient, form: str, seed: int
) -> None:
    chance, admin = random.Random(seed), labelled.admin
    image_ids: list[int] = []
    sizes: dict[int, tuple[int, int]] = {}
    for number in range(IMAGE_COUNT):
        size = SIZES[number % len(SIZES)]
        [image_id] = insert_images(app, settings, 1, width=size[0], height=size[1])
        image_ids.append(image_id)
        sizes[image_id] = size
    with rows(app) as session:
        session.execute(text("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()"))
    campaign = f"/campaigns/{labelled.campaign_id}"
    admin.post(f"{campaign}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    items = [{"image_id": image_id, "objects": make_objects(chance, form, *sizes[image_id])} for image_id in image_ids]
    if form in WITH_UNUSABLE:
        items[0] = {"image_id": image_ids[0], "unusable": "too dark"}
    put(admin, labelled.campaign_id, *items)
    states = ["labeled", "empty"] + ["unusable"] * (form in WITH_UNUSABLE)
    new = {"name": labelled.title, "campaigns": [labelled.campaign_id], "states": states}
    snapshot = admin.post("/snapshots", new).expect(202)
    run_jobs(app)
    made = admin.post(f"/snapshots/{snapshot['snapshot_id']}/exports", {"format": form}).expect(202)
    run_jobs(app)
    export = admin.get(f"/exports/{made['export_id']}").expect(200)
    assert export["state"] == "ready", export
    content = container.download_blob(export["path"]).readall()
    done = bring(app, admin, labelled.campaign_id, content, f"format={form}")
    assert done["state"] == "succeeded", done
    assert (done["submission_id"], done["counts"]["images"]) == (None, IMAGE_COUNT)
    assert done["counts"]["unchanged"] == IMAGE_COUNT
    # Into another campaign with the same images, it brings the same labels.
    twin = admin.post("/campaigns", {"title": f"{labelled.title}-twin", "labeler_email": "b@partner.example"}).expect(
        200
    )
    admin.post(f"/campaigns/{twin['campaign_id']}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{twin['campaign_id']}", {"new_status": "active"}).expect(200)
    done = bring(app, admin, twin["campaign_id"], content, f"format={form}")
    assert (done["state"], done["counts"]["images"]) == ("succeeded", IMAGE_COUNT), done
    assert contents(admin, twin["campaign_id"]) == contents(admin, labelled.campaign_id)
