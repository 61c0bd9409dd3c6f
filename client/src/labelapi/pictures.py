"""Previews of images as one sheet, and on terminals that can show pictures."""

from __future__ import annotations

import base64
import io
import math
import os
import re
import select
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from labelapi.errors import Refused
from labelapi.turning import require_pillow

if TYPE_CHECKING:
    from labelapi.api import LabelAPI

MARGIN, CAPTION, FONT_SIZE = 8, 18, 13
BACKGROUND, INK, MISSING = "#ffffff", "#222222", "#dddddd"
# JPEG has at most 65,535 pixels on a side; readers of large pictures have other limits.
MOST_SIDE = 30_000
JPEG_QUALITY = 88
KITTY_CHUNK = 4096
SIXEL_COLORS, MOST_SIXEL_WIDTH = 256, 800
ANSWER_SECONDS = 0.3
WAYS = ("kitty", "iterm2", "sixel")


def fetch_previews(
    api: LabelAPI, images: Iterable[Any], *, campaign_id: int | None, width: int, threads: int = 4
) -> Iterator[tuple[Any, bytes | None]]:
    """Yield images with their previews as JPEG, in their order; None for one that cannot be decoded."""

    def fetch(image: Any) -> tuple[Any, bytes | None]:
        try:
            return image, api.get_image_preview(image["image_id"], campaign=campaign_id, width=width)
        except Refused as error:
            if error.status not in (404, 410):
                raise
            return image, None

    remaining = iter(images)
    with ThreadPoolExecutor(threads, thread_name_prefix="preview") as pool:
        while page := list(islice(remaining, threads * 4)):
            yield from pool.map(fetch, page)


