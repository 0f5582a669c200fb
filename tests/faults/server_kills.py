"""Kills the app's server as a browser uses it, with SIGKILL at random moments of an analysis, and starts it again."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import psutil

from formcheck.app.private_folder import FOLDER_PREFIX
from formcheck.storage.history import open_history
from tests.faults.app_kills import half_there, notes_in, still_alive
from tests.faults.kills import Kills, Scene
from tests.helpers import app_server
from tests.helpers.app_server import SAMPLE, Server, calm, new_page

GOES_ON_WITHIN_S = 180.0
"""So long may a job take that is taken up again; it takes seconds, on a machine that has nothing else to do."""

FILM_EVERY = 3
"""One in so many uploads is a film, in which persons must be looked for; the others are poses."""


def kill_servers(scene: Scene, times: int, seed: int) -> Kills:
    """Upload, start the analysis, kill `formcheck app`, start it again, and let the same tab see the end of it."""
    kills, chance = Kills("`formcheck app` and its browser's tab"), random.Random(seed)
    usual_s: dict[bool, float] = {}
    with app_server.launched() as browser, Server(scene.folder) as server:
        temporary = scene.folder / "tmp"
        for number in range(-FILM_EVERY, times):
            before = scene.sets()
            is_film = number % FILM_EVERY == 0
            page = _checks(browser, server, SAMPLE if is_film else scene.next_upload(40_000 + 1000 * seed + number))
            start_s = time.monotonic()
            if number >= 0:
                time.sleep(chance.uniform(0.0, usual_s[is_film]))
                kills.tried += 1
                kills.during += scene.sets() == before
                kills.problems += _killed(server, temporary)
                kills.problems += scene.problems(before)
                taken = bool(notes_in(temporary)) or scene.sets() > before
                server.start()
            else:  # the first ones only show how long it takes
                taken = True
            if taken and not _is_saved(scene, before):
                kills.problems.append("a job was neither finished nor taken up again")
            usual_s.setdefault(is_film, time.monotonic() - start_s)
            page.context.close()
            kills.problems += scene.problems(before)
            if is_film:
                _forget_newest()  # else the next one would only renew it
        server.stop()
        kills.problems += [f"an upload is left in {path.name}" for path in temporary.glob(f"{FOLDER_PREFIX}*")]
    return kills


def _checks(browser: Any, server: Server, upload: Path) -> Any:
    """A tab in which somebody has just asked for a file to be checked."""
    page = new_page(browser, server)
    page.locator("input[type=file]").first.set_input_files(str(upload))
    button = page.get_by_role("button", name="Check my lift", disabled=False)
    button.wait_for()
    calm(page)
    button.click()
    return page


def _killed(server: Server, temporary: Path) -> list[str]:
    """Kill the server alone, and say what of it goes on or is half there."""
    assert server.process is not None
    processes = psutil.Process(server.process.pid).children(recursive=True)
    server.process.kill()
    server.process.wait()
    return still_alive(lambda: [each for each in processes if each.is_running()]) + half_there(temporary)


def _is_saved(scene: Scene, before: int) -> bool:
    """Whether there is one more set than before, once that had time to come about."""
    end_s = time.monotonic() + GOES_ON_WITHIN_S
    while scene.sets() == before and time.monotonic() < end_s:
        time.sleep(0.1)
    return scene.sets() == before + 1


def _forget_newest() -> None:
    with open_history() as history:
        history.delete_set(max(each.id for each in history.summaries()))
