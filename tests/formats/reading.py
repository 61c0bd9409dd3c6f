"""Readers on bytes in memory, for their tests."""

import io
import json
import zipfile
from typing import Any

import pytest

from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, Reader, ReadImage, ReadOptions, Record
from tests.formats.read_process import one_by_one


def read(reader: Reader, content: bytes | str | object) -> list[Record]:
    """Return the records of a file, each box alone: bytes, a text, or what is written as JSON."""
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    return list(one_by_one(reader(io.BytesIO(content), ReadOptions())))


def refusal(reader: Reader, content: bytes | str | object) -> str:
    """Return why a file is refused."""
    with pytest.raises(FormatError) as caught:
        read(reader, content)
    return str(caught.value)


def images(records: list[Record]) -> list[ReadImage]:
    """Return the images."""
    return [record for record in records if isinstance(record, ReadImage)]


def boxes(records: list[Record]) -> list[ReadBox]:
    """Return the boxes."""
    return [record for record in records if isinstance(record, ReadBox)]


def classes(records: list[Record]) -> dict[str, str]:
    """Return the names of the classes by their keys."""
    return {record.key: record.name for record in records if isinstance(record, ReadClass)}


def bad(records: list[Record]) -> list[str]:
    """Return what is wrong, a line each."""
    return [f"{each.kind} {each.where}: {each.detail}" for each in records if isinstance(each, BadRecord)]


def packed(files: dict[str, Any]) -> bytes:
    """Return a zip archive of texts, or of what is written as JSON."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return buffer.getvalue()
