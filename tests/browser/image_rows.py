"""Images by the hundred thousand for the tests of the console: rows of the database, and thumbnails of some of them."""

import io
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from azure.storage.blob import ContainerClient, ContentSettings
from flask import Flask
from PIL import Image
from sqlalchemy import text

from app.database.engine import db
from app.media.previews import CACHE_CONTROL, THUMBNAIL_TYPE, thumbnail_path
from tests.browser.pictures import draw_water

# So many rows are inserted within the time that a statement of the service may take, however busy the machine is.
BATCH_SIZE = 10_000
# A minute apart, of two bridges; every seventh without a place.
INSERT = text("""
INSERT INTO image (blobstorage_path, filetype, filesize, width, height, type, metadata, date_taken, date_taken_source, lat, lon)
SELECT 'imagesets/upload/flight-' || i / 1000 || '/image-' || lpad(i::text, 6, '0') || '.jpg', 'JPEG', 1000 + i, 1600, 1200,
    CASE WHEN i % 10 = 0 THEN 'mast' ELSE 'drone' END,
    jsonb_build_object('bridge', CASE WHEN i % 2 = 0 THEN 'waal' ELSE 'maas' END),
    TIMESTAMPTZ '2026-05-01 00:00Z' + i * INTERVAL '1 minute', 'offset',
    CASE WHEN i % 7 > 0 THEN 51.8 + (i % 97) * 0.001 END, CASE WHEN i % 7 > 0 THEN 5.7 + (i % 89) * 0.003 END
FROM generate_series(:first, :last) AS i
""")


def insert_rows(app: Flask, count: int) -> None:
    """Register images with the ids from 1 to a number, without files."""
    with app.app_context():
        for first in range(1, count + 1, BATCH_SIZE):
            db.session.execute(INSERT, {"first": first, "last": min(first + BATCH_SIZE - 1, count)})
            db.session.commit()


def store_thumbnails(app: Flask, container: ContainerClient, count: int) -> None:
    """Store a thumbnail of each image up to this id, as the inspection does."""

    def store(image_id: int) -> bytes:
        digest, file = sha256(str(image_id).encode()).digest(), io.BytesIO()
        Image.open(io.BytesIO(draw_water(image_id, 320, 240))).save(file, "WEBP", quality=80)
        settings = ContentSettings(THUMBNAIL_TYPE, cache_control=CACHE_CONTROL)
        path = thumbnail_path(image_id, digest)
        container.upload_blob(path, file.getvalue(), content_settings=settings, overwrite=True)
        return digest

    with ThreadPoolExecutor(4) as threads:
        digests = list(threads.map(store, range(1, count + 1)))
    with app.app_context():
        change = text("UPDATE image SET sha256 = :sha256, dhash = 0, date_inspected = now() WHERE id = :id")
        db.session.execute(change, [{"id": number, "sha256": digest} for number, digest in enumerate(digests, 1)])
        db.session.commit()
