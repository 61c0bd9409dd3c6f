"""Bodies that are spoiled in every way there is: each is refused and changes nothing, or is as good as before."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from app.database.engine import Base
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Answer, Caller
from tests.conftest import insert_images
from tests.house.test_spec import OPERATIONS
from tests.mutations import Sent, mutate, write
from tests.workers import autocommitting, workplace

# The same seed spoils the same bodies in the same ways: FUZZ_SEED=… sets another one.
SEED = int(os.environ.get("FUZZ_SEED", "20261123"))
COUNT = int(os.environ.get("MUTATED_BODIES", "500"))
BOX = {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}
# Done, or begun by a job.
GOOD = (200, 202)
# A good body of each operation that takes one.
BODIES: dict[str, Any] = {
    "create_image_set": {"title": "{new}", "metadata": {"country": "NL", "list": [1, 2.5, None, True, {"a": "b"}]}},
    "update_image_set_status": {"new_status": "finished"},
    "update_image_set": {"title": "{new}", "metadata": {"country": "NL", "km": None}, "timezone": "Europe/Amsterdam"},
    "add_image_set_images": [{"id": 1}, {"filepath": "{path}"}],
    "update_image": {"type": "drone", "metadata": {"a": [1], "b": None}, "location_taken": {"lat": 51.8, "lon": 5.8}},
    "update_images": [{"image_id": 1, "type": "drone"}, {"image_id": 2, "date_taken": "2026-05-04T08:00:00Z"}],
    "withdraw_image": {"reason": "A person is on it."},
    "put_query": {"query": {"campaign": 2, "labeled": True, "metadata": {"ö": "塑料"}}},
    "retry_problems": {"names": ["a.jpg", "b/ö.jpg"]},
    "drop_problems": {"names": ["b/ö.jpg"]},
    "create_campaign": {
        "title": "{new}",
        "labeler_email": "{new}@partner.example",
        "metadata": {"a": [1]},
        "label_translations": {"PET": "plastic", "ö": "塑料"},
        "classes": [{"name": "plastic", "color": "#1f77b4", "key": "p", "aliases": ["塑料"]}],
        "strict": True,
    },
    "update_campaign": {
        "classes": [
            {"name": "PET", "description": "Bottles.", "aliases": ["PTE", "ö"]},
            {"name": "can", "retired": True},
        ],
        "strict": True,
        "instructions": "# How to label",
        "title": "{new}",
        "metadata": {"a": None, "b": {"c": [1]}},
        "late_corrections": True,
    },
    "restore_campaign": {"as_of": "2026-05-04T08:00:00Z", "image_ids": [1, 2], "dry_run": False},
    "relabel_campaign": {"mapping": {"PET": "can", "can": "PET"}, "dry_run": False},
    "update_campaign_status": {"new_status": "active", "auto_complete": False},
    "add_campaign_images": [{"id": 1}, {"id": 2}, {"filepath": "/{path}"}],
    "remove_campaign_images": [{"id": 1}, {"id": 2}],
    "put_campaign_objects": [
        {
            "image_id": 1,
            "objects": [{"bounding_box": BOX, "label": "PET", "label_translated": None, "confidence": 0.87}],
            "revision": None,
            "image": {"width": 1920, "height": 1080},
        },
        {"image_id": 2, "unusable": "dark"},
    ],
    "put_drafts": [
        {"image_id": 1, "objects": [{"bounding_box": BOX, "label": "PET"}], "image": {"width": 1, "height": 1}},
        {"image_id": 2, "unusable": "dark", "revision": 5},
    ],
    "put_reviews": [
        {"image_id": 1, "verdict": "rejected", "comment": "A bottle is missing."},
        {"image_id": 2, "verdict": "accepted", "comment": None, "revision": 5},
    ],
    "create_user": {"email": "{new}@example.org", "role": "image-admin"},
    "update_user": {"enabled": False},
    "grant_role": {"role": "labeler", "campaign_id": 1},
    "create_api_key": {"name": "labelling tool", "date_expires": "2030-01-01T00:00:00Z"},
    "rotate_api_key": {"overlap_seconds": 60, "date_expires": None},
    "create_session_key": {"hours": 12},
    "rotate_own_key": {"overlap_seconds": 60},
    "add_labeler": {"email": "{new}@example.org"},
    "add_reviewer": {"email": "{new}@example.org"},
    "create_snapshot": {
        "name": "{new}",
        "campaigns": [2],
        "split": {"key": "content", "seed": "s", "shares": {"train": 1}},
    },
    "create_export": {"format": "csv", "images": "none", "options": {"upright": False}},
    "update_import_status": {"new_status": "uploaded"},
}
OF_CAMPAIGN_2 = (
    "put_campaign_objects",
    "put_drafts",
    "put_reviews",
    "relabel_campaign",
    "remove_campaign_images",
    "restore_campaign",
)
# The state in which every good body can be sent, whatever the one before has done. Campaign 2 takes objects.
RESTORE = """
    DELETE FROM import; SET session_replication_role = replica;
    DELETE FROM export; DELETE FROM snapshot_labels; DELETE FROM snapshot_image; DELETE FROM snapshot_class; DELETE FROM snapshot;
    RESET session_replication_role;
    DELETE FROM draft; DELETE FROM campaign_image; DELETE FROM campaign_membership; DELETE FROM review;
    DELETE FROM object; DELETE FROM submission_image; DELETE FROM submission;
    DELETE FROM job; DELETE FROM procrastinate_jobs;
    INSERT INTO campaign_image (campaign_id, image_id) VALUES (2, 1), (2, 2);
    UPDATE image SET image_set_id = NULL, type = NULL, metadata = '{}', date_taken = NULL, lat = NULL, lon = NULL,
        date_withdrawn = NULL, withdrawn_by = NULL, withdrawal_reason = NULL;
    DELETE FROM query;
    DELETE FROM problem;
    INSERT INTO problem (image_set_id, blob_name, etag, kind, message)
        SELECT 1, name, '0x1', 'copy_failed', 'No.' FROM unnest('{a.jpg,b/ö.jpg,c.jpg}'::text[]) AS name;
    DELETE FROM image_set WHERE id > 1;
    UPDATE image_set SET status = 'created', date_finished = NULL;
    DELETE FROM role WHERE id > 3; DELETE FROM session_key; DELETE FROM api_key WHERE id > 2; DELETE FROM campaign_class;
    DELETE FROM campaign WHERE id > 2;
    INSERT INTO campaign_class (campaign_id, position, name) VALUES (2, 0, 'PET'), (2, 1, 'can');
    UPDATE campaign SET status = CASE id WHEN 2 THEN 'active' ELSE 'created' END, labeled_count = 0,
        image_count = CASE id WHEN 2 THEN 2 ELSE 0 END, date_completed = NULL, date_finished = NULL,
        empty_count = 0, unusable_count = 0, accepted_count = 0, rejected_count = 0, strict = false, instructions = NULL;
    DELETE FROM "user" WHERE id > 2;
    UPDATE "user" SET enabled = true;
    UPDATE api_key SET date_revoked = NULL, date_expires = NULL;
