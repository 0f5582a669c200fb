"""``formcheck app --share`` as a phone's browser meets it: the code, two pages, and the end of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench_live_browser import press_start
from tests.helpers import app_server
from tests.helpers.app_server import ROOT, SAMPLE, Server, calm, needs_chromium, needs_model
from tests.helpers.gym import LIFTERS, fill

pytest.importorskip("segno", reason="not installed: pip install 'formcheck[app]'")

pytestmark = needs_chromium

expect = app_server.playwright_api.expect

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with app_server.launched("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as chromium:
        yield chromium


class Shared(Server):
    """The app with a page for a phone, on this machine's own address."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.shared_port = int(free.getsockname()[1])
        options = ("--share", "--share-address", "127.0.0.1", "--share-port", str(self.shared_port))
        super().__init__(folder, *options)

    @property
    def code(self) -> str:
        """The address that the terminal shows."""
        log = (self.folder / "log.txt").read_text(encoding="utf-8")
        (found,) = re.findall(r"https://\S+", log)
        return str(found)

    def start(self) -> None:
        super().start()
        wait_for(lambda: status(self.shared_port) == 403)


def wait_for(held: Any) -> None:
    end_s = time.monotonic() + 120.0
    while not held():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def status(port: int, path: str = "/", host: str = "127.0.0.1") -> int:
    """What is answered over https; 0 for nothing."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, port, timeout=60, context=context)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", path)
        return connection.getresponse().status
    return 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Shared]:
    fill(tmp_path)
    running = Shared(tmp_path)
    with running:
        yield running


@contextlib.contextmanager
def phone(browser: Any) -> Iterator[Any]:
    with contextlib.closing(browser.new_context(viewport=PHONE, ignore_https_errors=True)) as context:
        page = context.new_page()
        page.set_default_timeout(app_server.PATIENCE_MS)
        yield page


def opened(page: Any, path: str) -> None:
    page.goto(path)
    page.locator("h1").first.wait_for()
    calm(page)


@needs_model
def test_a_phone_uploads_and_lives_and_sees_nothing_else(browser: Any, server: Shared) -> None:
    at = f"https://127.0.0.1:{server.shared_port}"
    with phone(browser) as page, phone(browser) as other:
        page.goto(server.code)
        page.get_by_role("button", name="Use this phone").click()
        page.get_by_role("heading", name="How was your lift?").wait_for()
        calm(page)
        # The code is for one browser.
        assert other.goto(server.code).status == 403
        assert other.goto(f"{at}/").status == 403
        # Neither by its address nor by its link is another page there, nor a set that was saved before.
        for path in ("/history", "/settings", "/train", "/ready", "/formcheck/export/1"):
            assert page.goto(f"{at}{path}").status == 404
        for path in ("/?set=1", "/live?set=1"):
            page.goto(f"{at}{path}")
            assert not [lifter for lifter in LIFTERS if lifter in page.inner_text("body")]
        opened(page, f"{at}/live")
        links = page.locator("header a, [data-testid=stTopNavLink], [data-testid=stSidebarNavLink]").all_inner_texts()
        assert not [each for each in links if "History" in each or "Settings" in each]
        # The camera works, as the page is https.
        press_start(page)
        expect(page.locator(".fc-live .state")).to_be_visible()
        opened(page, f"{at}/")
        page.locator("input[type=file]").set_input_files(SAMPLE)
        page.get_by_role("button", name="Check my lift").click()
        page.get_by_role("tab", name="Judge again").wait_for()
        expect(page.get_by_text("Saved as set 4")).to_be_visible()


def test_the_page_for_the_phone_ends_with_the_app_and_leaves_no_key(server: Shared) -> None:
    assert status(server.shared_port) == 403
    assert not list((server.folder / "tmp").glob("formcheck-share-*"))
    assert server.process is not None
    # The app alone, not its group: the page has to notice by itself.
    server.process.terminate()
    wait_for(lambda: status(server.shared_port) == 0)


def test_only_the_address_that_was_asked_for_listens(server: Shared) -> None:
    assert status(server.shared_port, host="127.0.0.2") == 0
    # The page of this computer stays on this computer, and knows nothing of the code.
    assert server.url.startswith("http://localhost")
    connection = http.client.HTTPConnection("localhost", server.port, timeout=60)
    connection.request("GET", "/join/" + server.code.rpartition("/")[2])
    assert "Use this phone" not in connection.getresponse().read().decode()


TOLD = {"host": "127.0.0.1:1", "token": "t", "token_s": 60.0, "share_s": 60.0, "folder": ""}

WAITS = (
    "import sys, time\nfrom formcheck.app.server.lifetime import from_parent\nfrom_parent(sys.stdin)\ntime.sleep(60)"
)


@pytest.mark.parametrize("ends_by", ["time", "parent"])
def test_the_page_ends_with_its_time_or_its_parent(ends_by: str) -> None:
    told = TOLD | ({"share_s": 0.5} if ends_by == "time" else {})
    with subprocess.Popen(
        [sys.executable, "-c", WAITS],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        if ends_by == "parent":
            process.stdin.close()
        assert process.stderr.readline() == "The page for the phone is closed.\n"
        assert process.wait(60) != 0
