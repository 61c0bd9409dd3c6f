"""Labels of other programs into a campaign: recognized, checked, and stored as a whole or not at all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, partner_of

from labelapi import LabelAPI, UsageError
from labelapi.label_files import as_one_file, format_of


def coco(title: str, width: float = 1) -> Any:
    """One box on each of two images, as COCO."""
    names = (f"{title}/a/1.png", f"{title}/b/1.png")
    return {
        "images": [{"id": n, "file_name": name, "width": 2, "height": 2} for n, name in enumerate(names, 1)],
        "categories": [{"id": 1, "name": "PET"}],
        "annotations": [
            {"id": n, "image_id": n, "category_id": 1, "bbox": [0, 0, width, 1], "area": width, "iscrowd": 0}
            for n in (1, 2)
        ],
    }


def done(api: LabelAPI, campaign: Any) -> int:
    return api.get_campaign(campaign["campaign_id"])["progress"]["done"]


def test_file_is_checked_shown_and_stored(
    api: LabelAPI, shell: Shell, campaign: Any, title: str, tmp_path: Path
) -> None:
    partner, file = partner_of(shell, campaign), tmp_path / "labels.json"
    file.write_text(json.dumps(coco(title)))
    tried = partner.run("push", title, file, "--dry-run", "--json")
    assert (tried.code, tried.lines[-1]["counts"]["objects"]) == (0, 2), tried.err
    assert partner.run("push", title, file).code == 2
    assert done(api, campaign) == 0
    pushed = partner.run("push", title, file, "--yes", "--json", "--note", "First pass")
    assert (pushed.code, pushed.lines[-1]["state"]) == (0, "succeeded"), pushed.err
    assert done(api, campaign) == 2
    again = partner.run("push", title, file, "--yes", "--json").lines[-1]
    assert again["counts"]["unchanged"] == 2
    listed = partner.run("imports", "list", title, "--json").json
    assert partner.run("imports", "show", listed[0]["import_id"]).code == 0


def test_bad_box_is_named_and_may_be_clipped(
    api: LabelAPI, shell: Shell, campaign: Any, title: str, tmp_path: Path
) -> None:
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(coco(title, width=3)))
    refused = shell.run("push", title, file, "--yes")
    assert (refused.code, "bad box" in refused.err, "Nothing was stored" in refused.err) == (1, True, True), refused.err
    assert done(api, campaign) == 0
    clipped = shell.run("push", title, file, "--clip", "--yes", "--json")
    assert (clipped.code, clipped.lines[-1]["counts"]["clipped"]) == (0, 2), clipped.err


def test_large_file_goes_by_a_link(
    api: LabelAPI, shell: Shell, campaign: Any, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labelapi.cli.push.MOST_BYTES", 0)
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(coco(title)))
    pushed = shell.run("push", title, file, "--yes", "--json")
    assert pushed.code == 0, pushed.err
    assert done(api, campaign) == 2


def test_folder_of_yolo_goes_without_its_pictures(
    api: LabelAPI, shell: Shell, campaign: Any, title: str, tmp_path: Path
) -> None:
    folder = tmp_path / "yolo"
    (folder / "labels" / "train").mkdir(parents=True)
    (folder / "images" / "train").mkdir(parents=True)
    (folder / "data.yaml").write_text("path: .\ntrain: images/train\nnames:\n  0: PET\n")
    (folder / "images" / "train" / "2.png").write_bytes(b"picture")
    (folder / "labels" / "train" / "2.txt").write_text("0 0.5 0.5 1.0 1.0\n")
    with as_one_file(folder) as archive, zipfile.ZipFile(archive) as content:
        sizes = {member.filename: member.file_size > 0 for member in content.infolist()}
    assert sizes == {"data.yaml": True, "images/train/2.png": False, "labels/train/2.txt": True}
    pushed = shell.run("push", title, folder, "--match", "name", "--yes", "--json")
    assert pushed.code == 0, pushed.err
    assert done(api, campaign) == 1


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.json", '{"images": [], "annotations": [], "categories": []}', "coco"),
        ("a.json", '{"items": [], "categories": {}}', "datumaro"),
        ("a.json", '[{"data": {"image": "a.jpg"}, "annotations": []}]', "label-studio"),
        ("a.xml", "<annotations><version>1.1</version></annotations>", "cvat"),
        ("a.xml", "<annotation><object/></annotation>", "voc"),
        ("a.csv", "image_id", "csv"),
        ("a.jsonl", "{}", "jsonl"),
    ],
)
def test_formats_are_recognized(name: str, text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert format_of(tmp_path / name) == found


@pytest.mark.parametrize(("name", "text"), [("a.txt", "0 1 2"), ("a.json", "{}"), ("a.xml", "<svg/>")])
def test_other_files_are_not_recognized(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="not recognized"):
        format_of(tmp_path / name)
