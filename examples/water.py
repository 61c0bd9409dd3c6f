"""Water, ground and light as a camera sees them, made of smooth noise. All images of numbers have the mode F of Pillow."""

import random
from array import array
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageMath

Size = tuple[int, int]
Color = tuple[float, float, float]


def compute(formula: Callable[[dict[str, Any]], Any], **images: Image.Image) -> Image.Image:
    """Return what a formula over images of one size gives, as an image of numbers."""
    found: Any = ImageMath.lambda_eval(lambda names: names["float"](formula(names)), **images)
    return Image.Image() if found is None else found


def smooth_noise(size: Size, cell: tuple[float, float], rng: random.Random) -> Image.Image:
    """Return random numbers from 0 to 1 that change smoothly within so many pixels to the right and down."""
    columns, rows = (max(2, round(length / step) + 2) for length, step in zip(size, cell, strict=True))
    coarse = Image.frombytes("L", (columns, rows), rng.randbytes(columns * rows)).convert("F")
    return compute(lambda names: names["noise"] / 255, noise=coarse.resize(size, Image.Resampling.BICUBIC))


def fractal_noise(size: Size, cell: float, octaves: int, rng: random.Random, *, stretch: float = 1) -> Image.Image:
    """Return a sum of noises, each half as wide and half as strong as the one before; mostly from 0 to 1."""
    total, weight, sum_of_weights = Image.new("F", size), 1.0, 0.0
    for octave in range(octaves):
        step = cell / 2**octave
        part = smooth_noise(size, (step * stretch, step), rng)
        total = _with_part(total, part, weight)
        sum_of_weights += weight
        weight /= 2
    return compute(lambda names: names["total"] / sum_of_weights, total=total)


def waves(size: Size, length: float, rng: random.Random, *, stretch: float = 3.5, wind: float = 0) -> Image.Image:
    """Return heights of waves of about so many pixels, with crests across the wind (degrees), and smaller ones on them."""
    total = Image.new("F", size)
    for part, turn in ((1.0, -16), (0.62, 11), (0.36, 31), (0.2, -38)):
        # Long waves need few numbers, and turned noise a margin, which is cut off again.
        step = max(1, round(length * part / 6))
        few = (-(-size[0] // step), -(-size[1] // step))
        margin = (round(few[1] * 0.36) + 8, round(few[0] * 0.36) + 8)
        wide = (few[0] + 2 * margin[0], few[1] + 2 * margin[1])
        crests = smooth_noise(wide, (length * part * stretch / step, length * part / step), rng)
        turned = crests.rotate(wind + turn, Image.Resampling.BILINEAR)
        cut = turned.crop((*margin, margin[0] + few[0], margin[1] + few[1])).resize(size, Image.Resampling.BICUBIC)
        total = _with_part(total, cut, part**0.9)
    fine = smooth_noise(size, (length * 0.3, length * 0.11), rng)
    return _with_part(total, fine, 0.14)


def _with_part(total: Image.Image, part: Image.Image, weight: float) -> Image.Image:
    return compute(lambda names: names["total"] + names["part"] * weight, total=total, part=part)


def slopes(heights: Image.Image, toward: tuple[float, float]) -> Image.Image:
    """Return how much lower it is, at each place, so many pixels to the right and down. The far edge repeats its neighbor."""
    width, height = heights.size
    right, down = round(toward[0]), round(toward[1])
    inner = heights.crop((max(0, -right), max(0, -down), width - max(0, right), height - max(0, down)))
    shifted = heights.crop((max(0, right), max(0, down), width + min(0, right), height + min(0, down)))
    return compute(lambda names: names["shifted"] - names["inner"], shifted=shifted, inner=inner).resize(heights.size)


def ramp(size: Size) -> Image.Image:
    """Return how many pixels each place is below the upper edge."""
    column = array("f", range(size[1]))
    return Image.frombytes("F", (1, size[1]), column.tobytes()).resize(size, Image.Resampling.NEAREST)


def blend(first: Color, second: Color, share: Image.Image) -> Image.Image:
    """Return colors from the first, where the share is 0, to the second, where it is 1."""
    return Image.merge("RGB", [_band(low, high, share) for low, high in zip(first, second, strict=True)])


def _band(low: float, high: float, share: Image.Image) -> Image.Image:
    return compute(lambda names: low + (high - low) * names["share"], share=share).convert("L")


def limited(numbers: Image.Image, low: float = 0, high: float = 1) -> Image.Image:
    """Return numbers cut to a range."""
    return compute(lambda names: names["min"](names["max"](names["numbers"], low), high), numbers=numbers)


def as_mask(share: Image.Image) -> Image.Image:
    """Return shares from 0 to 1 as a mask."""
    return compute(lambda names: names["share"] * 255, share=limited(share)).convert("L")


def grain(picture: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    """Return a picture with the noise of a sensor, of about so many steps of brightness."""
    noise = Image.frombytes("L", picture.size, rng.randbytes(picture.width * picture.height)).convert("F")
    bands = [
        compute(
            lambda names: names["band"] + (names["noise"] - 127.5) * (strength / 74),
            band=band.convert("F"),
            noise=noise,
        ).convert("L")
        for band in picture.split()
    ]
    return Image.merge("RGB", bands)
