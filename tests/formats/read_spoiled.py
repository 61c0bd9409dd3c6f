"""Reads spoiled Parquet files, one after the other: `python -m tests.formats.read_spoiled`.

Files come in frames on standard input; a byte on standard output says that one was read or refused in words. PyArrow may end it.
"""

import io
import sys

from app.formats.parquet_records import read_records
from app.formats.reading import FormatError
from app.media.frames import read_frame


def main() -> None:
    while True:
        try:
            content = read_frame(sys.stdin.buffer)
        except EOFError:
            return
        try:
            for _ in read_records(io.BytesIO(content)):
                pass
        except FormatError as error:
            message = str(error)
            assert 10 < len(message) < 400, message
        sys.stdout.buffer.write(b".")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
