"""Problems of an image set: files that could not be ingested, or are damaged, until somebody retries or drops them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

import orjson
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.azure.names import dropbox_name
from app.errors import Conflict, NotFound
from app.models import ImageSet, ImageSetProblem, Job
from app.models.jobs import DELETE_DROPBOX, FINISH_IMAGE_SET, INSPECT_IMAGE_SET
from app.models.problems import COPIED, DROPPED, INGEST, INSPECTION
from app.outbox import queue
from app.representations.pages import Listing, Page, fetch_page
from app.representations.problems import PROBLEM_NAME, PROBLEMS
from app.services import inspection
from app.services.image_sets import lock_image_set, require_image_set

MAX_ERRORS = 50
IS_OPEN = ImageSetProblem.settlement.is_(None)
IS_OF_INGEST = ImageSetProblem.stage == INGEST

JOBS_OF_STAGE = {INGEST: (FINISH_IMAGE_SET, DELETE_DROPBOX), INSPECTION: (INSPECT_IMAGE_SET,)}

NOTE = text("""
INSERT INTO problem (image_set_id, blob_name, etag, image_id, kind, message)
SELECT :image_set_id, name, etag, image_id, kind, message
FROM json_to_recordset(:faults) AS fault(name text, etag text, image_id bigint, kind text, message text)
ON CONFLICT (image_set_id, md5(blob_name)) WHERE settlement IS NULL
DO UPDATE SET etag = excluded.etag, image_id = excluded.image_id, kind = excluded.kind, message = excluded.message,
    retrying = false
