"""A river as a drone sees it from straight above, and as a camera on a bridge sees it from the side."""

import math
import random
from dataclasses import dataclass
from typing import Any

from floating import ENLARGED, KINDS, duck, paste
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from water import Color, Size, as_mask, blend, compute, fractal_noise, grain, limited, ramp, slopes, smooth_noise, waves

DRONE, BRIDGE = (1600, 1066), (1600, 900)
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Light:
    """The colors of deep water, of the sky in it and of the sun on it, and how strong the waves look."""

    deep: Color
    sky: Color
    sun: Color
    contrast: float
    glitter: float


LIGHTS = {
    "morning": Light((46, 60, 52), (180, 184, 178), (255, 240, 214), 1.5, 0.5),
    "noon": Light((40, 58, 46), (146, 172, 178), (250, 252, 248), 1.7, 0.7),
    "overcast": Light((58, 64, 56), (158, 164, 162), (214, 218, 216), 1.2, 0.1),
    "evening": Light((44, 52, 50), (182, 168, 152), (255, 220, 172), 1.6, 0.7),
}


class Series:
    """Pictures of one camera on one day: the water is the same river, and each picture shows another piece of it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        size = 2100, 1500
        ripples, swell = waves(size, 24, rng, wind=18), waves(size, 105, rng, wind=6)
        fine, broad = slopes(ripples, (-1, -2)), slopes(swell, (-4, -8))
        self.slope = compute(lambda names: names["fine"] + names["broad"] * 0.42, fine=fine, broad=broad)

    def drone(self, light: Light, counts: list[str]) -> tuple[Image.Image, list[tuple[str, Box]]]:
        """Return a picture from above with these things on it, and their boxes."""
        rng, size = self.rng, DRONE
        scale = rng.uniform(140, 215)
        left, top = rng.randint(0, self.slope.width - size[0]), rng.randint(0, self.slope.height - size[1])
        slope = self.slope.crop((left, top, left + size[0], top + size[1]))
        picture = _water(slope, light, fractal_noise(size, 620, 4, rng), rng)
        taken = Image.new("L", size)
        if rng.random() < 0.6:
            inland = _shore(size, rng)
            picture = _with_bank(picture, inland, light, scale, rng)
            taken.paste(255, mask=as_mask(compute(lambda names: 1 + names["inland"] / 12, inland=inland)))
        if rng.random() < 0.2:
            taken.paste(255, mask=_footbridge(picture, scale, rng))
        things = []
        for kind in [*counts, *(["duck"] if rng.random() < 0.35 else [])]:
            draw, (shortest, longest), _ = KINDS.get(kind, (duck, (0.5, 0.6), 1))
            sprite = draw(rng.uniform(shortest, longest) * scale * ENLARGED, rng)
            center = _free_place(taken, max(sprite.size) / ENLARGED / 2 + 8, rng)
            if center:
                things.append((kind, paste(picture, sprite, center, rng.uniform(0, 360), 1, rng)))
        named = [(kind, box) for kind, box in things if kind in KINDS]
        return grain(picture.filter(ImageFilter.GaussianBlur(0.5)), 4, rng), named

    def bridge(self, view: "BridgeView", light: Light, counts: list[str]) -> tuple[Image.Image, list[tuple[str, Box]]]:
        """Return a picture from the bridge with these things on it, and their boxes."""
        picture = view.draw(self.slope, light, self.rng)
        taken = view.pier_mask.filter(ImageFilter.GaussianBlur(12)).point(lambda value: 255 if value > 6 else 0)
        things = [view.place(picture, taken, kind, self.rng) for kind in counts]
        view.cover(picture)
        return grain(picture.filter(ImageFilter.GaussianBlur(0.5)), 5, self.rng), [each for each in things if each]


def _water(slope: Image.Image, light: Light, tone: Image.Image, rng: random.Random) -> Image.Image:
    """Return water: it shows the sky where it leans toward it, the ground elsewhere, and the sun where it leans just so."""
    share = limited(
        compute(
            lambda names: 0.3 + names["slope"] * light.contrast + (names["tone"] - 0.5) * 0.62, slope=slope, tone=tone
        )
    )
    picture = blend(light.deep, light.sky, share)
    patch = fractal_noise(slope.size, 420, 2, rng)
    shine = compute(
        lambda names: names["max"](names["slope"] * 1.25 + names["patch"] * 0.36 - 0.42, 0) ** 2 * 55 * light.glitter,
        slope=slope,
        patch=patch,
    )
    sun = Image.new("RGB", slope.size, tuple(round(band) for band in light.sun))
    return Image.composite(sun, picture, as_mask(shine))


def _free_place(taken: Image.Image, reach: float, rng: random.Random) -> tuple[float, float] | None:
    """Return a place with nothing taken so many pixels around it, and take it; None when chance finds none."""
    for _ in range(40):
        x, y = rng.uniform(reach, taken.width - reach), rng.uniform(reach, taken.height - reach)
        around = round(x - reach), round(y - reach), round(x + reach), round(y + reach)
        if not taken.crop(around).getbbox():
            taken.paste(255, around)
            return x, y
    return None


def _shore(size: Size, rng: random.Random) -> Image.Image:
    """Return how many pixels each place is inland."""
    depth = rng.uniform(0.16, 0.34)
    line = smooth_noise(size, (size[0] / 2.6, size[1] * 9), rng)
    detail = smooth_noise(size, (90, size[1] * 9), rng)
    return compute(
        lambda names: (
            names["y"] - size[1] * (1 - depth) + (names["line"] - 0.5) * size[1] * 0.26 + names["detail"] * 26
        ),
        y=ramp(size),
        line=line,
        detail=detail,
    )


def _with_bank(
    picture: Image.Image, inland: Image.Image, light: Light, scale: float, rng: random.Random
) -> Image.Image:
    """Return a picture with its bank: shallow water, stones, and grass with bushes."""
    size = picture.size
    shallow = as_mask(
        compute(lambda names: names["max"](1 + names["inland"] / (scale * 1.1), 0) ** 2 * 0.62, inland=inland)
    )
    picture = Image.composite(Image.new("RGB", size, (116, 104, 76)), picture, shallow)
    picture.paste(
        _stones(size, scale, inland, rng), mask=as_mask(compute(lambda names: names["inland"] / 5, inland=inland))
    )
    ragged = smooth_noise(size, (16, 16), rng)
    width = scale * rng.uniform(0.7, 1.2)
    edge = compute(lambda names: (names["inland"] - width + names["ragged"] * 42) / 14, inland=inland, ragged=ragged)
    picture.paste(_grass(size, rng), mask=as_mask(edge))
    for _ in range(rng.randint(4, 9)):
        x, y = rng.uniform(0, size[0] - 1), rng.uniform(size[1] * 0.66, size[1] - 1)
        deep_in: Any = inland.getpixel((int(x), int(y)))
        if deep_in > width + 0.5 * scale:
            _bush(picture, (x, y), rng.uniform(0.3, 0.8) * scale, rng)
    warm = Image.new("RGB", size, tuple(min(255, round(band * 0.42 + 148)) for band in light.sun))
    return Image.composite(
        ImageChops.multiply(picture, warm), picture, as_mask(compute(lambda names: names["inland"] / 5, inland=inland))
    )


def _stones(size: Size, scale: float, inland: Image.Image, rng: random.Random) -> Image.Image:
    """Return riprap: stones of many grays, with shadows between them."""
    bank, pen = Image.new("RGB", size, (52, 50, 44)), None
    pen = ImageDraw.Draw(bank)
    first = round(size[1] * 0.5)
    for _ in range(5200):
        x, y, reach = rng.uniform(0, size[0]), rng.uniform(first, size[1]), rng.uniform(0.05, 0.13) * scale
        tone = rng.uniform(92, 168)
        color = round(tone * 1.02), round(tone * 0.98), round(tone * rng.uniform(0.86, 0.95))
        corners = []
        for corner in range(7):
            turn, far = corner / 7 * 2 * math.pi, reach * rng.uniform(0.7, 1.05)
            corners.append((x + math.cos(turn) * far, y + math.sin(turn) * far * 0.8))
        pen.polygon([(a + reach * 0.16, b + reach * 0.2) for a, b in corners], fill=(44, 42, 38))
        pen.polygon(corners, fill=color)
    wet = as_mask(compute(lambda names: 0.62 - names["inland"] / 46, inland=inland))
    return Image.composite(bank.point(lambda value: value * 62 // 100), bank, wet)


def _grass(size: Size, rng: random.Random) -> Image.Image:
    blades = fractal_noise(size, 22, 3, rng)
    light = slopes(blades, (-2, -3))
    patches = fractal_noise(size, 170, 3, rng)
    share = limited(
        compute(
            lambda names: 0.45 + names["light"] * 2.4 + (names["patches"] - 0.5) * 0.7, light=light, patches=patches
        )
    )
    green = blend((44, 62, 26), (136, 148, 72), share)
    straw = blend((92, 84, 48), (186, 172, 116), share)
    return Image.composite(straw, green, as_mask(compute(lambda names: (names["patches"] - 0.56) * 5, patches=patches)))


def _bush(picture: Image.Image, center: tuple[float, float], reach: float, rng: random.Random) -> None:
    """Draw a bush: many round clumps of leaves, lighter toward the sun, above their shadow."""
    pen = ImageDraw.Draw(picture, "RGBA")
    for dark in (True, False):
        for step in range(150):
            turn, far = rng.uniform(0, 2 * math.pi), reach * math.sqrt(rng.random())
            x, y, clump = (
                center[0] + math.cos(turn) * far,
                center[1] + math.sin(turn) * far,
                reach * rng.uniform(0.06, 0.16),
            )
            if dark:
                pen.ellipse(
                    (
                        x - clump + reach * 0.22,
                        y - clump + reach * 0.26,
                        x + clump + reach * 0.22,
                        y + clump + reach * 0.26,
                    ),
                    fill=(16, 22, 10, 70),
                )
            else:
                lit = 0.5 + 0.32 * step / 150 - 0.3 * (math.cos(turn - 0.9) * far / reach) + rng.uniform(-0.12, 0.12)
                color = round(30 + 66 * lit), round(48 + 70 * lit), round(24 + 30 * lit)
                pen.ellipse((x - clump, y - clump, x + clump, y + clump), fill=(*color, 235))


def _footbridge(picture: Image.Image, scale: float, rng: random.Random) -> Image.Image:
    """Draw a wooden footbridge across the picture, with its shadow on the water; return where both are."""
    width, length = round(scale * rng.uniform(1.5, 2.0)), round(math.hypot(*picture.size) * 1.2)
    deck = Image.new("RGB", (length, width), (74, 60, 46))
    pen, x = ImageDraw.Draw(deck), 0.0
    while x < length:
        step = scale * 0.14
        tone = rng.uniform(0.82, 1.12)
        pen.rectangle((x + 1, 0, x + step - 1, width), fill=(round(146 * tone), round(126 * tone), round(100 * tone)))
        x += step
    for share in (0.0, 0.94):
        y = width * share
        pen.rectangle((0, y, length, y + width * 0.06), fill=(176, 172, 164))
        for post in range(0, length, round(scale * 1.2)):
            pen.rectangle((post, y - 2, post + scale * 0.09, y + width * 0.06 + 2), fill=(128, 124, 116))
    angle = rng.uniform(62, 118)
    mask = Image.new("L", deck.size, 255).rotate(angle, Image.Resampling.BILINEAR, expand=True)
    turned = deck.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    place = (
        round(picture.width * rng.uniform(0.2, 0.8) - turned.width / 2),
        round(picture.height / 2 - turned.height / 2),
    )
    shaded = place[0] + round(scale * 0.9), place[1] + round(scale * 0.35)
    shade = mask.filter(ImageFilter.GaussianBlur(5)).point(lambda value: value * 150 // 255)
    picture.paste((14, 18, 14), shaded, shade)
    picture.paste(turned, place, mask)
    hidden = Image.new("L", picture.size)
    for each in (shaded, place):
        hidden.paste(255, each, mask)
    return hidden


class BridgeView:
    """What a camera on a bridge always sees: the far bank above, and a pier on the right."""

    HORIZON = -0.55  # of the height of the picture: the camera looks down
    BANK = 0.2

    def __init__(self, rng: random.Random) -> None:
        self.size = BRIDGE
        self.bank = self._far_bank(rng)
        self.pier, self.pier_mask = self._pier(rng)

    def draw(self, slope: Image.Image, light: Light, rng: random.Random) -> Image.Image:
        """Return water and bank in this light, without things and without the pier."""
        width, height = self.size
        horizon = self.HORIZON * height
        near = height - horizon
        across, along = near * 0.62, near * near * 0.95
        u = rng.uniform(0.48, 0.52) * slope.width
        v = rng.uniform(along / (height * self.BANK - horizon), slope.height + along / near)
        far = (
            *(-across / horizon, -u / horizon, u + across * width / (2 * horizon)),
            *(0.0, -v / horizon, v + along / horizon),
            *(0.0, -1 / horizon),
        )
        leaning = slope.transform(self.size, Image.Transform.PERSPECTIVE, far, Image.Resampling.BICUBIC)
        rows = ramp(self.size)
        calm = compute(
            lambda names: names["leaning"] * (0.55 + 0.5 * names["rows"] / height), leaning=leaning, rows=rows
        )
        streaks = fractal_noise(self.size, 150, 3, rng, stretch=4)
        tone = compute(
            lambda names: names["streaks"] * 0.7 + 0.22 - 0.18 * names["rows"] / height, streaks=streaks, rows=rows
        )
        picture = _water(calm, light, tone, rng)
        self._reflect(picture, leaning)
        lit = ImageChops.multiply(
            self.bank, Image.new("RGB", self.bank.size, tuple(min(255, round(band * 0.5 + 124)) for band in light.sun))
        )
        picture.paste(lit, (0, 0))
        return picture

    def _reflect(self, picture: Image.Image, leaning: Image.Image) -> None:
        """Let the bank be seen in the water below it, blurred and torn by the waves."""
        width, depth = self.bank.size
        mirrored = (
            self.bank.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            .filter(ImageFilter.GaussianBlur(7))
            .point(lambda value: value * 60 // 100)
        )
        wave = leaning.crop((0, depth, width, 2 * depth))
        rows = ramp((width, depth))
        share = compute(lambda names: (1 - names["rows"] / depth) * 0.8 - names["wave"] * 1.5, rows=rows, wave=wave)
        picture.paste(mirrored, (0, depth), as_mask(share))

    def place(self, picture: Image.Image, taken: Image.Image, kind: str, rng: random.Random) -> tuple[str, Box] | None:
        """Let a thing float where nothing is yet; return None when chance finds no place."""
        width, height = self.size
        draw, (shortest, longest), _ = KINDS[kind]
        for _ in range(40):
            x, y = (
                rng.uniform(0.03, 0.83) * width,
                height * (self.BANK + 0.06 + (0.9 - self.BANK) * rng.random() ** 0.8),
            )
            scale = 210 * (y - self.HORIZON * height) / (height - self.HORIZON * height)
            reach = rng.uniform(shortest, longest) * scale
            around = round(x - reach * 0.55), round(y - reach * 0.4), round(x + reach * 0.55), round(y + reach * 0.4)
            if not taken.crop(around).getbbox() and around[0] >= 0 and around[3] < height:
                taken.paste(255, around)
                # Things drift with the current, so that most of them lie across the view.
                angle = rng.gauss(0, 28) + rng.choice((0, 180))
                return kind, paste(picture, draw(reach * ENLARGED, rng), (x, y), angle, 0.66, rng)
        return None

    def cover(self, picture: Image.Image) -> None:
        """Put the pier before everything."""
        shade = self.pier_mask.filter(ImageFilter.GaussianBlur(16)).point(lambda value: value * 120 // 255)
        picture.paste((18, 24, 20), (-34, 10), shade)
        picture.paste(self.pier, (0, 0), self.pier_mask)

    def _far_bank(self, rng: random.Random) -> Image.Image:
        width, depth = self.size[0], round(self.size[1] * self.BANK)
        bank = _grass((width, depth), rng).resize((width, depth))
        for _ in range(26):
            _bush(bank, (rng.uniform(-20, width + 20), rng.uniform(-30, depth * 0.3)), rng.uniform(26, 58), rng)
        wall = round(depth * 0.34)
        quay = _masonry((width, wall), 44, 15, (150, 140, 122), rng)
        bank.paste(quay, (0, depth - wall))
        pen = ImageDraw.Draw(bank)
        pen.rectangle((0, depth - wall - 5, width, depth - wall), fill=(178, 172, 158))
        pen.rectangle((0, depth - 7, width, depth), fill=(52, 56, 40))
        for x in range(90, width, 310):
            pen.rectangle((x, depth - wall - 34, x + 5, depth - wall - 4), fill=(48, 50, 50))
        return bank

    def _pier(self, rng: random.Random) -> tuple[Image.Image, Image.Image]:
        width, height = self.size
        mask = Image.new("L", self.size)
        outline = [
            (width * 0.9, height * 0.3),
            (width * 0.955, height * 0.24),
            (width, height * 0.22),
            (width, height),
            (width * 0.845, height),
            (width * 0.84, height * 0.62),
        ]
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        stone = _masonry(self.size, 92, 38, (164, 152, 132), rng)
        side = Image.new("L", self.size)
        ImageDraw.Draw(side).polygon([outline[0], outline[5], outline[4], (width * 0.9, height)], fill=110)
        stone.paste((24, 24, 22), mask=side.filter(ImageFilter.GaussianBlur(3)))
        return stone, mask.filter(ImageFilter.GaussianBlur(1))


def _masonry(size: Size, length: int, course: int, color: Color, rng: random.Random) -> Image.Image:
    """Return a wall of cut stones."""
    wall = Image.new("RGB", size, (86, 80, 70))
    pen = ImageDraw.Draw(wall)
    for row in range(size[1] // course + 1):
        x = -rng.uniform(0, length)
        while x < size[0]:
            step, tone = length * rng.uniform(0.7, 1.25), rng.uniform(0.78, 1.1)
            fill = tuple(min(255, round(band * tone)) for band in color)
            pen.rectangle((x + 1, row * course + 1, x + step - 1, (row + 1) * course - 1), fill=fill)
            x += step
    stains = fractal_noise(size, 120, 4, rng)
    return ImageChops.multiply(
        wall,
        blend(
            (130, 134, 118),
            (255, 252, 246),
            limited(compute(lambda names: (names["stains"] - 0.2) * 1.9, stains=stains)),
        ),
    )
