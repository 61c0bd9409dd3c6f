"""Reads and writes datasets with the programs of others, and prints what they made of them as JSON.

Run by the Python of `.venv/readers`, which has nothing of ours:

- `python field.py read <format> <program> <folder>` prints an object of images, each with a list of `[label, left, top, right,
  bottom]` in pixels; images are named as the program names them.
- `python field.py write <format> <program> <folder> <target>` lets it read COCO in `folder` and write a format to `target`.
- `python field.py average-precision <file>` prints the average precision of a COCO file against itself.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Boxes = dict[str, list[list[Any]]]


def with_pycocotools(kind: str, folder: Path) -> Boxes:
    """Read COCO."""
    from pycocotools.coco import COCO

    found: Boxes = {}
    for path in sorted((folder / "annotations").glob("*.json")):
        coco = COCO(path)
        for image in coco.loadImgs(coco.getImgIds()):
            boxes = found[image["file_name"]] = []
            for one in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
                left, top, width, height = one["bbox"]
                name = coco.loadCats([one["category_id"]])[0]["name"]
                boxes.append([name, left, top, left + width, top + height])
    return found


def with_supervision(kind: str, folder: Path) -> Boxes:
    """Read COCO, YOLO or Pascal VOC; a split at a time."""
    found: Boxes = {}
    for dataset in _supervise(kind, folder):
        for path in dataset.image_paths:
            boxes = dataset.annotations[path]
            edges = boxes.xyxy.tolist()
            labels = [dataset.classes[number] for number in boxes.class_id] if len(boxes) else []
            found[path] = [[label, *four] for label, four in zip(labels, edges, strict=True)]
    return found


def _supervise(kind: str, folder: Path) -> Iterator[Any]:
    from supervision import DetectionDataset

    if kind == "coco":
        for path in sorted((folder / "annotations").glob("*.json")):
            yield DetectionDataset.from_coco(str(folder / "images"), str(path))
    elif kind == "yolo":
        for split in _splits(folder):
            images, labels = folder / "images" / split, folder / "labels" / split
            yield DetectionDataset.from_yolo(str(images), str(labels), str(folder / "data.yaml"))
    else:
        root = folder / "VOCdevkit" / "VOC2012"
        yield DetectionDataset.from_pascal_voc(str(root / "JPEGImages"), str(root / "Annotations"))


def _splits(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "labels").iterdir())


def with_datumaro(kind: str, folder: Path) -> Boxes:
    """Read COCO, YOLO, Pascal VOC, CVAT or Datumaro."""
    dataset = _import(kind, folder)
    names = [one.name for one in next(iter(dataset.categories().values())).items]
    found: Boxes = {}
    for item in dataset:
        found[item.id] = [[names[box.label], *box.points] for box in item.annotations]
    return found


def _import(kind: str, folder: Path) -> Any:
    from datumaro import Dataset

    if kind == "voc":
        root = folder / "VOCdevkit" / "VOC2012"
        return Dataset.import_from(str(root), "voc_detection", coordinate_mode="voc-one-based")
    return Dataset.import_from(str(folder), kind)


def with_globox(kind: str, folder: Path) -> Boxes:
    """Read COCO, YOLO or CVAT."""
    return {one.image_id: [[box.label, *box.ltrb] for box in one.boxes] for one in _annotations(kind, folder)}


def _annotations(kind: str, folder: Path) -> Iterator[Any]:
    from globox import AnnotationSet

    if kind == "coco":
        for path in sorted((folder / "annotations").glob("*.json")):
            yield from AnnotationSet.from_coco(path)
    elif kind == "yolo":
        names = _yolo_names(folder)
        for split in _splits(folder):
            labels, images = folder / "labels" / split, folder / "images" / split
            for one in AnnotationSet.from_yolo_v5(labels, image_folder=images):
                for box in one.boxes:
                    box.label = names[int(box.label)]
                yield one
    else:
        yield from AnnotationSet.from_cvat(folder / "annotations.xml")


def _yolo_names(folder: Path) -> dict[int, str]:
    import yaml

    names: dict[int, str] = yaml.safe_load((folder / "data.yaml").read_text())["names"]
    return names


def with_label_studio_sdk(kind: str, folder: Path) -> Boxes:
    """Convert tasks to COCO, and read that."""
    from label_studio_sdk.converter import Converter

    target = folder / "converted"
    tasks = folder / "tasks"
    tasks.mkdir()
    for path in folder.glob("tasks-*.json"):
        path.rename(tasks / path.name)
    converter = Converter((folder / "labeling_config.xml").read_text(), str(folder), download_resources=False)
    converter.convert_to_coco(str(tasks), str(target), is_dir=True)
    result = json.loads((target / "result.json").read_text())
    names = {one["id"]: one["name"] for one in result["categories"]}
    images = {one["id"]: one["file_name"] for one in result["images"]}
    found: Boxes = {name: [] for name in images.values()}
    for one in result["annotations"]:
        left, top, width, height = one["bbox"]
        found[images[one["image_id"]]].append([names[one["category_id"]], left, top, left + width, top + height])
    return found


def with_mltable(kind: str, folder: Path) -> Boxes:
    """Read JSON Lines; the boxes are ratios of sizes that stand beside them."""
    import mltable

    found: Boxes = {}
    for row in mltable.load(str(folder)).to_pandas_dataframe().to_dict("records"):
        width, height = (float(row["image_details"][side].removesuffix("px")) for side in ("width", "height"))
        found[str(row["image_url"])] = [
            [one["label"], one["topX"] * width, one["topY"] * height, one["bottomX"] * width, one["bottomY"] * height]
            for one in row["label"]
        ]
    return found


def with_duckdb(kind: str, folder: Path) -> Boxes:
    """Read CSV, JSON Lines or Parquet with SQL."""
    import duckdb

    found: Boxes = defaultdict(list)
    for name, label, *edges in duckdb.sql(SQL[kind].format(folder=folder)).fetchall():
        found[name] += [[label, *edges]] if label is not None else []
    return found


EDGES = "x_min, y_min, x_max, y_max"
SQL = {
    "csv": f"SELECT file_name, label, {EDGES} FROM read_csv('{{folder}}/labels.csv')",
    "parquet": f"SELECT file_name, box.label, {', '.join(f'box.{edge}' for edge in EDGES.split(', '))} "
    "FROM (SELECT file_name, unnest(coalesce(nullif(objects, []), [NULL])) AS box "
    "FROM read_parquet('{folder}/**/metadata.parquet'))",
    "jsonl": "SELECT image_url, box.label, box.topX * width, box.topY * height, box.bottomX * width, box.bottomY * height "
    "FROM (SELECT image_url, unnest(coalesce(nullif(label, []), [NULL])) AS box, "
    "rtrim(image_details.width, 'px')::DOUBLE AS width, rtrim(image_details.height, 'px')::DOUBLE AS height "
    "FROM read_json('{folder}/*.jsonl', format='newline_delimited'))",
}
PROGRAMS: dict[str, Callable[[str, Path], Boxes]] = {
    "pycocotools": with_pycocotools,
    "supervision": with_supervision,
    "datumaro": with_datumaro,
    "globox": with_globox,
    "label-studio-sdk": with_label_studio_sdk,
    "mltable": with_mltable,
    "duckdb": with_duckdb,
}


def write_with_supervision(kind: str, folder: Path, target: Path) -> None:
    """Read COCO and write COCO, YOLO or Pascal VOC."""
    [dataset] = _supervise("coco", folder)
    if kind == "coco":
        dataset.as_coco(annotations_path=str(target / "annotations.json"))
    elif kind == "yolo":
        dataset.as_yolo(str(target / "images"), str(target / "labels"), str(target / "data.yaml"))
    else:
        dataset.as_pascal_voc(str(target / "JPEGImages"), str(target / "Annotations"))


def write_with_datumaro(kind: str, folder: Path, target: Path) -> None:
    """Read COCO and write COCO, YOLO, Pascal VOC, CVAT or Datumaro."""
    options = {"coordinate_mode": "voc-one-based"} if kind == "voc" else {}
    name = {"coco": "coco_instances", "voc": "voc_detection"}.get(kind, kind)
    _import("coco", folder).export(str(target), name, save_media=True, **options)


def write_with_globox(kind: str, folder: Path, target: Path) -> None:
    """Read COCO and write COCO, CVAT or Pascal VOC."""
    from globox import AnnotationSet

    annotations = AnnotationSet(_annotations("coco", folder))
    if kind == "coco":
        annotations.save_coco(target / "annotations.json", auto_ids=True)
    elif kind == "cvat":
        annotations.save_cvat(target / "annotations.xml")
    else:
        annotations.save_pascal_voc(target / "Annotations")


def write_with_label_studio_sdk(kind: str, folder: Path, target: Path) -> None:
    """Read COCO and write tasks."""
    from label_studio_sdk.converter.imports.coco import convert_coco_to_ls

    [path] = (folder / "annotations").glob("*.json")
    convert_coco_to_ls(str(path), str(target / "tasks.json"), out_type="annotations", image_root_url="/data")


def write_with_duckdb(kind: str, folder: Path, target: Path) -> None:
    """Read CSV, JSON Lines or Parquet, and write the same."""
    import duckdb

    source, copied = COPIES[kind]
    duckdb.sql(f"COPY (SELECT * FROM {source.format(folder=folder)}) TO '{target / copied}'")


COPIES = {
    "csv": ("read_csv('{folder}/labels.csv')", "written.csv"),
    "jsonl": ("read_json('{folder}/*.jsonl', format='newline_delimited')", "written.json"),
    "parquet": ("read_parquet('{folder}/**/metadata.parquet')", "written.parquet"),
}
WRITERS: dict[str, Callable[[str, Path, Path], None]] = {
    "supervision": write_with_supervision,
    "datumaro": write_with_datumaro,
    "globox": write_with_globox,
    "label-studio-sdk": write_with_label_studio_sdk,
    "duckdb": write_with_duckdb,
}


def average_precision(path: Path) -> float:
    """Return the average precision of the boxes of a COCO file, taken as results of confidence 1, against the same file."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO(path)
    results = [{**one, "score": 1.0} for one in truth.dataset["annotations"]]
    evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return float(evaluation.stats[0])


def main() -> None:
    """Do what the arguments say, and print the result as the last line."""
    result: Any = None
    match sys.argv[1:]:
        case ["read", kind, program, folder]:
            result = PROGRAMS[program](kind, Path(folder))
        case ["write", kind, program, folder, target]:
            WRITERS[program](kind, Path(folder), Path(target))
        case ["average-precision", path]:
            result = average_precision(Path(path))
        case _:
            sys.exit(__doc__)
    # The programs print, too, and one has threads that do not end.
    sys.stdout.write("\n" + json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
