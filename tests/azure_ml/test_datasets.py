"""Finished campaigns in Azure ML: the real client libraries against Azure's protocol, each dataset once whatever happens."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.azure_ml.fake_azure import SECRET, SUBSCRIPTION, FakeAzure, Fault
from tests.caller import Caller
from tests.conftest import Labelled
from tests.test_cli import run
from tests.workers import rows, run_jobs

pytestmark = pytest.mark.usefixtures("configured")
PREFIX = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/labels/workspaces/workshop/datastores/images/paths/"


def registered(azure: FakeAzure, api: str) -> dict[str, int]:
    """How many versions each dataset has."""
    held: dict[str, Any] = azure.datasets if api == "v1" else azure.data_assets
    return {name: len(versions) for name, versions in held.items()}


def once(title: str) -> dict[str, int]:
    return {f"{title}_images": 1, f"{title}_labels": 1}


def datasets_of(admin: Caller, finished: Labelled) -> dict[str, dict[str, Any]]:
    listed = admin.get(f"/campaigns/{finished.campaign_id}/datasets").expect(200)["datasets"]
    return {dataset["kind"]: dataset for dataset in listed}


def job_of(admin: Caller, finished: Labelled) -> dict[str, Any]:
    job: dict[str, Any] = admin.get(f"/campaigns/{finished.campaign_id}").expect(200)["publication"]
    return job


def test_both_datasets_are_registered_once(
    admin: Caller, app: Flask, azure: FakeAzure, api: str, finished: Labelled
) -> None:
    run_jobs(app)
    assert job_of(admin, finished)["state"] == "succeeded"
    assert registered(azure, api) == once(finished.title)
    listed = datasets_of(admin, finished)
    assert {kind: (d["registration"], d["registered_version"]) for kind, d in listed.items()} == {
        "images": ("registered", "1"),
        "images_mltable": ("off", None),
        "labels": ("registered", "1"),
        "labels_jsonl": ("off", None),
        "labels_mltable": ("off", None),
    }


def test_the_definitions_name_the_files(app: Flask, azure: FakeAzure, api: str, finished: Labelled) -> None:
    run_jobs(app)
    title = finished.title
    with rows(app) as session:
        paths = [
            path.partition("/")[2] for path in session.scalars(text("SELECT blobstorage_path FROM image ORDER BY id"))
        ]
    if api == "v2":
        assets = {name: versions["1"] for name, versions in azure.data_assets.items()}
        assert {asset["dataType"] for asset in assets.values()} == {"mltable"}
        assert assets[f"{title}_labels"]["dataUri"] == f"{PREFIX}label_sets/{title}/v1/{title}/"
        assert assets[f"{title}_images"]["dataUri"] == f"{PREFIX}label_sets/{title}/v1/{title}_images/"
        return
    definitions = {
        name: json.loads(versions[0]["latest"]["dataflow"])["meta"]["RsDataflow"]
        for name, versions in azure.datasets.items()
    }
    labels, images = definitions[f"{title}_labels"], definitions[f"{title}_images"]
    assert f"label_sets/{title}/v1/{title}_labels.csv" in labels
    assert "read_delimited" in labels
    assert all(path in images for path in paths)


@pytest.mark.slow
def test_a_name_that_is_taken_gets_a_new_version(
    app: Flask, azure: FakeAzure, api: str, finished: Labelled, admin: Caller
) -> None:
    run_jobs(app)
    # Somebody else's versions have other tags.
    for versions in azure.datasets.values():
        versions[0]["tags"] = {"by": "somebody"}
        versions[0]["latest"]["tags"] = {"by": "somebody"}
    for assets in azure.data_assets.values():
        assets["1"]["tags"] = {"by": "somebody"}
    with rows(app) as session:
        session.execute(text("UPDATE dataset SET registration = 'pending' WHERE registration = 'registered'"))
        session.execute(text("UPDATE job SET state = 'failed', error = 'x' WHERE kind = 'publish_datasets'"))
    admin.post(f"/jobs/{job_of(admin, finished)['job_id']}/retry").expect(200)
    run_jobs(app)
    assert registered(azure, api) == dict.fromkeys(once(finished.title), 2)
    assert datasets_of(admin, finished)["labels"]["registered_version"] == "2"


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["POST .*/datasets", "PUT .*/data/", "GET .*/dataversion/"])
def test_what_was_registered_without_an_answer_is_known_again(
    app: Flask, azure: FakeAzure, api: str, finished: Labelled, admin: Caller, pattern: str
) -> None:
    azure.faults.append(Fault(pattern, count=1, cut=True, after_effect=True))
    run_jobs(app, hurry=True)
    assert job_of(admin, finished)["state"] == "succeeded"
    assert registered(azure, api) == once(finished.title)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("break_it", "setting"),
    [
        (lambda azure: azure.secrets.clear(), "AZURE_ML_SP_PASSWORD"),
        (lambda azure: azure.workspaces.clear(), "AZURE_ML_WORKSPACE_NAME"),
        (lambda azure: azure.datastores.clear(), "AZURE_ML_DATASTORE"),
    ],
)
def test_wrong_settings_fail_the_job_in_words_and_a_retry_publishes_nothing_twice(
    app: Flask, azure: FakeAzure, api: str, finished: Labelled, admin: Caller, break_it: Any, setting: str
) -> None:
    kept = (list(azure.secrets), list(azure.workspaces), list(azure.datastores))
    break_it(azure)
    run_jobs(app, hurry=True)
    job = job_of(admin, finished)
    assert job["state"] == "failed"
    assert setting in job["error"]
    assert SECRET not in job["error"]
    before = datasets_of(admin, finished)
    assert before["images"]["registration"] == "failed"
    assert setting in before["images"]["error"]
    assert before["labels"]["registration"] == "pending"
    azure.secrets, azure.workspaces, azure.datastores = kept
    admin.post(f"/jobs/{job['job_id']}/retry").expect(200)
    run_jobs(app)
    assert job_of(admin, finished)["state"] == "succeeded"
    after = datasets_of(admin, finished)
    assert registered(azure, api) == once(finished.title)
    assert {kind: d["dataset_id"] for kind, d in after.items()} == {kind: d["dataset_id"] for kind, d in before.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET .*/workspaces/workshop", count=30, status=503, retry_after=0),
        Fault("GET .*/workspaces/workshop", count=30, status=429, retry_after=0),
        Fault("login.microsoftonline.com", count=12, cut=True),
    ],
)
def test_a_busy_azure_is_waited_for(
    app: Flask, azure: FakeAzure, api: str, finished: Labelled, admin: Caller, fault: Fault
) -> None:
    azure.faults.append(Fault(**fault.__dict__))
    run_jobs(app, limit=1)
    waiting = job_of(admin, finished)
    assert waiting["state"] == "queued", waiting
    assert "Azure ML" in waiting["error"]
    azure.faults.clear()
    run_jobs(app, hurry=True)
    assert job_of(admin, finished)["state"] == "succeeded"
    assert registered(azure, api) == once(finished.title)


def test_the_status_page_and_the_command_tell_whether_azure_ml_can_be_used(
    app: Flask, azure: FakeAzure, configured: Settings
) -> None:
    good = run(app, "check", "azure-ml")
    assert (good.exit_code, json.loads(good.stdout)["azure_ml"]) == (0, "ok")
    azure.datastores.clear()
    bad = run(app, "check", "azure-ml")
    assert bad.exit_code == 1
    assert "AZURE_ML_DATASTORE" in bad.stderr
    azure.secrets.clear()
    refused = run(app, "check", "azure-ml")
    assert "AZURE_ML_SP_PASSWORD" in refused.stderr
    assert SECRET not in refused.stderr
