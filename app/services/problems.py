"""Problems of an image set: files that could not be ingested, or are damaged, until somebody retries or drops them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import func, or_, select, text, true, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, Unprocessable
from app.models import ImageSet, ImageSetProblem, Job
from app.models.jobs import DELETE_DROPBOX, FINISH_IMAGE_SET, INSPECT_IMAGE_SET
from app.models.problems import COPIED, DROPPED, INGEST, INSPECTION
from app.outbox import queue
from app.representations.pages import Listing, Page, fetch_page
from app.representations.problems import PROBLEM_NAME, PROBLEMS
from app.services import inspection
from app.services.api_keys import Account
from app.services.image_sets import lock_image_set, require_image_set
from app.services.withdrawals import withdraw

MAX_ERRORS = 50
MAX_WITHDRAWN = 200
IS_OPEN = ImageSetProblem.settlement.is_(None)
IS_OF_INGEST = ImageSetProblem.stage == INGEST

JOBS_OF_STAGE = {INGEST: (FINISH_IMAGE_SET, DELETE_DROPBOX), INSPECTION: (INSPECT_IMAGE_SET,)}

NOTE = text("""
INSERT INTO problem (image_set_id, dropbox, blob_name, etag, image_id, kind, message)
SELECT :image_set_id, :dropbox, name, etag, image_id, kind, message
FROM json_to_recordset(:faults) AS fault(name text, etag text, image_id bigint, kind text, message text)
ON CONFLICT (image_set_id, md5(blob_name)) WHERE settlement IS NULL
DO UPDATE SET dropbox = excluded.dropbox, etag = excluded.etag, image_id = excluded.image_id, kind = excluded.kind,
    message = excluded.message, retrying = false
""")


@dataclass(frozen=True)
class Fault:
    """Why a file is not ingested: one of the kinds of problems, a sentence, and the image that is in the way, if any."""

    kind: str
    message: str
    image_id: int | None = None


@dataclass(frozen=True)
class OpenProblem:
    """An open problem: its id, stage and kind, for one of an inspection the image, and the dropbox with the file."""

    id: int
    stage: str
    kind: str
    image_id: int | None
    dropbox: str


@dataclass(frozen=True)
class Problems:
    """What an ingest has to know of the problems of its dropbox, by the names of their files.

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
    image_set = lock_image_set(session, imageset_id)
    named = _find_open(session, image_set, names)
    found = [problem for problem in named if problem.stage == INGEST]
    damaged = [problem.image_id for problem in named if problem.stage == INSPECTION and problem.image_id is not None]
    if damaged:
        inspection.inspect_again(session, damaged)
    if found:
        ids = [problem.id for problem in found]
        session.execute(update(ImageSetProblem).where(ImageSetProblem.id == func.any(ids)).values(retrying=True))
        return _start_jobs(session, image_set, [problem.dropbox for problem in found], FINISH_IMAGE_SET)
    return inspection.enqueue_inspection(session, imageset_id) if damaged else None


def drop_problems(session: Session, account: Account, imageset_id: int, names: list[str] | None) -> int | None:
    """Give up the files of these names, or of all open problems: they are not ingested, and are deleted with the dropbox.

    Images that are ingested already are withdrawn. Returns the id of the job that deletes the dropbox, else of the last one that
    deletes the files of an image, None without either. Raises NotFound for the set or a name, Conflict while a job of the set is
    at work on such files, Unprocessable for too many images.
    """
    image_set = lock_image_set(session, imageset_id)
    named = _find_open(session, image_set, names)
    withdrawn = _withdraw(session, account.user_id, [one for one in named if one.stage == INSPECTION])
    named = [problem for problem in named if problem.stage == INGEST]
    _settle(session, [problem.id for problem in named], DROPPED)
    free = [problem.dropbox for problem in named if not has_open(session, imageset_id, problem.dropbox)]
    # An ingest that has failed for another reason has to come to its end first.
    is_ingested = image_set.blobstorage_path != image_set.dropbox
    return _start_jobs(session, image_set, free, DELETE_DROPBOX if is_ingested else FINISH_IMAGE_SET) or withdrawn


def _start_jobs(session: Session, image_set: ImageSet, dropboxes: Iterable[str], kind: str) -> int | None:
    """Start a job for each of these dropboxes, of this kind for that of the set; return the id of the last one.

    A dropbox of before the set was opened again is only to be deleted; the job ingests first what it still holds.
    """
    job_id = None
    # That of the set comes last.
    for dropbox in sorted(set(dropboxes), key=lambda name: (name == image_set.dropbox, name)):
        is_present = dropbox == image_set.dropbox
        deleted = None if is_present and kind == FINISH_IMAGE_SET else dropbox
        job_id = queue.enqueue(session, kind if is_present else DELETE_DROPBOX, "image_set", image_set.id, deleted)
    return job_id


