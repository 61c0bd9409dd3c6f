"""CSV as it is written, byte for byte."""

import csv
import io

from app.formats.csv_writer import CAMPAIGN, CsvWriter
from app.formats.records import Loss
from tests.formats.memory import box, dataset, image, write
from tests.formats.odd_names import ODD_NAMES

HEAD = "image_id,file_name,width,height,state,split,object_id,class_id,label,x_min,y_min,x_max,y_max,confidence\r\n"
WHOLE = (
    HEAD
    + '42,"drone ""12"", a/a.jpg",1920,1080,labeled,train,7,1,PET,480,540,960,810,1.0\r\n'
    + '42,"drone ""12"", a/a.jpg",1920,1080,labeled,train,8,2,\'=can,0.1,540,478.3,540.5,\r\n'
    + "43,'-1.jpg,1920,1080,unlabeled,,,,,,,,,\r\n"
)


def test_a_row_is_a_box_or_an_image_without_one() -> None:
    boxes = box(confidence=1.0), box(8, 2, "=can", x_min=0.1, x_max=478.3, y_max=540.5, campaign="a")
    page = [image(42, 'drone "12", a/a.jpg', *boxes, split="train"), image(43, "-1.jpg", state="unlabeled")]
    files, writer = write(CsvWriter, dataset(["PET", "=can"]), page[:1], [], page[1:])
    assert files == {"labels.csv": WHOLE}
    assert (writer.tally.images, writer.tally.objects) == (2, 2)
    assert writer.tally.losses == {CAMPAIGN: Loss(1, 1)}


def test_a_snapshot_of_nothing_has_its_columns() -> None:
    assert write(CsvWriter, dataset([]))[0] == {"labels.csv": HEAD}


def test_names_come_back_without_the_apostrophe_that_keeps_formulas_from_running() -> None:
    page = [image(image_id, name, box(class_id=image_id)) for image_id, name in enumerate(ODD_NAMES, start=1)]
    files, _ = write(CsvWriter, dataset(ODD_NAMES), page)
    rows = list(csv.DictReader(io.StringIO(files["labels.csv"], newline=""), strict=True))
    for column in ("file_name", "label"):
        cells = [row[column] for row in rows]
        assert [cell.removeprefix("'") for cell in cells] == ODD_NAMES
        assert [cell for cell in cells if cell[0] in "=+-@\t\r"] == []
        assert [name for name, cell in zip(ODD_NAMES, cells, strict=True) if cell != name and cell != f"'{name}"] == []


def test_files_lie_where_file_name_says() -> None:
    _, writer = write(CsvWriter, dataset(), files=True)
    assert writer.name_of(image(1, "drone-12/a.jpg")) == "images/drone-12/a.jpg"
