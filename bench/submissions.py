"""Rows about writing labels and filling campaigns."""

import io
import re
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import orjson
import psutil

from bench.measure import Row, compare
from bench.service import Service, web_processes

OBJECTS = 5
BOXES = [{"xmin": 100 * i + 7, "xmax": 100 * i + 93, "ymin": 50, "ymax": 640} for i in range(OBJECTS)]
LABELS = ["PET bottle", "plastic bag", "bottle cap", "cup", "other"]
COLUMNS = "campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original"


def make_body(images: range, confidence: float = 0.75) -> bytes:
    """Return a submission of OBJECTS boxes for each image."""
    objects = [
        {"bounding_box": box, "label": label, "confidence": confidence}
        for box, label in zip(BOXES, LABELS, strict=True)
    ]
    return orjson.dumps([{"image_id": image_id, "objects": objects} for image_id in images])


def make_bodies(images: range) -> Iterator[bytes]:
    """Yield two submissions in turn without end, because one that equals what the campaign holds is not stored again."""
    return cycle([make_body(images), make_body(images, 0.25)])


def make_rows(images: range, campaign_id: int, submission_id: int) -> str:
    """Return the same rows as text for COPY."""
    return "".join(
        f"{campaign_id}\t{submission_id}\t{image_id}\t{box['xmin']}\t{box['ymin']}\t{box['xmax']}\t{box['ymax']}\t0.75\t{label}\t{label}\n"
        for image_id in images
        for box, label in zip(BOXES, LABELS, strict=True)
    )


def _make_submission(service: Service, campaign_id: int) -> int:
    return service.run(
        "INSERT INTO submission (campaign_id, user_id, image_count, object_count) VALUES (%(id)s, 1, 0, 0) RETURNING id",
        id=campaign_id,
    )


def put_objects(service: Service) -> Generator[Row, None, None]:
    """PUT objects against COPY of the same rows, and the memory that it takes."""
    for count, goal, rounds in ((1000, 3, 15), (10_000, 2.5, 7), (50_000, 2.5, 3)):
        images = service.make_images(count)
        campaign_id = service.make_campaign(images)
        body, bodies = make_body(images), make_bodies(images)
        text = make_rows(images, campaign_id, _make_submission(service, campaign_id))
        service.checkpoint()
        with service.web(1) as server, service.database() as database:
            connection = service.connect(server)

            def put() -> None:
                connection.send("PUT", f"/api/v1/campaigns/{campaign_id}/objects", next(bodies))

            def copy() -> None:
                with database, database.cursor() as cursor:
                    cursor.copy_expert(f"COPY object ({COLUMNS}) FROM STDIN", io.StringIO(text))

            name = f"PUT objects, {count:,} images x {OBJECTS}"
            [process] = web_processes(server)
            connection.send("PUT", f"/api/v1/campaigns/{campaign_id}/objects", make_body(images[:10]))
            before = _reset_peak(process)
            put()
            grown = _peak(process) - before
            yield Row(name, "COPY of the same rows", *compare(put, copy, rounds), goal)
            if count > 1000:
                memory = (grown / 1e6, len(body) / 1e6)
                yield Row(f"{name}: memory of the process", "the body", *memory, grown / len(body), 6, "MB")


def put_objects_into_new_campaigns(service: Service) -> Iterator[Row]:
    """PUT objects into campaigns that were made just before, against COPY of the same rows; the time grows with the images."""
    service.grow_older()
    last: tuple[int, float] | None = None
    with service.web(1) as server, service.database() as database:
        connection = service.connect(server)
        for count, goal, rounds in ((1000, 3, 9), (20_000, 2.5, 3), (40_000, 2.5, 3)):
            images = service.make_images(count)
            body, campaign_id, text = make_body(images), 0, ""

            def prepare() -> None:
                nonlocal campaign_id, text
                campaign_id = service.make_campaign(images)
                text = make_rows(images, campaign_id, _make_submission(service, campaign_id))

            def put() -> None:
                connection.send("PUT", f"/api/v1/campaigns/{campaign_id}/objects", body)

            def copy() -> None:
                with database, database.cursor() as cursor:
                    cursor.copy_expert(f"COPY object ({COLUMNS}) FROM STDIN", io.StringIO(text))

            service.checkpoint()
            ours, limit, ratio = compare(put, copy, rounds, prepare)
            name = f"PUT objects into a new campaign, {count:,} images x {OBJECTS}"
            yield Row(name, "COPY of the same rows", ours, limit, ratio, goal)
            if last:
                times, grown = count / last[0], ours / last[1]
                yield Row(
                    f"… {times:g} times as many", f"{times:g} times the time", ours, last[1] * times, grown / times, 1.2
                )
            last = (count, ours)


