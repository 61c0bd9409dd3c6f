"""What the service exports, image files and all, is read by the programs that people train with as it is stored."""

import re
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask

from app.formats.registry import FORMATS
from tests.caller import Caller
from tests.exports import ExportWorld, make_export_world
from tests.readers.test_field import READERS, ask, pytestmark  # noqa: F401  # These tests need the same programs.

# Globox takes the size of a file for YOLO from its head, without its orientation, and one of the files here is turned.
PAIRS = [(kind, program) for kind, program, _ in READERS if (kind, program) != ("yolo", "globox")]
PROGRAMS = {kind: [program for each, program in PAIRS if each == kind] for kind in FORMATS}
BOX = [1, 2, 10.5, 20]


@pytest.fixture
def world(admin: Caller, app: Flask, container: ContainerClient, title: str) -> Iterator[ExportWorld]:
    world = make_export_world(admin, app, container, title)
    yield world
    world.forget()


def numbers_of(found: dict[str, list[list[Any]]]) -> dict[int, list[list[Any]]]:
    """The boxes by the number in the name of the file, whether or not the program keeps its ending."""
    numbers = {name: re.search(r"(\d)(\.jpg)?$", unquote(name)) for name in found}
    return {int(number[1]): sorted(found[name]) for name, number in numbers.items() if number}


@pytest.mark.parametrize("kind", FORMATS)
def test_programs_read_what_the_service_exports(world: ExportWorld, kind: str, tmp_path: Path) -> None:
    archive = world.archive(world.export({"format": kind, "images": "files"}))
    archive.extractall(tmp_path / "export")
    edges = [*BOX[:2], ceil(BOX[2]), BOX[3]] if kind == "voc" else BOX
    expected = {1: ["PET"], 2: [], 3: ["PET", "can"]}
    for program in PROGRAMS[kind]:
        found = numbers_of(ask("read", kind, program, tmp_path / "export", home=tmp_path))
        assert {number: [label for label, *_ in boxes] for number, boxes in found.items()} == expected, program
        for boxes in found.values():
            assert [box[1:] for box in boxes] == [pytest.approx(edges, abs=1e-4)] * len(boxes), program


def test_every_format_has_a_program_that_reads_it() -> None:
    assert [kind for kind, programs in PROGRAMS.items() if not programs] == []
