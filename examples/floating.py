"""Things that float in a river: bottles, bags, wood, cans, foam and crates, drawn from above, larger than they are pasted."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter
from water import Color, as_mask, blend, compute, fractal_noise, limited, slopes, smooth_noise

ENLARGED = 4
Point = tuple[float, float]


def bottle(length: float, rng: random.Random) -> Image.Image:
    """Return a plastic bottle on its side, with cap and label."""
    width, height = round(length), round(length * 0.31)
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    pen.rounded_rectangle((0, 0, width * 0.7, height - 1), height * 0.24, fill=255)
    middle, neck = height / 2, height * 0.19
    pen.polygon(
        [
            (width * 0.62, 1),
            (width * 0.7, 2),
            (width * 0.86, middle - neck),
            (width * 0.86, middle + neck),
            (width * 0.7, height - 3),
            (width * 0.62, height - 2),
        ],
        fill=255,
    )
    pen.rectangle((width * 0.85, middle - neck, width * 0.93, middle + neck), fill=255)
    glass = rng.choice([(196, 219, 226), (214, 224, 220), (120, 168, 120), (160, 196, 214), (150, 112, 66)])
    body = _cylinder(mask.size, glass)
    trim = ImageDraw.Draw(body)
    for share in (0.08, 0.14, 0.58, 0.64):
        trim.line(
            [(width * share, height * 0.1), (width * share, height * 0.9)],
            fill=_darker(glass, 0.82),
            width=max(1, width // 90),
        )
    band = _cylinder(
        mask.size, rng.choice([(200, 44, 40), (36, 92, 178), (240, 240, 236), (238, 188, 42), (28, 132, 88)])
    )
    body.paste(band.crop((round(width * 0.2), 0, round(width * 0.52), height)), (round(width * 0.2), 0))
    cap = _cylinder(
        (round(width * 0.09), round(neck * 2.6)),
        rng.choice([(220, 52, 44), (34, 96, 190), (244, 244, 244), (40, 150, 80)]),
    )
    place = (width - cap.width, round(middle - cap.height / 2))
    body.paste(cap, place)
    mask.paste(255, (*place, place[0] + cap.width, place[1] + cap.height))
    shine = Image.new("L", mask.size)
    ImageDraw.Draw(shine).line(
        [(width * 0.06, height * 0.27), (width * 0.66, height * 0.27)], fill=210, width=max(2, height // 12)
    )
    body.paste((255, 255, 255), mask=shine.filter(ImageFilter.GaussianBlur(height / 40)))
    return _cut_out(body, mask)


def bag(length: float, rng: random.Random) -> Image.Image:
    """Return a crumpled plastic bag, some with handles."""
    size = round(length), round(length * rng.uniform(0.62, 0.9))
    mask = _blob(size, rng, 0.62)
    if rng.random() < 0.55:
        pen = ImageDraw.Draw(mask)
        for share in (0.34, 0.66):
            middle = size[1] * share
            pen.arc(
                (size[0] * 0.74, middle - size[1] * 0.13, size[0] * 0.985, middle + size[1] * 0.13),
                -125,
                125,
                fill=255,
                width=max(4, size[0] // 26),
            )
    color = rng.choice(
        [
            (242, 243, 240),
            (236, 240, 244),
            (228, 232, 230),
            (164, 200, 226),
            (238, 212, 110),
            (60, 62, 68),
            (222, 160, 172),
            (130, 182, 146),
        ]
    )
    folds = fractal_noise(size, length / 3.2, 4, rng)
    light = slopes(folds, (-length / 60, -length / 60))
    shade = limited(compute(lambda names: 0.62 + names["light"] * 5.5, light=light))
    return _cut_out(blend(_darker(color, 0.5), color, shade), mask)


def wood(length: float, rng: random.Random) -> Image.Image:
    """Return a log with some branches, or a plank."""
    is_plank = rng.random() < 0.3
    thick = length * (rng.uniform(0.09, 0.13) if is_plank else rng.uniform(0.07, 0.12))
    size = round(length), round(thick * 3.4)
    mask, middle = Image.new("L", size), size[1] / 2
    pen = ImageDraw.Draw(mask)
    bend = 0 if is_plank else rng.uniform(-0.7, 0.7) * thick
    upper, lower = [], []
    for step in range(25):
        share = step / 24
        center = middle + bend * (4 * share * (1 - share) - 0.5)
        half = thick / 2 * (1 if is_plank else (1 - 0.45 * share) * rng.uniform(0.92, 1.06))
        upper.append((share * size[0], center - half))
        lower.append((share * size[0], center + half))
    pen.polygon([*upper, *reversed(lower)], fill=255)
    for _ in range(0 if is_plank else rng.randint(1, 4)):
        start, side = rng.uniform(0.25, 0.9), rng.choice((-1, 1))
        reach = rng.uniform(0.8, 1.3) * thick
        end = (start + reach / size[0] * rng.uniform(0.4, 1.3)) * size[0], middle + side * reach
        pen.line([(start * size[0], middle), end], fill=255, width=max(3, round(thick * rng.uniform(0.14, 0.26))))
    light, dark = (
        ((196, 164, 118), (140, 106, 70))
        if is_plank
        else rng.choice([((150, 122, 92), (62, 45, 32)), ((128, 116, 102), (56, 50, 44))])
    )
    bark = fractal_noise(size, thick / 2.2, 4, rng, stretch=9)
    body = blend(dark, light, limited(compute(lambda names: (names["bark"] - 0.25) * 2, bark=bark)))
    if not is_plank:
        body = ImageChops.multiply(body, _cylinder(size, (255, 255, 255), spread=thick * 1.2 / size[1]))
        end_grain = (0, middle - bend / 2 - thick * 0.48, thick * 0.5, middle - bend / 2 + thick * 0.48)
        for drawing, fill in ((ImageDraw.Draw(body), (206, 172, 124)), (pen, 255)):
            drawing.ellipse(end_grain, fill=fill)
        ImageDraw.Draw(body).ellipse(
            [v + d * thick * 0.18 for v, d in zip(end_grain, (0.6, 1, -0.6, -1), strict=True)],
            outline=(150, 112, 74),
            width=max(1, round(thick / 22)),
        )
    return _cut_out(body, mask)


def can(length: float, rng: random.Random) -> Image.Image:
    """Return a drink can on its side."""
    width, height = round(length), round(length * 0.54)
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), height * 0.16, fill=255)
    body = _cylinder(mask.size, (206, 208, 210))
    paint = _cylinder(
        mask.size, rng.choice([(206, 30, 38), (24, 84, 168), (22, 120, 60), (232, 120, 30), (30, 30, 34)])
    )
    body.paste(paint.crop((round(width * 0.1), 0, round(width * 0.88), height)), (round(width * 0.1), 0))
    stripe = _cylinder(mask.size, (240, 240, 240))
    body.paste(stripe.crop((round(width * 0.42), 0, round(width * 0.54), height)), (round(width * 0.42), 0))
    ImageDraw.Draw(body).ellipse((width * 0.9, height * 0.14, width * 0.985, height * 0.86), fill=(150, 152, 156))
    return _cut_out(body, mask)


def foam(length: float, rng: random.Random) -> Image.Image:
    """Return a broken piece of polystyrene."""
    size = round(length), round(length * rng.uniform(0.55, 0.85))
    corners = _polygon(size, rng, rng.randint(6, 8), 0.72)
    mask, thickness = Image.new("L", size), length * 0.07
    pen = ImageDraw.Draw(mask)
    pen.polygon(corners, fill=255)
    top = mask.copy()
    pen.polygon([(x, min(size[1] - 1.0, y + thickness)) for x, y in corners], fill=255)
    beads = smooth_noise(size, (length / 26, length / 26), rng)
    color = rng.choice([(244, 242, 234), (238, 232, 214), (226, 236, 240)])
    side = blend(_darker(color, 0.52), _darker(color, 0.68), beads)
    surface = blend(_darker(color, 0.86), color, limited(compute(lambda names: names["beads"] * 1.6, beads=beads)))
    side.paste(surface, mask=top)
    return _cut_out(side, mask)


def crate(length: float, rng: random.Random) -> Image.Image:
    """Return a plastic crate, open side up."""
    width, height = round(length), round(length * 0.68)
    color = rng.choice([(36, 84, 168), (206, 60, 48), (234, 176, 40), (46, 128, 82)])
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), length * 0.05, fill=255)
    body = Image.new("RGB", mask.size, color)
    pen, rim = ImageDraw.Draw(body), length * 0.055
    pen.rectangle((rim, rim, width - rim, height - rim), fill=_darker(color, 0.34))
    pen.polygon(
        [(rim, rim), (width - rim, rim), (width - 2.4 * rim, 2.4 * rim), (2.4 * rim, 2.4 * rim)],
        fill=_darker(color, 0.55),
    )
    pen.polygon(
        [(rim, rim), (2.4 * rim, 2.4 * rim), (2.4 * rim, height - 2.4 * rim), (rim, height - rim)],
        fill=_darker(color, 0.72),
    )
    for column in range(1, 6):
        x = rim * 2.4 + (width - 4.8 * rim) * column / 6
        pen.line([(x, 2.4 * rim), (x, height - 2.4 * rim)], fill=_darker(color, 0.62), width=max(2, width // 60))
    for row in range(1, 4):
        y = rim * 2.4 + (height - 4.8 * rim) * row / 4
        pen.line([(2.4 * rim, y), (width - 2.4 * rim, y)], fill=_darker(color, 0.58), width=max(2, width // 60))
    pen.rounded_rectangle(
        (1, 1, width - 2, height - 2), length * 0.05, outline=_darker(color, 1.25), width=max(2, width // 70)
    )
    return _cut_out(body, mask)


def duck(length: float, rng: random.Random) -> Image.Image:
    """Return a mallard, which nobody should label."""
    width, height = round(length), round(length * 0.46)
    mask, body = Image.new("L", (width, height)), Image.new("RGB", (width, height), (126, 104, 80))
    is_drake = rng.random() < 0.5
    parts: list[tuple[tuple[float, float, float, float], Color]] = [
        ((0, 0.36, 0.22, 0.64), (60, 52, 46)),
        ((0.06, 0.06, 0.72, 0.94), (150, 144, 136) if is_drake else (128, 98, 68)),
        ((0.14, 0.3, 0.6, 0.7), (104, 92, 84) if is_drake else (96, 70, 48)),
        ((0.64, 0.26, 0.9, 0.74), (24, 92, 58) if is_drake else (112, 84, 58)),
        ((0.86, 0.4, 1, 0.6), (222, 174, 52)),
    ]
    for box, color in parts:
        corners = [box[0] * width, box[1] * height, box[2] * width, box[3] * height]
        ImageDraw.Draw(body).ellipse(corners, fill=tuple(round(band) for band in color))
        ImageDraw.Draw(mask).ellipse(corners, fill=255)
    return _cut_out(body.filter(ImageFilter.GaussianBlur(length / 60)), mask)


# What is drawn, how long it is in meters, and how often it comes.
KINDS: dict[str, tuple[Callable[[float, random.Random], Image.Image], tuple[float, float], int]] = {
    "bottle": (bottle, (0.28, 0.36), 9),
    "bag": (bag, (0.42, 0.7), 6),
    "wood": (wood, (0.6, 1.9), 5),
    "can": (can, (0.13, 0.18), 3),
    "foam": (foam, (0.2, 0.6), 4),
    "crate": (crate, (0.5, 0.62), 1),
}


def paste(
    picture: Image.Image, sprite: Image.Image, center: Point, angle: float, flatness: float, rng: random.Random
) -> tuple[int, int, int, int]:
    """Let a thing float at a place of a picture, and return the box of what is seen of it: left, top, right and bottom in pixels.

    `angle` is in degrees; `flatness` is how high it looks from the side of the camera, 1 straight from above.
    """
    turned = sprite.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    size = max(3, round(turned.width / ENLARGED)), max(3, round(turned.height / ENLARGED * flatness))
    thing = turned.resize(size, Image.Resampling.LANCZOS)
    alpha = thing.getchannel("A")
    lapping = smooth_noise(size, (max(4.0, size[0] / 5), max(3.0, size[1] / 4)), rng)
    above = as_mask(compute(lambda names: (names["lapping"] - 0.12) * 7, lapping=lapping))
    # A third of it is seen through water where waves lap over it.
    alpha = ImageChops.multiply(alpha, above.point(lambda value: 168 + value * 87 // 255))
    left, top = round(center[0] - size[0] / 2), round(center[1] - size[1] / 2)
    reach = max(2, round(min(size) * 0.16))
    soft = Image.new("L", (size[0] + 4 * reach, size[1] + 4 * reach))
    soft.paste(alpha, (2 * reach, 2 * reach))
    shadow = soft.filter(ImageFilter.GaussianBlur(reach * 0.8)).point(lambda value: value * 130 // 255)
    picture.paste((12, 18, 14), (left - 2 * reach + reach // 2, top - 2 * reach + reach), shadow)
    rim = ImageChops.subtract(soft.filter(ImageFilter.GaussianBlur(reach * 0.5)), soft).point(
        lambda value: value * 70 // 255
    )
    picture.paste((206, 216, 214), (left - 2 * reach - reach // 3, top - 2 * reach - reach // 2), rim)
    # The haze over the water takes some color away.
    colors = ImageEnhance.Color(thing.convert("RGB")).enhance(0.86)
    picture.paste(colors, (left, top), alpha)
    seen = alpha.point(lambda value: 255 if value > 88 else 0).getbbox() or (0, 0, *size)
    return left + seen[0], top + seen[1], left + seen[2], top + seen[3]


def _cut_out(body: Image.Image, mask: Image.Image) -> Image.Image:
    soft = mask.filter(ImageFilter.GaussianBlur(1.2))
    body.putalpha(soft)
    margin = 6
    # Its mean color lies around it, so that no dark seam appears when it is turned.
    mean: Any = body.convert("RGB").resize((1, 1)).getpixel((0, 0))
    canvas = Image.new("RGBA", (body.width + 2 * margin, body.height + 2 * margin), (*mean, 0))
    canvas.paste(body, (margin, margin))
    return canvas


def _cylinder(size: tuple[int, int], color: Color, *, spread: float = 1) -> Image.Image:
    """Return a surface that bends away above and below, lit from above."""
    width, height = size
    column = Image.new("RGB", (1, height))
    for y in range(height):
        place = ((y + 0.5) / height - 0.5) / spread + 0.5
        light = 0.5 + 0.62 * math.sin(math.pi * min(1, max(0, 0.12 + 0.8 * (1 - place)))) ** 1.2
        column.putpixel((0, y), tuple(min(255, round(band * light)) for band in color))
    return column.resize((width, height))


def _darker(color: Color, share: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, round(band * share)) for band in color)
    return red, green, blue


def _polygon(size: tuple[int, int], rng: random.Random, corners: int, least: float) -> Sequence[Point]:
    found = []
    for corner in range(corners):
        turn = 2 * math.pi * (corner + rng.uniform(-0.3, 0.3)) / corners
        reach = rng.uniform(least, 0.98) / 2
        found.append((size[0] * (0.5 + math.cos(turn) * reach), size[1] * (0.46 + math.sin(turn) * reach * 0.92)))
    return found


def _blob(size: tuple[int, int], rng: random.Random, least: float) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(_polygon(size, rng, 13, least), fill=255)
    soft = mask.filter(ImageFilter.GaussianBlur(size[0] / 34))
    return soft.point(lambda value: 255 if value > 128 else 0)
