"""The schema AuditEntry, newest first."""

from sqlalchemy import select

from app.models import AuditEntry, User
from app.representations.json import json_object, utc

_USER = select(json_object(user_id=User.id, email=User.email)).where(User.id == AuditEntry.user_id).scalar_subquery()
AUDIT = select(
    AuditEntry.id.label("audit_id"),
    utc(AuditEntry.date_created).label("date_created"),
    AuditEntry.action,
    json_object(type=AuditEntry.subject_type, id=AuditEntry.subject_id).label("subject"),
    _USER.label("user"),
    AuditEntry.api_key_id.label("key_id"),
    AuditEntry.address,
    AuditEntry.request_id,
    AuditEntry.os_user,
    AuditEntry.details,
).order_by(AuditEntry.id.desc())
