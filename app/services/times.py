"""Times that callers write."""

from datetime import UTC, datetime

from app.errors import BadRequest


def parse_time(text: str) -> datetime:
    """Return the time of a text in UTC: RFC 3339 in letters of either case, or a day, which means its beginning in UTC.

    The text has the form of the schema TimeOrDay. Raises ValueError for what that form allows and is no time that Python
    knows, such as leap seconds, February 30, and the year 0.
    """
    time = datetime.fromisoformat(text.upper())
    try:
        # In UTC, because PostgreSQL takes no offset of 16 hours or more.
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def read_time(name: str, value: str | None) -> datetime | None:
    """Return the time of a query parameter, None without one. Raises BadRequest, which names the parameter."""
    try:
        return None if value is None else parse_time(value)
    except ValueError:
        detail = f"{name} is not a valid date or time of the years 1 to 9999 in UTC."
        raise BadRequest(detail, errors=[{"parameter": name, "detail": detail}]) from None
