"""Previews: their links in lists, pictures that are made when somebody asks, and boxes that are drawn on them."""

import hashlib
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from PIL import Image
from sqlalchemy import text

from app.media.boxes import Box
from app.media.decoders import DecoderPool
from app.media.drawing import draw_boxes
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller
from tests.conftest import Labelled, insert_images
from tests.workers import rows

NAMES = ("download_url", "thumbnail_url", "preview_url")
SIZE = (1920, 1080)


def jpeg(color: str = "gray", size: tuple[int, int] = SIZE) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG")
    return file.getvalue()


def picture(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.fixture
def files(app: Flask, labelled: Labelled, container: ContainerClient) -> list[str]:
    """Paths of the images of a campaign; the first is a picture, and the second is cut short."""
    with rows(app) as session:
        paths = [
            path.partition("/")[2] for path in session.scalars(text("SELECT blobstorage_path FROM image ORDER BY id"))
        ]
    for path, content in zip(paths, (jpeg(), jpeg()[:-300]), strict=False):
        container.upload_blob(path, content)
    return paths


def test_a_preview_is_made_when_somebody_asks_and_has_links_from_then_on(
    admin: Caller, app: Flask, labelled: Labelled, files: list[str]
) -> None:
    first, *_ = labelled.image_ids[:2]
    expand = f"?expand={','.join(NAMES)}"
    lists = (f"/images{expand}", f"/campaigns/{labelled.campaign_id}/images{expand}")
    for path in lists:
        before = admin.get(path).expect(200)["images"][0]
        assert (before["thumbnail_url"], before["preview_url"]) == (None, None)
        assert "sig=" in before["download_url"]
    # A partner checks its downloads by them.
    listed = labelled.partner.get(lists[1]).expect(200)["images"][0]
    file = admin.get(f"/images/{first}/details").expect(200)["file"]
    assert (listed["filesize"], listed["sha256"]) == (file["filesize"], file["sha256"])
    assert "sha256" not in labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images").expect(200)["images"][0]
    for caller in (admin, labelled.partner):
        answer = caller.get(f"/images/{first}/preview")
        made = picture(answer.expect(200))
        assert (made.format, made.size, answer.headers["cache-control"]) == ("JPEG", SIZE, "private, no-store")
    assert picture(admin.get(f"/images/{first}/preview?width=100").expect(200)).size == (100, 56)
    assert picture(admin.get(f"/images/{first}/preview?width=2048").expect(200)).size == SIZE
    details = admin.get(f"/images/{first}/details").expect(200)
    for path in lists:
        image = admin.get(path).expect(200)["images"][0]
        again = admin.get(path).expect(200)["images"][0]
        assert {name: image[name] for name in NAMES} == {name: again[name] for name in NAMES}
        assert {name: details[name] for name in NAMES} == {name: image[name] for name in NAMES}
    for name, media_type, size in (("thumbnail_url", "image/webp", (320, 180)), ("preview_url", "image/jpeg", SIZE)):
        link = urlsplit(image[name])
        assert not {"rscc", "rscd", "rsct"} & parse_qs(link.query).keys()
        assert f"/image_previews/{first}/{hashlib.sha256(jpeg()).hexdigest()[:16]}-" in link.path
        file = httpx.get(image[name])
        assert file.status_code == 200
        assert file.headers["cache-control"] == "private, max-age=86400, immutable"
        assert (file.headers["content-type"], picture(file.content).size) == (media_type, size)
        # The link opens this file alone.
        other = link._replace(path=link.path.replace("image_previews", "upload")).geturl()
        assert httpx.get(other).status_code in (403, 404)
    assert list(admin.get("/images?expand=thumbnail_url").expect(200)["images"][0])[-1] == "thumbnail_url"
    admin.get("/images?expand=thumb").expect(400)
    # A preview that was deleted by hand is made again.
    path = urlsplit(image["preview_url"]).path.rpartition("image_previews/")[2]
    components_of(app).blob_store.delete_blob(f"image_previews/{path}")
    assert picture(admin.get(f"/images/{first}/preview").expect(200)).size == SIZE


def test_what_cannot_have_a_preview_says_why(
    admin: Caller, app: Flask, settings: Settings, labelled: Labelled, files: list[str]
) -> None:
    first, cut = labelled.image_ids[:2]
    admin.get(f"/images/{cut}/preview").expect(404, "The file ends before its picture does.")
    assert admin.get(f"/images/{cut}/details").expect(200)["problem"] == "truncated"
    [text_file] = insert_images(app, settings, 1, width=None, height=None, filetype=None)
    admin.get(f"/images/{text_file}/preview").expect(404, "its file is no image")
    [gone] = insert_images(app, settings, 1)
    admin.get(f"/images/{gone}/preview").expect(404, "does not find the file")
    admin.get(f"/images/{gone}/preview?campaign={labelled.campaign_id}").expect(404, "is not in campaign")
    admin.get(f"/images/{first}/preview?campaign=4711").expect(404, "There is no campaign")
    admin.get("/images/4711/preview").expect(404)
    labelled.partner.get("/images/4711/preview").expect(403)
    labelled.partner.get(f"/images/{gone}/preview?campaign={labelled.campaign_id}").expect(403)
    labelled.partner.get(f"/images/{first}/preview?campaign=4711").expect(403)
    for width in ("15", "2049", "wide"):
        admin.get(f"/images/{first}/preview?width={width}").expect(400)


def test_only_so_many_previews_are_made_at_a_time(
    admin: Caller, app: Flask, labelled: Labelled, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.previews.WAIT_SECONDS", 0.01)
    pool = DecoderPool(1)
    monkeypatch.setattr(components_of(app), "decoders", pool)
    with pool.borrow():
        answer = admin.get(f"/images/{labelled.image_ids[0]}/preview")
        answer.expect(503, "Too many previews")
        assert answer.headers["retry-after"] == "2"
    assert picture(admin.get(f"/images/{labelled.image_ids[0]}/preview").expect(200)).size == SIZE
    pool.close()


def box(*edges: float) -> dict[str, float]:
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True))


