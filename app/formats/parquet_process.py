"""The process in which a Parquet file is read: `python -m app.formats.parquet_process < file`.

It writes JSON to standard output, a line at a time: a list of records, each with the place of its type in RECORDS and its fields;
in the end `true`, or the message of a FormatError. A file that ends PyArrow ends this process, and nobody else's work.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, is_dataclass
from itertools import islice
from typing import IO, Any

import orjson

from app.formats.parquet_records import read_records
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, ReadNote, Record

RECORDS: tuple[type[Any], ...] = (ReadBox, ReadImage, ReadClass, BadRecord, ReadNote)
RECORDS_A_LINE = 1_000


def main() -> None:
    """Read standard input, a file that can be sought, until its end or until nobody reads what comes of it."""
    # Terminals and service managers signal all processes. To end in the middle of a file would be the file's fault.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What libraries print must not be taken for a record.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(BrokenPipeError), lines:
        _write(lines, sys.stdin.buffer)


def _write(lines: IO[bytes], file: IO[bytes]) -> None:
    end: bool | str = True
    try:
        for line in _lines(read_records(file)):
            lines.write(line)
    except FormatError as error:
        end = str(error)
    lines.write(orjson.dumps(end) + b"\n")


def _lines(records: Iterator[Record]) -> Iterator[bytes]:
    numbers = {type_: number for number, type_ in enumerate(RECORDS)}
    while batch := list(islice(records, RECORDS_A_LINE)):
        rows = [(numbers[type(record)], *(astuple(record) if is_dataclass(record) else record)) for record in batch]
        yield orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    main()
