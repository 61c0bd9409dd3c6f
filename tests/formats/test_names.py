"""Flat names are unique, safe in every file system, and say the id of the image."""

from dataclasses import replace

import pytest

from app.formats.names import flat_name, flat_stem, id_in_flat_name
from app.formats.records import Image

IMAGE = Image(image_id=42, path="sets/a.jpg", file_name="a.jpg", width=4, height=3, state="empty", filetype="JPEG")


@pytest.mark.parametrize(
    ("image_id", "file_name", "filetype", "expected"),
    [
        (42, "drone-12/a/b.jpg", "JPEG", "000042_b.jpg"),
        (1_234_567, "b.tar.GZ", None, "1234567_b.tar.gz"),
        (42, "Gr\u00fcn 1.JPG", "JPEG", "000042_Gr_n_1.jpg"),
        (42, "\u65e5\u672c.png", "PNG", "000042___.png"),
        (42, "a%20b?.jpg", "JPEG", "000042_a_20b_.jpg"),
        (42, "x" * 200 + ".jpeg", "JPEG", f"000042_{'x' * 100}.jpeg"),
        (42, "none", "JPEG", "000042_none.jpg"),
        (42, "none", "TIFF", "000042_none.tif"),
        (42, "none", "WEBP", "000042_none.webp"),
        (42, "none", "odd/\u00e9", "000042_none.bin"),
        (42, ".jpg", "PNG", "000042_.jpg.png"),
        (42, "a.", None, "000042_a..bin"),
        (42, "a.not an extension", "PNG", "000042_a.not_an_extension.png"),
        (42, "folder/", None, "000042_image.bin"),
    ],
)
def test_flat_names(image_id: int, file_name: str, filetype: str | None, expected: str) -> None:
    image = replace(IMAGE, image_id=image_id, file_name=file_name, filetype=filetype)
    assert flat_name(image) == expected
    assert flat_stem(image) == expected.rpartition(".")[0]
    assert id_in_flat_name(f"images/train/{expected}") == image_id
    assert id_in_flat_name(flat_stem(image)) == image_id


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "42_a.jpg",
        "0000042_a.jpg",
        "000042.jpg",
        "000042_",
        "000042_a b.jpg",
        "",
        "\u0664\u0664\u0664\u0664\u0664\u0664_a",
    ],
)
def test_other_names_say_no_id(name: str) -> None:
    assert id_in_flat_name(name) is None
