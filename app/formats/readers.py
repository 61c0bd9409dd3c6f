"""The formats that can be read, by name."""

from app.formats.coco_reader import read_coco
from app.formats.csv_reader import read_csv
from app.formats.cvat_reader import read_cvat
from app.formats.datumaro_reader import read_datumaro
from app.formats.jsonl_reader import read_jsonl
from app.formats.label_studio_reader import read_label_studio
from app.formats.parquet_reader import read_parquet
from app.formats.reading import Reader
from app.formats.voc_reader import read_voc
from app.formats.yolo_reader import read_yolo

READERS: dict[str, Reader] = {
    "coco": read_coco,
    "csv": read_csv,
    "cvat": read_cvat,
    "datumaro": read_datumaro,
    "jsonl": read_jsonl,
    "label-studio": read_label_studio,
    "parquet": read_parquet,
    "voc": read_voc,
    "yolo": read_yolo,
}