def _reset_peak(process: psutil.Process) -> int:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return _peak(process)


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def put_objects_at_once(service: Service) -> Iterator[Row]:
    """Eight clients on eight campaigns against one client, in submissions a second.

    Each is a user of its own, because the submissions of one user go one after the other.
    """
    images = service.make_images(1000)
    campaigns = [service.make_campaign(images) for _ in range(8)]
    bodies, each = [make_bodies(images) for _ in campaigns], 3
    service.checkpoint()
    with service.web() as server, ThreadPoolExecutor(len(campaigns)) as pool:
        connections = [service.connect_new_user(server, f"user-{number}@example.org") for number in range(8)]

        def put(number: int) -> None:
            for _ in range(each):
                connections[number].send("PUT", f"/api/v1/campaigns/{campaigns[number]}/objects", next(bodies[number]))

        eight, one, ratio = compare(lambda: list(pool.map(put, range(len(campaigns)))), lambda: put(0), 7)
        rates = (1000 * each * len(campaigns) / eight, 1000 * each / one)
        gain = len(campaigns) / ratio
        yield Row("PUT objects, 8 clients on 8 campaigns", "one client", *rates, gain, 1.5, "/s", at_least=True)


def add_images(service: Service) -> Iterator[Row]:
    """POST images against one INSERT … SELECT of the same rows."""
    last: tuple[int, float] | None = None
    for count, rounds in ((10_000, 7), (100_000, 3), (1_000_000, 1)):
        images = service.make_images(count)
        body = orjson.dumps([{"id": image_id} for image_id in images])
        service.checkpoint()
        with service.web() as server:
            connection = service.connect(server)
            targets = iter([service.make_campaign(range(1, 1), "created") for _ in range(rounds + 1)])
            others = iter([service.make_campaign(range(1, 1), "created") for _ in range(rounds + 1)])

            def post() -> None:
                connection.send("POST", f"/api/v1/campaigns/{next(targets)}/images", body)

            def insert() -> None:
                service.run(
                    "INSERT INTO campaign_image (campaign_id, image_id)"
                    " SELECT %(campaign)s, id FROM image WHERE id BETWEEN %(first)s AND %(last)s",
                    campaign=next(others),
                    first=images.start,
                    last=images.stop - 1,
                )

            ours, limit, ratio = compare(post, insert, rounds)
        yield Row(f"POST {count:,} images to a campaign", "INSERT … SELECT", ours, limit, ratio, 3)
        if last:
            times, grown = count / last[0], ours / last[1]
            yield Row(
                f"… {times:g} times as many", f"{times:g} times the time", ours, last[1] * times, grown / times, 1.2
            )
        last = (count, ours)


def add_images_by_query(service: Service) -> Iterator[Row]:
    """POST a query that 100,000 images answer, against one INSERT … SELECT of the same rows."""
    images = service.make_images(100_000)
    service.checkpoint()
    with service.web() as server:
        connection = service.connect(server)

        def post() -> None:
            campaign_id = service.make_campaign(range(1, 1), "created")
            connection.send("POST", f"/api/v1/campaigns/{campaign_id}/images", b'[{"query":{"filetype":"any"}}]')

        def insert() -> None:
            service.run(
                "INSERT INTO campaign_image (campaign_id, image_id)"
                " SELECT %(campaign)s, id FROM image WHERE id BETWEEN %(first)s AND %(last)s",
                campaign=service.make_campaign(range(1, 1), "created"),
                first=images.start,
                last=images.stop - 1,
            )

        figures = compare(post, insert, 5)
    yield Row("POST a query of 100,000 images to a campaign", "INSERT … SELECT", *figures, 3)