def test_boxes_are_drawn_where_they_are_in_the_colors_of_their_classes(
    admin: Caller, labelled: Labelled, files: list[str]
) -> None:
    image_id, path = labelled.image_ids[0], f"/campaigns/{labelled.campaign_id}"
    objects = [{"label": "PET", "bounding_box": box(480, 270.5, 960, 540)}]
    labelled.partner.put(f"{path}/objects", [{"image_id": image_id, "objects": objects}]).expect(200)
    classes = [{"name": "PET", "color": "#ff0000"}]
    admin.patch(path, {"classes": classes}).expect(200)
    address = f"/images/{image_id}/preview?campaign={labelled.campaign_id}&width=960"
    answer = labelled.partner.get(address)
    drawn = picture(answer.expect(200))
    assert (drawn.size, answer.headers["cache-control"]) == ((960, 540), "private, no-store")
    row = [drawn.crop((x, 200, x + 1, 201)).tobytes() for x in range(230, 250)]
    reds = [place for place, (red, green, _) in enumerate(row, 230) if red > 180 and green < 110]
    blacks = [place for place, pixel in enumerate(row, 230) if max(pixel) < 90]
    assert reds
    assert all(238 <= place <= 242 for place in reds)
    assert min(blacks) < min(reds) <= max(reds) < max(blacks)
    # Inside and outside the picture is as it was.
    for place in ((300, 200), (100, 100)):
        assert all(abs(value - 128) < 8 for value in drawn.getpixel(place))  # type: ignore[union-attr]  # Three channels.
    # Its name stands above the box.
    name = drawn.crop((236, 112, 300, 132))
    assert name.convert("L").getextrema()[0] < 60  # type: ignore[operator]  # One channel.
    plain = picture(admin.get(f"/images/{image_id}/preview?width=960").expect(200))
    assert plain.convert("L").getextrema()[0] > 100  # type: ignore[operator]  # One channel.


def test_boxes_at_the_edges_and_of_dark_colors_are_seen() -> None:
    boxes = [
        Box(0, 0, 1, 1, "everything", "#000000"),
        Box(0.999, 0.999, 1, 1, "x" * 128, "#000080"),
        Box(0, 0, 0.001, 0.001, "Бутылка", "#ffffff"),
    ]
    drawn = picture(draw_boxes(jpeg("white", (400, 300)), None, boxes))
    red, green, blue = drawn.getpixel((0, 150))  # type: ignore[misc]  # Three channels.
    assert 80 < (red + green + blue) / 3 < 140
    assert drawn.size == (400, 300)
    assert picture(draw_boxes(jpeg("white", (1, 300)), 16, boxes)).size == (1, 300)


# Duplicates


def insert_hashes(app: Flask, settings: Settings, hashes: list[tuple[str, int | None]]) -> list[int]:
    ids = insert_images(app, settings, len(hashes))
    with rows(app) as session:
        for image_id, (sha256, dhash) in zip(ids, hashes, strict=True):
            values: dict[str, Any] = {
                "id": image_id,
                "sha256": hashlib.sha256(sha256.encode()).digest(),
                "dhash": dhash,
            }
            session.execute(text("UPDATE image SET sha256 = :sha256, dhash = :dhash WHERE id = :id"), values)
    return ids


def test_duplicates_are_found_by_their_files_and_by_near_pictures(
    admin: Caller, app: Flask, settings: Settings
) -> None:
    def flip(*bits: int) -> int:
        value = 0x5A5A_0F0F_1234_8001
        for bit in bits:
            value ^= 1 << bit
        return value - 2**64 if value >= 2**63 else value

    ten = flip(0, 1, 2, 17, 18, 33, 34, 50, 51, 63)
    first, same, one, six, far, eleven, other, _unknown = insert_hashes(
        app, settings,
        [("a", flip()), ("a", flip()), ("b", flip(63)), ("c", flip(1, 2, 20, 35, 36, 60)), ("d", ten),
         ("e", flip(0, 1, 2, 17, 18, 19, 33, 34, 50, 51, 63)), ("f", None), ("g", ~flip())],
    )  # fmt: skip

    def found(query: str) -> list[int]:
        return [image["image_id"] for image in admin.get(f"/images?{query}").expect(200)["images"]]

    assert found(f"duplicate_of={first}") == [same]
    assert found(f"duplicate_of={same}&distance=0") == [first]
    assert found(f"duplicate_of={first}&distance=1") == [same, one]
    assert found(f"duplicate_of={first}&distance=6") == [same, one, six]
    assert found(f"duplicate_of={first}&distance=10") == [same, one, six, far]
    assert found(f"duplicate_of={far}&distance=1") == [eleven]
    for image_id in (other, 4711):
        assert found(f"duplicate_of={image_id}") == found(f"duplicate_of={image_id}&distance=10") == []
    assert found(f"sha256={hashlib.sha256(b'a').hexdigest().upper()}") == [first, same]
    assert admin.get(f"/images?duplicate_of={first}&distance=6").expect(200)["pagination"]["total"] == 3
    admin.get("/images?distance=6").expect(400, "distance requires duplicate_of")
    for wrong in ("duplicate_of=0", "duplicate_of=1&distance=11", "sha256=abc"):
        admin.get(f"/images?{wrong}").expect(400)
