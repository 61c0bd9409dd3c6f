"""What the tests do with the web console, and what the browser tells of it: faults, blocked scripts, requests to strangers."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route, expect

from tests.caller import Caller
from tests.workers import ROOT

AXE = (ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js").read_text
# WCAG 2.0 to 2.2, levels A and AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
RUN_AXE = """async (rules) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"] });
  const describe = (nodes) => nodes.map((node) => node.html).join(" | ").slice(0, 600);
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${describe(nodes)}`);
}"""
REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});"""
# The browser writes this of each request that the service refuses or that the network loses, which tests want to happen.
EXPECTED = "Failed to load resource"
LOCAL_SCHEMES = ("data", "blob", "about")

# A busy machine is slow, not wrong.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


class Console:
    """One tab of the console, seen by somebody who reads, clicks and types; `page` is Playwright's."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.page: Page = context.new_page()
        # What was written to the console as an error, and what no code has caught.
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        """Collect what a page reports; for further tabs of the same context."""
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", self._keep_error)
        page.on("pageerror", lambda error: self.faults.append(f"Uncaught: {error}"))
        page.on("request", self._keep_request)

    def _keep_error(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.faults.append(message.text)

    def _keep_request(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in LOCAL_SCHEMES:
            self.requests.append(request.url)

    def open(self, path: str = "/") -> None:
        """Load an address of the console anew."""
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, caller: Caller) -> None:
        """Fill in both parts of a key, as a person does, and wait until the service has taken them."""
        self.page.get_by_label("Key", exact=True).fill(str(caller.key))
        self.page.get_by_label("Secret").fill(str(caller.secret))
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def see(self, words: str) -> None:
        """Wait until the page shows these words."""
        expect(self.page.get_by_text(words).first).to_be_visible()

    def hold(self, pattern: str) -> list[Route]:
        """Let requests to these addresses (a glob) wait; return the list that they come into, each until `continue_()`."""
        held: list[Route] = []

        def keep(route: Route) -> None:
            held.append(route)

        self.page.route(pattern, keep)
        return held

    def axe(self) -> list[str]:
        """Return what axe finds against WCAG 2.2 A and AA on the page as it is now."""
        # Not as a <script>, which the policy of the pages forbids.
        self.page.evaluate(AXE())
        found: list[str] = self.page.evaluate(RUN_AXE, RULES)
        return found

    def picture(self, file: Path) -> None:
        """Take a screenshot."""
        self.page.screenshot(path=file)

    def strangers(self, blob_origin: str) -> list[str]:
        """Return the requests that went neither to the service nor to the storage."""
        return [url for url in self.requests if not url.startswith((f"{self.url}/", f"{blob_origin}/"))]

    def stored(self) -> Any:
        """Return everything that the page keeps in the browser outside of IndexedDB."""
        return self.page.evaluate("() => [{...localStorage}, {...sessionStorage}, document.cookie]")