""")


@dataclass(frozen=True)
class Fault:
    """Why a file is not ingested: one of the kinds of problems, a sentence, and the image that is in the way, if any."""

    kind: str
    message: str
    image_id: int | None = None


@dataclass(frozen=True)
class OpenProblem:
    """An open problem: its id, the stage that found it, and for one of an inspection the image."""

    id: int
    stage: str
    image_id: int | None


@dataclass(frozen=True)
class Problems:
    """What an ingest has to know of a set's problems, by the names of their files.

    `dropped` were given up; `held` have an open problem, and the ETag with which they got it; `retrying` have one, too, and
    somebody wants them to be tried again.
    """

    dropped: frozenset[str] = frozenset()
    held: dict[str, str] = field(default_factory=dict)
    retrying: frozenset[str] = frozenset()


def list_problems(session: Session, imageset_id: int, page: Page) -> Listing:
    """Return a page of the open problems of an image set, by id. Raises NotFound."""
    require_image_set(session, imageset_id)
    rows = PROBLEMS.where(ImageSetProblem.image_set_id == imageset_id, IS_OPEN)
    return fetch_page(session, "problems", rows, page)


def retry_problems(session: Session, imageset_id: int, names: list[str] | None) -> int | None:
    """Have the files of these names, or of all open problems, tried again; return the job's id, None without problems.

    What could not be ingested is ingested again, and what an inspection found is inspected again: after the ingest, if there is
    one. Raises NotFound for the set or a name, Conflict while a job of the set is at work on such files.
    """
    lock_image_set(session, imageset_id)
    named = _find_open(session, imageset_id, names)
    found = [problem.id for problem in named if problem.stage == INGEST]
    damaged = [problem.image_id for problem in named if problem.stage == INSPECTION and problem.image_id is not None]
    if damaged:
        inspection.inspect_again(session, damaged)
    if found:
        session.execute(update(ImageSetProblem).where(ImageSetProblem.id == func.any(found)).values(retrying=True))
        return queue.enqueue(session, FINISH_IMAGE_SET, "image_set", imageset_id)
    return inspection.enqueue_inspection(session, imageset_id) if damaged else None


def drop_problems(session: Session, imageset_id: int, names: list[str] | None) -> int | None:
    """Give up the files of these names, or of all open problems: they are not ingested, and are deleted with the dropbox.

    Returns the id of the job that deletes the dropbox, None while there are other problems, or when there were none. Raises
    NotFound for the set or a name, Conflict while the set is being ingested.
    """
    image_set = lock_image_set(session, imageset_id)
    named = _find_open(session, imageset_id, names)
    _refuse_ingested(named)
    _settle(session, [problem.id for problem in named], DROPPED)
    if not named or has_open(session, imageset_id):
        return None
    # An ingest that has failed for another reason has to come to its end first.
    is_ingested = image_set.blobstorage_path != dropbox_name(image_set.title)
    return queue.enqueue(session, DELETE_DROPBOX if is_ingested else FINISH_IMAGE_SET, "image_set", imageset_id)


def _refuse_ingested(problems: Iterable[OpenProblem]) -> None:
    """Raise Conflict for problems of images, which are ingested already."""
    image_ids = [problem.image_id for problem in problems if problem.stage == INSPECTION]
    if image_ids:
        raise Conflict(
            f"{len(image_ids)} of these problems are of ingested images, which cannot be dropped (the first is image "
            f"{image_ids[0]}). Retry them after their files were replaced, or leave them flagged."
        )


def _find_open(session: Session, imageset_id: int, names: list[str] | None) -> list[OpenProblem]:
    """Return the open problems of these names, or all. Raises NotFound, Conflict."""
    columns = (ImageSetProblem.id, ImageSetProblem.stage, ImageSetProblem.image_id, PROBLEM_NAME.label("name"))
    rows = select(*columns).join(ImageSet, ImageSet.id == ImageSetProblem.image_set_id)
    # An image with a fault and a file with another one may have the same name.
    known: defaultdict[str, list[OpenProblem]] = defaultdict(list)
    for row in session.execute(rows.where(ImageSetProblem.image_set_id == imageset_id, IS_OPEN)):
        known[row.name].append(OpenProblem(row.id, row.stage, row.image_id))
    unknown = [position for position, name in enumerate(names or ()) if name not in known]
    if unknown:
        raise NotFound(
            f"Image set {imageset_id} has no open problem with {len(unknown)} of these names.",
            errors=[
                {"pointer": f"/names/{position}", "detail": "There is no open problem with this name."}
                for position in unknown[:MAX_ERRORS]
            ],
        )
    named = [problem for name in (known if names is None else set(names)) for problem in known[name]]
    _require_rest(session, imageset_id, {problem.stage for problem in named})
    return named


def _require_rest(session: Session, imageset_id: int, stages: set[str]) -> None:
    """Raise Conflict while a job of one of these stages is at work on the set."""
    kinds = [kind for stage in stages for kind in JOBS_OF_STAGE[stage]]
    at_work = select(Job.id, Job.kind).where(
        Job.subject_type == "image_set",
        Job.subject_id == imageset_id,
        Job.kind.in_(kinds),
        Job.state.in_(queue.UNFINISHED),
    )
    job = session.execute(at_work.limit(1)).one_or_none()
    if job is not None:
        doing = "inspected" if job.kind == INSPECT_IMAGE_SET else "ingested"
        raise Conflict(f"Image set {imageset_id} is being {doing}: wait until job {job.id} has ended.")


# What an ingest asks and notes


def find_problems(session: Session, imageset_id: int) -> Problems:
    """Return what an ingest has to know before it begins."""
    columns = (ImageSetProblem.blob_name, ImageSetProblem.etag, ImageSetProblem.settlement, ImageSetProblem.retrying)
    rows = session.execute(
        select(*columns).where(
            ImageSetProblem.image_set_id == imageset_id,
            IS_OF_INGEST,
            ImageSetProblem.settlement.is_distinct_from(COPIED),
        )
    ).all()
    return Problems(
        dropped=frozenset(row.blob_name for row in rows if row.settlement == DROPPED),
        held={row.blob_name: row.etag for row in rows if row.settlement is None and not row.retrying},
        retrying=frozenset(row.blob_name for row in rows if row.retrying),
    )


def note_faults(session: Session, imageset_id: int, faults: Mapping[str, Fault], etags: Mapping[str, str]) -> None:
    """Make a problem of each fault, by the file's name; one that is open already says from now on what is wrong now.

    `etags` are those of the files, as far as they are there.
    """
    documents = [{"name": name, "etag": etags.get(name, ""), **asdict(fault)} for name, fault in faults.items()]
    session.execute(NOTE, {"image_set_id": imageset_id, "faults": orjson.dumps(documents).decode()})


def settle_copied(session: Session, imageset_id: int, names: Iterable[str]) -> None:
    """Settle the open problems of files that have been ingested since."""
    has_name = ImageSetProblem.blob_name == func.any(list(names))
    named = (ImageSetProblem.image_set_id == imageset_id, has_name, IS_OF_INGEST, IS_OPEN)
    _settle(session, list(session.scalars(select(ImageSetProblem.id).where(*named))), COPIED)


def has_open(session: Session, imageset_id: int) -> bool:
    """True while a file of the set is not ingested because of a problem that nobody has settled."""
    is_open = select(ImageSetProblem.id).where(ImageSetProblem.image_set_id == imageset_id, IS_OF_INGEST, IS_OPEN)
    return session.scalar(is_open.limit(1)) is not None


def _settle(session: Session, problem_ids: list[int], settlement: str) -> None:
    settled = {"settlement": settlement, "date_settled": func.now(), "retrying": False}
    session.execute(update(ImageSetProblem).where(ImageSetProblem.id == func.any(problem_ids)).values(settled))
