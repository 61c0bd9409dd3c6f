"""Files as a drone and a camera on a bridge make them: JPEG and PNG with time and place, and known things floating in them."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from floating import KINDS
from PIL import ExifTags, Image
from river import LIGHTS, Box, BridgeView, Series

ROTATE_CLOCKWISE = 6  # EXIF 2.32, tag 0x0112: the stored picture is to be turned by 90° to be seen upright.
SUMMER_TIME = timezone(timedelta(hours=2))
# Of Maastricht, where the river is the Maas.
LATITUDE, LONGITUDE = 50.8492, 5.6962
MOST_THINGS = 9


@dataclass(frozen=True)
class Thing:
    """What floats in a picture, and its box in pixels of the picture as displayed: left, top, right and bottom."""

    label: str
    box: Box


@dataclass(frozen=True)
class Picture:
    """A file to upload, and what is true of it; None where the file says nothing."""

    name: str
    content: bytes
    width: int
    height: int
    taken: datetime | None
    place: tuple[float, float] | None
    things: tuple[Thing, ...]


def drone_pictures(count: int, seed: int) -> Iterator[Picture]:
    """Yield pictures from above, of two flights; every eighth is stored lying on its side, as EXIF says."""
    rng = random.Random(seed)  # noqa: S311  # Pictures are no secrets.
    series = Series(rng)
    for number in range(count):
        flight, start = ("flight 1", 9) if number < count / 2 else ("flight 2", 18)
        light = "morning" if start == 9 else "evening"
        image, named = series.drone(LIGHTS["noon" if number % 3 == 0 else light], _what_floats(rng))
        things = tuple(Thing(*each) for each in named)
        taken = datetime(2026, 5, 11, start, 4, tzinfo=SUMMER_TIME) + timedelta(seconds=43 * number)
        place = LATITUDE + number * 0.00021, LONGITUDE + number * 0.00007
        content = _jpeg(image, taken, place, turned=number % 8 == 5)
        yield Picture(f"{flight}/DJI_{number + 1:04}.JPG", content, *image.size, taken, place, things)


def bridge_pictures(count: int, seed: int) -> Iterator[Picture]:
    """Yield pictures of one camera, one every half an hour; every fourth is a PNG without time and place."""
    rng = random.Random(seed)  # noqa: S311  # Pictures are no secrets.
    series, view = Series(rng), BridgeView(rng)
    for number in range(count):
        taken = datetime(2026, 5, 12, 7, 30, tzinfo=SUMMER_TIME) + timedelta(minutes=30 * number)
        light = (
            "morning"
            if taken.hour < 10
            else "overcast"
            if taken.hour < 13
            else "noon"
            if taken.hour < 17
            else "evening"
        )
        image, named = series.bridge(view, LIGHTS[light], _what_floats(rng))
        things = tuple(Thing(*each) for each in named)
        name = f"{taken:%Y-%m-%d}/camera-1_{taken:%H%M}"
        if number % 4 == 3:
            yield Picture(f"{name}.png", _png(image), *image.size, None, None, things)
        else:
            place = LATITUDE - 0.0004, LONGITUDE + 0.0011
            yield Picture(f"{name}.jpg", _jpeg(image, taken, place, turned=False), *image.size, taken, place, things)


def _what_floats(rng: random.Random) -> list[str]:
    weights = [weight for _, _, weight in KINDS.values()]
    return rng.choices(list(KINDS), weights, k=rng.choice((0, *range(2, MOST_THINGS + 1))))


def _png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    # Fewer colors make it as small as the others.
    image.quantize(256, Image.Quantize.MEDIANCUT).save(content, "PNG")
    return content.getvalue()


def _jpeg(image: Image.Image, taken: datetime, place: tuple[float, float], *, turned: bool) -> bytes:
    exif = Image.Exif()
    if turned:
        exif[ExifTags.Base.Orientation] = ROTATE_CLOCKWISE
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: f"{taken:%Y:%m:%d %H:%M:%S}",
            ExifTags.Base.OffsetTimeOriginal: f"{taken:%z}"[:3] + ":" + f"{taken:%z}"[3:],
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: _degrees(place[0]),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: _degrees(place[1]),
        }
    )
    content = io.BytesIO()
    stored = image.transpose(Image.Transpose.ROTATE_90) if turned else image
    stored.save(content, "JPEG", exif=exif, quality=86)
    return content.getvalue()


def _degrees(angle: float) -> tuple[float, float, float]:
    """Return an angle as degrees, minutes and seconds, as GPS receivers write it."""
    seconds = round(angle * 3600, 2)
    return float(seconds // 3600), float(seconds % 3600 // 60), round(seconds % 60, 2)
