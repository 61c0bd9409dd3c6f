"""The page where people read and try the API: Swagger UI, from this machine alone and closed against foreign scripts."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

PAGE = Path(__file__).parent / "page"
# The package is used for the files of swagger-ui-dist (Apache-2.0) that it carries, not for its own code.
SWAGGER_UI_DIST = ("flask_swagger_ui", "dist")
METHODS = ("GET", "HEAD")
HEADERS = {
    # Only this server's own files and answers; what Swagger UI draws itself (icons) are data URLs. W3C, CSP level 3.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    # Kept, but asked for again: the files of two versions must not be mixed.
    "Cache-Control": "no-cache",
}


class SwaggerUI:
    """ASGI layer: serves `path` and everything below it."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        files = PageFiles(directory=PAGE, packages=[SWAGGER_UI_DIST], html=True)
        routes = [Route(path, add_slash, methods=list(METHODS)), Mount(path, files)]
        self.app = app
        self._path = path
        self._router = Router(routes, redirect_slashes=False, default=app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and self._path in scope["path"]
        await (self._router if is_page else self.app)(scope, receive, send)


class PageFiles(StaticFiles):
    """Our own page for the files of Swagger UI, and the headers that restrict it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, 304 or 404. Raises HTTPException."""
        if scope["method"] not in METHODS:
            raise HTTPException(405, headers={"Allow": ", ".join(METHODS)})
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


async def add_slash(request: Request) -> Response:
    """Lead to the folder, relative to the address as the caller wrote it, so that it holds behind any proxy."""
    return RedirectResponse(request.url.path.rpartition("/")[2] + "/", headers=HEADERS)
