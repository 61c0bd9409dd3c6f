"""Pictures that look alike, among a million: the indexes of the parts of their hashes lead to all of them."""

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.database.engine import db
from app.models import Image
from app.services.duplicates import is_duplicate_of
from tests.caller import Caller
from tests.workers import rows

IMAGE_COUNT = 1_000_000
# Hashes as chance gives them; of each thousandth image there are ten copies that differ in up to ten bits.
FILL = """
INSERT INTO image (blobstorage_path, filetype, width, height, sha256, dhash, date_inspected)
SELECT 'c/' || n, 'JPEG', 9, 8, sha256(n::text::bytea), CASE WHEN n % 1000 < 11
    THEN ('x' || substr(md5((n / 1000)::text), 1, 16))::bit(64)::bigint
        # (('x' || substr(md5(n::text), 1, 16))::bit(64) & ('x' || substr(md5((n + 1)::text), 1, 16))::bit(64)
        & ('x' || substr(md5((n + 2)::text), 1, 16))::bit(64)
        & ('x' || substr(md5((n + 3)::text), 1, 16))::bit(64))::bigint
    ELSE ('x' || substr(md5('other' || n), 1, 16))::bit(64)::bigint END, now()
FROM generate_series(0, :count - 1) AS n
"""
BRUTE_FORCE = text("""
SELECT image.id FROM image JOIN image AS other ON other.id = :id
WHERE image.id <> :id AND bit_count((image.dhash # other.dhash)::bit(64)) <= :distance ORDER BY image.id
""")
PARTS = {f"ix_image_dhash_{shift}" for shift in (0, 16, 32, 48)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_similar_pictures_among_a_million_are_found_by_the_indexes(app: Flask, admin: Caller) -> None:
    with rows(app) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(FILL.replace("::", "\\:\\:")), {"count": IMAGE_COUNT})
    counts: dict[tuple[int, int], int] = {}
    with app.app_context():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE image"))
        with db.engine.connect() as connection:
            for distance in (1, 3, 6, 10):
                # The first is one of ten copies.
                for image_id in (5001, 777_778):
                    found = select(Image.id).where(is_duplicate_of(image_id, distance)).order_by(Image.id).limit(101)
                    compiled = found.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
                    explain = f"EXPLAIN (ANALYZE, FORMAT TEXT) {compiled.string}"
                    plan = [row[0] for row in connection.exec_driver_sql(explain, compiled.params)]
                    assert all(any(part in line for line in plan) for part in PARTS), plan
                    assert not any("Seq Scan on image " in line for line in plan), plan
                    ids = list(connection.scalars(found))
                    assert ids == list(connection.scalars(BRUTE_FORCE, {"id": image_id, "distance": distance}))
                    counts[distance, image_id] = len(ids)
    assert counts[10, 5001] > 0
    assert counts[10, 777_778] == 0
    assert admin.get("/images?duplicate_of=5001&distance=10").expect(200)["pagination"]["total"] == counts[10, 5001]
