"""Downloading over HTTP, against a server on this machine that does what servers do on bad days."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from formcheck.core.errors import ModelError
from formcheck.vision.models import download as download_module
from formcheck.vision.models.download import Progress, download, new_file
from tests.helpers.make_models import Server, files_in, serving, sha256

CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving({"file": CONTENT}) as running:
        yield running


@pytest.fixture
def final(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "file"


def fetch(server: Server, final: Path, progress: Progress | None = None, answer_s: float = 5.0) -> bytes:
    download(server.url + "/base/file", final, {sha256(CONTENT)}, answer_s, progress)
    return final.read_bytes()


def message_of_failure(server: Server, final: Path, answer_s: float = 5.0) -> str:
    with pytest.raises(ModelError) as caught:
        fetch(server, final, answer_s=answer_s)
    assert "\n" not in str(caught.value)
    assert not final.exists()
    return str(caught.value)


def test_the_file_arrives_and_nothing_else_stays(server: Server, final: Path) -> None:
    assert fetch(server, final) == CONTENT
    assert server.asked == [("/base/file", None)]
    assert files_in(final.parent) == ["file"]


def test_a_file_that_is_there_is_replaced(server: Server, final: Path) -> None:
    final.write_bytes(b"damaged")
    assert fetch(server, final) == CONTENT


def test_progress_rises_to_the_total(server: Server, final: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch(server, final, lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_redirect_is_followed(server: Server, final: Path) -> None:
    server.script = ["redirect"]
    assert fetch(server, final) == CONTENT
    assert server.asked[1][0] == "/elsewhere/base/file"


def test_download_without_a_length_is_accepted_with_unknown_total(server: Server, final: Path) -> None:
    server.script = ["no-length"]
    totals = set()
    assert fetch(server, final, lambda done, total: totals.add(total)) == CONTENT
    assert totals == {None}


def test_a_cut_off_download_goes_on_where_it_ended(server: Server, final: Path) -> None:
    server.script = ["cut"]
    assert fetch(server, final) == CONTENT
    assert [asked for _, asked in server.asked] == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_server_that_ignores_the_range_makes_the_download_start_again(server: Server, final: Path) -> None:
    server.script = ["cut", "no-range"]
    seen: list[tuple[int, int | None]] = []
    assert fetch(server, final, lambda done, total: seen.append((done, total))) == CONTENT
    assert len(server.asked) == 2
    assert [done for done, _ in seen].count(0) == 2
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_the_next_run_goes_on_with_what_a_stopped_one_left(server: Server, final: Path) -> None:
    def stop_after_half(done: int, total: int | None) -> None:
        if total and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, final, stop_after_half)
    assert files_in(final.parent) == ["file.part"]
    left = final.with_name("file.part").stat().st_size
    assert fetch(server, final) == CONTENT
    assert server.asked[-1][1] == f"bytes={left}-"
    assert files_in(final.parent) == ["file"]


def test_a_complete_part_needs_only_its_name(server: Server, final: Path) -> None:
    final.with_name("file.part").write_bytes(CONTENT)
    assert fetch(server, final) == CONTENT
    assert server.asked == [("/base/file", f"bytes={len(CONTENT)}-")]


@pytest.mark.parametrize("rubbish", [b"x" * 1000, b"x" * 1_000_000], ids=["shorter", "longer than the file"])
def test_a_left_over_part_that_is_wrong_is_dropped(rubbish: bytes, server: Server, final: Path) -> None:
    final.with_name("file.part").write_bytes(rubbish)
    assert fetch(server, final) == CONTENT
    assert files_in(final.parent) == ["file"]


def test_a_wrong_file_is_refused_and_not_kept(server: Server, final: Path) -> None:
    server.content["file"] = b"<html>Please sign in</html>"
    assert "SHA-256" in message_of_failure(server, final)
    assert files_in(final.parent) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", ["404", "403", "500"])
def test_an_http_error_is_named(status: str, server: Server, final: Path) -> None:
    server.script = [status]
    assert f"HTTP {status}" in message_of_failure(server, final)
    assert files_in(final.parent) == []


@pytest.mark.parametrize(("behaviour", "says"), [("silent", "timed out"), ("dribble", "too slow")])
def test_a_server_that_is_too_slow_is_given_up(behaviour: str, says: str, server: Server, final: Path) -> None:
    server.script = [behaviour]
    assert says in message_of_failure(server, final, answer_s=0.1)
    assert len(server.asked) == 1


def test_a_server_that_sends_nothing_is_not_asked_again(server: Server, final: Path) -> None:
    server.script = ["nothing"] * 50
    assert "cut the download off" in message_of_failure(server, final)
    assert len(server.asked) == 1


def test_a_download_that_is_cut_off_again_and_again_ends(server: Server, final: Path) -> None:
    server.script = ["cut"] * 50
    assert "cut the download off" in message_of_failure(server, final)
    assert len(server.asked) == download_module.ATTEMPTS


def test_a_server_that_sends_without_end_is_left(server: Server, final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "LARGEST_BYTES", len(CONTENT) // 4)
    assert "far more" in message_of_failure(server, final)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/file", "http://me:secret@127.0.0.1:1/file", "nonsense"])
def test_no_server_at_all_is_a_model_error_that_tells_no_password(url: str, final: Path) -> None:
    with pytest.raises(ModelError) as caught:
        download(url, final, (), 5.0)
    assert "secret" not in str(caught.value)


def test_a_name_look_up_that_hangs_is_given_up(final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30))
    with pytest.raises(ModelError, match="timed out"):
        download("http://host.invalid/file", final, (), 0.1)
    over.set()


def test_two_at_once_both_end_with_the_good_file(server: Server, final: Path) -> None:
    # Each waits inside its download until the other is there too, so the two really overlap.
    both = threading.Barrier(2, timeout=10)
    fetched, errors = [], []

    def run() -> None:
        waited = False

        def progress(done: int, total: int | None) -> None:
            nonlocal waited
            if done and not waited:
                waited = True
                both.wait()

        try:
            fetched.append(fetch(server, final, progress))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert fetched == [CONTENT, CONTENT]
    assert files_in(final.parent) == ["file"]


# --- the way to the final name


def test_a_file_that_is_not_finished_gets_no_name(final: Path) -> None:
    def stopped_in_the_middle() -> None:
        with new_file(final) as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_in_the_middle()
    assert files_in(final.parent) == []


def test_parts_of_killed_processes_are_removed_when_they_are_old(final: Path) -> None:
    old, fresh = final.with_name("file.old.part"), final.with_name("file.fresh.part")
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (1e9, 1e9))
    with new_file(final) as part:
        part.write_bytes(b"whole")
    assert files_in(final.parent) == ["file", fresh.name]


@pytest.mark.parametrize("there", [b"whole", b"other", None])
def test_a_file_that_windows_holds_will_do_if_it_is_the_same(
    there: bytes | None, final: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("in use")

    if there is not None:
        final.write_bytes(there)
    monkeypatch.setattr(os, "replace", refuse)
    if there == b"whole":
        with new_file(final) as part:
            part.write_bytes(b"whole")
    else:
        with pytest.raises(PermissionError), new_file(final) as part:
            part.write_bytes(b"whole")
    assert files_in(final.parent) == (["file"] if there else [])
