"""Which images of a campaign a label file means: by id, by path or by name."""

import re
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.import_report import MAX_EXAMPLES, Report, find
from app.services.import_staging import analyze

WAYS = ("id", "path", "name")
# What a file can say of an image for which it has no labels.
NOT_LABELED = ("unlabeled", "draft")


# A name without such an ending is one without its ending: YOLO names the labels of an image so, and Pascal VOC its document.
ENDING = r"'\.(jpe?g|png|tiff?|bmp|dng|mpo|webp|hei[cf]|avif|gif)$'"
# What a path is without its folders, without what tools put before it, and without its ending; and the flat name of an image
# without its ending (`app/formats/names.py`). Windows separates folders by `\`.
PARTS = {
    "base_of": r"regexp_replace(replace({0}, '\', '/'), '^.*/', '')",
    "clean": r"regexp_replace(replace({0}, '\', '/'), '^(\./|/)+', '')",
    "stem_of": r"regexp_replace({0}, '(.)\.[A-Za-z0-9]{{1,10}}$', '\1')",
    "flat": r"lpad(CAST(image_id AS text), greatest(6, length(CAST(image_id AS text))), '0') || '_'"
    r" || left(regexp_replace(stem_of({0}), '[^A-Za-z0-9._-]', '_', 'g'), 100)",
}


def _with_names(statement: str) -> str:
    """Return a statement in which `base_of(…)`, `clean(…)`, `flat(…)` and `stem_of(…)` are the PARTS of a column."""
    for name in ("flat", "stem_of", "base_of", "clean"):
        *others, last = re.split(rf"\b{name}\((\w+)\)", statement)
        parts = zip(others[::2], others[1::2], strict=True)
        statement = "".join(before + PARTS[name].format(column) for before, column in parts) + last
    return statement


# A file may name an image several times, with a row a box.
NAMED = text("""
CREATE TEMPORARY TABLE named AS
SELECT DISTINCT ON (key) number, key, name, place, image_id, width, height, state FROM sent_image ORDER BY key, number
""")
COMES_AGAIN = text("SELECT (SELECT count(*) FROM named) < (SELECT count(*) FROM sent_image)")
CONTRADICTED = """
FROM named WHERE key IN (
    SELECT key FROM sent_image GROUP BY key
    HAVING count(DISTINCT (name, image_id, width, height, state)) > 1)
"""
MEMBERS = text(
    _with_names("""
CREATE TEMPORARY TABLE member AS
SELECT image.id AS image_id, path, within, width, height, base_of(path) AS base,
    CASE WHEN starts_with(within, :folder) THEN substr(within, length(:folder) + 1) ELSE within END AS file_name
FROM campaign_image JOIN image ON image.id = campaign_image.image_id
CROSS JOIN LATERAL (SELECT blobstorage_path AS path, substr(blobstorage_path, length(:container) + 2) AS within) AS place
WHERE campaign_image.campaign_id = :campaign_id
""")
)
# For each image of the file and each way: how many images of the campaign it may be, and one of them.
FOUND = text("CREATE TEMPORARY TABLE found (number integer, way text, image_id bigint, count bigint)")
# An id that came from another installation would name another image, so that in case of doubt the name has to fit as well.
# OFFSET 0 keeps PostgreSQL from making each part of a name anew wherever it is compared.
FIND_BY_ID = _with_names("""
INSERT INTO found
SELECT number, 'id', image_id, 1
FROM (
    SELECT number, named.name, member.image_id, base, base_of(name) AS sent_base, flat(base) AS flat_base
    FROM named JOIN member USING (image_id) OFFSET 0) AS named
WHERE :way = 'id' OR name IS NULL OR sent_base = base OR sent_base = flat_base OR starts_with(sent_base, flat_base || '.')
""")
FIND_BY_PATH = _with_names("""
INSERT INTO found
SELECT number, 'path', min(image_id), count(DISTINCT image_id)
FROM (
    SELECT number, name AS word FROM named
    UNION ALL SELECT number, clean(name) FROM named
    WHERE starts_with(name, '/') OR starts_with(name, './') OR strpos(name, '\\') > 0
) AS sent
JOIN (
    SELECT path AS word, image_id, false AS is_stem FROM member
    UNION ALL SELECT within, image_id, false FROM member
    UNION ALL SELECT file_name, image_id, false FROM member
    UNION ALL SELECT stem_of(file_name), image_id, true FROM member WHERE {IS_NEEDED}) AS known USING (word)
WHERE NOT is_stem OR word !~* {ENDING}
GROUP BY number
""")
FIND_BY_NAME = _with_names("""
INSERT INTO found
SELECT number, 'name', min(image_id), count(DISTINCT image_id)
FROM (SELECT number, base_of(name) AS word FROM named) AS sent
JOIN (
    SELECT base AS word, image_id, false AS is_stem FROM member
    UNION ALL SELECT stem_of(base), image_id, true FROM member WHERE {IS_NEEDED}) AS known USING (word)
WHERE NOT is_stem OR word !~* {ENDING}
GROUP BY number
""")
IS_NEEDED = f"EXISTS (SELECT FROM named WHERE name !~* {ENDING})"
FIND = {
    way: text(statement.replace("{IS_NEEDED}", IS_NEEDED).replace("{ENDING}", ENDING))
    for way, statement in zip(WAYS, (FIND_BY_ID, FIND_BY_PATH, FIND_BY_NAME), strict=True)
}
FITTING = text("SELECT way, count(*) FILTER (WHERE count = 1) AS sure, count(*) AS images FROM found GROUP BY way")
MATCHED = text("""
CREATE TEMPORARY TABLE matched AS
SELECT named.number, key, name, place, state, named.width, named.height, found.image_id, coalesce(count, 0) AS count
FROM named LEFT JOIN found ON found.number = named.number AND way = :way
WHERE state IS NULL OR state <> ALL (CAST(:not_labeled AS text[]))
""")
TWICE = """
FROM matched WHERE count = 1 AND image_id IN (
    SELECT image_id FROM matched WHERE count = 1 GROUP BY image_id HAVING count(*) > 1)
"""
OTHER_SIZE = """
FROM matched JOIN member USING (image_id)
WHERE count = 1 AND (matched.width, matched.height) <> (member.width, member.height)
"""
NOT_IN_FILE = text("""
SELECT image_id, path, count(*) OVER () AS all_of_them FROM member
WHERE NOT EXISTS (SELECT FROM matched WHERE matched.image_id = member.image_id AND count = 1)
ORDER BY image_id LIMIT :size
""")


