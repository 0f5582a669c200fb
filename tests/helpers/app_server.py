"""The app as its users start it, and a real browser to look at it with: what the browser tests share.

A test module takes the fixture with ``browser = app_server.browser`` and makes a ``server`` fixture of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from formcheck.vision.models.store import list_models

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
)
pytest.importorskip("streamlit", reason="Streamlit is not installed: pip install 'formcheck[app]'")

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "sample_videos" / "deadlift-rounded.mp4"
PATIENCE_MS = 120_000
playwright_api.expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = os.environ.get("FORMCHECK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium here: apt-get install chromium, or name it in FORMCHECK_CHROMIUM"
)

needs_model = pytest.mark.skipif(
    not any(status.name == "full" and status.hash_ok for status in list_models()),
    reason="the pose model is not here: formcheck models fetch",
)


class Server:
    """The app in folders of its own: ``with Server(folder) as server`` starts it and stops it.

    ``{url}`` in an option stands for the address.
    """

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.environment = os.environ | {
            "FORMCHECK_HISTORY_DIR": str(folder / "history"),
            "FORMCHECK_CONFIG_DIR": str(folder / "settings"),
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "tmp"),
            **environment,
        }
        told = [option.replace("{url}", self.url) for option in options]
        self.line = [sys.executable, "-m", "formcheck", "app", "--no-browser", "--port", str(self.port), *told]
        (folder / "tmp").mkdir()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with (self.folder / "log.txt").open("ab") as log:
            # Started elsewhere, as people do: no file of the checkout's own folder may be needed.
            self.process = subprocess.Popen(
                self.line, stdout=log, stderr=log, env=self.environment, cwd=self.folder, start_new_session=True
            )
        end_s = time.monotonic() + 90.0
        while time.monotonic() < end_s:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(0.2)
        self.stop()
        pytest.fail(f"the app did not start: {(self.folder / 'log.txt').read_text(encoding='utf-8')}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the app with a signal, and all that it started."""
        if self.process is not None:
            # The group may be gone already when the app ended by itself.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            self.process.wait(30)
            self.process = None


@contextlib.contextmanager
def launched(*arguments: str) -> Iterator[Any]:
    """A Chromium, with ``arguments`` added to its command line."""
    with playwright_api.sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *arguments])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("app")) as running:
        yield running


def new_page(
    browser: Any, server: Server, path: str = "", width: int = 1280, scripts: Sequence[str] = (), locale: str = "en-US"
) -> Any:
    """A page of the app, with scripts that run before its own; ``locale`` is that of the browser."""
    page = browser.new_context(
        viewport={"width": width, "height": 900}, accept_downloads=True, reduced_motion="reduce", locale=locale
    ).new_page()
    page.set_default_timeout(PATIENCE_MS)
    for script in scripts:
        page.add_init_script(script)
    page.goto(f"{server.url}/{path}")
    page.locator("h1").first.wait_for()
    calm(page)
    return page


def calm(page: Any) -> None:
    """Wait until the page is not being drawn again: a click in the middle of that may be lost.

    The page is looked at from inside, several times in a row: what a click sets off begins a moment later, and on a
    busy machine that moment and the looks grow longer together.
    """
    page.evaluate("window.quietLooks = 0")
    page.wait_for_function(
        """() => {
            const app = document.querySelector("[data-testid=stApp]");
            const done = app && app.dataset.testScriptState === "notRunning";
            window.quietLooks = done && !app.querySelector("[data-stale=true]") ? window.quietLooks + 1 : 0;
            return window.quietLooks > 8;
        }""",
        polling=50,
    )


def complaints(page: Any) -> list[str]:
    """What axe-core finds wrong with what a page shows now: the rule, and where."""
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    found = page.evaluate(f"{axe}; axe.run(document, {{ resultTypes: ['violations'] }})")
    return [f"{each['id']}: {each['nodes'][0]['target']}" for each in found["violations"]]
