"""The web console: pages that `console/` is built into, served from memory and closed against foreign scripts."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from werkzeug.http import parse_accept_header, parse_etags

from app.web.routing import path_below_root, refuse_method

BUILT = Path(__file__).parent / "built"
INDEX = "index.html"
# Everything that has a hash of its content in its name lies here.
ASSETS = "/assets/"
# These belong to the API and to operators: an unknown path below them is a 404 in their own form, never a page.
OTHER_ROOMS = ("/api", "/info", "/metrics")
# The best encoding first; the build leaves a file of each beside the plain one.
ENCODINGS = {"br": ".br", "gzip": ".gz"}
IMMUTABLE = "public, max-age=31536000, immutable"
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>LabelAPI</title>
<h1>LabelAPI</h1>
<p>The web console is not built in this installation. <code>make install</code> builds it, and so does the Dockerfile.</p>
<p>The API is here: <a href="./api/v1/ui/">Swagger UI</a>.</p>
"""


@dataclass(frozen=True)
class File:
    """One built file: its content by encoding ("" is plain), and its media type."""

    contents: Mapping[str, bytes]
    media_type: str


class Console:
    """ASGI layer: serves the console at the root of the service, and its index page at every path that only the console knows.

    `blob_origin` is the origin of the storage account, from which the pages show and to which they upload files. Without
    built files the root says so in words.
    """

    def __init__(self, app: ASGIApp, blob_origin: str, folder: Path = BUILT) -> None:
        self.app = app
        self._files = read_files(folder)
        self._index = index_of(folder)
        self._headers = {
            "Content-Security-Policy": content_security_policy(blob_origin),
            # Signed links must not reach other sites as the address that a page came from.
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_below_root(scope) if scope["type"] == "http" else None
        if path is None or not self._is_ours(path, scope):
            await self.app(scope, receive, send)
        elif scope["method"] != "GET":
            await refuse_method({"GET"}, scope, receive, send)
        else:
            file = self._files.get(path)
            response = self._send_file(path, file, scope) if file else self._send_index(scope)
            await response(scope, receive, send)

    def _is_ours(self, path: str, scope: Scope) -> bool:
        if path in ("", "/") or path in self._files:
            return True
        is_elsewhere = any(f"{path}/".startswith(f"{room}/") for room in (*OTHER_ROOMS, ASSETS.rstrip("/")))
        if is_elsewhere or "//" in path or scope["method"] != "GET" or not self._index:
            return False
        # A missing file is a 404 for whoever wants a file, and the index page for whoever opens an address.
        return "text/html" in Headers(scope=scope).get("accept", "")

    def _send_file(self, path: str, file: File, scope: Scope) -> Response:
        accepted = parse_accept_header(Headers(scope=scope).get("accept-encoding"))
        encoding = next((name for name in ENCODINGS if name in file.contents and accepted[name] > 0), "")
        caching = IMMUTABLE if path.startswith(ASSETS) else "no-cache"
        headers = {**self._headers, "Cache-Control": caching, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(file.contents[encoding], headers=headers, media_type=file.media_type)

    def _send_index(self, scope: Scope) -> Response:
        prefix = scope.get("root_path", "")
        page = (self._index or NOT_BUILT).replace('"./', f'"{prefix}/')
        etag = hashlib.sha256(page.encode()).hexdigest()[:32]
        headers = {**self._headers, "Cache-Control": "no-cache", "ETag": f'"{etag}"', "Vary": "X-Forwarded-Prefix"}
        if parse_etags(Headers(scope=scope).get("if-none-match")).contains_weak(etag):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(page, headers=headers)


def content_security_policy(blob_origin: str) -> str:
    """Return the policy (W3C, CSP level 3, and Trusted Types): files of this origin, nothing inline, and one other host."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: {blob_origin};"
        f" connect-src 'self' {blob_origin}; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'"
    )


def build_of(folder: Path = BUILT) -> str | None:
    """Return what names the build in this folder: another one has other files. None without one."""
    index = index_of(folder)
    return hashlib.sha256(index.encode()).hexdigest()[:16] if index else None


def index_of(folder: Path) -> str:
    """Return the built index page, empty where nothing is built."""
    page = folder / INDEX
    return page.read_text() if page.is_file() else ""


def read_files(folder: Path) -> dict[str, File]:
    """Return the built files but the index page, by their paths in the service."""
    suffixes = ("", *ENCODINGS.values())
    plain = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in suffixes[1:]]
    return {f"/{path.relative_to(folder).as_posix()}": _read_file(path) for path in plain if path.name != INDEX}


def _read_file(path: Path) -> File:
    contents = {"": path.read_bytes()}
    for name, suffix in ENCODINGS.items():
        packed = path.with_name(path.name + suffix)
        if packed.is_file():
            contents[name] = packed.read_bytes()
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(contents, MEDIA_TYPES.get(path.suffix, guessed))
