"""Measure every row of the table, print it, and write it to bench/results.md: `make bench` (ROWS="put_objects …" for some)."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import files, formats, latency, reads, snapshots, startup, submissions
from bench.machine import facts
from bench.measure import Row, table
from bench.service import Service, running_service

RESULTS = Path(__file__).with_name("results.md")
WORDS = """# How fast it is, beside what limits it

Made by `make bench`. Both sides of a row are measured in the same run, in turns; what counts is their ratio. `bench/` has a
function for each row, which says exactly what is done.

"""
ROWS: dict[str, Callable[[Service], Iterator[Row]]] = {
    "put_objects": submissions.put_objects,
    "put_objects_into_new_campaigns": submissions.put_objects_into_new_campaigns,
    "put_objects_at_once": submissions.put_objects_at_once,
    "add_images": submissions.add_images,
    "add_images_by_query": submissions.add_images_by_query,
    "campaign_objects": reads.campaign_objects,
    "past_of_campaign": reads.past_of_campaign,
    "image_pages": reads.image_pages,
    "campaign_list": reads.campaign_list,
    "campaign_statistics": reads.campaign_statistics,
    "signed_links": reads.signed_links,
    "small_requests": reads.small_requests,
    "finished_set": files.finished_set,
    "inspected_set": files.inspected_set,
    "published_campaign": files.published_campaign,
    "made_snapshot": snapshots.made_snapshot,
    "exported_snapshot": formats.exported_snapshot,
    "imported_coco": formats.imported_coco,
    "start": startup.start,
    "beside_wrong_keys": latency.beside_wrong_keys,
    "beside_largest_body": latency.beside_largest_body,
}


def main(names: list[str]) -> int:
    """Measure the rows of these names, or all, which alone are written down; return the exit code."""
    rows: list[Row] = []
    for name in names or ROWS:
        with running_service() as service:
            for row in ROWS[name](service):
                print(table([row]).splitlines()[-1], flush=True)
                rows.append(row)
    if not names:
        RESULTS.write_text(f"{WORDS}{facts()}\n\n{table(rows)}\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
