"""The audit: who changed users, roles, keys, upload links and statuses, from where and when."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, insert, select, text
from sqlalchemy.orm import Session

from app.errors import BadRequest
from app.models import AuditEntry, User
from app.models.users import MAX_EMAIL_LENGTH
from app.representations.audit import AUDIT
from app.representations.pages import Listing, Page, fetch_page
from app.services.text import read_query_text
from app.services.times import read_time

# Where a session's own notes hold who its changes are made by.
ACTOR = "actor"

# Shorter than the largest id, which nobody has.
USER_ID = re.compile("[0-9]{1,18}")


class Action(StrEnum):
    """What can be done to a subject."""

    CREATE_USER = "create_user"
    ENABLE_USER = "enable_user"
    DISABLE_USER = "disable_user"
    GRANT_ROLE = "grant_role"
    REVOKE_ROLE = "revoke_role"
    CREATE_API_KEY = "create_api_key"
    ROTATE_API_KEY = "rotate_api_key"
    REVOKE_API_KEY = "revoke_api_key"
    CREATE_SESSION_KEY = "create_session_key"
    END_SESSION_KEY = "end_session_key"
    CREATE_UPLOAD_LINK = "create_upload_link"
    REVOKE_UPLOAD_LINKS = "revoke_upload_links"
    CHANGE_STATUS = "change_status"
    UPDATE_IMAGE_SET = "update_image_set"
    DELETE_IMAGE_SET = "delete_image_set"
    CANCEL_JOB = "cancel_job"
    UPDATE_IMAGE = "update_image"
    REMOVE_IMAGES = "remove_images"
    ARCHIVE_CAMPAIGN = "archive_campaign"
    UNARCHIVE_CAMPAIGN = "unarchive_campaign"
    DELETE_CAMPAIGN = "delete_campaign"
    WITHDRAW_IMAGE = "withdraw_image"


class SubjectType(StrEnum):
    """What is changed."""

    USER = "user"
    API_KEY = "api_key"
    IMAGE_SET = "image_set"
    CAMPAIGN = "campaign"
    IMAGE = "image"
    JOB = "job"


@dataclass(frozen=True)
class Actor:
    """Who makes changes: the user, the key, the client address and the id of a request, or who runs a command."""

    user_id: int | None = None
    api_key_id: int | None = None
    address: str | None = None
    request_id: str | None = None
    os_user: str | None = None


@dataclass(frozen=True)
class AuditFilter:
    """What a caller wants of the audit; None lets all through.

    `user` is the id or the e-mail address of who made the change. `date_from` (inclusive) and `date_to` (exclusive) are times
    as in RFC 3339.
    """

    user: str | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: int | None = None
    date_from: str | None = None
    date_to: str | None = None

    def filters(self) -> list[ColumnElement[bool]]:
        """Return the filters. Raises BadRequest for values that contradict each other."""
        if self.subject_id is not None and self.subject_type is None:
            raise BadRequest("subject_id requires subject_type, because a user and a campaign may have the same id.")
        begin, end = read_time("from", self.date_from), read_time("to", self.date_to)
        if begin and end and begin >= end:
            raise BadRequest("from must be before to.")
        found: list[ColumnElement[bool]] = []
        if self.user:
            found.append(self._by_user(self.user))
        if self.action is not None:
            found.append(AuditEntry.action == self.action)
        if self.subject_type is not None:
            found.append(AuditEntry.subject_type == self.subject_type)
        if self.subject_id is not None:
            found.append(AuditEntry.subject_id == self.subject_id)
        if begin is not None:
            found.append(AuditEntry.date_created >= begin)
        if end is not None:
            found.append(AuditEntry.date_created < end)
        return found

    @staticmethod
    def _by_user(user: str) -> ColumnElement[bool]:
        if USER_ID.fullmatch(user):
            return AuditEntry.user_id == int(user)
        email = read_query_text(user, "user", MAX_EMAIL_LENGTH)
        user_id = select(User.id).where(func.lower(User.email) == func.lower(email)).scalar_subquery()
        return AuditEntry.user_id == user_id


def act_as(session: Session, actor: Actor) -> None:
    """Let the changes of this session be recorded as those of `actor`."""
    session.info[ACTOR] = actor


RECORD_EACH = text("""
INSERT INTO audit (action, subject_type, subject_id, user_id, api_key_id, address, request_id, os_user, details)
SELECT :action, :subject_type, subject_id, :user_id, :api_key_id, :address, :request_id, :os_user, details
FROM json_to_recordset(:changes) AS changed (subject_id bigint, details jsonb)
ORDER BY subject_id
""")


def record(session: Session, action: Action, subject_type: SubjectType, subject_id: int, **details: Any) -> None:
    """Record a change in the transaction of the session, by who acts in it. `details` holds no secrets.

    Each value is one that JSON has, or a time.
    """
    values = asdict(session.info.get(ACTOR, Actor())) | {
        "action": action,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "details": {name: _plain(value) for name, value in details.items()},
    }
    session.execute(insert(AuditEntry).values(values))


def record_each(
    session: Session, action: Action, subject_type: SubjectType, details: Mapping[int, Mapping[str, Any]]
) -> None:
    """Record the same change of many subjects, each with its own details, as `record` does for one."""
    changes = [{"subject_id": subject_id, "details": found} for subject_id, found in details.items()]
    values = asdict(session.info.get(ACTOR, Actor())) | {
        "action": action,
        "subject_type": subject_type,
        "changes": orjson.dumps(changes, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode(),
    }
    session.execute(RECORD_EACH, values)


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value


def list_audit(session: Session, page: Page, audit_filter: AuditFilter) -> Listing:
    """Return a page of the changes that `audit_filter` lets through, newest first. Raises BadRequest."""
    return fetch_page(session, "audit", AUDIT.where(*audit_filter.filters()), page, newest_first=True)
