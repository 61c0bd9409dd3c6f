"""Writes Parquet: one row for each image, with its boxes as a list of structs; nothing of ours is lost.

It lies beside the images, named as the folders of images of Hugging Face's `datasets` want it (`metadata.parquet`, with a column
`file_name`). Other versions of Arrow write other bytes of the same rows. Arrow runs in a process of its own (`parquet_table`),
because a worker that has loaded it has 40 MB more from then on.
"""

import shutil
import subprocess
import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from app.formats.members import Members
from app.formats.records import Dataset, Image, Tally

COMMAND = [sys.executable, "-m", "app.formats.parquet_table"]
ROOT = Path(__file__).parents[2]
IMAGE_COLUMNS = (
    ("image_id", "int64"), ("file_name", "string"), ("width", "int32"), ("height", "int32"), ("state", "string"),
    ("split", "string"),
)  # fmt: skip
# In the order of the fields of a Box.
BOX_FIELDS = (
    ("object_id", "int64"), ("class_id", "int32"), ("label", "string"), ("x_min", "float32"), ("y_min", "float32"),
    ("x_max", "float32"), ("y_max", "float32"), ("confidence", "float32"), ("campaign", "string"),
)  # fmt: skip
ROW = attrgetter(*(name for name, _ in IMAGE_COLUMNS), "boxes")


class ParquetWriter:
    """Writes `metadata.parquet`. An image that is empty has an empty list of boxes, one that nobody labeled has null."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin."""
        self.tally = Tally()
        self._member = members.open("images/metadata.parquet" if files else "metadata.parquet")
        self._file = TemporaryFile()  # noqa: SIM115  # The process writes to it until the last image is there.
        self._process = subprocess.Popen(COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=self._file)
        # An export that fails drops its writers, and so ends their processes.
        weakref.finalize(self, _stop, self._process, self._file)
        self._send({str(one.class_id): one.name for one in dataset.classes})

    def write(self, images: Sequence[Image]) -> None:
        """Write these images. Raises RuntimeError for a fault of ours in the other process."""
        self._send([ROW(image) for image in images])
        self.tally.images += len(images)
        self.tally.objects += sum(len(image.boxes) for image in images)

    def end(self) -> None:
        """Let the process write the last rows and the footer. Raises RuntimeError for a fault of ours in it."""
        _, status = self._process.communicate(), self._process.returncode
        if status:
            raise RuntimeError(f"The process that writes Parquet ended with status {status}.")
        self._file.seek(0)
        shutil.copyfileobj(self._file, self._member)

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies."""
        return f"images/{image.file_name}"

    def _send(self, line: Any) -> None:
        assert self._process.stdin is not None  # noqa: S101  # It is a pipe.
        # Where the process has ended, its status says so in the end.
        with suppress(BrokenPipeError):
            self._process.stdin.write(orjson.dumps(line, default=tuple, option=orjson.OPT_APPEND_NEWLINE))


def _stop(process: "subprocess.Popen[bytes]", file: IO[bytes]) -> None:
    process.kill()
    # What it was not sent any more is not missed.
    with suppress(BrokenPipeError):
        process.communicate()
    file.close()
