"""Changing what is known of images, by JSON merge patches (RFC 7396)."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, Problem, Unprocessable
from app.models import Image
from app.services.audit import Action, SubjectType, record_each
from app.services.images import find_repeated
from app.services.metadata import merge_metadata
from app.services.text import UnfitText, normalize
from app.services.times import parse_time

MAX_ERRORS = 50
# So many images are changed by one statement.
CHUNK_SIZE = 2_000
NOTHING_CHANGED = "Nothing was changed."
# What can be changed of an image, in the form of its row.
COLUMNS = (
    Image.id,
    Image.type,
    Image.metadata_.label("metadata"),
    Image.date_taken,
    Image.date_taken_source,
    Image.lat,
    Image.lon,
    Image.location_description,
    Image.tss_id,
)

CHANGE = text("""
UPDATE image SET type = changed.type, metadata = changed.metadata, date_taken = changed.date_taken,
    date_taken_source = changed.date_taken_source, lat = changed.lat, lon = changed.lon,
    location_description = changed.location_description, tss_id = changed.tss_id
FROM json_to_recordset(:images) AS changed (
    id bigint, type text, metadata jsonb, date_taken timestamptz, date_taken_source text, lat float8, lon float8,
    location_description text, tss_id text)
WHERE image.id = changed.id
""")

Fault = dict[str, str]


class _UnfitChange(ValueError):
    """A change that breaks a rule, which the message says. `place` is the JSON Pointer to it within the change."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


def update_image(session: Session, image_id: int, change: Mapping[str, Any]) -> None:
    """Change one image. Raises NotFound, Conflict when it was withdrawn, Unprocessable that points at what breaks a rule."""
    _update(session, [image_id], [change], "")


def update_images(session: Session, changes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Change the named images, all or none; return how many there were, and how many are not as before.

    Raises NotFound for images that are not there, Conflict for withdrawn ones, Unprocessable for an image that is named twice
    and for what breaks a rule; all point at the first of them.
    """
    image_ids = [change["image_id"] for change in changes]
    repeated = list(islice(find_repeated(image_ids), MAX_ERRORS))
    if repeated:
        raise Unprocessable(f"{repeated[0]['detail']} {NOTHING_CHANGED}", errors=repeated)
    changed = _update(session, image_ids, changes, "/{}")
    return {"image_count": len(image_ids), "changed": changed}


def _update(session: Session, image_ids: list[int], changes: Iterable[Mapping[str, Any]], pointer: str) -> int:
    """Change the images, and return how many are not as before; `pointer` is that of a change with `{}` for its place."""
    _hold(session, image_ids, pointer)
    faults: list[Fault] = []
    changed = place = 0
    remaining = iter(changes)
    while chunk := list(islice(remaining, CHUNK_SIZE)):
        ids = image_ids[place : place + CHUNK_SIZE]
        before = {row.id: row._asdict() for row in session.execute(select(*COLUMNS).where(Image.id == func.any(ids)))}
        after = {}
        for image_id, change in zip(ids, chunk, strict=True):
            try:
                after[image_id] = _merge(before[image_id], change)
            except _UnfitChange as fault:
                faults.append({"pointer": pointer.format(place) + fault.place, "detail": str(fault)})
            place += 1
        if len(faults) >= MAX_ERRORS:
            break
        if not faults:
            changed += _store(session, before, after)
    if faults:
        detail = f"{faults[0]['pointer']}: {faults[0]['detail']} {NOTHING_CHANGED}"
        raise Unprocessable(detail, errors=faults[:MAX_ERRORS])
    return changed


def _hold(session: Session, image_ids: list[int], pointer: str) -> None:
    """Hold the images against other changes until the transaction ends. Raises NotFound, Conflict."""
    # All callers take hold of images in the order of their ids, so that none waits for one who waits for it.
    held = select(Image.id, Image.date_withdrawn).where(Image.id == func.any(image_ids)).order_by(Image.id)
    known = {row.id: row.date_withdrawn for row in session.execute(held.with_for_update(key_share=True))}
    _refuse(image_ids, lambda image_id: image_id not in known, "There is no image {}.", NotFound, pointer)
    _refuse(image_ids, lambda image_id: known[image_id] is not None, "Image {} was withdrawn.", Conflict, pointer)


def _refuse(
    image_ids: list[int], is_wrong: Callable[[int], bool], message: str, error: type[Problem], pointer: str
) -> None:
    """Raise the error if there are wrong images; in a list it points at the first of them."""
    wrong = (
        {"pointer": f"{pointer.format(i)}/image_id", "detail": message.format(image_id)}
        for i, image_id in enumerate(image_ids)
        if is_wrong(image_id)
    )
    errors = list(islice(wrong, MAX_ERRORS))
    if errors:
        raise error(f"{errors[0]['detail']} {NOTHING_CHANGED}", errors=errors if pointer else None)


def _merge(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of an image after a change. Raises _UnfitChange."""
    after = dict(before)
    for name in ("type", "tss_id"):
        if name in change:
            after[name] = _read_text(change[name], f"/{name}")
    if "metadata" in change:
        try:
            after["metadata"] = merge_metadata(before["metadata"], change["metadata"])
        except Unprocessable as error:
            raise _UnfitChange("/metadata", error.detail) from None
    if "date_taken" in change:
        after |= _read_date_taken(change["date_taken"])
    if "location_taken" in change:
        place = change["location_taken"] or {"description": None, "lat": None, "lon": None}
        after |= {name: place[name] for name in ("lat", "lon") if name in place}
        if "description" in place:
            after["location_description"] = _read_text(place["description"], "/location_taken/description")
        if (after["lat"] is None) != (after["lon"] is None):
            raise _UnfitChange("/location_taken", "A place must have both lat and lon, or neither.")
    return after


def _read_text(value: str | None, place: str) -> str | None:
    try:
        return None if value is None else normalize(value)
    except UnfitText as fault:
        raise _UnfitChange(place, f"The text {fault}.") from None


def _read_date_taken(value: str | None) -> dict[str, Any]:
    if value is None:
        return {"date_taken": None, "date_taken_source": None}
    try:
        return {"date_taken": parse_time(value), "date_taken_source": "manual"}
    except ValueError:
        raise _UnfitChange("/date_taken", "This is no valid time of the years 1 to 9999 in UTC.") from None


def _store(session: Session, before: Mapping[int, Mapping[str, Any]], after: Mapping[int, dict[str, Any]]) -> int:
    """Write the rows that are not as before, and record who changed what in each; return how many."""
    changed = {image_id: row for image_id, row in after.items() if row != before[image_id]}
    session.execute(CHANGE, {"images": orjson.dumps(list(changed.values())).decode()})
    details = {image_id: _difference(before[image_id], row) for image_id, row in changed.items()}
    record_each(session, Action.UPDATE_IMAGE, SubjectType.IMAGE, details)
    return len(changed)


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of what has changed, `from` and `to`; of the metadata those of the first level."""
    names = {name for name in after if before[name] != after[name]}
    sides = [{name: row[name] for name in names} for row in (before, after)]
    if "metadata" in names:
        old, new = ({} if row["metadata"] is None else row["metadata"] for row in (before, after))
        keys = {key for key in {**old, **new} if old.get(key) != new.get(key)}
        for side, metadata in zip(sides, (old, new), strict=True):
            side["metadata"] = {key: metadata[key] for key in keys if key in metadata}
    return dict(zip(("from", "to"), sides, strict=True))
