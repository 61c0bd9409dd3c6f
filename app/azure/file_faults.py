"""What can be wrong with one file, and its message: the storage service copies and reads other files, and not this one."""

from typing import ClassVar

from azure.core.exceptions import AzureError, HttpResponseError

from app.azure.outage import NO_BLOB, NO_CONTAINER, error_code, is_answer

ARCHIVED, REHYDRATING = "BlobArchived", "BlobBeingRehydrated"
# A condition of the request did not hold: the file, or what lies at the place of its copy, is another one by now.
CHANGED = ("ConditionNotMet", "SourceConditionNotMet", "TargetConditionNotMet")
NO_SOURCE = "CannotVerifyCopySource"

_NOT_FOUND = "The storage service does not find the file by its name"
_REFUSED = "The storage service refuses this file, and no others"
_NOT_ACCEPTED = "The storage service does not accept the name or a property of the file"
_LEASED = "Somebody holds a lease on the copy"
_MESSAGES = {
    ARCHIVED: "The file is in the archive tier, and the storage service does not copy or read it from there",
    REHYDRATING: "The storage service is still moving the file out of the archive tier",
    **dict.fromkeys((NO_BLOB, NO_SOURCE, NO_CONTAINER), _NOT_FOUND),
    **dict.fromkeys(CHANGED, "The file changed after it was listed"),
    "AuthenticationFailed": _REFUSED,
    "AuthorizationFailure": _REFUSED,
    "AuthorizationPermissionMismatch": _REFUSED,
    "InvalidHeaderValue": _NOT_ACCEPTED,
    "InvalidInput": _NOT_ACCEPTED,
    "InvalidMetadata": _NOT_ACCEPTED,
    "InvalidResourceName": _NOT_ACCEPTED,
    "InvalidUri": _NOT_ACCEPTED,
    "OutOfRangeInput": _NOT_ACCEPTED,
    "LeaseIdMissing": _LEASED,
    "LeaseAlreadyPresent": _LEASED,
    "BlobImmutableDueToPolicy": "A policy of the storage account forbids changes at the place of the copy",
    "BlobImmutableDueToLegalHold": "A legal hold forbids changes at the place of the copy",
    "BlobUsesCustomerSpecifiedEncryption": "The file is encrypted with a key that only its uploader has",
}


class FileFault(Exception):
    """One file cannot be copied or read for now; the message says why and holds no secret. Trying again is safe.

    `kind` is that of the problem which it becomes when it lasts.
    """

    kind: ClassVar[str]


class CopyFailed(FileFault):
    """A file cannot be copied."""

    kind = "copy_failed"


class NameTaken(CopyFailed):
    """Another file lies at the place of the copy."""

    kind = "name_taken"


class ReadFailed(FileFault):
    """A file cannot be read."""

    kind = "unreadable"


class CopyPending(Exception):
    """The storage service is still copying a file, which may take hours; the message says what it does."""


def is_missing(error: AzureError) -> bool:
    """True when the storage service answers that there is no such file; for the source of a copy that may be a 500."""
    if not isinstance(error, HttpResponseError):
        return False
    return is_answer(error, 404, NO_BLOB) or (error_code(error) == NO_SOURCE and error.status_code in (404, 500))


def is_no_container(error: AzureError) -> bool:
    """True when the storage service says that there is no such container."""
    return isinstance(error, HttpResponseError) and is_answer(error, 404, NO_CONTAINER)


def describe_fault(error: AzureError) -> str:
    """Return what is wrong with a file, in one sentence with the storage service's own name of the error."""
    code = error_code(error)
    return f"{_MESSAGES.get(code, 'The storage service fails for this file, and not for others')} ({code})."