def _withdraw(session: Session, user_id: int, problems: Iterable[OpenProblem]) -> int | None:
    """Withdraw the images of these problems; return the id of the last job that deletes files. Raises Unprocessable."""
    found = sorted((problem.image_id, problem.kind) for problem in problems if problem.image_id is not None)
    if len(found) > MAX_WITHDRAWN:
        raise Unprocessable(
            f"{len(found)} of these problems are of ingested images, and up to {MAX_WITHDRAWN} are withdrawn at a time: "
            "send names, in several requests."
        )
    job_id = None
    for image_id, kind in found:
        job_id = withdraw(session, user_id, image_id, f"Dropped because of its problem: {kind}.")
    return job_id


def _find_open(session: Session, image_set: ImageSet, names: list[str] | None) -> list[OpenProblem]:
    """Return the open problems of these names, or all. Raises NotFound, Conflict."""
    imageset_id = image_set.id
    columns = (
        ImageSetProblem.id,
        ImageSetProblem.stage,
        ImageSetProblem.kind,
        ImageSetProblem.image_id,
        ImageSetProblem.dropbox,
        PROBLEM_NAME.label("name"),
    )
    rows = select(*columns).join(ImageSet, ImageSet.id == ImageSetProblem.image_set_id)
    # An image with a fault and a file with another one may have the same name.
    known: defaultdict[str, list[OpenProblem]] = defaultdict(list)
    for row in session.execute(rows.where(ImageSetProblem.image_set_id == imageset_id, IS_OPEN)):
        known[row.name].append(OpenProblem(row.id, row.stage, row.kind, row.image_id, row.dropbox))
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
    if image_set.status == "created" and any(
        problem.stage == INGEST and problem.dropbox == image_set.dropbox for problem in named
    ):
        raise Conflict(
            f"Image set {imageset_id} is created: replace or delete the files in its dropbox, and finish it. "
            "Then they are tried again."
        )
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


def find_problems(session: Session, imageset_id: int, dropbox: str, began: datetime | None) -> Problems:
    """Return what an ingest of a dropbox, which was closed at the time `began`, has to know.

    What was given up before counts no more: the set was opened again, and the file may be another one by now.
    """
    counts = true() if began is None else or_(IS_OPEN, ImageSetProblem.date_settled >= began)
    columns = (ImageSetProblem.blob_name, ImageSetProblem.etag, ImageSetProblem.settlement, ImageSetProblem.retrying)
    rows = session.execute(
        select(*columns).where(
            ImageSetProblem.image_set_id == imageset_id,
            ImageSetProblem.dropbox == dropbox,
            IS_OF_INGEST,
            ImageSetProblem.settlement.is_distinct_from(COPIED),
            counts,
        )
    ).all()
    return Problems(
        dropped=frozenset(row.blob_name for row in rows if row.settlement == DROPPED),
        held={row.blob_name: row.etag for row in rows if row.settlement is None and not row.retrying},
        retrying=frozenset(row.blob_name for row in rows if row.retrying),
    )


def note_faults(
    session: Session, imageset_id: int, dropbox: str, faults: Mapping[str, Fault], etags: Mapping[str, str]
) -> None:
    """Make a problem of each fault of a file in a dropbox, by the file's name; one that is open already gets the new reason.

    `etags` are those of the files, as far as they are there.
    """
    documents = [{"name": name, "etag": etags.get(name, ""), **asdict(fault)} for name, fault in faults.items()]
    values = {"image_set_id": imageset_id, "dropbox": dropbox, "faults": orjson.dumps(documents).decode()}
    session.execute(NOTE, values)


def settle_copied(session: Session, imageset_id: int, names: Iterable[str]) -> None:
    """Settle the open problems of files that have been ingested since."""
    has_name = ImageSetProblem.blob_name == func.any(list(names))
    named = (ImageSetProblem.image_set_id == imageset_id, has_name, IS_OF_INGEST, IS_OPEN)
    _settle(session, list(session.scalars(select(ImageSetProblem.id).where(*named))), COPIED)


def has_open(session: Session, imageset_id: int, dropbox: str) -> bool:
    """True while a file in this dropbox of the set is not ingested because of a problem that nobody has settled."""
    of_dropbox = (ImageSetProblem.image_set_id == imageset_id, ImageSetProblem.dropbox == dropbox)
    is_open = select(ImageSetProblem.id).where(*of_dropbox, IS_OF_INGEST, IS_OPEN)
    return session.scalar(is_open.limit(1)) is not None


def _settle(session: Session, problem_ids: list[int], settlement: str) -> None:
    settled = {"settlement": settlement, "date_settled": func.now(), "retrying": False}
    session.execute(update(ImageSetProblem).where(ImageSetProblem.id == func.any(problem_ids)).values(settled))
