"""The console in a real browser: sign in, sessions over tabs and time, and what every screen must be."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connexion import FlaskApp
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect

from app.database.engine import db
from app.services import users
from app.settings import Settings
from tests.browser.console import Console
from tests.browser.pictures import Photographed
from tests.caller import Caller
from tests.conftest import Labelled
from tests.nginx import nginx
from tests.web_server import free_port, web_server

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
SESSION = re.compile(r"lsk_[0-9A-Za-z]{22}")


def tell_other_user(app: Flask, http: Any, email: str, role: str) -> Caller:
    with app.app_context():
        _, pair = users.create_user(db.session(), email, role)
        db.session.commit()
    return Caller(http, pair.apikey, pair.apisecret)


def test_key_is_exchanged_and_not_kept(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    console.see("Overview")
    expect(console.page).to_have_url(re.compile("/overview$"))
    local, session, cookies = console.stored()
    everything = f"{local} {session} {cookies}"
    assert str(admin.secret) not in everything
    assert str(admin.key) not in everything
    assert cookies == ""
    assert "lsk_" not in str(local)
    assert SESSION.search(str(session))
    assert not any("lsk_" in url or "lss_" in url for url in console.requests)


def test_wrong_keys_are_refused_in_words(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console()
    console.page.get_by_label("Key", exact=True).fill(str(admin.key))
    console.page.get_by_label("Secret").fill("lss_" + "x" * 49)
    console.page.get_by_role("button", name="Sign in").click()
    expect(console.page.get_by_role("alert")).to_contain_text("key")
    console.page.get_by_label("Secret").fill("no\u2028header")
    console.page.get_by_role("button", name="Sign in").click()
    expect(console.page.get_by_role("alert")).to_contain_text("letters, digits")
    assert console.stored()[1] == {}


def test_keys_of_earlier_swagger_ui_are_removed(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console()
    console.page.evaluate("() => localStorage.setItem('authorized', 'both parts')")
    console.open()
    console.sign_in(admin)
    assert "authorized" not in console.stored()[0]


def test_reload_and_new_tab_keep_the_session_and_sign_out_ends_it_everywhere(
    make_console: MakeConsole, admin: Caller
) -> None:
    console = make_console(admin)
    console.page.reload()
    console.see("Overview")
    other: Page = console.context.new_page()
    console.watch(other)
    other.goto(f"{console.url}/jobs")
    expect(other.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    session = other.evaluate("() => JSON.parse(sessionStorage['labelapi.session'])")
    other.get_by_role("button", name="Sign out").click()
    for page in (other, console.page):
        expect(page).to_have_url(f"{console.url}/")
        expect(page.get_by_role("heading", name="Sign in to LabelAPI")).to_be_visible()
        assert page.evaluate("() => ({...sessionStorage})") == {}
    # The page does not wait for the service.
    ended = Caller(admin.http, session["key"], session["secret"])
    deadline = time.monotonic() + 30
    while ended.get("/whoami").response.status_code != 401:
        assert time.monotonic() < deadline
        other.wait_for_timeout(100)


def test_ended_session_asks_again_and_keeps_the_page(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin, "/audit")
    field = console.page.get_by_label("User (e-mail address or number)")
    field.press_sequentially("somebody")
    session = console.page.evaluate("() => JSON.parse(sessionStorage['labelapi.session'])")
    Caller(admin.http, session["key"], session["secret"]).delete("/session_keys/current").expect(200)
    # The change of the field asks the service, which refuses.
    field.press("Tab")
    dialog = console.page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_contain_text("ada@example.org")
    expect(field).to_have_value("somebody")
    console.sign_in(admin)
    expect(dialog).to_be_hidden()
    # The request that was refused has been sent again.
    console.see("Nothing was changed here")
    expect(console.page).to_have_url(re.compile(r"/audit\?user=somebody$"))


def test_another_user_gets_nothing_of_an_interrupted_page(
    make_console: MakeConsole, app: Flask, http: Any, admin: Caller
) -> None:
    other = tell_other_user(app, http, "grace@example.org", "reader")
    console = make_console(admin, "/users")
    session = console.page.evaluate("() => JSON.parse(sessionStorage['labelapi.session'])")
    Caller(http, session["key"], session["secret"]).delete("/session_keys/current").expect(200)
    console.page.get_by_role("link", name="Jobs").click()
    expect(console.page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    console.sign_in(other)
    expect(console.page).to_have_url(re.compile("/overview$"))
    expect(console.page.get_by_text("grace@example.org")).to_be_visible()
    expect(console.page.get_by_role("link", name="Audit")).to_have_count(0)


def test_partner_sees_the_own_campaign(make_console: MakeConsole, labelled: Labelled) -> None:
    console = make_console(labelled.partner)
    card = console.page.get_by_role("region", name=labelled.title)
    expect(card).to_contain_text("0 of 4")
    expect(console.page.get_by_role("link", name="Users")).to_have_count(0)


def test_unknown_address_says_so(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin, "/nothing/here")
    console.see("There is no page at this address")


def test_page_of_an_earlier_version_asks_for_a_reload(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    answer = console.page.request.get(f"{console.url}/info/console").json()
    console.page.route("**/info/console", lambda route: route.fulfill(json={**answer, "build": "another"}))
    console.page.evaluate("() => dispatchEvent(new Event('focus'))")
    console.see("The service has a new version")
    console.page.unroute("**/info/console")
    console.page.get_by_role("button", name="Reload").click()
    expect(console.page.get_by_text("The service has a new version")).to_have_count(0)
    console.see("Overview")


def test_keys_are_listed_and_can_be_turned_off(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    console.page.keyboard.press("?")
    sheet = console.page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("Show this sheet")
    sheet.get_by_label("Take keys without Ctrl as commands").uncheck()
    console.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    console.page.keyboard.press("?")
    expect(sheet).to_be_hidden()
    console.page.get_by_role("button", name="Keys", exact=True).click()
    expect(sheet).to_be_visible()


def test_colors_follow_the_choice(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = console.page.evaluate(ground)
    console.page.get_by_role("button", name="Colors: As the system").click()
    console.page.get_by_role("button", name="Colors: Light").click()
    assert console.page.evaluate(ground) != light
    console.page.reload()
    console.see("Overview")
    assert console.page.evaluate(ground) != light


SCREENS = ["/", "/overview", "/jobs", "/jobs/1", "/users", "/users/1", "/audit", "/nothing"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screens_have_no_barrier(make_console: MakeConsole, photographed: Photographed, scheme: str) -> None:
    console = make_console(color_scheme=scheme)
    assert console.axe() == []
    console.sign_in(photographed.admin)
    found = {}
    for path in SCREENS:
        console.open(path)
        expect(console.page.locator("main h1, main h2").first).to_be_visible()
        console.page.wait_for_load_state("networkidle")
        found[path] = console.axe()
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_console_works_under_the_path_prefix_of_a_proxy(
    chromium: Browser, server: FlaskApp, settings: Settings, admin: Caller, tmp_path: Path
) -> None:
    own = settings.model_copy(update={"web_workers": 1, "trusted_proxies": "127.0.0.1"})
    with web_server(own, tmp_path / "web.log") as running:
        location = f"location /labels/ {{ proxy_pass {running.url}/; proxy_set_header X-Forwarded-Prefix /labels; }}"
        with nginx(tmp_path / "nginx", free_port(), location) as url, chromium.new_context() as context:
            console = Console(context, f"{url}/labels")
            console.open("/audit?user=nobody")
            console.sign_in(admin)
            console.see("Nothing was changed here")
            console.page.get_by_role("link", name="Jobs").click()
            expect(console.page).to_have_url(f"{url}/labels/jobs")
            console.page.reload()
            console.see("There are no jobs yet")
            console.page.go_back()
            console.see("Nothing was changed here")
            assert console.faults == []
            assert [sent for sent in console.requests if not sent.startswith(f"{url}/labels/")] == []


def test_lost_network_is_said_and_ends(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    console.page.get_by_role("link", name="Audit").click()
    console.see("create session key")
    console.context.set_offline(True)
    console.page.get_by_role("link", name="Audit").click()
    console.page.get_by_label("User (e-mail address or number)").press_sequentially("ada")
    console.page.keyboard.press("Enter")
    expect(console.page.get_by_role("alert")).to_contain_text("The service does not answer.")
    # A part of the page that was never loaded cannot be loaded either.
    console.page.get_by_role("link", name="Jobs").click()
    expect(console.page.get_by_role("alert")).to_contain_text("could not be loaded")
    console.context.set_offline(False)
    console.page.get_by_role("button", name="Try again").click()
    console.see("There are no jobs yet")


def test_short_outage_is_waited_for(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    answers: list[int] = []

    def refuse_once(route: Route) -> None:
        answers.append(503 if not answers else 200)
        if answers[-1] == 200:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "The database does not answer."})

    console.page.route("**/api/v1/audit*", refuse_once)
    console.page.get_by_role("link", name="Audit").click()
    console.see("create session key")
    assert answers == [503, 200]


def test_header_takes_two_lines_on_a_phone(make_console: MakeConsole, admin: Caller) -> None:
    page = make_console(admin, "/overview", viewport={"width": 390, "height": 844}, has_touch=True).page
    for name in ("Keys", "Sign out"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport()
    header = page.locator("header").bounding_box()
    assert header is not None
    assert header["width"] == 390
    assert header["height"] < 100
