"""The published files, opened by the libraries that their readers use."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.azure.names import target_path
from app.settings import Settings
from tests.azure_ml.fake_azure import SUBSCRIPTION, FakeAzure
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import ROOT, rows, run_jobs

NO_WHEELS = pytest.mark.skipif(sys.version_info >= (3, 13), reason="azureml-dataprep has no wheels for Python 3.13")
PREFIX = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/labels/workspaces/workshop/datastores/images/paths/"
WIDTH, HEIGHT = 1920, 1080
CORNERS = ("topX", "topY", "bottomX", "bottomY")
# Whole ratios and fractions, and one so small that PostgreSQL writes it with an exponent.
WHOLE, PART, TINY = (0, 0, WIDTH, HEIGHT), (1, 2, 3, 4), (1, 0, 100_000, 9)
# What splits a line for some reader, and what needs escaping in JSON or CSV.
LABEL = 'a,"b"\\ 😀\u2028\u2029\u0085'
NAMES = [
    "plain.jpg", "a%20b.jpg", "a b.jpg", "a%2Fb.jpg", "a%b.jpg", "%25.jpg", "a?b.jpg", "a%3Fb.jpg", "a*b.jpg", "a%2Ab.jpg",
    "**.jpg", "**", "[a].jpg", "a[*]b.jpg", "{a,b}.jpg", "a#b.jpg", "a&b=c+d.jpg", "a+b.jpg", "a'b.jpg", 'a"b.jpg',
    "a;b,c:d.jpg", "a<b>|^`.jpg", "~a!$(b)@.jpg", ".a.jpg", "_a.jpg", " a .jpg", "ä.jpg", "a\u0308.jpg", "日本/😀.jpg",
    "a\u2028b.jpg", "a\u0085b.jpg", "folder/", "a//b.jpg",
    # Names that the service gives to copies.
    *(target_path("made", name) for name in ("a/../b.jpg", "a/%2E%2E/b.jpg", "a\tb.jpg", "~/b.jpg", 1000 * "ä")),
]  # fmt: skip
# To these a wrong address would lead; they are in no campaign.
DECOYS = ["a", "axb.jpg", "a/b.jpg", "b.jpg", "made/b.jpg"]


def fetch(container: ContainerClient, title: str, folder: Path) -> Path:
    """Download what was published of a campaign, with the word `campaign` for its title; return the folder."""
    for blob in container.list_blobs(name_starts_with=f"label_sets/{title}"):
        target = folder / blob.name.replace(title, "campaign")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(container.download_blob(blob.name).readall())
    return folder / "label_sets"


@pytest.fixture
def published(app: Flask, finished: Labelled, container: ContainerClient, tmp_path: Path) -> Path:
    """A folder with what was published of a campaign whose first two images have a label, and the others none."""
    run_jobs(app)
    return fetch(container, finished.title, tmp_path / "published")


Boxes = list[tuple[tuple[int, int, int, int], float | None]]


def ratios(box: tuple[int, int, int, int], width: int, height: int) -> list[float]:
    """The corners of a box in pixels as ratios, in the order of CORNERS."""
    return [box[0] / width, box[1] / height, box[2] / width, box[3] / height]


def publish_boxes(app: Flask, labelled: Labelled, submitted: list[Boxes]) -> None:
    """Publish boxes with their confidences, one list for each image, all with the label LABEL; the last image is wider."""
    with rows(app) as session:
        statement = text("UPDATE image SET width = 100000, height = 9 WHERE id = :id")
        session.execute(statement, {"id": labelled.image_ids[-1]})
    body = [
        {
            "image_id": image_id,
            "objects": [
                {
                    "label": "x",
                    "confidence": confidence,
                    "bounding_box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)),
                }
                for box, confidence in boxes
            ],
        }
        for image_id, boxes in zip(labelled.image_ids, submitted, strict=True)
    ]
    path = f"/campaigns/{labelled.campaign_id}"
    labelled.partner.put(f"{path}/objects", body).expect(200)
    with rows(app) as session:
        # Labels that were stored before they were checked.
        session.execute(text("UPDATE object SET label = :label"), {"label": LABEL})
    labelled.admin.put(path, {"new_status": "finished"}).expect(200)
    run_jobs(app)


SUBMITTED: list[Boxes] = [
    [(WHOLE, 1), (PART, 0)],
    [(PART, 0.5), (WHOLE, None)],
    [],
    [(TINY, 1e-05), (TINY, 1)],
]


@NO_WHEELS
@pytest.mark.parametrize("submitted", [SUBMITTED, [SUBMITTED[1], SUBMITTED[0], [(WHOLE, None)], SUBMITTED[3]]])
def test_mltable_reads_every_number_of_the_labels(
    app: Flask,
    labelled: Labelled,
    container: ContainerClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    submitted: list[Boxes],
) -> None:
    import mltable

    publish_boxes(app, labelled, submitted)
    published = fetch(container, labelled.title, tmp_path / "published")
    # It leaves a cache and logs in the home folder.
    monkeypatch.setenv("HOME", str(tmp_path))
    frame = mltable.load(str(published / "campaign")).to_pandas_dataframe()
    assert len(frame) == 4
    for number, boxes in enumerate(submitted):
        size = (100_000, 9) if number == 3 else (WIDTH, HEIGHT)
        labels, confidences = frame["label"][number], frame["label_confidence"][number]
        assert [[label[corner] for corner in CORNERS] for label in labels] == [ratios(box, *size) for box, _ in boxes]
        assert {label["label"] for label in labels} <= {LABEL}
        # What is unknown is not a number, which equals nothing.
        assert [None if value != value else value for value in confidences] == [value for _, value in boxes]


def test_numbers_have_a_decimal_point_and_lines_end_where_they_end(
    app: Flask, labelled: Labelled, container: ContainerClient, tmp_path: Path
) -> None:
    publish_boxes(app, labelled, SUBMITTED)
    published = fetch(container, labelled.title, tmp_path / "published")
    content = (published / "campaign" / "labels.jsonl").read_text()
    lines = content.splitlines()
    assert len(lines) == 4
    assert '"topX":0.0,"topY":0.0,"bottomX":1.0,"bottomY":1.0,"isCrowd":0}' in lines[0]
    assert lines[0].endswith('"label_confidence":[1.0,0.0]}')
    assert '"topX":0.00001,"topY":0.0,"bottomX":1.0,"bottomY":1.0' in lines[3]
    assert lines[3].endswith('"label_confidence":[0.00001,1.0]}')
    assert json.loads(lines[0])["label"][0]["label"] == LABEL
    table = (published / "campaign_labels.csv").read_text()
    assert '""topX"":0.00001,""topY"":0.0,""bottomX"":1.0,""bottomY"":1.0}' in table
    assert '"[0.00001,1.0]"' in table


def test_arrow_reads_the_table_as_strings(published: Path, finished_labels: list[list[dict[str, Any]]]) -> None:
    import pyarrow.csv

    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(("image_url", "label", "label_confidence"), "string")
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    content = io.BytesIO((published / "campaign_labels.csv").read_bytes())
    table = pyarrow.csv.read_csv(content, convert_options=options, parse_options=parse).to_pydict()
    assert list(table) == ["image_url", "label", "label_confidence"]
    assert [json.loads(label) for label in table["label"]] == finished_labels
    assert [json.loads(confidence) for confidence in table["label_confidence"]] == [[0.5], [1.0], [], []]


def test_json_lines_say_the_same_in_the_form_of_automl(
    published: Path, finished_labels: list[list[dict[str, Any]]]
) -> None:
    lines = [json.loads(line) for line in (published / "campaign" / "labels.jsonl").read_text().splitlines()]
    assert [line["label"] for line in lines] == [[{**label, "isCrowd": 0} for label in one] for one in finished_labels]
    assert lines[0]["image_details"] == {"format": "jpeg", "width": "1920px", "height": "1080px"}
    assert [line["label_confidence"] for line in lines] == [[0.5], [1.0], [], []]
    assert lines[0]["image_url"].startswith("loose/")


@NO_WHEELS
def test_mltable_opens_the_labels(published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import mltable

    monkeypatch.setenv("HOME", str(tmp_path))
    frame = mltable.load(str(published / "campaign")).to_pandas_dataframe()
    assert frame["image_url"][0].startswith("loose/")
    assert [len(label) for label in frame["label"]] == [1, 1, 0, 0]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("api", ["v2"], indirect=True)
def test_with_azure_ml_the_lines_hold_its_addresses(azure: FakeAzure, published: Path) -> None:
    line = json.loads((published / "campaign" / "labels.jsonl").read_text().splitlines()[0])
    assert line["image_url"].startswith(PREFIX + "loose/")
    assert "stream_info" in (published / "campaign" / "MLTable").read_text()
    images = (published / "campaign_images" / "MLTable").read_text()
    assert images.count(f"file: {PREFIX}loose/") == 4


@pytest.fixture
def odd_paths(app: Flask, settings: Settings, container: ContainerClient, title: str) -> dict[str, str]:
    """Files with odd names, each of which holds its own path; the path of each image by its path within the container.

    The last two are all that a set holds, in a folder with an odd name.
    """
    names = [f"{title}/{name}" for name in NAMES]
    of_set = [f"{title} %41?#/{name}" for name in ("a*%20?.jpg", ".b/c.jpg")]
    for name in names + of_set + [f"{title}/{name}" for name in DECOYS]:
        container.upload_blob(name, name.encode())
    insert = "INSERT INTO image (blobstorage_path, filetype, width, height) VALUES (:path, 'JPEG', 9, 9)"
    found = {name: f"{settings.azure_storage_imageset_container}/{name}" for name in names + of_set}
    with rows(app) as session:
        session.execute(text(insert), [{"path": path} for path in found.values()])
        session.execute(
            text(
                "INSERT INTO image_set (title, status, blobstorage_path, created_by, date_finished)"
                " VALUES (:title, 'finished', :path, 1, now())"
            ),
            {"title": title, "path": found[of_set[0]].rpartition("/")[0]},
        )
        session.execute(
            text("UPDATE image SET image_set_id = 1 WHERE blobstorage_path = ANY (:paths)"),
            {"paths": [found[name] for name in of_set]},
        )
    return found


@pytest.mark.slow
@NO_WHEELS
@pytest.mark.usefixtures("configured")
def test_every_published_address_leads_to_its_file(
    admin: Caller,
    app: Flask,
    azure: FakeAzure,
    api: str,
    odd_paths: dict[str, str],
    container: ContainerClient,
    title: str,
    tmp_path: Path,
) -> None:
    made = admin.post("/campaigns", {"title": title, "labeler_email": "pat@partner.example"}).expect(200)
    path = f"/campaigns/{made['campaign_id']}"
    admin.post(f"{path}/images", [{"filepath": path} for path in odd_paths.values()]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    listed = [image["image_id"] for image in admin.get(f"{path}/images").expect(200)["images"]]
    admin.put(f"{path}/objects", [{"image_id": image_id, "objects": []} for image_id in listed]).expect(200)
    admin.put(path, {"new_status": "finished"}).expect(200)
    run_jobs(app)
    assert admin.get(path).expect(200)["publication"]["state"] == "succeeded"
    folder = fetch(container, title, tmp_path / "published")
    command = [sys.executable, "-m", "tests.azure_ml.read_published", str(folder)]
    read = subprocess.run(
        [*command, f"{title}_images" if api == "v1" else ""],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert read.returncode == 0, read.stderr[-2000:]
    found = json.loads(read.stdout.splitlines()[-1])
    assert found["labels"] == list(odd_paths)
    assert sorted(found["images"]) == sorted(odd_paths)
    if api == "v1":
        assert sorted(found["dataset"]) == sorted(odd_paths)
