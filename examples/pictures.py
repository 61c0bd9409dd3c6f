"""Pictures as a drone or a bridge camera makes them: real JPEG and PNG files with EXIF, and known things floating in them."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from PIL import ExifTags, Image, ImageDraw

SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 720), (480, 640))
COLOURS = {"bottle": "#2e9e5b", "bag": "#f4f4f0", "can": "#c0392b", "foam": "#f2c84b"}
ROTATE_CLOCKWISE = 6  # EXIF 2.32, tag 0x0112: the stored picture is to be turned by 90° to be seen upright.


@dataclass(frozen=True)
class Thing:
    """What floats in a picture, and its box in pixels of the picture as displayed."""

    label: str
    x_min: int
    y_min: int
    x_max: int
    y_max: int

    @property
    def box(self) -> dict[str, int]:
        """The box as the API takes and gives it."""
        return {"xmin": self.x_min, "xmax": self.x_max, "ymin": self.y_min, "ymax": self.y_max}


@dataclass(frozen=True)
class Picture:
    """A file to upload and what is true of it; None where the file says nothing."""

    name: str
    content: bytes
    filetype: str | None
    width: int | None
    height: int | None
    taken: datetime | None
    latitude: float | None
    longitude: float | None
    things: tuple[Thing, ...]


def make_pictures(count: int, seed: int) -> Iterator[Picture]:
    """Yield `count` pictures: JPEG with time and place, every seventh also to be turned; every fourth a PNG without either."""
    rng = random.Random(seed)  # noqa: S311  # Pictures are no secrets.
    for number in range(count):
        size = SIZES[number % len(SIZES)]
        things = tuple(_place_thing(rng, size) for _ in range(rng.randint(0, 5)))
        picture = _draw(rng, size, things)
        if number % 4 == 3:
            yield _as_png(number, picture, things)
        else:
            yield _as_jpeg(rng, number, picture, things, turned=number % 7 == 2)


def _place_thing(rng: random.Random, size: tuple[int, int]) -> Thing:
    width, height = rng.randint(30, 120), rng.randint(30, 90)
    left, top = rng.randint(0, size[0] - width), rng.randint(0, size[1] - height)
    return Thing(rng.choice(list(COLOURS)), left, top, left + width, top + height)


def _draw(rng: random.Random, size: tuple[int, int], things: tuple[Thing, ...]) -> Image.Image:
    water = Image.linear_gradient("L").resize(size)
    picture = Image.merge("RGB", (water.point(lambda v: 20 + v // 8), water.point(lambda v: 70 + v // 5), water))
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = rng.randint(0, size[0]), rng.randint(0, size[1])
        pen.line((x, y, x + rng.randint(10, 60), y), fill=(150, 190, 215))
    for thing in things:
        pen.ellipse((thing.x_min, thing.y_min, thing.x_max - 1, thing.y_max - 1), fill=COLOURS[thing.label])
    return picture


def _as_png(number: int, picture: Image.Image, things: tuple[Thing, ...]) -> Picture:
    content = io.BytesIO()
    picture.save(content, "PNG")
    name = f"bridge camera/frame {number:03}.png"
    return Picture(name, content.getvalue(), "PNG", *picture.size, None, None, None, things)


def _as_jpeg(
    rng: random.Random, number: int, picture: Image.Image, things: tuple[Thing, ...], *, turned: bool
) -> Picture:
    taken = datetime(2026, 5, 4, 10, tzinfo=timezone(timedelta(hours=2))) + timedelta(seconds=37 * number)
    minutes = rng.randint(0, 59), rng.randint(0, 59)
    exif = Image.Exif()
    if turned:
        exif[ExifTags.Base.Orientation] = ROTATE_CLOCKWISE
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: f"{taken:%Y:%m:%d %H:%M:%S}",
            ExifTags.Base.OffsetTimeOriginal: "+02:00",
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (51.0, float(minutes[0]), 0.0),
            ExifTags.GPS.GPSLongitudeRef: "W",
            ExifTags.GPS.GPSLongitude: (4.0, float(minutes[1]), 0.0),
        }
    )
    content = io.BytesIO()
    stored = picture.transpose(Image.Transpose.ROTATE_90) if turned else picture
    stored.save(content, "JPEG", exif=exif, quality=85)
    place = 51 + minutes[0] / 60, -(4 + minutes[1] / 60)
    return Picture(
        f"drone/{number:03}.jpg", content.getvalue(), "JPEG", *picture.size, taken, place[0], place[1], things
    )
