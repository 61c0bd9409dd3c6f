"""What a check of consistency reports."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One disagreement: the check that found it, what it is about, and what is wrong, as a message.

    `repair` corrects it in the caller's transaction; None where somebody has to decide.
    """

    check: str
    subject: str
    detail: str
    repair: Callable[[], object] | None = None
