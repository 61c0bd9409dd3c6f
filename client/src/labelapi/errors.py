"""What can go wrong, in words, each with the exit code of the command."""

from __future__ import annotations

from typing import Any, ClassVar

DONE, REFUSED, WRONG_USAGE, NOT_ALLOWED, UNREACHABLE, LEFT_OUT, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


class LabelAPIError(Exception):
    """Something that the caller should read; `hint` says what to do next."""

    exit_code: ClassVar[int] = REFUSED
    title: ClassVar[str] = "Refused"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def problem(self) -> dict[str, Any]:
        """Return it in the form of the problem documents that the service answers with (RFC 9457)."""
        return {"type": "about:blank", "title": self.title, "status": None, "detail": self.message, "errors": []}


class Refused(LabelAPIError):
    """The service answered with an error; `document` is its problem document."""

    def __init__(self, status: int, document: dict[str, Any], hint: str | None = None) -> None:
        super().__init__(
            str(document.get("detail") or document.get("title") or f"The service answered {status}."), hint
        )
        self.status = status
        self.document = document

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The single faults and their places."""
        return list(self.document.get("errors") or [])

    def problem(self) -> dict[str, Any]:
        return self.document


class NotAllowed(Refused):
    """The key does not work, or does not give access."""

    exit_code = NOT_ALLOWED


class NotSignedIn(LabelAPIError):
    """There is no key to send."""

    exit_code = NOT_ALLOWED
    title = "Not signed in"


class UsageError(LabelAPIError):
    """What was asked for cannot be done like this."""

    exit_code = WRONG_USAGE
    title = "Wrong usage"


class Unreachable(LabelAPIError):
    """Nobody answers, or the service is out of order for longer than one is willing to wait."""

    exit_code = UNREACHABLE
    title = "Not reachable"


class StorageError(LabelAPIError):
    """The blob storage refuses a file."""

    title = "Refused by the storage"


class LocalError(LabelAPIError):
    """This machine cannot read or write a file: its disk is full, or the folder belongs to somebody else."""

    title = "Not written"


class NotFound(LabelAPIError):
    """There is nothing of this name."""

    title = "Not found"


class JobFailed(LabelAPIError):
    """A background job did not succeed."""

    title = "Job failed"


class DryRun(Exception):
    """A request that would change something was not sent, because nothing is to be changed."""

    def __init__(self, method: str, path: str, body: Any) -> None:
        super().__init__(f"{method} {path}")
        self.method, self.path, self.body = method, path, body
