"""What the tests do with a browser, and what it tells of the network and of its console."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE_SECONDS = 30
# These name no host: they carry their content in themselves, or are pages that the browser itself holds.
LOCAL_SCHEMES = ("data", "blob", "about", "chrome", "chrome-untrusted")


class Browser:
    """Chromium, seen by somebody who reads and clicks."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.network: list[dict[str, Any]] = []

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, css: str) -> WebElement:
        """Wait for an element that can be seen and used, and return it. Raises TimeoutException."""
        wait = WebDriverWait(self.driver, PATIENCE_SECONDS, poll_frequency=0.05)
        return wait.until(element_to_be_clickable((By.CSS_SELECTOR, css)), f"There is no {css}")

    def click(self, css: str) -> None:
        element = self.find(css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def write(self, css: str, words: str) -> None:
        """Put these words in place of what stands in a field."""
        field = self.find(css)
        self.driver.execute_script("arguments[0].select()", field)
        field.send_keys(words)

    def all(self, css: str) -> list[WebElement]:
        """The elements that are there now."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """What they say."""
        return [element.text for element in self.all(css)]

    def console(self) -> list[str]:
        """What was written to the console since it was last asked, at every level."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The URL of everything that pages have asked a host for so far."""
        return list(self._requests().values())

    def failures(self) -> list[str]:
        """Why requests failed or were blocked so far."""
        ours = self._requests()
        failed = [event for event in self._events("Network.loadingFailed") if event["requestId"] in ours]
        answers = [event["response"] for event in self._events("Network.responseReceived")]
        refused = [answer for answer in answers if answer["status"] >= HTTPStatus.BAD_REQUEST]
        return [f"{event['errorText']} {ours[event['requestId']]}" for event in failed] + [
            f"{answer['status']} {answer['url']}" for answer in refused
        ]

    def picture(self, width: int, height: int, top: str) -> bytes:
        """Return the page from that element on as PNG, of this size in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        # What the mouse points at looks different.
        away = {"type": "mouseMoved", "x": width - 1, "y": height - 1}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", away)
        self.driver.execute_script("arguments[0].scrollIntoView(); document.activeElement.blur()", self.find(top))
        return self.driver.get_screenshot_as_png()

    def _requests(self) -> dict[str, str]:
        sent = {event["requestId"]: event["request"]["url"] for event in self._events("Network.requestWillBeSent")}
        return {number: url for number, url in sent.items() if urlsplit(url).scheme not in LOCAL_SCHEMES}

    def _events(self, name: str) -> list[dict[str, Any]]:
        self.network += [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [event["params"] for event in self.network if event["method"] == name]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        # What was read once is gone from there.
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries
