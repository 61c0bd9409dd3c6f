"""Texts that would run a script, or change the page, wherever they are taken for HTML, an address or a template."""

from playwright.sync_api import Page

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "</textarea><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "&lt;b&gt;&#60;i&#62;",
    "<math><mtext></table><style><img src=x onerror=alert(1)>",
]
# What these would leave in the page.
INJECTED = (
    "img[src='x'], svg[onload], [onmouseover], script:not([src]), iframe, a[href^='javascript'], math, body b > i"
)


def injected(page: Page) -> list[str]:
    """Return the elements of a page that came from hostile texts."""
    found: list[str] = page.evaluate(
        "(css) => [...document.querySelectorAll(css)].map((one) => one.outerHTML)", INJECTED
    )
    return found
