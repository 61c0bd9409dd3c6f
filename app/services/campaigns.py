"""Campaigns: labeling jobs, their partner, their images and the steps of their life."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.azure.blobs import BlobStore
from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import BadRequest, Conflict, Forbidden, NotFound, Unprocessable
from app.models import (
    Campaign,
    CampaignClass,
    CampaignImage,
    CampaignMembership,
    Dataset,
    Draft,
    Import,
    Job,
    Role,
    Submission,
    User,
)
from app.models.campaigns import MODEL, PEOPLE
from app.models.datasets import MEDIA_TYPES
from app.models.jobs import PUBLISH_DATASETS
from app.models.submissions import STATES
from app.models.users import LABELER
from app.outbox import queue
from app.representations.campaigns import (
    CAMPAIGN,
    COUNT_MEMBERS_THEN,
    IMAGES_THEN,
    LISTED_CAMPAIGNS,
    LISTED_CAMPAIGNS_OF_KIND,
    select_campaign_images,
    select_labeled_images,
    until_page_ends,
)
from app.representations.datasets import DATASETS
from app.representations.json import AnySelect, fetch_object
from app.representations.pages import Listing, Page, SignPath, fetch_page
from app.representations.reviews import has_verdict
from app.services import api_keys, classes, users
from app.services.api_keys import Account, KeyPair
from app.services.audit import Action, SubjectType, record
from app.services.labels import normal_translations
from app.services.metadata import merge_metadata
from app.services.moments import read_dated_moment
from app.services.text import read_text
from app.services.titles import check_title, list_filters

# Which status may follow which, and which dates a step sets and clears.
STEPS = {
    ("created", "active"),
    ("active", "completed"),
    ("completed", "active"),
    ("completed", "finished"),
    ("finished", "active"),
}
# How many images of a campaign have each state.
STATE_COUNTS: dict[str, ColumnElement[int] | InstrumentedAttribute[int]] = {
    "unlabeled": Campaign.image_count - Campaign.labeled_count,
    "labeled": Campaign.labeled_count - Campaign.empty_count - Campaign.unusable_count,
    "empty": Campaign.empty_count,
    "unusable": Campaign.unusable_count,
}
# How many have each verdict, or none.
REVIEW_COUNTS: dict[str, ColumnElement[int] | InstrumentedAttribute[int]] = {
    "accepted": Campaign.accepted_count,
    "rejected": Campaign.rejected_count,
    "none": Campaign.image_count - Campaign.accepted_count - Campaign.rejected_count,
}
DATES: dict[str, dict[str, Any]] = {
    "active": {"date_started": func.now(), "date_completed": None, "date_finished": None},
    "completed": {"date_completed": func.now(), "date_finished": None},
    "finished": {"date_finished": func.now()},
}


@dataclass(frozen=True)
class CampaignImageFilter:
    """What a caller wants of the images of a campaign; None lets all through.

    `state` names states, `labeled` those of labeled images or the other, `review` verdicts in force, or `none`. `as_of` is a
    moment of the past: a submission or a time.
    """

    labeled: bool | None = None
    state: list[str] | None = None
    review: list[str] | None = None
    as_of: str | None = None

    @property
    def states(self) -> list[str]:
        """The states that are let through."""
        selected = self.state or STATES
        return [state for state in STATES if state in selected and self.labeled in (None, state != "unlabeled")]


@dataclass(frozen=True)
class NewCampaign:
    """What a caller says of a new campaign."""

    title: str
    labeler_email: str | None = None
    metadata: dict[str, Any] | None = None
    label_translations: dict[str, str] | None = None
    classes: list[dict[str, Any]] | None = None
    strict: bool = False
    instructions: str | None = None
    kind: str = PEOPLE
    model: str | None = None
    version: str | None = None
    prelabels_from: int | None = None
    late_corrections: bool = False

    def check_kind(self) -> None:
        """Raise BadRequest or Unprocessable for fields that do not fit the kind of campaign."""
        of_kind = {PEOPLE: ("labeler_email",), MODEL: ("model", "version")}
        for name in of_kind[self.kind]:
            if getattr(self, name) is None:
                detail = f"The field `{name}` is missing: a campaign of the kind `{self.kind}` needs it."
                raise BadRequest(detail, errors=[{"pointer": "", "detail": detail}])
        others = {name for kind, names in of_kind.items() if kind != self.kind for name in names}
        others |= {"prelabels_from"} if self.kind == MODEL else set()
        for name in sorted(others):
            if getattr(self, name) is not None:
                detail = f"A campaign of the kind `{self.kind}` has no `{name}`."
                raise Unprocessable(f"/{name}: {detail}", errors=[{"pointer": f"/{name}", "detail": detail}])


def list_campaigns(
    session: Session,
    page: Page,
    status: str | None = None,
    title: str | None = None,
    kind: str = PEOPLE,
    *,
    archived: bool = False,
) -> Listing:
    """Return a page of campaigns of a kind, or of `any`, by id: all, or those of a status and a title (`drone-*`: a prefix).

    With `archived` they are the archived ones, else the others.
    """
    rows = LISTED_CAMPAIGNS if kind == "any" else LISTED_CAMPAIGNS_OF_KIND
    if filters := list_filters(Campaign.status, Campaign.title, status, title):
        rows = rows.where(*filters)
    return fetch_page(session, "campaigns", rows, page, parameters={"kind": kind, "archived": archived})


def get_campaign(session: Session, campaign_id: int) -> bytes:
    """Return one campaign. Raises NotFound."""
    found = fetch_object(session, CAMPAIGN, campaign_id=campaign_id)
    if found is None:
        raise campaign_not_found(campaign_id)
    return found


def create_campaign(session: Session, account: Account, new: NewCampaign) -> tuple[int, KeyPair | None]:
    """Make a campaign and give its labeler access; return its id and the labeler's newest usable key, None without a labeler.

    Raises Unprocessable for the spelling of title or labels and for a list of classes that breaks a rule, BadRequest for the
    address and for a missing field, Conflict when the title is taken or the labeler's user is disabled.
    """
    check_title(new.title)
    new.check_kind()
    email = users.check_email(new.labeler_email, "labeler_email") if new.labeler_email is not None else None
    require_model_campaign(session, new.prelabels_from)
    translations = normal_translations(new.label_translations) if new.label_translations else None
    created = insert(Campaign).values(
        title=new.title,
        metadata_=new.metadata,
        label_translations=translations,
        strict=new.strict,
        instructions=new.instructions,
        kind=new.kind,
        model=new.model and read_text(new.model, "/model", "The name of a model"),
        version=new.version and read_text(new.version, "/version", "The version of a model"),
        prelabels_from=new.prelabels_from,
        late_corrections=new.late_corrections,
        created_by=account.user_id,
    )
    campaign_id = session.scalar(created.on_conflict_do_nothing().returning(Campaign.id))
    if campaign_id is None:
        raise Conflict(f"Another campaign has the title {new.title}.")
    classes.make_classes(session, campaign_id, new.classes or [], translations or {}, strict=new.strict)
    return campaign_id, _give_access(session, account, email, LABELER, campaign_id) if email else None


def require_model_campaign(session: Session, campaign_id: int | None) -> None:
    """Raise Unprocessable when suggestions cannot come from this campaign; None stands for no suggestions."""
    if campaign_id is None:
        return
    # Held, so that it is not deleted before it is named.
    held = select(Campaign.kind).where(Campaign.id == campaign_id).with_for_update(read=True, key_share=True)
    kind = session.scalar(held)
    if kind != MODEL:
        detail = (
            f"There is no campaign {campaign_id}."
            if kind is None
            else f"Campaign {campaign_id} is not a campaign of a model."
        )
        pointer = "/prelabels_from"
        raise Unprocessable(f"{pointer}: {detail}", errors=[{"pointer": pointer, "detail": detail}])


def add_member(session: Session, account: Account, campaign_id: int, email: str, role: str) -> KeyPair:
    """Give a user a role in a campaign and return its newest usable key; there may be no user with this address yet.

    Raises NotFound, BadRequest or Unprocessable for the address, Conflict when the user is disabled or the campaign has
    MAX_MEMBERS users with this role, Forbidden when a session key would create a key for more than a partner.
    """
    email = users.check_email(email)
    campaign = lock_campaign(session, campaign_id)
    if role == LABELER and campaign.kind == MODEL:
        raise Conflict(
            f"Campaign {campaign_id} holds what a model found: it has no labelers, and image-admins submit its objects."
        )
    return _give_access(session, account, email, role, campaign_id)


def remove_member(session: Session, campaign_id: int, user_id: int, role: str) -> None:
    """Take a role in a campaign from a user, who keeps its keys. Raises NotFound for the campaign, or without such a role."""
    lock_campaign(session, campaign_id)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(f"User {user_id} is not a {role} of campaign {campaign_id}.")
    users.revoke_role(session, user, role, campaign_id)


def _give_access(session: Session, account: Account, email: str, role: str, campaign_id: int) -> KeyPair:
    user = users.find_or_create_user(session, email)
    api_keys.lock_keys(session, user.id)
    session.refresh(user)
    if not user.enabled:
        raise Conflict(f"The user {user.email} is disabled. Enable the user before you give it a campaign.")
    users.grant_role(session, user, role, campaign_id)
    key = api_keys.find_newest_key(session, user.id)
    if key:
        return KeyPair(key, None)
    if account.session_key_id is not None and not users.is_partner(session, user.id):
        # Otherwise a session key, which ends within hours, could be exchanged for a key to everything.
        raise Forbidden(
            f"A session key cannot create a key for {user.email}, because this user is more than a labeling partner."
        )
    return api_keys.create_api_key(session, user.id)


def update_campaign(session: Session, campaign_id: int, changes: dict[str, Any]) -> None:
    """Change a campaign as `changes` names it.

    The title can be changed while it is created, its metadata (a merge patch) and whether it is archived at any time, and
    everything else while it is not finished.

    Raises NotFound, Unprocessable for a title or a list of classes that breaks a rule and for too much metadata, and Conflict for
    a change that the status does not allow, for a title that is taken, for an archived campaign unless `archived` is all that
    changes, and where a class that objects have would go or move.
    """
    campaign = lock_campaign(session, campaign_id, even_archived=set(changes) == {"archived"})
    if campaign.status == "finished" and not changes.keys() <= {"archived", "metadata"}:
        raise Conflict(f"Campaign {campaign_id} is finished: only `metadata` and `archived` can be changed.")
    if "title" in changes and changes["title"] != campaign.title:
        _rename(session, campaign, changes["title"])
    if changes.get("archived", campaign.archived) != campaign.archived:
        action = Action.ARCHIVE_CAMPAIGN if changes["archived"] else Action.UNARCHIVE_CAMPAIGN
        record(session, action, SubjectType.CAMPAIGN, campaign_id)
    strict = changes.get("strict", campaign.strict)
    if "classes" in changes:
        classes.replace_classes(session, campaign, changes["classes"], strict=strict)
    elif strict and not campaign.strict:
        present = classes.load_classes(session, campaign_id)
        classes.require_usable(present, campaign.label_translations or {}, strict=strict)
    columns = {"strict": strict} | {
        name: changes[name]
        for name in ("instructions", "prelabels_from", "late_corrections", "archived")
        if name in changes
    }
    if "metadata" in changes:
        columns["metadata_"] = merge_metadata(campaign.metadata_, changes["metadata"])
    if campaign.kind == MODEL and columns.get("prelabels_from") is not None:
        detail = f"Campaign {campaign_id} holds what a model found: it cannot have suggestions."
        raise Unprocessable(detail, errors=[{"pointer": "/prelabels_from", "detail": detail}])
    require_model_campaign(session, columns.get("prelabels_from"))
    session.execute(update(Campaign).where(Campaign.id == campaign_id).values(columns))


def _rename(session: Session, campaign: Campaign, title: str) -> None:
    if campaign.status != "created":
        raise Conflict(
            f"Campaign {campaign.id} is {campaign.status}: its title can be changed only while it is created."
        )
    check_title(title)
    try:
        with session.begin_nested():
            session.execute(update(Campaign).where(Campaign.id == campaign.id).values(title=title))
    except IntegrityError:
        raise Conflict(f"Another campaign has the title {title}.") from None


def delete_campaign(session: Session, campaign_id: int) -> bytes:
    """Delete a campaign to which nothing was submitted and of which nothing was published; return what it was.

    Its title is free again. Raises NotFound, and Conflict for another campaign, and for one that others name as `prelabels_from`.
    """
    campaign = lock_campaign(session, campaign_id)
    found = get_campaign(session, campaign_id)
    jobs = exists().where(Job.kind == PUBLISH_DATASETS, Job.subject_type == "campaign", Job.subject_id == campaign_id)
    for condition, what in (
        (exists().where(Submission.campaign_id == campaign_id), "has submissions"),
        (jobs, "was published"),
    ):
        if session.scalar(select(condition)):
            raise Conflict(f"Campaign {campaign_id} {what}: it can be archived, and no longer be deleted.")
    follower_id = session.scalar(select(Campaign.id).where(Campaign.prelabels_from == campaign_id).limit(1))
    if follower_id is not None:
        raise Conflict(
            f"Campaign {follower_id} has suggestions from campaign {campaign_id}: change its `prelabels_from` first."
        )
    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    for table in (Draft, Import, CampaignImage, CampaignMembership, CampaignClass, Role):
        session.execute(delete(table).where(table.campaign_id == campaign_id))
    session.execute(delete(Campaign).where(Campaign.id == campaign_id))
    record(session, Action.DELETE_CAMPAIGN, SubjectType.CAMPAIGN, campaign_id, title=campaign.title)
    return found


def update_status(session: Session, campaign_id: int, new_status: str, auto_complete: bool | None) -> int | None:
    """Take a campaign one step further, or back to `active`; return the id of the job that publishes it when it is finished.

    `auto_complete` says whether the campaign completes itself; entering `active` without it means true. Raises
    NotFound, and Conflict for a step that does not exist, and for the reopening of a campaign that is being published.
    """
    campaign = lock_campaign(session, campaign_id)
    if (campaign.status, new_status) not in STEPS:
        following = " or ".join(sorted(after for before, after in STEPS if before == campaign.status))
        raise Conflict(
            f"Campaign {campaign_id} is {campaign.status} and cannot become {new_status}: "
            f"from {campaign.status} it can become {following}."
        )
    if campaign.status == "finished":
        _require_published(session, campaign_id)
    enter_status(session, campaign, new_status)
    if auto_complete is not None or new_status == "active":
        chosen = True if auto_complete is None else auto_complete
        session.execute(update(Campaign).where(Campaign.id == campaign_id).values(auto_complete=chosen))
    if new_status != "finished":
        return None
    return queue.enqueue(session, PUBLISH_DATASETS, "campaign", campaign_id)


def _require_published(session: Session, campaign_id: int) -> None:
    """Raise Conflict while a job publishes the campaign, because the files would hold a part of what comes next."""
    job_id = queue.find_unfinished(session, PUBLISH_DATASETS, "campaign", campaign_id)
    if job_id is not None:
        raise Conflict(
            f"Campaign {campaign_id} is finished, and job {job_id} publishes it. Reopen it when this job has ended."
        )


def enter_status(session: Session, campaign: Campaign, status: str, *, automatic: bool = False) -> None:
    """Set the status and the dates that go with it; the caller has locked the campaign and checked the step.

    An `automatic` step is one that the caller did not ask for.
    """
    change = {"from": campaign.status, "to": status, "automatic": automatic}
    record(session, Action.CHANGE_STATUS, SubjectType.CAMPAIGN, campaign.id, **change)
    session.execute(update(Campaign).where(Campaign.id == campaign.id).values(status=status, **DATES[status]))


def count_states(
    session: Session,
    campaign: Campaign,
    changes: Mapping[str, int],
    *,
    completes: bool = True,
    reopens: bool = True,
) -> None:
    """Change the counters by how many images more or fewer have each state and verdict, and the status that follows from them.

    Images that come are more of a state, images that leave fewer. The caller has locked the campaign. An active campaign that
    completes itself is completed when all its images are done if the change `completes` it, and a completed one with an image
    that is not done becomes active again if the change `reopens` it.
    """
    image_count = campaign.image_count + sum(changes.get(state, 0) for state in STATES)
    counts = {
        "image_count": image_count,
        "labeled_count": campaign.labeled_count + image_count - campaign.image_count - changes.get("unlabeled", 0),
        "empty_count": campaign.empty_count + changes.get("empty", 0),
        "unusable_count": campaign.unusable_count + changes.get("unusable", 0),
        "accepted_count": campaign.accepted_count + changes.get("accepted", 0),
        "rejected_count": campaign.rejected_count + changes.get("rejected", 0),
    }
    if any(changes.values()):
        session.execute(update(Campaign).where(Campaign.id == campaign.id).values(**counts))
    is_done = counts["labeled_count"] - counts["rejected_count"] == image_count
    if campaign.status == "active" and completes and campaign.auto_complete and is_done and image_count:
        enter_status(session, campaign, "completed", automatic=True)
    elif campaign.status == "completed" and reopens and not is_done:
        enter_status(session, campaign, "active", automatic=True)


def list_images(
    session: Session,
    campaign_id: int,
    page: Page,
    image_filter: CampaignImageFilter,
    sign_path: SignPath | None = None,
) -> Listing:
    """Return a page of the images of a campaign that the filter lets through. Raises NotFound and BadRequest.

    With `sign_path` each has a link to its file.
    """
    select_rows = partial(select_campaign_images, with_file=sign_path is not None)
    return _fetch_images(session, campaign_id, select_rows, page, image_filter, sign_path)


def list_objects(session: Session, campaign_id: int, page: Page, image_filter: CampaignImageFilter) -> Listing:
    """Return a page of the images of a campaign with their objects. Raises NotFound and BadRequest."""
    return _fetch_images(session, campaign_id, select_labeled_images, page, image_filter)


def _fetch_images(
    session: Session,
    campaign_id: int,
    select_rows: Callable[[type[CampaignImage]], AnySelect],
    page: Page,
    image_filter: CampaignImageFilter,
    sign_path: SignPath | None = None,
) -> Listing:
    require_campaign(session, campaign_id)
    moment, time = None, None
    if image_filter.as_of is not None:
        moment, time = read_dated_moment(session, campaign_id, image_filter.as_of)
    member, states, verdicts = (
        CampaignImage if moment is None else IMAGES_THEN,
        image_filter.states,
        image_filter.review,
    )
    rows = select_rows(member)
    # What is counted needs no images, which PostgreSQL might all compare with all members.
    total = select(func.count()).where(member.campaign_id == bindparam("campaign_id"))
    are_all_states = len(states) == len(STATES)
    if not are_all_states:
        rows, total = (each.where(member.state.in_(states)) for each in (rows, total))
    if verdicts:
        rows, total = (each.where(has_verdict(member, verdicts)) for each in (rows, total))
    elif are_all_states:
        rows = until_page_ends(rows, is_past=moment is not None)
    # The counters are those of now.
    if not verdicts and moment is None:
        total = _total(*states)
    elif verdicts and moment is None and are_all_states:
        total = _total(*set(verdicts))
    elif not verdicts and are_all_states:
        total = COUNT_MEMBERS_THEN
    values = {
        "campaign_id": campaign_id,
        "moment": moment,
        "moment_time": time,
        "begin_id": page.after or 0,
        "end_rows": page.offset + page.size,
    }
    return fetch_page(session, "images", rows, page, total=total, sign_path=sign_path, parameters=values)


def lock_campaign(session: Session, campaign_id: int, *, even_archived: bool = False) -> Campaign:
    """Return the campaign, held against every other change until the transaction ends.

    Raises NotFound, and Conflict for an archived campaign unless `even_archived` is true.
    """
    campaign = session.get(Campaign, campaign_id, with_for_update=True)
    if campaign is None:
        raise campaign_not_found(campaign_id)
    refuse_archived(campaign_id, is_archived=campaign.archived and not even_archived)
    return campaign


def refuse_archived(campaign_id: int, *, is_archived: bool) -> None:
    """Raise Conflict for a campaign that is archived."""
    if is_archived:
        raise Conflict(
            f"Campaign {campaign_id} is archived. Nothing in it can be changed until `archived` is false again."
        )


@lru_cache
def _total(*names: str) -> AnySelect:
    counts = ((STATE_COUNTS | REVIEW_COUNTS)[name] for name in names)
    return select(sum(counts, literal(0))).where(Campaign.id == bindparam("campaign_id"))


def require_campaign(session: Session, campaign_id: int) -> None:
    """Raise NotFound for a campaign that is not there."""
    if session.scalar(select(Campaign.id).where(Campaign.id == campaign_id)) is None:
        raise campaign_not_found(campaign_id)


def campaign_not_found(campaign_id: int) -> NotFound:
    """The error for a campaign that is not there."""
    return NotFound(f"There is no campaign {campaign_id}.")


def list_datasets(session: Session, blobs: BlobStore, campaign_id: int) -> list[dict[str, Any]]:
    """Return what was published of a campaign, newest first, each with a link to its file. Raises NotFound."""
    require_campaign(session, campaign_id)
    rows = session.execute(DATASETS.where(Dataset.campaign_id == campaign_id)).mappings()
    return [{**row, "url": blobs.read_url(row["path"], MEDIA_TYPES[row["kind"]])} for row in rows]
