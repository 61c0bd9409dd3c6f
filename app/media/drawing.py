"""Boxes with their labels, drawn on a picture."""

import io
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Resampling

from app.media.boxes import Box

CASING = (0, 0, 0)
# The first of these that is installed writes the labels.
FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf")
MAX_NAMES = 500
MAX_NAME_LENGTH = 40
LEAST_LIGHT = 110  # Of 255.

Color = tuple[int, int, int]


def draw_boxes(preview: bytes, width: int | None, boxes: Iterable[Box]) -> bytes:
    """Return a JPEG of `preview` with boxes on it, at most `width` pixels wide and never enlarged.

    Each box is a light line in the color of its class between two black ones, so that it is seen on any ground. The first
    500 boxes have their label beside them.
    """
    with Image.open(io.BytesIO(preview)) as stored:
        image = stored.convert("RGB")
    if width is not None and width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Resampling.LANCZOS, reducing_gap=2.0)
    draw = ImageDraw.Draw(image)
    line = max(1, round(max(image.size) / 500))
    font = _font(max(11, round(max(image.size) / 70)))
    places = [(box, _place(box, image.size)) for box in boxes]
    for box, (left, top, right, bottom) in places:
        # Lines are drawn inward: the outer edge of the light one is the edge of the box.
        outer = (left - line, top - line, right + line, bottom + line)
        draw.rectangle(outer, outline=CASING, width=3 * line)
        draw.rectangle((left, top, right, bottom), outline=_lighten(box.color), width=line)
    for box, (left, top, _, _) in places[:MAX_NAMES]:
        _write(draw, image.size, (left, top - 2 * line), box, font)
    file = io.BytesIO()
    # Thin lines would lose their color in the usual subsampling.
    image.save(file, "JPEG", quality=88, subsampling="4:4:4")
    return file.getvalue()


def _place(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the first and last pixels of a box: left, top, right, bottom."""
    width, height = size
    left, top = min(int(box.left * width), width - 1), min(int(box.top * height), height - 1)
    return left, top, max(left, round(box.right * width) - 1), max(top, round(box.bottom * height) - 1)


def _write(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    corner: tuple[int, int],
    box: Box,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Write the label of a box above its upper left corner, or as near to that as the picture has room."""
    text = box.label if len(box.label) <= MAX_NAME_LENGTH else box.label[: MAX_NAME_LENGTH - 1] + "…"
    edge = 2
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font, stroke_width=edge)
    x = max(0, min(corner[0], size[0] - int(right - left)))
    y = max(0, corner[1] - int(bottom - top))
    draw.text((x - left, y - top), text, fill=_lighten(box.color), font=font, stroke_width=edge, stroke_fill=CASING)


@lru_cache(64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, size)
    # Pillow's own has the letters of English.
    return ImageFont.load_default(size)


@lru_cache(1024)
def _lighten(color: str) -> Color:
    """Return a color that stands out from black: a dark one is mixed with white."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    # The luma of ITU-R BT.601.
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    part = (LEAST_LIGHT - light) / (255 - light) if light < LEAST_LIGHT else 0.0
    mixed = [round(value + (255 - value) * part) for value in (red, green, blue)]
    return mixed[0], mixed[1], mixed[2]