def draw_sheet(previews: Iterable[tuple[str, bytes | None]], *, columns: int, width: int) -> bytes:
    """Return a JPEG with a picture in each cell, `width` pixels wide and as high, and its caption below it.

    Raises UsageError without Pillow. The number of pictures should be bounded by whoever calls: each cell takes memory.
    """
    require_pillow()
    from PIL import Image, ImageDraw

    cell, height = width + MARGIN, width + CAPTION + MARGIN
    cells = list(_cells(previews, width))
    columns = min(columns, max(len(cells), 1), MOST_SIDE // cell)
    rows = max(1, min(math.ceil(len(cells) / columns), MOST_SIDE // height))
    sheet = Image.new("RGB", (columns * cell + MARGIN, rows * height + MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = _font()
    for number, (caption, picture) in enumerate(cells[: rows * columns]):
        left, top = number % columns * cell + MARGIN, number // columns * height + MARGIN
        if picture is None:
            draw.rectangle((left, top, left + width - 1, top + width - 1), fill=MISSING)
        else:
            sheet.paste(picture, (left + (width - picture.width) // 2, top + (width - picture.height) // 2))
        draw.text((left, top + width + 2), _fitting(draw, caption, font, width), fill=INK, font=font)
    content = io.BytesIO()
    sheet.save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def _font() -> Any:
    from PIL import ImageFont

    try:
        return ImageFont.load_default(FONT_SIZE)
    except (TypeError, OSError):
        # Pillow before version 10.1, and Pillow without FreeType, have one size.
        return ImageFont.load_default()


def _cells(previews: Iterable[tuple[str, bytes | None]], width: int) -> Iterator[tuple[str, Any]]:
    from PIL import Image

    for caption, content in previews:
        if content is None:
            yield caption, None
            continue
        with Image.open(io.BytesIO(content)) as picture:
            picture.thumbnail((width, width))
            yield caption, picture.convert("RGB")


def _fitting(draw: Any, text: str, font: Any, width: int) -> str:
    """Return a text that is not wider than so many pixels, of letters that the font has."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    try:
        draw.textlength(shown, font=font)
    except UnicodeEncodeError:
        # The small font of Pillow without FreeType has no other letters.
        shown = shown.encode("latin-1", "replace").decode("latin-1")
    if draw.textlength(shown, font=font) <= width:
        return shown
    while shown and draw.textlength(f"{shown}...", font=font) > width:
        shown = shown[:-1]
    return f"{shown}..."


def inline_way(environment: Mapping[str, str], *, ask: bool = True) -> str | None:
    """Return how this terminal shows pictures: `kitty`, `iterm2` or `sixel`; None where it does not.

    What a terminal says of itself in the environment is believed; others are asked whether they know sixel.
    """
    program, terminal = environment.get("TERM_PROGRAM", ""), environment.get("TERM", "")
    if environment.get("TMUX") or terminal.startswith(("screen", "tmux")):
        # They take what they do not know for text, or swallow it.
        return None
    if "KITTY_WINDOW_ID" in environment or terminal == "xterm-kitty" or program.lower() == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    if terminal.startswith(("foot", "mlterm", "yaft", "contour")) or "sixel" in terminal:
        return "sixel"
    return "sixel" if ask and _answers_sixel() else None


def draw_inline(jpeg: bytes, way: str) -> str:
    """Return what shows a picture on a terminal. Raises UsageError where that needs Pillow and there is none."""
    if way == "iterm2":
        # iterm2.com/documentation-images.html
        return f"\x1b]1337;File=inline=1;size={len(jpeg)}:{base64.b64encode(jpeg).decode()}\a\n"
    require_pillow()
    return _kitty(jpeg) if way == "kitty" else _sixel(jpeg)


def _kitty(jpeg: bytes) -> str:
    """Return a PNG in pieces: sw.kovidgoyal.net/kitty/graphics-protocol."""
    from PIL import Image

    content = io.BytesIO()
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.save(content, "PNG", compress_level=1)
    text = base64.b64encode(content.getvalue()).decode()
    pieces = [text[begin : begin + KITTY_CHUNK] for begin in range(0, len(text), KITTY_CHUNK)]
    commands = []
    for number, piece in enumerate(pieces):
        control = "a=T,f=100," if number == 0 else ""
        commands.append(f"\x1b_G{control}m={int(number < len(pieces) - 1)};{piece}\x1b\\")
    return f"{''.join(commands)}\n"


def _sixel(jpeg: bytes) -> str:
    """Return six rows of pixels at a time, each color of them by itself: vt100.net/docs/vt3xx-gp/chapter14.html."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as opened:
        opened.thumbnail((MOST_SIXEL_WIDTH, MOST_SIXEL_WIDTH))
        picture = opened.convert("RGB").quantize(SIXEL_COLORS)
    palette = picture.getpalette() or []
    width, height = picture.size
    pixels = picture.tobytes()
    used = sorted(set(pixels))
    parts = [f'\x1bP0;1q"1;1;{width};{height}']
    for color in used:
        red, green, blue = (round(value / 255 * 100) for value in palette[color * 3 : color * 3 + 3])
        parts.append(f"#{color};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        rows = [pixels[row * width : (row + 1) * width] for row in range(top, min(top + 6, height))]
        parts.append("$".join(_sixel_row(rows, color, width) for color in sorted(set(b"".join(rows)))))
        parts.append("-")
    return "".join([*parts, "\x1b\\\n"])


def _sixel_row(rows: list[bytes], color: int, width: int) -> str:
    bits = bytearray(width)
    for place, row in enumerate(rows):
        column = row.find(color)
        while column >= 0:
            bits[column] |= 1 << place
            column = row.find(color, column + 1)
    text = "".join(chr(63 + value) for value in bits)
    # Four equal signs and more are written as their number.
    return f"#{color}" + re.sub(r"(.)\1{3,}", _counted, text)


def _counted(found: re.Match[str]) -> str:
    return f"!{len(found[0])}{found[1]}"


def _answers_sixel() -> bool:
    """Ask the terminal what it can: the answer of one that knows sixel has the number 4 (vt100.net, "DA1")."""
    if os.name == "nt" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    answer = b""
    try:
        tty.setcbreak(number)
        sys.stdout.write("\x1b[c")
        sys.stdout.flush()
        while not answer.endswith(b"c") and select.select([number], [], [], ANSWER_SECONDS)[0]:
            answer += os.read(number, 64)
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
    found = re.search(rb"\x1b\[\?([0-9;]*)c", answer)
    return bool(found and b"4" in found[1].split(b";")[1:])
