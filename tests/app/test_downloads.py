"""The export as a download: written as it is read, for whoever was given its link, and ended with its reader."""

from __future__ import annotations

import contextlib
import gc
import http.client
import io
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

pytest.importorskip("streamlit", reason="the app's library, Streamlit, is not installed")

import uvicorn
from starlette.applications import Starlette

from formcheck.app import downloads
from formcheck.storage.access import acting_for, ask_with
from formcheck.storage.history import default_path, import_history, open_history, teams
from tests.helpers.saved_sets import recording, report


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Client:
    """Asks a web server of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", f"/{path}")
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """The addresses of downloads, served as the app serves them."""
    config = uvicorn.Config(Starlette(routes=list(downloads.ROUTES)), host="127.0.0.1", port=0, log_level="critical")
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield Client(listener.getsockname()[1])
    server.should_exit = True
    thread.join(30)
    listener.close()


def fill(count: int = 3) -> None:
    with open_history() as history:
        for number in range(1, count + 1):
            history.save_set(report(), recording(number), lifter=("Anna", "Ben")[number % 2], notes=f"notes {number}")


def exports() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "formcheck-export"]


def test_a_download_is_the_export(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fill()
    answer = client.get(downloads.export_link())
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="formcheck-history.zip"'
    assert answer.headers["cache-control"] == "no-store"
    path = default_path().with_name("again.zip")
    path.write_bytes(answer.content)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(path.parent / "other"))
    with open_history() as history:
        assert import_history(history, path).added == 3
        assert {saved.notes for saved in history.summaries()} == {"notes 1", "notes 2", "notes 3"}
        assert history.poses(1).image_px.shape == recording(1).image_px.shape


def test_a_link_is_for_whoever_it_was_given_to(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fill()
    with open_history() as history:
        teams.save_account(history, "anna@gym.example", "Anna")
    monkeypatch.setenv("FORMCHECK_SIGN_IN", "proxy")
    with acting_for("anna@gym.example"):
        link = downloads.export_link()
    ask_with(lambda: "")
    with zipfile.ZipFile(io.BytesIO(client.get(link).content)) as archive:
        text = archive.read("history.json").decode()
    assert "notes 2" in text
    assert "notes 1" not in text
    with monkeypatch.context() as patch:
        patch.delenv("FORMCHECK_SIGN_IN")
        with open_history() as history:
            teams.delete_account(history, "anna@gym.example")
    assert client.get(link).status_code == 503


@pytest.mark.parametrize("number", ["", "x", "../history", "0" * 43])
def test_without_a_link_there_is_nothing(client: Client, number: str) -> None:
    fill(1)
    assert client.get(f"{downloads.PATH}/{number}").status_code == 404


def test_a_link_is_over_after_a_day(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    link = downloads.export_link()
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s + downloads.VALID_S + 1)
    assert client.get(link).status_code == 404


def test_what_is_damaged_is_named_in_the_zip(client: Client) -> None:
    fill()
    with open_history() as history, history.writing() as connection:
        connection.exec_driver_sql("UPDATE reports SET report = '{' WHERE set_id = 2")
    with zipfile.ZipFile(io.BytesIO(client.get(downloads.export_link()).content)) as archive:
        assert archive.read("left-out.txt").decode() == "Set 2 was left out, as it is damaged.\n"


def test_a_reader_who_leaves_ends_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PARTS_AHEAD", 1)
    monkeypatch.setattr(downloads, "LOOKED_EVERY_S", 0.01)
    fill(20)
    parts = iter(downloads._Download(""))
    next(parts)
    waiting = exports()
    assert len(waiting) == 1
    del parts  # as the web server does with a reader that has gone
    gc.collect()
    waiting[0].join(30)
    assert not waiting[0].is_alive()


def test_no_more_is_made_than_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PARTS_AHEAD", 2)
    fill(20)
    download = downloads._Download("")
    parts = iter(download)
    whole = next(parts)
    held = 0
    for part in parts:
        held = max(held, download._parts.qsize())
        whole += part
    assert held <= 2
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 21
