"""The published files, opened by the libraries that their readers use."""

import io
import json
import sys
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask

from tests.azure_ml.fake_azure import SUBSCRIPTION, FakeAzure
from tests.conftest import Labelled
from tests.workers import run_jobs

NO_WHEELS = pytest.mark.skipif(sys.version_info >= (3, 13), reason="azureml-dataprep has no wheels for Python 3.13")
LABEL = {"label": 'a,"b" 😀', "topX": 0.0, "topY": 0.0, "bottomX": 0.5, "bottomY": 0.5}


@pytest.fixture
def published(app: Flask, finished: Labelled, container: ContainerClient, tmp_path: Path) -> Path:
    """A folder with what was published of a campaign whose first two images have a label, and the others none."""
    run_jobs(app)
    folder = tmp_path / "published"
    for blob in container.list_blobs(name_starts_with=f"label_sets/{finished.title}"):
        target = folder / blob.name.replace(finished.title, "campaign")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(container.download_blob(blob.name).readall())
    return folder / "label_sets"


@NO_WHEELS
def test_arrow_reads_the_table_as_strings(published: Path) -> None:
    import pyarrow.csv  # type: ignore[import-untyped]

    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(("image_url", "label", "label_confidence"), "string")
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    content = io.BytesIO((published / "campaign_labels.csv").read_bytes())
    table = pyarrow.csv.read_csv(content, convert_options=options, parse_options=parse).to_pydict()
    assert list(table) == ["image_url", "label", "label_confidence"]
    assert [json.loads(label) for label in table["label"]] == [[LABEL], [LABEL], [], []]
    assert [json.loads(confidence) for confidence in table["label_confidence"]] == [[0.5], [0.5], [], []]


def test_json_lines_say_the_same_in_the_form_of_automl(published: Path) -> None:
    lines = [json.loads(line) for line in (published / "campaign" / "labels.jsonl").read_text().splitlines()]
    assert [line["label"] for line in lines] == [[{**LABEL, "isCrowd": 0}]] * 2 + [[]] * 2
    assert lines[0]["image_details"] == {"format": "jpeg", "width": "1920px", "height": "1080px"}
    assert [line["label_confidence"] for line in lines] == [[0.5], [0.5], [], []]
    assert lines[0]["image_url"].startswith("loose/")


@NO_WHEELS
def test_mltable_opens_the_labels(published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import mltable  # type: ignore[import-untyped]

    # It leaves a cache and logs in the home folder.
    monkeypatch.setenv("HOME", str(tmp_path))
    frame = mltable.load(str(published / "campaign")).to_pandas_dataframe()
    assert frame["image_url"][0].startswith("loose/")
    assert [len(label) for label in frame["label"]] == [1, 1, 0, 0]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("api", ["v2"], indirect=True)
def test_with_azure_ml_the_lines_hold_its_addresses(azure: FakeAzure, published: Path) -> None:
    prefix = (
        f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/labels/workspaces/workshop/datastores/images/paths/"
    )
    line = json.loads((published / "campaign" / "labels.jsonl").read_text().splitlines()[0])
    assert line["image_url"].startswith(prefix + "loose/")
    assert "stream_info" in (published / "campaign" / "MLTable").read_text()
    images = (published / "campaign_images" / "MLTable").read_text()
    assert images.count(f"file: {prefix}loose/") == 4
