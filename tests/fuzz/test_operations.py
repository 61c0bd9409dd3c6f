"""Schemathesis calls the service, as it is deployed, with whatever the OpenAPI document allows and forbids."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.api.test_snapshots import box, inspect, make, put
from tests.caller import Caller
from tests.conftest import Labelled, insert_images
from tests.fuzz.fuzzer import PHASES, Fuzzer
from tests.house.test_spec import OPERATIONS, follow
from tests.web_server import no_fault_in, web_server
from tests.workers import rows, worker

# As in hooks.py, which Schemathesis loads in a process of its own.
IMAGE_COUNT, CAMPAIGN_COUNT = 60, 10
FAILED_JOB_COUNT, JOB_COUNT = 5, 10
SNAPSHOT_COUNT = 2
LEAST_CASES = 5000
LEAST_STEPS = 1000
LEAST_LINKS = 20
LABELS = {name: f"{method} {path}" for name, (method, path, _) in OPERATIONS.items()}
# Those who call here use an API key, and the first ends a session key; the images here have no files to make a preview from, and
# nobody uploads a file with a link.
NEVER_SUCCEEDS = {"end_session_key", "get_image_preview", "update_import_status"}
SUCCEEDING = {label for name, label in LABELS.items() if name not in NEVER_SUCCEEDS}

pytestmark = pytest.mark.timeout(1500)


def links() -> set[str]:
    """Every link of the document, as Schemathesis writes it."""
    return {
        f"{LABELS[name]} -> [200] {link} -> {LABELS[follow(target)['operationId']]}"
        for name, (_, _, operation) in OPERATIONS.items()
        for link, target in follow(operation["responses"].get("200", {})).get("links", {}).items()
    }


@pytest.fixture
def furnished(app: Flask, settings: Settings, labelled: Labelled) -> Labelled:
    """A service to which all can be done.

    It has images, active campaigns, snapshots that differ, failed jobs, which can be retried, and queued ones, which can be
    cancelled.
    """
    images = [{"id": image_id} for image_id in labelled.image_ids]
    for number in range(1, CAMPAIGN_COUNT):
        new: dict[str, Any] = {"title": f"more-{number}", "labeler_email": labelled.partner_email}
        new["classes"] = [{"name": "Label 0"}]
        path = f"/campaigns/{labelled.admin.post('/campaigns', new).expect(200)['campaign_id']}"
        labelled.admin.post(f"{path}/images", images).expect(200)
        labelled.admin.put(path, {"new_status": "active"}).expect(200)
    insert_images(app, settings, IMAGE_COUNT - len(labelled.image_ids))
    for _ in range(JOB_COUNT):
        made = labelled.admin.post("/image_sets", {"title": f"t-{uuid.uuid4().hex[:12]}"}).expect(200)
        labelled.admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    with rows(app) as session:
        failed = (
            "UPDATE job SET state = 'failed', error = 'A person is needed.', date_finished = now() WHERE id <= :last"
        )
        session.execute(text(failed), {"last": FAILED_JOB_COUNT})
        # The others wait for tomorrow.
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 day'"))
    inspect(app, labelled.image_ids)
    for image_id in labelled.image_ids[:SNAPSHOT_COUNT]:
        put(labelled, [{"image_id": image_id, "objects": [box("Label 0")]}])
        make(app, labelled.admin, [labelled.campaign_id])
    return labelled


def user_id_of(admin: Caller, email: str) -> int:
    found: list[int] = [
        user["user_id"] for user in admin.get("/users").expect(200)["users"] if user["email"].lower() == email.lower()
    ]
    return found[0]


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[str]:
    """The address of a real web server beside a real worker; at the end, none of them may have met the unforeseen."""
    with (
        (folder / "worker.log").open("wb") as stderr,
        worker(settings, stderr=stderr),
        web_server(settings, folder / "web.log") as web,
    ):
        yield web.url
    no_fault_in(folder / "web.log")
    no_fault_in(folder / "worker.log")


def test_whatever_an_admin_sends_is_answered_as_promised(
    settings: Settings, furnished: Labelled, tmp_path: Path
) -> None:
    admin = furnished.admin
    bystander = admin.post("/users", {"email": "eve@example.org", "role": "image-admin"}).expect(200)
    spared = (user_id_of(admin, "ada@example.org"), bystander["user_id"])
    with running(settings, tmp_path) as url:
        fuzzer = Fuzzer(url, admin, tmp_path, spared, IMAGE_COUNT)
        fuzzer.send_cases(examples=60)
        fuzzer.walk(LEAST_STEPS, walks=400, wanted=SUCCEEDING)
    counts = fuzzer.counts
    sys.stdout.write(f"{counts}\n")
    assert counts.cases.total() >= LEAST_CASES
    assert set(counts.cases) == PHASES
    # What never works is not tested by what it refuses.
    assert SUCCEEDING - counts.succeeded() == set()
    assert len(links() & set(counts.links)) >= LEAST_LINKS


def test_whatever_a_labeler_sends_is_answered_as_promised(
    settings: Settings, furnished: Labelled, tmp_path: Path
) -> None:
    spared = (user_id_of(furnished.admin, furnished.partner_email), user_id_of(furnished.admin, "ada@example.org"))
    with running(settings, tmp_path) as url:
        fuzzer = Fuzzer(url, furnished.partner, tmp_path, spared, IMAGE_COUNT)
        fuzzer.send_cases(examples=20)
        fuzzer.walk(100, walks=20)
    counts = fuzzer.counts
    sys.stdout.write(f"{counts}\n")
    assert set(counts.cases) == PHASES
    open_to_labelers = {
        LABELS[name] for name, (_, _, operation) in OPERATIONS.items() if {"labeler", "any"} & set(operation["x-roles"])
    }
    assert {label for label in counts.succeeded() if not label.startswith("OPTIONS")} == open_to_labelers & SUCCEEDING