"""
# Problems are settled in a set that is finished.
FINISHED = "UPDATE image_set SET status = 'finished', date_finished = now();"
# What an operation needs besides: reviews are of images that somebody has looked at.
NEEDS = {
    "create_export": """
        INSERT INTO snapshot (id, name, version, state, selection, created_by, moment, content_hash, image_count, object_count,
            counts, date_ready)
        OVERRIDING SYSTEM VALUE VALUES (1, 'a', 1, 'ready', '{}', 1, now(), sha256(''), 0, 0, '{"states": {}, "splits": {}}',
            now());
    """,
    "update_import_status": """
        INSERT INTO import (id, campaign_id, user_id, api_key_id, format, mode, match, on_invalid, path, date_upload_expires)
        OVERRIDING SYSTEM VALUE VALUES (1, 2, 1, 1, 'csv', 'replace', 'auto', 'reject', 'label_imports/mutated', now());
    """,
    "retry_problems": FINISHED,
    "drop_problems": FINISHED,
    "put_reviews": """
        INSERT INTO submission (campaign_id, id, user_id, image_count, object_count, replaced)
            OVERRIDING SYSTEM VALUE VALUES (2, 5, 1, 2, 0, 0);
        INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
            VALUES (2, 1, 5, 'empty', 0), (2, 2, 5, 'empty', 0);
        UPDATE campaign_image SET submission_id = 5, state = 'empty';
        UPDATE campaign SET labeled_count = 2, empty_count = 2 WHERE id = 2;
    """,
}
TABLES = [*(table.name for table in Base.metadata.sorted_tables), "procrastinate_jobs"]
ROWS = "SELECT md5(string_agg(r, ',' ORDER BY r)) FROM (SELECT (to_jsonb(t) - 'date_last_used')::text AS r FROM \"{}\" AS t) AS a"
# One digest for each table; when a key was last used is written now and then, whatever is sent.
DIGEST = f"SELECT {', '.join(f'({ROWS.format(name)})' for name in TABLES)}"


@dataclass(frozen=True)
class Stage:
    """A service in a known state: an admin's client and a look at its tables."""

    admin: Caller
    path_of_image: str
    connection: Connection

    def send(self, name: str, sent: Sent) -> Answer:
        method, path, _ = OPERATIONS[name]
        ids = {
            "imageset_id": 1,
            "campaign_id": 2 if name in OF_CAMPAIGN_2 else 1,
            "image_id": 1,
            "user_id": 2,
            "key_id": 2,
            "snapshot_id": 1,
            "import_id": 1,
        }
        return self.admin.request(method, path.format(**ids, name="pet"), headers=sent.headers, content=sent.content)

    def good_body(self, name: str, random: Random) -> Any:
        """The body with a title and an address that nobody has."""
        text_of_body = json.dumps(BODIES[name]).replace("{new}", f"t-{random.randbytes(6).hex()}")
        return json.loads(text_of_body.replace("{path}", self.path_of_image))

    def digest(self) -> list[Any]:
        """What each table holds, in short."""
        return list(self.connection.execute(text(DIGEST)).one())

    def restore(self, name: str) -> list[Any]:
        """Undo what was accepted, prepare what an operation needs, and return the digest."""
        self.connection.execute(text(RESTORE + NEEDS.get(name, "")))
        return self.digest()


