"""A browser that can keep nothing more: what was drawn is in the page, and is sent from there."""

from collections.abc import Callable

import pytest

from tests.browser.console import Console
from tests.browser.labeling import Labeling
from tests.browser.pictures import Photographed
from tests.browser.test_label import start

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]


def fill_disk(labeling: Labeling) -> None:
    """Let the browser refuse every further byte for this origin."""
    browser = labeling.console.context.new_cdp_session(labeling.page)
    browser.send("Storage.overrideQuotaForOrigin", {"origin": labeling.console.url, "quotaSize": 1})


def test_full_disk_loses_no_box(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    fill_disk(labeling)
    labeling.drag(400, 400, 600, 500)
    labeling.count(2)
    labeling.saved()
    assert len(labeling.drafted(0)) == 2
    labeling.drag(700, 400, 800, 500)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    state, objects = labeling.submitted(0)
    assert (state, len(objects)) == ("labeled", 3)


def test_full_disk_and_no_network_lose_no_box(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    fill_disk(labeling)
    labeling.console.context.set_offline(True)
    labeling.drag(100, 100, 300, 200)
    labeling.unsent(1)
    labeling.drag(400, 400, 600, 500)
    labeling.count(2)
    labeling.unsent(1)
    labeling.console.context.set_offline(False)
    labeling.saved()
    assert len(labeling.drafted(0)) == 2
