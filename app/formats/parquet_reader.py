"""Parquet as our exports write it, plain or in a zip archive, read by a process of its own.

PyArrow ends its process when it is asked for the facts of a column that is encrypted, or that the footer of a damaged file does
not have: its Python part calls these C++ functions as such that never fail. `parquet_records` says what is read.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import orjson

from app.formats.parquet_process import RECORDS
from app.formats.reading import FormatError, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.safe_zip import SafeZip, is_zip

ROOT = Path(__file__).parents[2]
DAMAGED = "The Parquet file is damaged or encrypted, so that it cannot be read. Write it again, without a key."
_PIECE = 1024**2


def read_parquet(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError, and RuntimeError for a fault of ours in the other process."""
    if not is_zip(file):
        refuse_other_formats(file, "parquet")
        with _on_disk(file) as kept:
            yield from _read_elsewhere(kept)
        return
    archive = SafeZip(file)
    members = [member for member in archive.members() if member.name.lower().endswith(".parquet")]
    if not members:
        refuse_other_formats(file, "parquet")
    if len(members) != 1:
        raise FormatError(f"The archive has {len(members):,} Parquet files; one was expected.")
    # Parquet is read from its end.
    with TemporaryFile() as unpacked:
        stream = archive.open(members[0])
        while piece := stream.read(_PIECE):
            unpacked.write(piece)
        unpacked.flush()
        yield from _read_elsewhere(unpacked)


@contextmanager
def _on_disk(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give the file, or a copy of one that the system does not know, as another process needs it."""
    try:
        file.fileno()
    except UnsupportedOperation:
        file.seek(0)
        with TemporaryFile() as copy:
            shutil.copyfileobj(file, copy, _PIECE)
            copy.flush()
            yield copy
    else:
        yield file


def _read_elsewhere(file: BinaryIO) -> Iterator[Record]:
    command = [sys.executable, "-m", "app.formats.parquet_process"]
    with subprocess.Popen(command, cwd=ROOT, stdin=file, stdout=subprocess.PIPE) as process:
        try:
            for line in process.stdout or ():
                found = orjson.loads(line)
                if isinstance(found, str):
                    raise FormatError(found)
                if found is True:
                    return
                for number, *fields in found:
                    yield RECORDS[number](*fields)
            status = process.wait()
        finally:
            # Whoever reads no further needs no more of it.
            process.kill()
    if status >= 0:
        raise RuntimeError(f"The process that reads Parquet ended with status {status}.")
    # A signal ended it in the middle of the file.
    raise FormatError(DAMAGED)
