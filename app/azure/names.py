"""The names of containers and blobs: of a dropbox, of a blob in a URL, and of a copy.

A blob name is any text of 1 to 1,024 characters, and whoever holds an upload link chooses it.
"""

import hashlib
import re
from urllib.parse import quote, unquote, urlsplit

MAX_NAME_LENGTH = (
    1024  # Azure counts UTF-16 units: learn.microsoft.com, "Naming and referencing containers, blobs, ..."
)
MAX_CONTAINER_LENGTH = 63  # learn.microsoft.com, "Naming and referencing containers, blobs, and metadata".
DROPBOX_PREFIX = "dropbox-"
MAX_QUOTED_LENGTH = 4096  # Two such names stand in the head of one request, where servers take 16 KiB.
MAX_TAIL_LENGTH = 100
LONG_NAMES = "~"  # Folder of the names that had to be shortened.

_DOTS = frozenset({".", ".."})
_SPECIAL_SEGMENTS = (*_DOTS, LONG_NAMES)
# XML, in which listings come, and PostgreSQL's text cannot hold all of these.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_SEPARATOR = re.compile(r"([/\\])")


def dropbox_name(title: str, number: int = 1) -> str:
    """Return a name for a container into which the images of a set are uploaded: `dropbox-<title>`, and from 2 on `-<number>`.

    A long title is cut, so that a container may have the name.
    """
    end = f"-{number}" if number > 1 else ""
    return DROPBOX_PREFIX + title[: MAX_CONTAINER_LENGTH - len(DROPBOX_PREFIX) - len(end)].rstrip("-") + end


def quote_name(name: str) -> str:
    """Return a blob name as it stands in a URL.

    Clients and servers straighten `a/../b` to `b` in URLs. Where a name has such segments its slashes are encoded too, so
    that there is nothing to straighten; the name stays the same.
    """
    has_dots = not _DOTS.isdisjoint(name.split("/"))
    return quote(name, safe="~()*!.'" if has_dots else "/~()*!.'")


def keep_dot_segments(url: str, endpoint: str) -> str:
    """Return a URL of a blob at `endpoint` in the spelling of `quote_name`, when its name has dot segments.

    Client libraries quote the names that they are given, but not so that dots survive.
    """
    parts = urlsplit(url)
    base = urlsplit(endpoint).path.rstrip("/")
    container, slash, name = parts.path.removeprefix(f"{base}/").partition("/")
    if not slash or not parts.path.startswith(f"{base}/") or not any(part in _DOTS for part in name.split("/")):
        return url
    return parts._replace(path=f"{base}/{container}/{quote_name(unquote(name))}").geturl()


def target_path(prefix: str, blob_name: str) -> str:
    """Return the path below the folder `prefix` to which a blob of this name is copied: `<prefix>/<blob name>`.

    Some names are changed, each to a path of its own, so that the path stays below `prefix` where clients straighten it:

    - Segments `.`, `..` and `~`, and control characters, are percent-encoded; so are segments that would read like these
      once decoded, however often: `a/../b` becomes `a/%2E%2E/b`, and `a/%2E%2E/b` becomes `a/%252E%252E/b`.
    - A name that is too long for the prefix becomes `~/<SHA-256 of the name>/<the end of its last segment>`.
    """
    name = "".join(_safe_segment(segment) for segment in _SEPARATOR.split(blob_name))
    path = f"{prefix}/{name}"
    if _is_short(path):
        return path
    digest = hashlib.sha256(blob_name.encode()).hexdigest()
    tail = _SEPARATOR.split(name)[-1][-MAX_TAIL_LENGTH:]
    return f"{prefix}/{LONG_NAMES}/{digest}/{tail}"


def printable(name: str) -> str:
    """Return a name as people may read it, control characters percent-encoded, cut after 200 characters."""
    return _CONTROL.sub(lambda found: quote(found[0]), name)[:200]


def _safe_segment(segment: str) -> str:
    if not _is_risky(segment):
        return segment
    encoded = _CONTROL.sub(lambda found: quote(found[0]), segment.replace("%", "%25"))
    if encoded in _SPECIAL_SEGMENTS:
        return "".join(f"%{ord(character):02X}" for character in encoded)
    return encoded


def _is_risky(segment: str) -> bool:
    """True when a segment, or what it becomes when it is decoded any number of times, is special or holds a control."""
    while True:
        if segment in _SPECIAL_SEGMENTS or _CONTROL.search(segment):
            return True
        decoded = unquote(segment)
        if decoded == segment:
            return False
        segment = decoded


def _is_short(path: str) -> bool:
    return len(path.encode("utf-16-le")) // 2 <= MAX_NAME_LENGTH and len(quote_name(path)) <= MAX_QUOTED_LENGTH
