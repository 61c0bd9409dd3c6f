"""How the time of each operation grows with the tables: `make bench-growth` (some ten minutes, 3 GB of disk).

At each size the tables hold so many images, all of them in one campaign with OBJECTS objects each, besides those of smaller
sizes. Writes bench/growth.md.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from bench.connection import Connection
from bench.machine import facts
from bench.measure import milliseconds
from bench.service import Service, running_service
from bench.submissions import COLUMNS, make_bodies, make_body

RESULTS = Path(__file__).with_name("growth.md")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
OBJECTS = 10
REPEATS = 9


def fill(service: Service, count: int) -> int:
    """Add images until there are `count`, and make a campaign that has all of them, labeled; return its id."""
    there = service.run("SELECT count(*) FROM image")
    service.make_images(count - there)
    campaign_id = service.make_campaign(range(1, count + 1))
    service.run(
        "WITH sent AS (INSERT INTO submission (campaign_id, user_id, image_count, object_count)"
        " VALUES (%(campaign)s, 1, 0, 0) RETURNING id)"
        " UPDATE campaign_image SET submission_id = sent.id FROM sent WHERE campaign_id = %(campaign)s",
        campaign=campaign_id,
    )
    # What foreign keys promise is true of these rows; to check ten million of them would take most of the time.
    service.run(
        "SET LOCAL session_replication_role = replica;"
        f" INSERT INTO object ({COLUMNS}) SELECT campaign_id, submission_id, image_id, n, 1, n + 9, 9, 0.5, 'PET', 'PET'"
        f" FROM campaign_image, generate_series(1, {OBJECTS}) AS n WHERE campaign_id = {campaign_id}"
    )
    service.run(f"UPDATE campaign SET labeled_count = image_count WHERE id = {campaign_id}")
    service.checkpoint()
    return campaign_id


def operations(
    service: Service, connection: Connection, campaign_id: int, size: int
) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    base, deep = f"/api/v1/campaigns/{campaign_id}", size * 9 // 10
    images = range(deep - 99, deep + 1)
    body, bodies = make_body(images), make_bodies(images)
    references = orjson.dumps([{"id": number} for number in range(deep - 99, deep + 1)])

    def get(path: str) -> Callable[[], object]:
        return lambda: connection.send("GET", path)

    new = iter([service.make_campaign(range(deep - 99, deep + 1)) for _ in range(REPEATS + 1)])

    def put_into_new_campaign() -> None:
        connection.send("PUT", f"/api/v1/campaigns/{next(new)}/objects", body)

    def add_images() -> None:
        made = service.make_campaign(range(1, 1), "created")
        connection.send("POST", f"/api/v1/campaigns/{made}/images", references)

    return {
        "GET /images, page 1 of 100": get("/api/v1/images?per_page=100"),
        "GET /images?after=, 100 deep in the list": get(f"/api/v1/images?per_page=100&after={deep - 100}"),
        "GET /images?type=, nothing found": get("/api/v1/images?per_page=100&type=none"),
        "GET /images, page number deep in the list": get(f"/api/v1/images?per_page=100&page={deep // 100}"),
        "GET /campaigns": get("/api/v1/campaigns?per_page=20"),
        "GET images of the campaign, 100 deep": get(f"{base}/images?per_page=100&after={deep - 100}"),
        "GET objects of the campaign, 100 images deep": get(f"{base}/objects?per_page=100&after={deep - 100}"),
        "GET objects of one image": get(f"/api/v1/images/{deep}/objects?campaigns={campaign_id}"),
        "PUT objects, 100 images x 5": lambda: connection.send("PUT", base + "/objects", next(bodies)),
        "PUT objects into a new campaign, 100 images x 5": put_into_new_campaign,
        "POST 100 images to a new campaign": add_images,
    }


def whole_campaign(connection: Connection, campaign_id: int) -> int:
    """Walk through all images of the campaign with their objects, 1,000 at a time, and return how many there were."""
    after, count = 0, 0
    while True:
        page = orjson.loads(
            connection.send("GET", f"/api/v1/campaigns/{campaign_id}/objects?per_page=1000&after={after}")
        )
        if not page["images"]:
            return count
        count += len(page["images"])
        after = page["images"][-1]["image_id"]


def measure(service: Service) -> dict[str, list[float]]:
    """Return the median milliseconds of each operation at each size."""
    times: dict[str, list[float]] = {}
    with service.web(1) as server:
        for size in SIZES:
            begin = time.perf_counter()
            campaign_id = fill(service, size)
            print(f"{size:,} images filled in {time.perf_counter() - begin:.0f} s", flush=True)
            # One that has been idle for so long is closed by the server.
            connection = service.connect(server)
            for name, work in operations(service, connection, campaign_id, size).items():
                work()
                times.setdefault(name, []).append(statistics.median(milliseconds(work) for _ in range(REPEATS)))
                print(f"  {name}: {times[name][-1]:.1f} ms", flush=True)
            took = milliseconds(lambda: whole_campaign(connection, campaign_id))
            times.setdefault("all objects of the campaign, for 1,000 images", []).append(took / size * 1000)
    return times


def main() -> int:
    """Measure, print and write the table."""
    with running_service() as service:
        times = measure(service)
    titles = ["median milliseconds", *(f"{size:,} images" for size in SIZES)]
    lines = [
        titles,
        ["---"] * len(titles),
        *([name, *(f"{value:.1f}" for value in row)] for name, row in times.items()),
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    words = (
        "# Time against size\n\nMade by `make bench-growth`. At each size all images are in one campaign, each with "
        f"{OBJECTS} objects; the tables hold those of the smaller sizes as well.\n\n{facts()}\n\n{table}\n"
    )
    RESULTS.write_text(words)
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
