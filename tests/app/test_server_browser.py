"""The app as a server: real browsers behind a real proxy, and headers that are forged."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from formcheck.service.turns import OWN
from tests.helpers import app_server
from tests.helpers.app_server import Server, calm, needs_chromium, needs_model
from tests.helpers.gym import LIFTERS, fill
from tests.helpers.proxy import proxy

pytestmark = needs_chromium

browser = app_server.browser
expect = app_server.playwright_api.expect

SECRET = "correct horse battery staple, 2026"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    fill(folder)
    options = ("--server", "--sign-in", "proxy", "--public-url", "http://gym.example")
    known = {"FORMCHECK_PROXY_SECRET": SECRET, "FORMCHECK_PROXY_ADDRESSES": "127.0.0.1"}
    with Server(folder, *options, **known) as running:
        yield running


@contextlib.contextmanager
def opened(
    browser: Any, server: Server, path: str, headers: Sequence[str], strip: Sequence[str] = ("x-forwarded-email",)
) -> Iterator[Any]:
    """A page of the app behind a proxy that adds these headers."""
    with proxy(server.port, headers, strip) as port, contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.set_default_timeout(app_server.PATIENCE_MS)
        page.goto(f"http://localhost:{port}/{path}")
        page.locator("h1").first.wait_for()
        calm(page)
        yield page


def signed_in(name: str) -> list[str]:
    return [f"X-Forwarded-Email: {name}", f"X-FormCheck-Proxy-Secret: {SECRET}"]


@pytest.mark.parametrize(
    ("name", "sees"), [("anna@gym.example", ["Anna"]), ("COACH@gym.example", ["Anna", "Ben"])], ids=["lifter", "coach"]
)
def test_each_sees_what_is_theirs(browser: Any, server: Server, tmp_path: Path, name: str, sees: list[str]) -> None:
    with opened(browser, server, "history", signed_in(name)) as page:
        expect(page.get_by_text(f"Signed in as {name.lower()}")).to_be_visible()
        expect(page.get_by_role("button", name="Open set")).to_have_count(len(sees))
        body = page.inner_text("body")
        assert {lifter for lifter in LIFTERS if lifter in body} == set(sees)
        page.get_by_role("tab", name="Backup").click()
        expect(page.get_by_role("heading", name="Import")).to_have_count(0)
        with page.expect_download() as download:
            page.get_by_text("Export everything").click()
        download.value.save_as(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        text = archive.read("history.json").decode()
    assert {lifter for lifter in LIFTERS if f"notes of {lifter}" in text} == set(sees)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["X-Forwarded-Email: anna@gym.example"],
        ["X-Forwarded-Email: anna@gym.example", "X-FormCheck-Proxy-Secret: wrong"],
        ["X-Forwarded-Email: anna@gym.example", *signed_in("carl@gym.example")],
        ["X-Forwarded-Email: anna@gym.example, carl@gym.example", f"X-FormCheck-Proxy-Secret: {SECRET}"],
        ["X_Forwarded_Email: anna@gym.example", f"X-FormCheck-Proxy-Secret: {SECRET}"],
        [*signed_in("anna@gym.example"), "X-Forwarded-For: 10.9.9.9", f"X-FormCheck-Proxy-Secret: {SECRET}"],
    ],
    ids=["none", "no secret", "wrong secret", "two names", "names in one", "underscores", "two secrets"],
)
def test_forged_headers_open_nothing(browser: Any, server: Server, headers: list[str]) -> None:
    with opened(browser, server, "history", headers) as page:
        expect(page.get_by_text("Nobody is signed in")).to_be_visible()
        body = page.inner_text("body")
        assert not [lifter for lifter in ("Anna", "Ben", "Carl", "Export") if lifter in body]


def test_a_header_does_not_change_from_where_a_connection_is(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    fill(folder)
    options = ("--server", "--sign-in", "proxy", "--public-url", "http://gym.example")
    with Server(folder, *options, FORMCHECK_PROXY_ADDRESSES="10.0.0.2") as server:
        forged = ["X-Forwarded-Email: anna@gym.example", "X-Forwarded-For: 10.0.0.2", "X-Real-IP: 10.0.0.2"]
        with opened(browser, server, "history", forged) as page:
            expect(page.get_by_text("Nobody is signed in")).to_be_visible()


def test_somebody_without_an_account_is_told_so(browser: Any, server: Server) -> None:
    with opened(browser, server, "history", signed_in("eve@gym.example")) as page:
        expect(page.get_by_text("There is no account for eve@gym.example here")).to_be_visible()
        expect(page.get_by_role("button", name="Open set")).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["history?set=2", "history?open=3&set_id=3", "check?set_id=2", "settings", "live", "train"]
)
def test_no_address_leads_to_anothers_sets(browser: Any, server: Server, path: str) -> None:
    with opened(browser, server, path, signed_in("anna@gym.example")) as page:
        body = page.inner_text("body")
        assert not [lifter for lifter in ("Ben", "Carl") if lifter in body]


def workers(server: Server) -> list[psutil.Process]:
    """Processes of the app that analyse, or wait to."""
    assert server.process is not None
    children = psutil.Process(server.process.pid).children()
    return [each for each in children if "formcheck.service.worker" in each.cmdline()]


@needs_model
def test_a_second_analysis_of_an_account_waits_and_is_done_after_the_first(browser: Any, server: Server) -> None:
    with contextlib.ExitStack() as stack:
        first, second = (
            stack.enter_context(opened(browser, server, "", signed_in("anna@gym.example"))) for _ in range(2)
        )
        # The process that waits for the first job is held, so that it cannot be done before the second is begun.
        (held,) = workers(server)
        held.suspend()
        try:
            first.get_by_role("button", name="Squat, shallow").click()
            expect(first.get_by_text("Starting")).to_be_visible()
            second.get_by_role("button", name="Squat, shallow").click()
            expect(second.get_by_text(OWN)).to_be_visible()
        finally:
            held.resume()
        for page in (first, second):
            expect(page.get_by_role("tab", name="Judge again")).to_be_visible()