def match_images(
    session: Session,
    report: Report,
    campaign_id: int,
    *,
    way: str,
    container: str,
    folder: str,
    skip_unknown: bool,
    ignore_size: bool,
) -> None:
    """Make the table `matched`: which image of the campaign each image of the file is. `way` is one of WAYS or `auto`.

    What cannot be matched is reported, and is not in the table. `container` is the main one, `folder` that of image sets.
    """
    session.execute(NAMED)
    analyze(session, "named")
    if session.scalar(COMES_AGAIN):
        _report(session, report, "duplicate_image", CONTRADICTED, "It comes more than once, and differs.")
    session.execute(MEMBERS, {"campaign_id": campaign_id, "container": container, "folder": f"{folder}/"})
    analyze(session, "member")
    chosen = _find(session, way)
    analyze(session, "found")
    session.execute(MATCHED, {"way": chosen, "not_labeled": list(NOT_LABELED)})
    analyze(session, "matched")
    values = {"not_labeled": list(NOT_LABELED)}
    is_left_out = "FROM named WHERE state = ANY (CAST(:not_labeled AS text[]))"
    _report(session, report, "not_labeled", is_left_out, "It is not labeled, so nothing is imported for it.", values)
    _report_unmatched(session, report, campaign_id, chosen, skip_unknown=skip_unknown)
    _report(session, report, "duplicate_image", TWICE, "The file names this image more than once.")
    if not ignore_size:
        _report_sizes(session, report)
    found = session.execute(NOT_IN_FILE, {"size": MAX_EXAMPLES}).all()
    if found:
        examples = ((f"image {row.image_id}", "The file does not name it.") for row in found[:10])
        report.add_all("not_in_file", found[0].all_of_them, examples)
    session.execute(text("DELETE FROM matched WHERE count <> 1"))


def _find(session: Session, way: str) -> str:
    """Make the table `found`, and return the way that is taken: with `auto` the first one that fits all images of the file, or
    else the one that fits most; ambiguous names come after that.
    """
    session.execute(FOUND)
    if way != "auto":
        session.execute(FIND[way], {"way": way} if way == "id" else {})
        return way
    count = session.scalar(text("SELECT count(*) FROM named"))
    fitting: dict[str, tuple[int, int]] = {}
    for each in WAYS:
        session.execute(FIND[each], {"way": way} if each == "id" else {})
        fitting |= {row.way: (row.sure, row.images) for row in session.execute(FITTING)}
        if fitting.get(each, (0, 0))[0] == count:
            # No other way can fit better.
            return each
    return max(WAYS, key=lambda each: (*fitting.get(each, (0, 0)), -WAYS.index(each)))


def _report(
    session: Session, report: Report, kind: str, condition: str, detail: str, values: dict[str, Any] | None = None
) -> None:
    count, rows = find(session, condition, "place, name, key", values or {})
    report.add_all(kind, count, ((row.place, f"{row.name or row.key}: {detail}") for row in rows))


def _report_unmatched(session: Session, report: Report, campaign_id: int, way: str, *, skip_unknown: bool) -> None:
    how = {"id": "with this id", "path": "with this path", "name": "with this name"}[way]
    for kind, condition, detail in (
        ("unknown_image", "FROM matched WHERE count = 0", f"Campaign {campaign_id} has no image {how}."),
        (
            "ambiguous_image",
            "FROM matched WHERE count > 1",
            f"Campaign {campaign_id} has several images {how}: name it by its path or its id.",
        ),
    ):
        if skip_unknown:
            _report(session, report, "skipped_image", condition, f"{detail} It was skipped.")
        else:
            _report(session, report, kind, condition, detail)


def _report_sizes(session: Session, report: Report) -> None:
    columns = "place, image_id, matched.width, matched.height, member.width AS our_width, member.height AS our_height"
    count, rows = find(session, OTHER_SIZE, columns, {})
    report.add_all("other_size", count, ((row.place, _explain_size(row)) for row in rows))


def _explain_size(row: Any) -> str:
    said, ours = f"{row.width}x{row.height}", f"{row.our_width}x{row.our_height}"
    message = f"The file says that image {row.image_id} has {said} pixels; displayed it has {ours}"
    if (row.width, row.height) == (row.our_height, row.our_width):
        return f"{message}. That is its size before EXIF rotation: the tool ignored EXIF orientation."
    return f"{message}."