@pytest.fixture
def stage(app: Flask, settings: Settings, admin: Caller, title: str) -> Iterator[Stage]:
    components_of(app).blob_store.upload("label_imports/mutated", [b"x"], "text/csv")
    image_ids = insert_images(app, settings, 3)
    for number in (1, 2):
        admin.post("/campaigns", {"title": f"{title}-{number}", "labeler_email": "pat@partner.example"}).expect(200)
    admin.post("/campaigns/2/images", [{"id": image_id} for image_id in image_ids[:2]]).expect(200)
    admin.put("/campaigns/2", {"new_status": "active"}).expect(200)
    admin.post("/image_sets", {"title": title}).expect(200)
    path = admin.get("/images").expect(200)["images"][2]["blobstorage_path"]
    with workplace(app) as place, autocommitting(place) as connection:
        yield Stage(admin, path, connection)


def test_every_operation_that_takes_a_body_has_a_good_one() -> None:
    assert set(BODIES) == {
        name
        for name, (_, _, operation) in OPERATIONS.items()
        if "requestBody" in operation and not operation.get("x-file")
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BODIES)
def test_spoiled_bodies_are_refused_and_change_nothing(stage: Stage, name: str) -> None:
    random = Random(f"{SEED} {name}")
    statuses: Counter[int] = Counter()
    before = stage.restore(name)
    for _ in range(-(-COUNT // len(BODIES))):
        sent = mutate(random, stage.good_body(name, random))
        status = stage.send(name, sent).response.status_code
        statuses[status] += 1
        # That it is among the documented ones, and its answer too, is looked at by the client.
        assert status in GOOD or 400 <= status < 500, f"{status} {sent}"
        if status in GOOD:
            before = stage.restore(name)
        else:
            assert stage.digest() == before, f"{status}, and yet something has changed: {sent}"
    sys.stdout.write(
        f"{name}: {sum(statuses.values())} bodies, answers {dict(sorted(statuses.items()))}, seed {SEED}\n"
    )
    assert statuses[400] + statuses[415] > statuses.total() / 2
    assert stage.send(name, Sent(write(stage.good_body(name, random)))).response.status_code in GOOD
