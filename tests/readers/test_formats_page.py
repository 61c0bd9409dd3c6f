"""docs/formats.md: its lines are run as they stand, against the real service, and by the libraries that people train with."""

import os
import re
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask

from app.formats.archive import Archive
from app.formats.registry import FORMATS
from app.settings import Settings
from tests.caller import Caller
from tests.documents import Reader, blocks_of
from tests.exports import ExportWorld, make_export_world, picture
from tests.formats.memory import box, dataset, image
from tests.web_server import web_server
from tests.workers import ROOT, worker

PAGE = (ROOT / "docs" / "formats.md").read_text()
READERS = ROOT / ".venv" / "readers"
PYTHON = READERS / "bin" / "python"
SECONDS = 300
pytestmark = [
    pytest.mark.skipif(
        not PYTHON.exists() and not os.environ.get("REQUIRE_READERS"), reason="`make readers` installs the readers"
    ),
    pytest.mark.timeout(2 * SECONDS),
]
# The box of every labeled image, as tests/exports.py has it, and as libraries print it.
EDGES = [1.0, 2.0, 10.5, 20.0]


def run_block(heading: str, folder: Path) -> str:
    """Run the lines of Python below a heading of the page in the folder, by the Python of the readers; return what they print."""
    found = re.search(rf"^### {re.escape(heading)}\n.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no {heading}"
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = [PYTHON, "-c", found[1]]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def world(admin: Caller, app: Flask, container: ContainerClient, title: str) -> Iterator[ExportWorld]:
    yield make_export_world(admin, app, container, title)
    for name in [*container.list_blob_names(name_starts_with=f"exports/{title}")]:
        container.delete_blob(name)


def test_the_page_exports_a_snapshot_and_libraries_load_it(
    settings: Settings, admin: Caller, world: ExportWorld, reader: Reader
) -> None:
    name, folder = f"{world.title}-page", reader.folder
    campaign_id = admin.get("/campaigns").expect(200)["campaigns"][-1]["campaign_id"]
    with web_server(settings.model_copy(update={"web_workers": 1}), folder / "web.log") as web, worker(settings):
        given = {"url": web.url, "key": str(admin.key), "secret": str(admin.secret), "name": name}
        given |= {"campaign": world.title, "number": str(campaign_id)}
        printed = reader.paste(blocks_of("formats.md"), given, typed=f"{admin.key}\n{admin.secret}\n", seconds=SECONDS)
    # The client has made the first version, and curl the second one, with the same content.
    made, again = sorted(
        admin.get(f"/snapshots?name={name}").expect(200)["snapshots"], key=lambda each: each["version"]
    )
    assert made["content_hash"] == again["content_hash"]
    images: list[dict[str, Any]] = admin.get(f"/snapshots/{made['snapshot_id']}/images").expect(200)["images"]
    assert [each["image_id"] for each in images] == list(world.files)
    assert "'images': 3, 'objects': 3" in printed
    assert "YOLO has no place for a confidence." in printed
    assert printed.count("succeeded\n") == printed.count("'replaced': 0, 'unchanged': 3, ") == 2

    parts = {part: [each for each in images if each["split"] == part] for part in ("train", "val")}
    assert all(parts.values()), "another seed on the page gives both parts an image"
    lines = run_block("A YOLO folder", folder).splitlines()
    assert len(lines) == 3
    for line, found in zip(lines, parts["train"] + parts["val"], strict=True):
        assert line.startswith(f"yolo/images/{found['split']}/{found['image_id']:06}_")
        assert f"({found['height']}, {found['width']}, 3)" in line
        assert line.endswith(str([EDGES] * found["object_count"]))

    areas = {(part, count) for part, found in parts.items() if (count := sum(each["object_count"] for each in found))}
    rows: list[tuple[str, str, int, float]] = eval(run_block("DuckDB, on Parquet behind its link", folder))  # noqa: S307
    assert {(part, sum(row[2] for row in rows if row[0] == part)) for part, *_ in rows} == areas
    assert {(label, area) for _, label, _, area in rows} == {("PET", 171.0), ("can", 171.0)}

    lines = run_block("Azure ML, or the library `mltable` alone", folder).splitlines()
    expected = [f"{part}.jsonl {world.paths[each['image_id']]} " for part, found in parts.items() for each in found]
    assert [line.partition("[")[0] for line in lines] == expected
    assert sorted(re.findall("'(.*?)'", "".join(lines))) == ["PET", "PET", "can"]

    table = run_block("pandas, from CSV", folder).split()
    assert table[0] == "image_id,state,split,label,x_min,y_min,x_max,y_max"
    first, second, third = images
    assert table[1] == f"{first['image_id']},labeled,{first['split']},PET,1,2,10.5,20"
    assert table[2] == f"{second['image_id']},empty,{second['split']},,,,,"
    assert sorted(table[3:]) == [
        f"{third['image_id']},labeled,{third['split']},{label},1,2,10.5,20" for label in ("PET", "can")
    ]


@pytest.mark.skipif(
    not list(READERS.glob("lib/python*/site-packages/torchvision")),
    reason="torch takes 5 GB: pip install torch torchvision",
)
def test_torchvision_loads_boxes_on_images_as_they_are_displayed(tmp_path: Path) -> None:
    page = [
        image(1, "flight/1.jpg", box(x_min=1.0, y_min=2.0, x_max=10.5, y_max=20.0), width=40, height=30, split="train"),
        image(2, "flight/2.jpg", width=30, height=40, split="train"),
    ]
    with (tmp_path / "coco.zip").open("wb") as file, Archive(file) as archive:
        writer = FORMATS["coco"].writer(dataset(splits=["train"]), archive, files=True)
        writer.write(page)
        writer.end()
        for found, content in zip(page, (picture(1), picture(2, orientation=6)), strict=True):
            archive.add_stream(writer.name_of(found), len(content), zlib.crc32(content), [content])
        archive.end()
    subprocess.run([PYTHON, "-m", "zipfile", "-e", "coco.zip", "coco"], cwd=tmp_path, check=True)
    lines = run_block("torchvision, from COCO", tmp_path).splitlines()
    assert lines[-2:] == [f"1 (3, 30, 40) {[EDGES]}", "2 (3, 40, 30) []"]
